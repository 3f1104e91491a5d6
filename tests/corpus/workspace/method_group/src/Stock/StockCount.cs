using System.Threading.Tasks;
using Microsoft.EntityFrameworkCore;
using Shop.Data;

namespace Shop.Stock;

public class StockCount
{
    private readonly ShopContext _db;

    public StockCount(ShopContext db)
    {
        _db = db;
    }

    public async Task RecountAsync()
    {
        var items = await _db.Items.ToListAsync(); //@read
        foreach (var item in items)
        {
            item.Available = item.Available < 0 ? 0 : item.Available;
        }

        await _db.SaveChangesAsync();
    }

    public async Task<bool> IsRecountedAsync()
    {
        return !await _db.Items.AnyAsync(i => i.Available < 0); //@verify
    }
}
