namespace Shop.Queues;

public class Lounge
{
    private readonly object _gate = new();
    private readonly WaitingLine _line = new();

    public int Waiting
    {
        get
        {
            lock (_gate) //@lock
            {
                return _line.Measure(); //@call
            } //@end
        }
    }
}
