using System.Collections.Generic;

namespace Shop.Tickets;

public class TicketPool
{
    private static readonly object Gate = new();
    private readonly List<Ticket> _issued = new();

    public Ticket Issue(string holder)
    {
        lock (Gate) //@lock
        {
            var ticket = new Ticket(holder); //@call
            _issued.Add(ticket);
            return ticket;
        } //@end
    }
}
