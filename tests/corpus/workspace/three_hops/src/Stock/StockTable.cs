using System.Collections.Generic;

namespace Shop.Stock;

public class StockTable
{
    private readonly Dictionary<int, int> _levels = new();

    public int Raise(int sku, int by)
    {
        var level = _levels.GetValueOrDefault(sku); //@read
        _levels[sku] = level + by;
        return level + by;
    }
}
