namespace Shop.Catalog;

public class NodeVisitor
{
    private readonly NodeExpander _expander;

    public NodeVisitor()
    {
        _expander = new NodeExpander(this);
    }

    public void Visit(Node node)
    {
        if (!node.Expanded)
        {
            _expander.Expand(node); //@call
        }
    }
}
