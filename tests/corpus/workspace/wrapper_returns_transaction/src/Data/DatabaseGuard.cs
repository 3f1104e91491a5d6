using System.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Shop.Data;

public class DatabaseGuard
{
    private readonly ShopContext _db;

    public DatabaseGuard(ShopContext db)
    {
        _db = db;
    }

    public IDbContextTransaction BeginGuarded() //@wrapper
    {
        var transaction = _db.Database.BeginTransaction(IsolationLevel.RepeatableRead);
        _db.Database.ExecuteSqlRaw("SET LOCK_TIMEOUT 5000");
        return transaction;
    }
}
