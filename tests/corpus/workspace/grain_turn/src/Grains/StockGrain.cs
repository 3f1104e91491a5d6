using System.Threading.Tasks;
using Orleans;

namespace Shop.Grains;

public class StockGrain : Grain, IStockGrain
{
    private int _available = 100;

    public Task<bool> Reserve(int quantity)
    {
        if (_available < quantity) //@read
        {
            return Task.FromResult(false);
        }

        _available -= quantity;
        return Task.FromResult(true);
    }
}
