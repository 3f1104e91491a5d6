using System.Data;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Shop.Data;

public class GuardedWork
{
    private readonly ShopContext _db;

    public GuardedWork(ShopContext db)
    {
        _db = db;
    }

    public async Task<IDbContextTransaction> BeginGuardedAsync(CancellationToken cancellationToken) //@wrapper
    {
        return await _db.Database.BeginTransactionAsync(IsolationLevel.Serializable, cancellationToken);
    }
}
