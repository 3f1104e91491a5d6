using System.Collections.Generic;

namespace Shop.Plugins;

public class PricePlugin
{
    private readonly Dictionary<int, decimal> _prices = new();

    public void Recalculate(decimal factor)
    {
        foreach (var sku in new List<int>(_prices.Keys))
        {
            _prices[sku] *= factor; //@write
        }
    }
}
