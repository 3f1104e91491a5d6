namespace Shop.Orders;

public class PackingDesk
{
    private readonly object _gate = new();

    public void Pack(Order order, int quantity)
    {
        lock (_gate) //@lock
        {
            order.Reserve(quantity); //@call
        } //@end
    }
}
