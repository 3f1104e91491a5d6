using System.Threading;
using System.Threading.Tasks;
using MediatR;
using Microsoft.EntityFrameworkCore;
using Shop.Data;

namespace Shop.Stock;

public record ReserveStock(int Sku, int Quantity) : IRequest<bool>;

public class ReserveStockHandler : IRequestHandler<ReserveStock, bool>
{
    private readonly ShopContext _db;

    public ReserveStockHandler(ShopContext db)
    {
        _db = db;
    }

    public async Task<bool> Handle(ReserveStock request, CancellationToken cancellationToken)
    {
        var item = await _db.Items.SingleAsync(i => i.Sku == request.Sku, cancellationToken); //@read
        if (item.Available < request.Quantity)
        {
            return false;
        }

        item.Available -= request.Quantity;
        await _db.SaveChangesAsync(cancellationToken);
        return true;
    }
}
