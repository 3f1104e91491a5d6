namespace Shop.Shelves;

public partial class Shelf
{
    private sealed class Counter
    {
        private readonly object _gate = new(); //@gate
        private int _count; //@count

        public void Tick()
        {
            lock (_gate) //@tick
            {
                _count++;
            }
        }

        public bool IsIdle()
        {
            return _count == 0; //@peek
        }
    }
}
