namespace Shop.Numbers;

public class NumberSource
{
    private readonly object _gate = new();
    private int _last;

    public int Next()
    {
        lock (_gate) //@lock
        {
            return ++_last; //@write
        } //@end
    }
}
