using Accounts = Shop.Data.Ledger;

namespace Shop;

public class Desk
{
    private readonly object _gate = new();
    private readonly Accounts _accounts = new();

    public void Sell()
    {
        lock (_gate) //@lock
        {
            _accounts.Add(1); //@call
        } //@end
    }
}
