using System.Collections.Generic;

namespace Shop.Stock;

public static class StockTable
{
    internal static readonly Dictionary<int, int> Levels = new();

    private static readonly object Gate = new();

    public static void Set(int sku, int level)
    {
        lock (Gate) //@lock
        {
            Levels[sku] = level; //@write
        } //@end
    }
}
