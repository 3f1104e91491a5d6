using System.Threading;
using System.Threading.Tasks;
using Microsoft.EntityFrameworkCore;

namespace Shop.Payments;

public sealed class LedgerPaymentService : IPaymentService
{
    private readonly PaymentContext _db;

    public LedgerPaymentService(PaymentContext db) => _db = db;

    public async Task<bool> RefundAsync(int paymentId, decimal amount, CancellationToken cancellationToken)
    {
        var payment = await _db.Payments.SingleAsync(p => p.Id == paymentId, cancellationToken); //@read
        if (payment.Refunded + amount > payment.Paid)
        {
            return false;
        }

        payment.Refunded += amount;
        return true;
    }
}
