namespace Shop.Bus;

public class Sender
{
    private readonly object _gate = new();
    private readonly Bus _bus = new();

    public void Send(Ping ping)
    {
        lock (_gate) //@lock
        {
            _bus.Publish(ping); //@publish
        } //@end
    }

    public void Say()
    {
        lock (_gate) //@lock2
        {
            _bus.Tell("{0} is said", this); //@tell
        } //@end2
    }

    public object Read()
    {
        lock (_gate) //@lock3
        {
            return _bus.Get("key"); //@get
        } //@end3
    }
}
