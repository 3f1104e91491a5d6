namespace Shop.Threading;

internal static class Locks
{
    public static readonly object Stock = new(); //@stock

    public static object Audit = new(); //@audit
}
