namespace Shop.Catalog;

public class CatalogIndex
{
    private readonly object _gate = new();
    private readonly NodeVisitor _visitor = new();
    private readonly Node _top = new();

    public void Rebuild()
    {
        lock (_gate) //@lock
        {
            _visitor.Visit(_top); //@call
        } //@end
    }
}
