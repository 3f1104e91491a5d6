using Shop.Stock;

namespace Shop.Jobs;

public class RestockJob
{
    private readonly StockBook _book;

    public RestockJob(StockBook book)
    {
        _book = book;
    }

    public void Run(int sku)
    {
        _book.Change(sku, 100);
    }
}
