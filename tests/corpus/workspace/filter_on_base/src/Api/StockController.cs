using System.Linq;
using Microsoft.AspNetCore.Mvc;
using Shop.Data;

namespace Shop.Api;

public class StockController : ApiController
{
    private readonly ShopContext _db;

    public StockController(ShopContext db)
    {
        _db = db;
    }

    [HttpPost("stock/{sku}/take")]
    public IActionResult Take(int sku, int quantity)
    {
        var item = _db.Items.Single(i => i.Sku == sku); //@read
        item.Available -= quantity;
        _db.SaveChanges();
        return Ok(item.Available);
    }
}
