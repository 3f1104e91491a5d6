"""An await inside a TransactionScope that does not flow across it.

What it flags
-------------
``await`` under a ``TransactionScope`` that was opened without ``TransactionScopeAsyncFlowOption.Enabled``; a
``TransactionScope`` opened with ``await using``.

Why it matters here
-------------------
The default is ``Suppress``: the ambient transaction stays with its thread. Code after the await may run on another
thread, outside the transaction, and ``Dispose`` throws when a thread other than the one that opened the scope calls
it. ``TransactionScope`` has no asynchronous dispose: its commit blocks, and ``await using`` does not compile.

When it is fine
---------------
The scope enables the flow, or suppresses the transaction on purpose, or the await is in a lambda that only runs
later.

Example
-------
```csharp
class C {
    async Task M() {
        using (var scope = new TransactionScope()) {
            await _db.SaveChangesAsync();
            scope.Complete();
        }
    }
}
```

Instead
-------
```csharp
class C {
    async Task M() {
        using (var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled)) {
            await _db.SaveChangesAsync();
            scope.Complete();
        }
    }
}
```

Source
------
.NET API documentation, ``TransactionScopeAsyncFlowOption``:
<https://learn.microsoft.com/dotnet/api/system.transactions.transactionscopeasyncflowoption>. EF Core documentation,
"Using Transactions" (limitations of System.Transactions): <https://learn.microsoft.com/ef/core/saving/transactions>. An
issue of that documentation: <https://github.com/dotnet/EntityFramework.Docs/issues/4359>.
"""

from __future__ import annotations

from ctxreview.behaviour.body import within
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.rules.prefilter import TRANSACTION

ID = "async-flow"
SEVERITY = "high"
LANGUAGES = ("csharp",)
NEEDS = (TRANSACTION,)


def check(outline: Outline) -> list[Finding]:
    """Each scope that does not flow and is awaited in; the first await is the place."""
    found = []
    for scope in outline.regions:
        if scope.name == "TransactionScope" and outline.source.data.startswith(b"await", scope.opening.start):
            found.append(
                Finding(
                    rule=ID,
                    severity="medium",
                    certainty="syntactic",
                    message="The TransactionScope is opened with `await using`, and cannot be disposed of asynchronously.",
                    question="Is a plain `using` intended, with the async flow enabled?",
                    at=scope_lines(outline, scope),
                    about=("await using",),
                )
            )
            continue
        if scope.async_flow is not False or scope.mode == "suppressed":
            continue
        awaits = [
            f
            for f in within(outline, scope.span)
            if f.kind == "await" and outline.under(f.span, scope) and not scope.opening.contains(f.span)
        ]
        if awaits:
            found.append(
                Finding(
                    rule=ID,
                    severity="high",
                    certainty="syntactic",
                    message=f"The {scope.construct} does not flow across await, and the code under it awaits.",
                    question="Does the work after the await still run in this transaction, or does it need the async flow enabled?",
                    at=lines(outline, awaits[0].span),
                    related=(scope_lines(outline, scope),),
                    about=(scope.construct,),
                )
            )
    return found
