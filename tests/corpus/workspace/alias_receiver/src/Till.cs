namespace Shop;

public class Till
{
    private readonly object _gate = new();
    private readonly Book _book = new();

    public void Cash()
    {
        lock (_gate) //@tillLock
        {
            _book.Add(2); //@tillCall
        } //@tillEnd
    }

    public void Shut()
    {
        lock (_gate) //@shutLock
        {
            Close(); //@shutCall
        } //@shutEnd
    }
}
