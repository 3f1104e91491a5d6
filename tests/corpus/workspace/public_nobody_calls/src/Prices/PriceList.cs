using System.Collections.Generic;

namespace Shop.Prices;

public class PriceList
{
    private readonly Dictionary<int, decimal> _prices = new();

    public void Overwrite(int sku, decimal price)
    {
        _prices[sku] = price; //@write
    }
}
