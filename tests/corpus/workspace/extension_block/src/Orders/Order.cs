namespace Shop.Orders;

public class Order
{
    public int Id { get; set; }

    public int Reserved { get; set; }
}
