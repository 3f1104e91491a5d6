namespace Shop.Numbers;

public class NumberService
{
    private static readonly object Gate = new();
    private readonly NumberStore _store;

    public NumberService(NumberStore store)
    {
        _store = store;
    }

    public string Next(string series)
    {
        lock (Gate) //@lock
        {
            var number = _store.Take(series); //@call
            return $"{series}-{number:D6}";
        } //@end
    }
}
