using System.Collections.Generic;

namespace Shop.Ledger;

public partial class StockLedger
{
    public IReadOnlyDictionary<int, int> Snapshot()
    {
        lock (_gate) //@snapshot
        {
            return new Dictionary<int, int>(_totals);
        }
    }

    public bool ChangedSince(int version)
    {
        return _version != version; //@peek
    }

    public string Format(decimal value)
    {
        return value.ToString("N2", Culture); //@other
    }
}
