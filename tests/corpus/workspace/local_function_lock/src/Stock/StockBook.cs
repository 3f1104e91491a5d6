using System.Collections.Generic;

namespace Shop.Stock;

public class StockBook
{
    private readonly Dictionary<int, int> _levels = new();

    public void Lower(int sku)
    {
        _levels[sku] = _levels.GetValueOrDefault(sku) - 1; //@write
    }
}
