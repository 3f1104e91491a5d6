namespace Shop;

public partial class Job
{
    private readonly object _gate = new();

    private partial void Step(int n);

    public void Run()
    {
        lock (_gate) //@lock
        {
            Step(1); //@call
        } //@end
    }
}
