using Vendor.Conveyor;

namespace Shop.Returns;

public class ReturnLoop
{
    private readonly object _gate = new();
    private readonly ReturnDesk _desk = new();
    private readonly Belt _belt;

    public ReturnLoop(Belt belt)
    {
        _belt = belt;
    }

    public void Drain()
    {
        lock (_gate) //@lock
        {
            while (!_belt.IsEmpty)
            {
                var next = _belt.Next();
                _desk.Accept(next); //@call
            }
        } //@end
    }
}
