using System.Transactions;
using Shop.Stock;

namespace Shop.Shared;

public class ReturnJob
{
    private readonly StockService _stock = new();

    public void Run(int sku)
    {
        using (var scope = new TransactionScope())
        {
            _stock.Reserve(sku, -1);
            scope.Complete();
        }
    }
}
