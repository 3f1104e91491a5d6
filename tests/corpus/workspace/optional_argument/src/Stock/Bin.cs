using System.Collections.Generic;

namespace Shop.Stock;

public class Bin
{
    private readonly Dictionary<int, int> _levels = new();

    public void Take(int sku, int quantity = 1)
    {
        _levels[sku] -= quantity; //@write
    }
}
