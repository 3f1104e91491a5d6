namespace Shop.Stock;

public class Picker
{
    private readonly object _gate = new();
    private readonly Bin _bin = new();

    public void Pick(int sku)
    {
        lock (_gate) //@lock
        {
            _bin.Take(sku); //@call
        } //@end
    }
}
