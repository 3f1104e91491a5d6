using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Shop.Data;

namespace Shop.Web;

public class TransactionMiddleware
{
    private readonly RequestDelegate _next;

    public TransactionMiddleware(RequestDelegate next)
    {
        _next = next;
    }

    public async Task InvokeAsync(HttpContext context, ShopContext db)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(context.RequestAborted);
        await _next(context);
        await transaction.CommitAsync(context.RequestAborted);
    }
}
