using System.Threading;
using System.Threading.Tasks;
using Microsoft.EntityFrameworkCore;
using Shop.Data;

namespace Shop.Stock;

public class StockService
{
    private readonly ShopContext _db;

    public StockService(ShopContext db)
    {
        _db = db;
    }

    public async Task ReserveAsync(Order order, CancellationToken cancellationToken)
    {
        var item = await _db.Items.SingleAsync(i => i.Sku == order.Sku, cancellationToken); //@read
        item.Available -= order.Quantity;
    }

    public async Task TouchAsync(int sku, CancellationToken cancellationToken)
    {
        var item = await _db.Items.SingleAsync(i => i.Sku == sku, cancellationToken); //@touch
        _db.Entry(item).State = EntityState.Modified;
    }
}
