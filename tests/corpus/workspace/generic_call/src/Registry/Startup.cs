using System.Text;

namespace Shop.Registry;

public class Startup
{
    private readonly object _gate = new();
    private readonly TypeRegistry _registry = new();

    public void Configure()
    {
        lock (_gate) //@lock
        {
            _registry.Register<StringBuilder>("text"); //@call
        } //@end
    }
}
