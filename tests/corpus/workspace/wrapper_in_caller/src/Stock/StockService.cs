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

    public async Task<bool> ReserveAsync(Order order, CancellationToken cancellationToken)
    {
        var item = await _db.Items.SingleAsync(i => i.Sku == order.Sku, cancellationToken); //@read
        if (item.Available < order.Quantity)
        {
            return false;
        }

        item.Available -= order.Quantity;
        return true;
    }
}
