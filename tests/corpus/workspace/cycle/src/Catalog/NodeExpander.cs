namespace Shop.Catalog;

public class NodeExpander
{
    private readonly NodeVisitor _visitor;

    public NodeExpander(NodeVisitor visitor)
    {
        _visitor = visitor;
    }

    public void Expand(Node node)
    {
        node.Expanded = true; //@write
        foreach (var child in node.Children)
        {
            _visitor.Visit(child);
        }
    }
}
