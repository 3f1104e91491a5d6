using System.Collections.Generic;

namespace Shop.Returns;

public class ReturnDesk
{
    private readonly List<int> _accepted = new();

    public void Accept(ReturnedOrder order)
    {
        _accepted.Add(order.Id); //@order
    }

    public void Accept(ReturnedParcel parcel)
    {
        _accepted.AddRange(parcel.OrderIds);
    }
}

public record ReturnedOrder(int Id);

public record ReturnedParcel(int[] OrderIds);
