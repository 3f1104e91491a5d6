using System.Threading.Tasks;
using MassTransit;

namespace Shop.Orders;

public static class Replay
{
    public static Task Run(OrderPlacedConsumer consumer, ConsumeContext<OrderPlaced> context)
    {
        return consumer.Consume(context);
    }
}
