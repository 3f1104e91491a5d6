using System.Collections.Generic;

namespace Shop.Stock;

public static class StockTotals
{
    private static readonly Dictionary<int, int> Levels = new();

    public static void Lower(int sku, int quantity)
    {
        Levels[sku] = Levels.GetValueOrDefault(sku) - quantity; //@write
    }
}
