using System.Collections.Generic;

namespace Shop.Jobs;

public class RestockJob : ExclusiveJob
{
    private readonly Dictionary<int, int> _levels = new();

    protected override void Execute()
    {
        foreach (var sku in new List<int>(_levels.Keys)) //@read
        {
            if (_levels[sku] < 10)
            {
                _levels[sku] = 100;
            }
        }
    }
}
