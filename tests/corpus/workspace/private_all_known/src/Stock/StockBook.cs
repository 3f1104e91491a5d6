using System.Collections.Generic;

namespace Shop.Stock;

public class StockBook
{
    private readonly Dictionary<int, int> _levels = new();

    public void Take(int sku, int quantity)
    {
        Change(sku, -quantity);
    }

    public void Put(int sku, int quantity)
    {
        this.Change(sku, quantity);
    }

    private void Change(int sku, int by)
    {
        _levels[sku] = _levels.GetValueOrDefault(sku) + by; //@write
    }
}
