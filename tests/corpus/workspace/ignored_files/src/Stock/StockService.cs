using System.Collections.Generic;

namespace Shop.Stock;

public class StockService
{
    private readonly Dictionary<int, int> _levels = new();

    public void Reserve(int sku, int quantity)
    {
        _levels[sku] = _levels.GetValueOrDefault(sku) - quantity; //@write
    }
}
