using System.Threading;
using System.Threading.Tasks;
using Shop.Data;
using Shop.Stock;

namespace Shop.Checkout;

public class CheckoutService
{
    private readonly ShopContext _db;
    private readonly GuardedWork _work;
    private readonly StockService _stock;

    public CheckoutService(ShopContext db, GuardedWork work, StockService stock)
    {
        _db = db;
        _work = work;
        _stock = stock;
    }

    public async Task<bool> RunAsync(Order order, CancellationToken cancellationToken)
    {
        await using var guarded = await _work.BeginGuardedAsync(cancellationToken); //@begin
        var reserved = await _stock.ReserveAsync(order, cancellationToken); //@call
        await _db.SaveChangesAsync(cancellationToken);
        await guarded.CommitAsync(cancellationToken);
        return reserved;
    } //@end
}
