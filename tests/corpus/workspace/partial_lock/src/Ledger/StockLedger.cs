using System.Collections.Generic;

namespace Shop.Ledger;

public partial class StockLedger
{
    public void Add(int sku, int quantity)
    {
        lock (_gate) //@lock
        {
            _totals[sku] = _totals.GetValueOrDefault(sku) + quantity; //@write
            _version++;
        } //@end
    }
}
