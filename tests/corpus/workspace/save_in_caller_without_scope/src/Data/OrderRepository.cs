using System.Linq;

namespace Shop.Data;

public class OrderRepository
{
    private readonly ShopContext _db;

    public OrderRepository(ShopContext db)
    {
        _db = db;
    }

    public Order Get(int id)
    {
        return _db.Orders.Single(o => o.Id == id); //@read
    }
}
