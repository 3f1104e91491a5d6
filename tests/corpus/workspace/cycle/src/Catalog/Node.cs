using System.Collections.Generic;

namespace Shop.Catalog;

public class Node
{
    public string Name { get; set; } = "";

    public bool Expanded { get; set; }

    public List<Node> Children { get; } = new();
}
