using System.Linq;
using Microsoft.EntityFrameworkCore;
using Shop.Data;

namespace Shop.Orders;

public class OrderService
{
    private readonly ShopContext _db;

    public OrderService(ShopContext db)
    {
        _db = db;
    }

    public void Close(int id)
    {
        using var transaction = _db.Database.BeginTransaction(); //@begin
        var order = _db.Orders.Single(o => o.Id == id); //@read
        order.Status = "closed";
        _db.SaveChanges();
        transaction.Commit();
    } //@end
}
