namespace Shop.Lager;

/// <summary>Die Kasse; ein Verkäufer je Größe.</summary>
public class Kasse
{
    private readonly object _schloss = new();
    private readonly Bestand _bestand = new();

    public string Gruß()
    {
        return "Grüß Gott"; //@other
    }

    public void Verkaufe(string größe)
    {
        lock (_schloss) //@lock
        {
            _bestand.Entnimm(größe); //@call
        } //@end
    }
}
