using System.Transactions;
using Shop.Stock;

namespace Shop.Orders;

public class OrderService
{
    private readonly StockBook _book;

    public OrderService(StockBook book)
    {
        _book = book;
    }

    public void Place(int sku, int quantity)
    {
        using (var scope = new TransactionScope()) //@scope
        {
            _book.Change(sku, -quantity); //@call
            scope.Complete();
        } //@end
    }
}
