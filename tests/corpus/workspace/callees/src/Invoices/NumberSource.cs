namespace Shop.Invoices;

public class NumberSource
{
    private readonly object _gate = new();
    private int _last;

    public int Next()
    {
        lock (_gate) //@lock
        {
            return ++_last;
        }
    }

    public bool IsFresh()
    {
        return _last == 0; //@other
    }
}
