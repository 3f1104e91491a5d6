using System.Transactions;
using Shop.Numbers;

namespace Shop.Invoices;

public class InvoiceService
{
    private readonly NumberSource _numbers;

    public InvoiceService(NumberSource numbers)
    {
        _numbers = numbers;
    }

    public string Issue()
    {
        using (var scope = new TransactionScope()) //@scope
        {
            var number = _numbers.Next(); //@call
            scope.Complete();
            return $"INV-{number}";
        } //@end
    }
}
