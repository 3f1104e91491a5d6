using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Shop.Threading;

namespace Shop.Rates;

public class RateCache
{
    private readonly Turnstile _turnstile = new();
    private readonly Dictionary<string, decimal> _rates = new();

    public async Task SetAsync(string currency, decimal rate, CancellationToken cancellationToken)
    {
        using (await _turnstile.HoldAsync(cancellationToken)) //@hold
        {
            _rates[currency] = rate; //@write
        } //@end
    }
}
