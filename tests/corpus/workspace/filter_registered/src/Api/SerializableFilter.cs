using System.Threading.Tasks;
using System.Transactions;
using Microsoft.AspNetCore.Mvc.Filters;

namespace Shop.Api;

public sealed class SerializableFilter : IAsyncActionFilter
{
    public async Task OnActionExecutionAsync(ActionExecutingContext context, ActionExecutionDelegate next)
    {
        using var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled);
        await next();
        scope.Complete();
    }
}
