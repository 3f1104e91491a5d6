using System;
using System.Collections.Generic;

namespace Shop.Mail;

public class Outbox
{
    private readonly object _gate = new();
    private readonly List<Action> _pending = new();
    private readonly Mailer _mailer;

    public Outbox(Mailer mailer)
    {
        _mailer = mailer;
    }

    public void Queue(string address)
    {
        lock (_gate)
        {
            _pending.Add(() => _mailer.Deliver(address));
        }
    }

    public void Flush()
    {
        Action[] waiting;
        lock (_gate)
        {
            waiting = _pending.ToArray();
            _pending.Clear();
        }

        foreach (var action in waiting)
        {
            action();
        }
    }
}
