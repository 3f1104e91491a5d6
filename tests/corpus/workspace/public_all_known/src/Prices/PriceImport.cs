using System.Globalization;
using System.IO;

namespace Shop.Prices;

public class PriceImport
{
    private readonly PriceList _list;

    public PriceImport(PriceList list)
    {
        _list = list;
    }

    public void Load(string path)
    {
        foreach (var line in File.ReadLines(path))
        {
            var cells = line.Split(';');
            _list.Set(int.Parse(cells[0]), decimal.Parse(cells[1], CultureInfo.InvariantCulture));
        }
    }
}
