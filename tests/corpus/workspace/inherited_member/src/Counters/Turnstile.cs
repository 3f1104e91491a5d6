namespace Shop.Counters;

public class Turnstile
{
    private readonly object _sync = new();
    private readonly NamedCounter _visitors = new("visitors");

    public void Pass()
    {
        lock (_sync) //@lock
        {
            _visitors.Increment(); //@call
        } //@end
    }
}
