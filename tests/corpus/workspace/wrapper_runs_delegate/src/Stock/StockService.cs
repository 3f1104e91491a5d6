using System.Collections.Generic;
using Shop.Threading;

namespace Shop.Stock;

public class StockService
{
    private readonly Guard _guard;
    private readonly Dictionary<int, int> _levels = new();

    public StockService(Guard guard)
    {
        _guard = guard;
    }

    public bool Take(int sku, int quantity)
    {
        return _guard.Guarded(() => //@lambda
        {
            var level = _levels.GetValueOrDefault(sku); //@read
            if (level < quantity)
            {
                return false;
            }

            _levels[sku] = level - quantity;
            return true;
        }); //@end
    }

    public void Forget(int sku)
    {
        _guard.Later(() =>
        {
            _levels.Remove(sku); //@later
        });
    }
}
