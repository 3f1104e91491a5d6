namespace Shop.Orders;

public class Ledger
{
    public int Last { get; set; }
}
