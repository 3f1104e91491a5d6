namespace Shop.Returns;

public class ReturnDesk
{
    private readonly object _gate = new();
    private readonly QueueService _queue = new();

    public void Accept(int id)
    {
        lock (_gate) //@lock
        {
            _queue.Append(id); //@call
        } //@end
    }
}
