using System.Threading;
using System.Threading.Tasks;
using Microsoft.EntityFrameworkCore;

namespace Shop.Data;

public class OrderRepository
{
    private readonly ShopContext _db;

    public OrderRepository(ShopContext db)
    {
        _db = db;
    }

    public Task<Order> GetAsync(int id, CancellationToken cancellationToken)
    {
        return _db.Orders.SingleAsync(o => o.Id == id, cancellationToken); //@read
    }
}
