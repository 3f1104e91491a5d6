using System.Transactions;
using Microsoft.AspNetCore.Mvc;
using Shop.Data;
using Shop.Orders;

namespace Shop.Checkout;

public class CheckoutController : ControllerBase
{
    private readonly OrderService _orders;

    public CheckoutController(OrderService orders)
    {
        _orders = orders;
    }

    [HttpPost]
    public IActionResult Submit(Order order)
    {
        var options = new TransactionOptions { IsolationLevel = IsolationLevel.ReadCommitted };
        using (var scope = new TransactionScope(TransactionScopeOption.Required, options)) //@scope
        {
            _orders.Place(order); //@call
            scope.Complete();
        } //@end

        return Ok(order.Id);
    }
}
