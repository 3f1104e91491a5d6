using System.Collections.Generic;

namespace Shop.Queues;

public class WaitingLine
{
    private readonly Queue<string> _names = new();

    public int Measure()
    {
        return _names.Count; //@read
    }
}
