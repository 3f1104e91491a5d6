using System.Data;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.EntityFrameworkCore;
using Shop.Payments;

namespace Shop.Api;

public sealed class RefundEndpoint
{
    private readonly PaymentContext _db;
    private readonly IPaymentService _payments;

    public RefundEndpoint(PaymentContext db, IPaymentService payments)
    {
        _db = db;
        _payments = payments;
    }

    public async Task<bool> HandleAsync(int paymentId, decimal amount, CancellationToken cancellationToken)
    {
        await using var transaction = await _db.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken); //@begin
        var refunded = await _payments.RefundAsync(paymentId, amount, cancellationToken); //@call
        await _db.SaveChangesAsync(cancellationToken); //@save
        await transaction.CommitAsync(cancellationToken); //@commit
        return refunded;
    } //@end
}
