using System.Collections.Generic;

namespace Shop.Stock;

public class StockBook
{
    private readonly object _gate = new();
    private readonly Dictionary<int, int> _levels = new();

    public void Take(int sku, int quantity)
    {
        lock (_gate) //@take
        {
            Change(sku, -quantity); //@bare
        } //@taken
    }

    public void Put(int sku, int quantity)
    {
        lock (_gate) //@put
        {
            this.Change(sku, quantity); //@this
        } //@done
    }

    private void Change(int sku, int by)
    {
        _levels[sku] = _levels.GetValueOrDefault(sku) + by; //@write
    }
}
