using System;

namespace Shop.Prices;

public class PriceReport
{
    private readonly object _gate = new();
    private DateTime _printedUtc;

    public void Print()
    {
        lock (_gate)
        {
            _printedUtc = DateTime.UtcNow;
        }
    }
}
