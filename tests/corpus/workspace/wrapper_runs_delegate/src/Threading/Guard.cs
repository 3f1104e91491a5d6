using System;
using System.Collections.Generic;

namespace Shop.Threading;

public sealed class Guard
{
    private readonly object _sync = new();
    private readonly Queue<Action> _queued = new();

    public T Guarded<T>(Func<T> action) //@wrapper
    {
        lock (_sync)
        {
            return action();
        }
    }

    public void Later(Action action)
    {
        lock (_sync)
        {
            _queued.Enqueue(action);
        }
    }

    public void Drain()
    {
        while (TryNext(out var action))
        {
            action();
        }
    }

    private bool TryNext(out Action action)
    {
        lock (_sync)
        {
            return _queued.TryDequeue(out action);
        }
    }
}
