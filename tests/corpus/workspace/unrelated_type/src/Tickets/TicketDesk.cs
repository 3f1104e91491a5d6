namespace Shop.Tickets;

public class TicketDesk
{
    private readonly object _gate = new();
    private readonly TicketService _tickets = new();

    public void Sell(int seat)
    {
        lock (_gate)
        {
            _tickets.Reserve(seat);
        }
    }
}
