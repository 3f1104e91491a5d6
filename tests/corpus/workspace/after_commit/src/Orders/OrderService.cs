using System.Threading;
using System.Threading.Tasks;
using System.Transactions;
using Shop.Data;
using Shop.Notices;

namespace Shop.Orders;

public class OrderService
{
    private readonly ShopContext _db;
    private readonly NoticeBoard _notices;

    public OrderService(ShopContext db, NoticeBoard notices)
    {
        _db = db;
        _notices = notices;
    }

    public async Task PlaceAsync(Order order, CancellationToken cancellationToken)
    {
        await using var transaction = await _db.Database.BeginTransactionAsync(cancellationToken);
        _db.Orders.Add(order);
        await _db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);

        _notices.Announce(order.Id);
    }

    public void Cancel(Order order)
    {
        using (var scope = new TransactionScope())
        {
            order.Status = "cancelled";
            _db.Orders.Update(order);
            _db.SaveChanges();
            scope.Complete();
            _notices.Retract(order.Id);
        }
    }
}
