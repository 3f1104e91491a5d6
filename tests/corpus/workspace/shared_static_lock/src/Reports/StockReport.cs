using Shop.Threading;

namespace Shop.Reports;

public class StockReport
{
    private int _printed;

    private int _audited;

    public void Print()
    {
        lock (Locks.Stock) //@total
        {
            _printed++;
        }
    }

    public void Check()
    {
        lock (Locks.Audit) //@audit
        {
            _audited++; //@auditing
        }
    }
}
