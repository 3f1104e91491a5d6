"""A call to another system inside a transaction.

What it flags
-------------
An HTTP request, an email or a message that is sent inside a transaction; an edit that takes a message out of an
outbox. An edit that makes a call before the commit, or before the ``SaveChanges``, that it followed.

Why it matters here
-------------------
Rows stay locked for as long as the other side takes to answer. A rollback does not undo what was sent, and its
receiver may read the database before the commit.

When it is fine
---------------
An outbox holds the message until the commit, the call is given the transaction or the transaction the publisher, what
sends it began the transaction, or the receiver runs in this process and in this transaction. Code of tests is not looked at.

Example
-------
```csharp
class C {
    async Task M(Order order) {
        using var tx = _db.Database.BeginTransaction();
        await _http.PostAsJsonAsync("pay", order);
        await _db.SaveChangesAsync();
        tx.Commit();
    }
}
```

Instead
-------
```csharp
class C {
    async Task M(Order order) {
        using var tx = _db.Database.BeginTransaction();
        await _db.SaveChangesAsync();
        tx.Commit();
        await _http.PostAsJsonAsync("pay", order);
    }
}
```

Source
------
EF Core documentation, "Using Transactions": <https://learn.microsoft.com/ef/core/saving/transactions>. An issue of
nopCommerce, a payment that was taken and an order that was rolled back:
<https://github.com/nopSolutions/nopCommerce/issues/6482>. The outboxes of MassTransit and CAP:
<https://masstransit.io/documentation/configuration/middleware/outbox> and <https://github.com/dotnetcore/CAP>.
"""

from __future__ import annotations

import re

from ctxreview.behaviour.affected import affected, not_told
from ctxreview.behaviour.body import holding, within
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.member_diff import changes
from ctxreview.behaviour.ordering import Hastened, SentEarly, hastened, sent_early
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.languages.behaviour import names_of
from ctxreview.model.facts import Fact
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.regex import regex
from ctxreview.rules.prefilter import TRANSACTION
from ctxreview.workspace.code_of_tests import is_test_code

ID = "external-call"
SEVERITY = "medium"
LANGUAGES = ("csharp",)
NEEDS = (TRANSACTION,)

MESSAGES = frozenset({"Publish", "Send", "SendMessage", "SendMessages", "BasicPublish", "Produce", "Request"})
_HERE = regex(
    r"(?i)(?:mediat\w*|sender|dispatcher|eventpublisher|outbox\w*|_?cap(?:bus|publisher)?|next|pipe|consolidator)$|^(?:File|Directory|Process)$"
)


def check(outline: Outline) -> list[Finding]:
    """The first call out of each transaction, with the number of the others."""
    found: list[Finding] = []
    if is_test_code(outline.source.path):
        return found
    about = names_of(outline.language)
    for _, scope in holding(outline, "transaction"):
        if scope.mode in ("retried", "suppressed") or scope.certainty == "assumed":
            continue
        sent = [
            f
            for f in within(outline, scope.span)
            if f.kind == "io"
            and not f.calls
            and not about.has("calls_it", f.name)
            and not _HERE.search(f.target)
            and not _takes_part(f, scope, outline)
            and outline.under(f.span, scope)
        ]
        if sent:
            message = about.base(sent[0].name) in MESSAGES
            found.append(
                Finding(
                    ID,
                    "low" if message else "medium",
                    "assumed" if message else "syntactic",
                    f"{sent[0].name} on `{sent[0].target}` calls out inside the {scope.construct}"
                    + (f", and so do {len(sent) - 1} more." if len(sent) > 1 else "."),
                    "What undoes it when the transaction is rolled back, and how long are the rows held?",
                    lines(outline, sent[0].span),
                    (scope_lines(outline, scope),),
                    about=(sent[0].name, sent[0].target, scope.construct, "more" if len(sent) > 1 else ""),
                )
            )
    return found


def _takes_part(sent: Fact, scope: Region, outline: Outline) -> bool:
    """Whether what is called sends with the commit: it began the transaction, or one of them is given the other."""
    pairs = ((scope.resource, sent.span), (sent.target, scope.opening))
    opening = outline.source.text(scope.opening)
    if sent.target and re.search(rf"(?<![\w.]){re.escape(sent.target)}\s*\.\s*\w+\s*\(", opening):
        return True
    return any(
        bool(name) and re.search(rf"[(,]\s*{re.escape(name)}\s*[,)]", outline.source.text(at)) is not None
        for name, at in pairs
    )


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each message that went through an outbox and is sent at once now."""
    found = []
    for change in () if is_test_code(after.source.path) else changes(before, after):
        kept = [c for c in change.before.calls if re.search(r"(?i)outbox", f"{c.on}.{c.name}")]
        still = [c for c in change.after.calls if re.search(r"(?i)outbox", f"{c.on}.{c.name}")]
        sent = change.added(*MESSAGES) or [
            c for c in change.after.calls if c.base in MESSAGES and "outbox" not in c.on.lower()
        ]
        if len(kept) > len(still) and sent:
            found.append(
                Finding(
                    ID,
                    "medium",
                    "assumed",
                    f"{sent[0].name} on `{sent[0].on}` replaces {kept[0].name} on `{kept[0].on}`.",
                    "What holds the message until the commit, and discards it on rollback?",
                    change.at(sent[0].chain),
                    (change.was(kept[0].chain, "through an outbox"),),
                )
            )
    about = names_of(after.language)
    saves = {f"{name}{end}" for name in about.of("saves_all") for end in ("", *about.of("task_suffix"))}
    for pair in not_told(affected(comparison(before, after)), after, (*found, *check(after))):
        found += [_hastened(one) for one in hastened(pair)]
        found += [_sent_early(one) for one in sent_early(pair, saves)]
    return found


def _sent_early(one: SentEarly) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"{one.call.name} followed {one.save.name}, and now comes before it.",
        "What undoes it if the save fails, and what does its receiver see if it looks before that?",
        one.call.at._replace(what=""),
        (one.save.at._replace(what=one.save.name),),
        about=(one.call.name, one.save.name),
    )


def _hastened(one: Hastened) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"{one.call.name} followed the commit of the {one.hold.construct}, and now comes before it.",
        "What undoes it if the commit fails, and what does its receiver see if it looks before the commit?",
        one.call.at._replace(what=""),
        (one.commit.at._replace(what=f"{one.commit.name}"),),
    )
