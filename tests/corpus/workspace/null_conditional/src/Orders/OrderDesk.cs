using Shop.Stock;

namespace Shop.Orders;

public class OrderDesk(StockBook? book)
{
    private readonly object _gate = new();

    public void Place(int sku, int quantity)
    {
        lock (_gate) //@lock
        {
            book?.Reserve(sku, quantity); //@call
        } //@end
    }
}
