using Shop.Stock;

namespace Shop.Import;

public class RowImporter
{
    private readonly StockTable _table;

    public RowImporter(StockTable table)
    {
        _table = table;
    }

    public void Import(string[] cells)
    {
        _table.Raise(int.Parse(cells[0]), int.Parse(cells[1])); //@call
    }
}
