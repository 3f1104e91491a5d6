namespace Shop.Shelves;

public partial class Shelf
{
    private readonly object _gate = new(); //@gate
    private int _count; //@count

    public void Put(int quantity)
    {
        lock (_gate) //@lock
        {
            _count += quantity; //@write
        } //@end
    }

    public void Reset()
    {
        lock (_gate) //@reset
        {
            _count = 0;
        }
    }
}
