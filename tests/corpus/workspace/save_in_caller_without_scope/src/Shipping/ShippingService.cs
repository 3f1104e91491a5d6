using Shop.Data;

namespace Shop.Shipping;

public class ShippingService
{
    private readonly ShopContext _db;
    private readonly OrderRepository _orders;

    public ShippingService(ShopContext db, OrderRepository orders)
    {
        _db = db;
        _orders = orders;
    }

    public void Ship(int id)
    {
        var order = _orders.Get(id);
        order.Status = "shipped";
        _db.SaveChanges(); //@save
    }
}
