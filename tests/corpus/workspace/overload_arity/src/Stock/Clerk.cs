namespace Shop.Stock;

public class Clerk
{
    private readonly object _gate = new();
    private readonly Shelf _shelf;

    public Clerk(Shelf shelf)
    {
        _shelf = shelf;
    }

    public void Pick(int sku)
    {
        lock (_gate) //@lock
        {
            if (_shelf.Level(sku) > 0)
            {
                _shelf.Take(sku, 1); //@call
            }
        } //@end
    }
}
