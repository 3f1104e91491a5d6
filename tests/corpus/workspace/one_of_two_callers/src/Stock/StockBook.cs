using System.Collections.Generic;

namespace Shop.Stock;

public class StockBook
{
    private readonly Dictionary<int, int> _levels = new();

    public void Change(int sku, int by)
    {
        _levels[sku] = _levels.GetValueOrDefault(sku) + by; //@write
    }
}
