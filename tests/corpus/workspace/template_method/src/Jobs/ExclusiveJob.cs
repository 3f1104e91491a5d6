using System;

namespace Shop.Jobs;

public abstract class ExclusiveJob
{
    private readonly object _gate = new();

    public DateTime LastRunUtc { get; private set; }

    public void Run()
    {
        lock (_gate) //@lock
        {
            Execute(); //@call
            LastRunUtc = DateTime.UtcNow;
        } //@end
    }

    protected abstract void Execute();
}
