using System.Linq;
using Microsoft.EntityFrameworkCore;

namespace Shop.Numbers;

public class NumberStore
{
    private readonly DbContext _db;

    public NumberStore(DbContext db)
    {
        _db = db;
    }

    public int Take(string series)
    {
        var row = _db.Set<NumberRow>().Single(n => n.Series == series); //@read
        row.Last++;
        _db.SaveChanges();
        return row.Last;
    }
}

public class NumberRow
{
    public int Id { get; set; }

    public string Series { get; set; } = "";

    public int Last { get; set; }
}
