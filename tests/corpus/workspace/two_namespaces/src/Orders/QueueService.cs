using System.Collections.Generic;

namespace Shop.Orders;

public class QueueService
{
    private readonly List<int> _waiting = new();

    public void Append(int id)
    {
        _waiting.Add(id); //@write
    }
}
