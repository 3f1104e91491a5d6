using System;
using System.Collections.Generic;

namespace Shop.Seats;

public class SeatMap
{
    private readonly List<string> _free = new();
    private readonly Dictionary<string, int> _prices = new();

    public int Count(string prefix)
    {
        return _free.FindAll(s => s.StartsWith(prefix)).Count; //@text
    }

    public int Count(Predicate<string> match)
    {
        return _free.FindAll(match).Count; //@lambda
    }

    public bool TryTake(string seat, out int price)
    {
        price = _prices[seat]; //@out
        return _free.Remove(seat);
    }

    public bool TryTake(string seat, int limit)
    {
        return _prices[seat] <= limit && _free.Remove(seat); //@in
    }

    public void Close(string hall, int row)
    {
        _free.RemoveAll(s => s.StartsWith($"{hall}-{row}-")); //@row
    }

    public void Close(string hall, string block)
    {
        _free.RemoveAll(s => s.StartsWith($"{hall}-{block}-")); //@block
    }
}
