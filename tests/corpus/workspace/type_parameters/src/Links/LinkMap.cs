namespace Shop.Links;

public class LinkMap
{
    private readonly object _gate = new();
    private int _last;

    public int Next() => ++_last;

    public Made Create<Made, Source>(Source source)
        where Made : Link<Source>, new()
        where Source : class
    {
        lock (_gate) //@lock
        {
            var made = new Made { Source = source };
            Made known = made;
            known.Activate(this); //@call
            return made;
        } //@end
    }

    public void Keep<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicMethods)] TItem>(Link link, TItem item)
    {
        lock (_gate) //@lock2
        {
            link.Register<TItem>(item); //@call2
        } //@end2
    }
}
