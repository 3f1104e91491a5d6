using System.Collections.Generic;
using Shop.Stock;

namespace Shop.Orders;

public class OrderBatch
{
    private readonly object _gate = new();
    private readonly StockBook _book = new();

    public void Run(IEnumerable<int> skus)
    {
        foreach (var sku in skus)
        {
            One(sku);
        }

        void One(int sku)
        {
            lock (_gate) //@lock
            {
                _book.Lower(sku); //@call
            } //@end
        }
    }
}
