namespace Shop.Orders;

public static class OrderExtensions
{
    public static void Reserve(this Order order, int quantity)
    {
        order.Reserved += quantity; //@write
    }
}
