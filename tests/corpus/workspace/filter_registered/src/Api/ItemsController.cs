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

    [HttpDelete("items/{sku}")]
    public IActionResult Delete(int sku)
    {
        var item = _db.Items.Single(i => i.Sku == sku); //@read
        _db.Items.Remove(item);
        _db.SaveChanges();
        return NoContent();
    }
}
