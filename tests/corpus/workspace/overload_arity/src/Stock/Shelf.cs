using System.Collections.Generic;

namespace Shop.Stock;

public class Shelf
{
    private readonly Dictionary<int, int> _levels = new();

    public int Level(int sku)
    {
        return _levels.TryGetValue(sku, out var level) ? level : 0;
    }

    public void Take(int sku)
    {
        _levels.Remove(sku); //@one
    }

    public void Take(int sku, int quantity)
    {
        _levels[sku] -= quantity; //@two
    }
}
