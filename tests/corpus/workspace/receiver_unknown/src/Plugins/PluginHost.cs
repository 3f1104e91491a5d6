using Vendor.Plugins;

namespace Shop.Plugins;

public class PluginHost
{
    private readonly object _gate = new();
    private readonly PluginCatalog _catalog;

    public PluginHost(PluginCatalog catalog)
    {
        _catalog = catalog;
    }

    public void Refresh(decimal factor)
    {
        lock (_gate) //@lock
        {
            var plugin = _catalog.Find("prices");
            plugin.Recalculate(factor); //@call
        } //@end
    }
}
