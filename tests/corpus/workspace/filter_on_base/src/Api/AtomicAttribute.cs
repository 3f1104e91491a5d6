using System.Threading.Tasks;
using System.Transactions;
using Microsoft.AspNetCore.Mvc.Filters;

namespace Shop.Api;

public sealed class AtomicAttribute : ActionFilterAttribute
{
    public override async Task OnActionExecutionAsync(ActionExecutingContext context, ActionExecutionDelegate next)
    {
        using var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled);
        var executed = await next();
        if (executed.Exception == null)
        {
            scope.Complete();
        }
    }
}
