using System.Collections.Generic;

namespace Shop.Tickets;

public class TicketService
{
    private readonly HashSet<int> _taken = new();

    public void Reserve(int seat)
    {
        _taken.Add(seat);
    }
}
