using System.Collections.Generic;
using Shop.Stock;

namespace Shop.Orders;

public class OrderBatch
{
    private readonly object _gate = new();
    private readonly StockBook _book = new();

    public void Run(IEnumerable<int> skus)
    {
        lock (_gate) //@lock
        {
            foreach (var sku in skus)
            {
                One(sku); //@one
            }
        } //@end

        void One(int sku)
        {
            _book.Lower(sku); //@call
        }
    }
}
