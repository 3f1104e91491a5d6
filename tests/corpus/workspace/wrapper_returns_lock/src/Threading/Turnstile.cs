using System;
using System.Threading;
using System.Threading.Tasks;

namespace Shop.Threading;

public sealed class Turnstile
{
    private readonly SemaphoreSlim _slots = new(1, 1);

    public async Task<IDisposable> HoldAsync(CancellationToken cancellationToken) //@wrapper
    {
        await _slots.WaitAsync(cancellationToken);
        return new Exit(_slots);
    }

    private sealed class Exit : IDisposable
    {
        private readonly SemaphoreSlim _slots;

        public Exit(SemaphoreSlim slots)
        {
            _slots = slots;
        }

        public void Dispose()
        {
            _slots.Release();
        }
    }
}
