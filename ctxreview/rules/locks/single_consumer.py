"""What one consumer of a queue did in order, others do beside it, or it does no longer one after another.

What it flags
-------------
An edit by which a loop that takes from a channel, a blocking collection or a concurrent queue begins its work and does
not wait for it; by which another function writes what only the consumer wrote; by which the consumer is started more
than once; by which queue and consumer go, and those who filled the queue do the work themselves; or by which a queue is
made for one reader or writer where several may be at it at once.

Why it matters here
-------------------
A queue with one consumer is a lock: what the consumer touches needs no other one, and messages are handled in the order
in which they came. A second one that touches the same state, and work that overlaps, lose both.

When it is fine
---------------
The work of two messages has nothing in common, and their order says nothing.

Example
-------
```csharp
class C {
    readonly Channel<Order> _inbox;
    readonly IShop _shop;
    async Task Run() {
        await foreach (var order in _inbox.Reader.ReadAllAsync()) { await _shop.HandleAsync(order); }
    }
    Task Start() => Task.WhenAll(Run(), Run());
}
```

Instead
-------
```csharp
class C {
    readonly Channel<Order> _inbox;
    readonly IShop _shop;
    async Task Run() {
        await foreach (var order in _inbox.Reader.ReadAllAsync()) { await _shop.HandleAsync(order); }
    }
    Task Start() => Run();
}
```

Source
------
.NET documentation, "System.Threading.Channels library" (single reader):
<https://learn.microsoft.com/dotnet/core/extensions/channels>.
"""

from __future__ import annotations

from ctxreview.behaviour.affected import affected
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.consuming import (
    Beside,
    Overlapping,
    Several,
    Unqueued,
    beside,
    overlapping,
    several,
    unqueued,
)
from ctxreview.behaviour.places import lines
from ctxreview.behaviour.promised import Promised, promised
from ctxreview.languages.behaviour import names_of
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding

ID = "single-consumer"
SEVERITY = "medium"
HOOKS = ("lower",)


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each consumer whose work overlaps, is done by others too, or that is started again."""
    both, about = comparison(before, after), names_of(after.language)
    changed = affected(both)
    found = [_overlapping(one) for pair in changed for one in overlapping(pair, about)]
    found += [_beside(one) for one in beside(both, about)]
    found += [_several(after, one) for one in several(both, about)]
    found += [_unqueued(one) for one in unqueued(both, about)]
    return [*found, *(_promised(after, one) for one in promised(both, about))]


def _overlapping(one: Overlapping) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"{one.work.name or 'The work'} is begun for each thing that is taken, and no longer waited for before the next one.",
        "Is it right when two are handled at once, or the later one first?",
        one.work.at._replace(what=""),
        (one.take.at._replace(what="taken here"),),
        about=(one.work.name, one.take.name),
    )


def _beside(one: Beside) -> Finding:
    name = one.access.place.of.rpartition(".")[2] if one.access.place is not None else one.access.name
    return Finding(
        ID,
        "high",
        "resolved",
        f"`{name}` is {'read' if one.access.kind == 'read' else 'written'} beside the one consumer that alone changed it, one message after another.",
        "What keeps the two apart now?",
        one.access.at._replace(what=""),
        (one.consumer.at._replace(what="written by the consumer"),),
        about=(name, one.access.name),
    )


def _unqueued(one: Unqueued) -> Finding:
    name = one.work.name or "The work"
    return Finding(
        ID,
        "medium",
        "resolved",
        f"{name} was called by the one consumer of a queue, for one item after another; now whoever has an item calls it.",
        "May two threads call it at once, and does the order not matter?",
        one.work.at._replace(what=""),
        (one.before.at._replace(what="by the consumer, before the edit"),),
        about=(name, "unqueued"),
    )


def _promised(after: Outline, one: Promised) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"`{one.queue}` is made with {one.promise} now, and {one.name} may use its {one.end} on several threads at once.",
        "What keeps a second one away? Nothing checks the promise; what breaks it loses items or hangs.",
        lines(after, one.at, one.promise),
        (lines(after, one.use, "used here"),),
        about=(one.queue, one.promise),
    )


def _several(after: Outline, one: Several) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"{one.name} takes from a queue and ran once; several of it run at once now.",
        "Does anything rely on the order, or on there being one?",
        lines(after, one.at),
        (one.take.at._replace(what="taken here"),),
        about=(one.name, one.take.name),
    )
