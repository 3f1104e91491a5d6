using Shop.Stock;

namespace Shop.Jobs;

public class LocalStockJob
{
    private readonly object _gate = new();
    private readonly StockService _stock = new();

    public void Run(int sku)
    {
        lock (_gate)
        {
            _stock.Reserve(sku, 1);
        }
    }
}
