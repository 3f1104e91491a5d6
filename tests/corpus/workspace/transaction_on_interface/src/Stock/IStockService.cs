using Castle.Services.Transaction;

namespace Shop.Stock;

public interface IStockService
{
    [Transaction] //@mark
    bool Reserve(int sku, int quantity);

    int Level(int sku);
}
