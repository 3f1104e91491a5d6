namespace Shop.Seats;

public class BoxOffice
{
    private readonly object _gate = new();
    private readonly SeatMap _seats;

    public BoxOffice(SeatMap seats)
    {
        _seats = seats;
    }

    public int Sell(string seat)
    {
        lock (_gate) //@lock
        {
            if (_seats.Count(s => s.Length > 3) == 0) //@lambda
            {
                _seats.Close("main", row: 1); //@row
                return 0;
            }

            return _seats.TryTake(seat, out var price) ? price : 0; //@out
        } //@end
    }
}
