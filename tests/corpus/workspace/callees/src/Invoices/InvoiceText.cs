using Shop.Data;

namespace Shop.Invoices;

public static class InvoiceText
{
    public static string Of(Order order)
    {
        return $"{order.Quantity} of {order.Sku}: {order.Status}"; //@body
    }
}
