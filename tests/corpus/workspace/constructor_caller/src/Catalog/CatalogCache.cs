using System.Collections.Generic;

namespace Shop.Catalog;

public class CatalogCache
{
    private static readonly object Gate = new();
    private readonly List<string> _names;

    public CatalogCache(CatalogLoader loader)
    {
        lock (Gate) //@lock
        {
            _names = loader.LoadAll(); //@call
        } //@end
    }

    public int Size => _names.Count;
}
