using System.Linq;
using Shop.Data;

namespace Shop.Invoices;

public class InvoiceService
{
    private readonly ShopContext _db;
    private readonly NumberSource _numbers;
    private readonly InvoiceWriter _writer;

    public InvoiceService(ShopContext db, NumberSource numbers, InvoiceWriter writer)
    {
        _db = db;
        _numbers = numbers;
        _writer = writer;
    }

    public string Confirm(int id)
    {
        var order = _db.Orders.Single(o => o.Id == id); //@read
        order.Status = $"invoice {_numbers.Next()}";
        _writer.Apply(order);
        return InvoiceText.Of(order);
    }
}
