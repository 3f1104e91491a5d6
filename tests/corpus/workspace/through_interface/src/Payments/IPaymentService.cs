using System.Threading;
using System.Threading.Tasks;

namespace Shop.Payments;

public interface IPaymentService
{
    Task<bool> RefundAsync(int paymentId, decimal amount, CancellationToken cancellationToken);
}
