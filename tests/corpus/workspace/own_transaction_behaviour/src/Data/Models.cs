namespace Shop.Data;

public class Item
{
    public int Id { get; set; }

    public int Sku { get; set; }

    public int Available { get; set; }
}

public class Order
{
    public int Id { get; set; }

    public int Sku { get; set; }

    public int Quantity { get; set; }

    public string Status { get; set; } = "open";
}
