using System.Transactions;
using Shop.Numbers;

namespace Shop.Invoices;

public class InvoiceService
{
    private readonly NumberService _numbers;

    public InvoiceService(NumberService numbers)
    {
        _numbers = numbers;
    }

    public string Issue()
    {
        using (var scope = new TransactionScope()) //@scope
        {
            var number = _numbers.Next("INV"); //@call
            scope.Complete();
            return number;
        } //@end
    }
}
