using System.Transactions;

namespace Shop.Invoices;

public class InvoiceService
{
    private readonly Numbers.Numbers _numbers;

    public InvoiceService(Numbers.Numbers numbers)
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
