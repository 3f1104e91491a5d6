public class Ledger
{
    private readonly object _gate = new();
    private int _total;

    public void Post(int amount)
    {
        Add(amount); // no scope here
    }

    public void PostAll(int[] amounts)
    {
        lock (_gate)
        {
            // Add, once this is mended
            foreach (var amount in amounts)
            {
                A§§d(amount);
            }
        }
    }

    private void Add(int amount)
    {
        _total += amount; //@write
    }
}
