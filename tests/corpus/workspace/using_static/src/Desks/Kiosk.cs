using Shop.Stock;

namespace Shop.Desks;

public class Kiosk
{
    private static readonly object Gate = new();

    public void Take(int sku)
    {
        lock (Gate) //@lock
        {
            StockTotals.Lower(sku, 1); //@call
        } //@end
    }
}
