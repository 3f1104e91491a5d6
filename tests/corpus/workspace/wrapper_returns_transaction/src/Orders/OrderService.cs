using System.Linq;
using Shop.Data;

namespace Shop.Orders;

public class OrderService
{
    private readonly ShopContext _db;
    private readonly DatabaseGuard _guard;

    public OrderService(ShopContext db, DatabaseGuard guard)
    {
        _db = db;
        _guard = guard;
    }

    public void Cancel(int id)
    {
        using var guarded = _guard.BeginGuarded(); //@begin
        var order = _db.Orders.Single(o => o.Id == id); //@read
        order.Status = "cancelled";
        _db.SaveChanges();
        guarded.Commit();
    } //@end
}
