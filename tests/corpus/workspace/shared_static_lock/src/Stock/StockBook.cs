using System.Collections.Generic;
using Shop.Threading;

namespace Shop.Stock;

public class StockBook
{
    private readonly Dictionary<int, int> _levels = new();

    public void Set(int sku, int level)
    {
        lock (Locks.Stock) //@lock
        {
            _levels[sku] = level; //@write
        } //@end
    }
}
