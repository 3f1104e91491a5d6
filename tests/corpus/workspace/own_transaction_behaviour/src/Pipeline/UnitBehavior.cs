using System.Threading;
using System.Threading.Tasks;
using MediatR;
using Shop.Units;

namespace Shop.Pipeline;

public class UnitBehavior<TRequest, TResponse> : IPipelineBehavior<TRequest, TResponse>
    where TRequest : IRequest<TResponse>
{
    private readonly IUnit _unit;

    public UnitBehavior(IUnit unit)
    {
        _unit = unit;
    }

    public async Task<TResponse> Handle(
        TRequest request, RequestHandlerDelegate<TResponse> next, CancellationToken cancellationToken)
    {
        await using var held = await _unit.HoldAsync(cancellationToken);
        var response = await next();
        await held.DoneAsync(cancellationToken);
        return response;
    }
}
