using Shop.Data;

namespace Shop.Invoices;

public class InvoiceWriter
{
    private readonly ShopContext _db;

    public InvoiceWriter(ShopContext db)
    {
        _db = db;
    }

    public void Apply(Order order)
    {
        _db.Attach(order); //@attach
        _db.SaveChanges(); //@save
    }
}
