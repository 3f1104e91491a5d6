using System.Collections.Generic;
using System.IO;

namespace Shop.Catalog;

public class CatalogLoader
{
    private readonly string _path;

    public CatalogLoader(string path)
    {
        _path = path;
    }

    public List<string> LoadAll()
    {
        return new List<string>(File.ReadAllLines(_path)); //@read
    }
}
