public interface IOrders
{
    [UnitOfWork]                                 //+ transaction unit of work attribute this
    void Place(int id);                          //- transaction unit of work attribute this
    void Cancel(int id);
}

public class Orders : IOrders
{
    public void Place(int id)                    //+ transaction unit of work attribute this 1
    {
    }                                            //- transaction unit of work attribute this 1

    public void Cancel(int id)
    {
    }
}

[DisallowConcurrentExecution]                    //+ lock DisableConcurrentExecution attribute this
public class Job : IJob
{
    public Task Execute(Context context) => Work();
}                                                //- lock DisableConcurrentExecution attribute this

public class Counter
{
    public int Value
    {
        [MethodImpl(MethodImplOptions.Synchronized)] get { return _n; } //+ lock MethodImplOptions.Synchronized attribute this //- lock MethodImplOptions.Synchronized attribute this
        set { _n = value; }
    }

    [Transaction(TransactionOption.Create)]      //+ transaction transaction attribute attribute this
    public void Move() { }                       //- transaction transaction attribute attribute this

    [Obsolete("Transaction")]
    public void Quiet() { }
}
