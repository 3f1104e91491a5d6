using System.Linq;
using Microsoft.AspNetCore.Mvc;
using Shop.Data;

namespace Shop.Api;

[ApiController]
public class ItemsController : ControllerBase
{
    private readonly ShopContext _db;

    public ItemsController(ShopContext db)
    {
        _db = db;
    }

    [HttpPut("items/{sku}")]
    public IActionResult Put(int sku, int available)
    {
        var item = _db.Items.Single(i => i.Sku == sku); //@read
        item.Available = available;
        _db.SaveChanges();
        return NoContent();
    }
}
