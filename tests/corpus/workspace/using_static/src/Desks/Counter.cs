using static Shop.Stock.StockTotals;

namespace Shop.Desks;

public class Counter
{
    private static readonly object Gate = new();

    public void Take(int sku)
    {
        lock (Gate) //@lock
        {
            Lower(sku, 1); //@call
        } //@end
    }
}
