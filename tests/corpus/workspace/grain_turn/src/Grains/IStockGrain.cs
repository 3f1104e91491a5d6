using System.Threading.Tasks;
using Orleans;

namespace Shop.Grains;

public interface IStockGrain : IGrainWithIntegerKey
{
    Task<bool> Reserve(int quantity);
}
