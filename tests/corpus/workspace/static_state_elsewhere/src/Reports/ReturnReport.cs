using Shop.Returns;

namespace Shop.Reports;

public class ReturnReport
{
    public int Articles()
    {
        return ReturnTable.Levels.Count; //@other
    }
}
