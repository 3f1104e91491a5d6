using Microsoft.Extensions.Logging;
using Shop.Stock;

namespace Shop.Jobs;

public class NightlyJob
{
    private readonly object _gate = new();
    private readonly StockService _stock;
    private readonly ILogger<NightlyJob> _logger;

    public NightlyJob(StockService stock, ILogger<NightlyJob> logger)
    {
        _stock = stock;
        _logger = logger;
    }

    public void Run()
    {
        lock (_gate)
        {
            // The old job did _stock.Reserve(sku) for every open order.
            _logger.LogInformation("_stock.Reserve(sku) is left out, see {Method}", nameof(_stock.Reserve));
        }
    }
}
