using System.IO;
using System.Linq;
using Shop.Data;

namespace Shop.Import;

public class StockImport
{
    private readonly ShopContext _db;

    public StockImport(ShopContext db)
    {
        _db = db;
    }

    public void Load(string path)
    {
        foreach (var line in File.ReadLines(path))
        {
            var cells = line.Split(';');
            var sku = int.Parse(cells[0]);
            var item = _db.Items.Single(i => i.Sku == sku); //@read
            item.Available = int.Parse(cells[1]);
        }

        _db.SaveChanges();
    }
}
