using System.Collections.Generic;

namespace Shop.Tickets;

public interface ITicketService
{
    void Reserve(int seat);
}

public class TicketService : ITicketService
{
    private readonly HashSet<int> _taken = new();

    public void Reserve(int seat)
    {
        _taken.Add(seat);
    }
}
