using Shop.Stock;

namespace Shop.Reports;

public class StockReport
{
    public int Articles()
    {
        return StockTable.Levels.Count; //@read
    }
}
