using System.Transactions;
using Shop.Stock;

namespace Shop.Generated;

public class StockClient
{
    private readonly StockService _stock = new();

    public void Reserve(int sku)
    {
        using (var scope = new TransactionScope())
        {
            _stock.Reserve(sku, 1); //@call
            scope.Complete();
        }
    }
}
