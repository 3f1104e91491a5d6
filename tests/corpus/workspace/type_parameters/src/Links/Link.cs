using System.Diagnostics.CodeAnalysis;

namespace Shop.Links;

public class Link
{
    private int _id;

    public void Activate(LinkMap map)
    {
        _id = map.Next(); //@activate
    }

    public void Register<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicMethods)] TItem>(TItem item)
    {
        _id = item.GetHashCode(); //@register
    }
}

public class Link<TSource> : Link
{
    public TSource Source { get; set; }
}

public class Other
{
    public void Activate(LinkMap map)
    {
        map.Next(); //@other
    }
}
