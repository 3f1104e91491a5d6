using System.Threading.Tasks;
using Microsoft.AspNetCore.Mvc;
using Orleans;
using Shop.Grains;

namespace Shop.Api;

[ApiController]
public class StockController : ControllerBase
{
    private readonly IGrainFactory _grains;

    public StockController(IGrainFactory grains)
    {
        _grains = grains;
    }

    [HttpPost("stock/{sku}/reserve")]
    public async Task<IActionResult> Reserve(int sku, int quantity)
    {
        var grain = _grains.GetGrain<IStockGrain>(sku);
        return await grain.Reserve(quantity) ? Ok() : Conflict();
    }
}
