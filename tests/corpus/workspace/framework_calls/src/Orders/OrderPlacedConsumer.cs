using System.Collections.Generic;
using System.Threading.Tasks;
using MassTransit;

namespace Shop.Orders;

public record OrderPlaced(int OrderId);

public class OrderPlacedConsumer : IConsumer<OrderPlaced>
{
    private readonly List<int> _seen = new();

    public Task Consume(ConsumeContext<OrderPlaced> context)
    {
        _seen.Add(context.Message.OrderId); //@write
        return Task.CompletedTask;
    }
}
