using System.Collections.Generic;

namespace Shop.Notices;

public class NoticeBoard
{
    private readonly List<int> _placed = new();

    public void Announce(int orderId)
    {
        _placed.Add(orderId); //@write
    }

    public void Retract(int orderId)
    {
        _placed.Remove(orderId); //@retract
    }
}
