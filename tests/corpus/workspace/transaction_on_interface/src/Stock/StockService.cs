using System.Linq;
using Shop.Data;

namespace Shop.Stock;

public class StockService : IStockService
{
    private readonly ShopContext _db;

    public StockService(ShopContext db)
    {
        _db = db;
    }

    public bool Reserve(int sku, int quantity)
    {
        var item = _db.Items.Single(i => i.Sku == sku); //@read
        if (item.Available < quantity)
        {
            return false;
        }

        item.Available -= quantity;
        _db.SaveChanges();
        return true;
    }

    public int Level(int sku)
    {
        return _db.Items.Where(i => i.Sku == sku).Sum(i => i.Available);
    }
}
