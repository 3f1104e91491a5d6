using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using Shop.Data;

namespace Shop.Shipping;

public class ShippingService
{
    private readonly ShopContext _db;
    private readonly OrderRepository _orders;
    private readonly ILogger<ShippingService> _logger;

    public ShippingService(ShopContext db, OrderRepository orders, ILogger<ShippingService> logger)
    {
        _db = db;
        _orders = orders;
        _logger = logger;
    }

    public async Task ShipAsync(int id, string carrier, CancellationToken cancellationToken)
    {
        await using var transaction = await _db.Database.BeginTransactionAsync(cancellationToken); //@begin
        _logger.LogInformation("Shipping {Order}", id);
        _logger.LogDebug("The carrier is {Carrier}", carrier);
        _logger.LogDebug("The context is {Context}", _db.ContextId); //@before
        _logger.LogDebug("The transaction is {Transaction}", transaction.TransactionId);
        _logger.LogDebug("The provider is {Provider}", _db.Database.ProviderName);

        var order = await _orders.GetAsync(id, cancellationToken); //@call
        _logger.LogDebug("The order has {Quantity} pieces", order.Quantity);
        _logger.LogDebug("The order is of article {Sku}", order.Sku);
        _logger.LogDebug("The order was {Status}", order.Status); //@after
        _logger.LogDebug("The order is given to {Carrier}", carrier);
        _logger.LogDebug("The order is {Order}", order.Id);

        order.Status = "shipped"; //@write
        await _db.SaveChangesAsync(cancellationToken); //@save
        await transaction.CommitAsync(cancellationToken); //@commit
    } //@end

    public void Explain(string carrier)
    {
        _logger.LogInformation("Shipping with {Carrier}", carrier);
        _logger.LogInformation("Tracking is not available"); //@late
    }
}
