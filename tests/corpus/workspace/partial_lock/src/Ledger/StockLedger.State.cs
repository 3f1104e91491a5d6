using System.Collections.Generic;
using System.Globalization;

namespace Shop.Ledger;

public partial class StockLedger
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture; //@culture

    private readonly object _gate = new(); //@gate
    private readonly Dictionary<int, int> _totals = new(); //@totals
    private int _version; //@version
}
