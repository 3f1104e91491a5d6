using System.Threading;
using System.Threading.Tasks;
using Microsoft.EntityFrameworkCore;
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

    public async Task PlaceAsync(Order order, CancellationToken cancellationToken)
    {
        var strategy = _db.Database.CreateExecutionStrategy();
        await strategy.ExecuteAsync(async () => //@lambda
        {
            await using var transaction = await _db.Database.BeginTransactionAsync(cancellationToken); //@begin
            _db.Orders.Add(order);
            await _stock.ReserveAsync(order, cancellationToken); //@call
            await _db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken); //@commit
        }); //@end
    }

    public async Task TouchAsync(int sku, CancellationToken cancellationToken)
    {
        var strategy = _db.Database.CreateExecutionStrategy();
        await strategy.ExecuteAsync(() => _stock.TouchAsync(sku, cancellationToken)); //@retried
    }
}
