using System.Collections.Generic; //@using
using System.Transactions;
using Microsoft.Extensions.Logging;
using Shop.Data;
using Shop.Stock;

namespace Shop.Checkout;

public class CheckoutService
{
    private readonly ShopContext _db;
    private readonly StockService _stock;
    private readonly ILogger<CheckoutService> _logger;

    public CheckoutService(ShopContext db, StockService stock, ILogger<CheckoutService> logger)
    {
        _db = db;
        _stock = stock;
        _logger = logger;
    }

    public void Run(IReadOnlyList<Order> orders)
    {
        using (var scope = new TransactionScope()) //@scope
        {
            foreach (var order in orders)
            {
                _stock.Reserve(order.Sku, order.Quantity); //@call
            }

            _db.SaveChanges(); //@save
            scope.Complete(); //@complete
        } //@end
    }

    public string Describe(Order order)
    {
        _logger.LogDebug("Describing {Order}", order.Id);
        return $"{order.Quantity} of {order.Sku}"; //@noise
    }
}
