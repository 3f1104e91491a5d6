namespace Shop.Carts;

public sealed class SharedCart : Cart
{
    private readonly object _gate = new();

    public override void Add(int sku, int quantity)
    {
        lock (_gate) //@lock
        {
            base.Add(sku, quantity); //@call
        } //@end
    }
}
