using System.Collections.Generic;

namespace Shop.Returns;

public class QueueService
{
    private readonly LinkedList<int> _waiting = new();

    public void Append(int id)
    {
        _waiting.AddLast(id); //@write
    }
}
