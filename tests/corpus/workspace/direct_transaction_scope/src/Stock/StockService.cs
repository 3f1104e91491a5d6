using System.Linq;
using Shop.Data;

namespace Shop.Stock;

public class StockService
{
    private readonly ShopContext _db;

    public StockService(ShopContext db)
    {
        _db = db;
    }

    public bool Reserve(int sku, int quantity)
    {
        var item = _db.Items.FirstOrDefault(i => i.Sku == sku); //@read
        if (item == null || item.Available < quantity)
        {
            return false;
        }

        item.Available -= quantity;
        return true;
    }
}
