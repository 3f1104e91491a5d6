using System.Transactions;
using Shop.Audit;

namespace Shop.Orders;

public class OrderService
{
    private readonly AuditLog _audit;

    public OrderService(AuditLog audit)
    {
        _audit = audit;
    }

    public void Reject(int id)
    {
        using (var scope = new TransactionScope(TransactionScopeOption.Suppress)) //@scope
        {
            _audit.Note($"rejected {id}"); //@call
            scope.Complete();
        } //@end
    }
}
