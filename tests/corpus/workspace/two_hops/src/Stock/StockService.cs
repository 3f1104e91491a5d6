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

    public bool Reserve(Order order)
    {
        var item = _db.Items.First(i => i.Sku == order.Sku); //@read
        if (item.Available < order.Quantity)
        {
            return false;
        }

        item.Available -= order.Quantity;
        return true;
    }
}
