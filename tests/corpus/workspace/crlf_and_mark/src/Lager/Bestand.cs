using System.Collections.Generic;

namespace Shop.Lager;

/// <summary>Der Bestand: Stücke je Größe.</summary>
public class Bestand
{
    private readonly Dictionary<string, int> _stücke = new();

    public void Entnimm(string größe)
    {
        _stücke[größe] = _stücke.GetValueOrDefault(größe) - 1; //@write
    }
}
