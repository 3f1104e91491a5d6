using System.Threading;
using System.Threading.Tasks;
using MediatR;
using Microsoft.AspNetCore.Mvc;
using Shop.Stock;

namespace Shop.Api;

[ApiController]
public class StockController : ControllerBase
{
    private readonly ISender _sender;

    public StockController(ISender sender)
    {
        _sender = sender;
    }

    [HttpPost("stock/{sku}/reserve")]
    public async Task<IActionResult> Reserve(int sku, int quantity, CancellationToken cancellationToken)
    {
        var reserved = await _sender.Send(new ReserveStock(sku, quantity), cancellationToken);
        return reserved ? Ok() : Conflict();
    }
}
