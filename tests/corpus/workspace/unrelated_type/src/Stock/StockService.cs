using System.Collections.Generic;

namespace Shop.Stock;

public class StockService
{
    private readonly Dictionary<int, int> _levels = new();

    public void Reserve(int sku)
    {
        _levels[sku] = _levels.GetValueOrDefault(sku) - 1; //@write
    }
}
