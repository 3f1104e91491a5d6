namespace Shop.Tickets;

public class TicketKiosk
{
    private readonly object _gate = new();
    private readonly ITicketService _tickets;

    public TicketKiosk(ITicketService tickets)
    {
        _tickets = tickets;
    }

    public void Sell(int seat)
    {
        lock (_gate)
        {
            _tickets.Reserve(seat);
        }
    }
}
