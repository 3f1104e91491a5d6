using System.Threading.Tasks;
using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Stock;

namespace Shop.Jobs;

public class RecountJob
{
    private readonly ShopContext _db;
    private readonly StockCount _count;

    public RecountJob(ShopContext db, StockCount count)
    {
        _db = db;
        _count = count;
    }

    public async Task RunAsync()
    {
        var strategy = _db.Database.CreateExecutionStrategy();
        await strategy.ExecuteInTransactionAsync(_count.RecountAsync, _count.IsRecountedAsync); //@call
    }
}
