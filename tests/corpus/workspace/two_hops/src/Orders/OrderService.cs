using Shop.Data;
using Shop.Stock;

namespace Shop.Orders;

public class OrderService
{
    private readonly ShopContext _db;
    private readonly StockService _stock;

    public OrderService(ShopContext db, StockService stock)
    {
        _db = db;
        _stock = stock;
    }

    public void Place(Order order)
    {
        if (!_stock.Reserve(order)) //@call
        {
            order.Status = "backorder";
        }

        _db.Orders.Add(order);
        _db.SaveChanges();
    }
}
