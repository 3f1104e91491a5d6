namespace Shop.Orders;

public class PackingDesk
{
    private readonly object _gate = new();
    private readonly Ledger _ledger = new();

    public void Pack(Order order, int quantity)
    {
        lock (_gate) //@lock
        {
            order.Reserve(quantity); //@call
        } //@end
    }

    public bool Look(Order order)
    {
        lock (_gate) //@lookLock
        {
            return order.IsReserved; //@lookCall
        } //@lookEnd
    }

    public Order Open()
    {
        lock (_gate) //@openLock
        {
            return Order.Next(_ledger); //@openCall
        } //@openEnd
    }
}
