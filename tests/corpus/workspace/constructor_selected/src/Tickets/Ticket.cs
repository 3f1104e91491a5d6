namespace Shop.Tickets;

public class Ticket
{
    private static int _last;

    public Ticket(string holder)
    {
        Number = ++_last; //@write
        Holder = holder;
    }

    public int Number { get; }

    public string Holder { get; }
}
