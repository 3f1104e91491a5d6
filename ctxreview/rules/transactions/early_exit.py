"""A transaction is left after a save and before the commit.

What it flags
-------------
``return``, ``break`` or ``continue`` inside a transaction, after a save and before ``Complete`` or ``Commit``, with
no sign that the rollback is intended. Compared before and after an edit: a save or commit that can now be
cancelled after a call that cannot be undone; a caller who can now stop behind a commit, in a ``try`` whose handler calls
another system to undo it.

Why it matters here
-------------------
Leaving the block without a commit rolls back what was saved in it, and throws no exception.

When it is fine
---------------
The rollback is intended; ``Rollback`` before the exit says so.

Example
-------
```csharp
class C {
    int M(int id) {
        using (var scope = new TransactionScope()) {
            _db.SaveChanges();
            if (id == 0) return 0;
            _db.Add(new Row(id));
            _db.SaveChanges();
            scope.Complete();
        }
        return 1;
    }
}
```

Instead
-------
```csharp
class C {
    int M(int id) {
        using (var scope = new TransactionScope()) {
            if (id == 0) return 0;
            _db.SaveChanges();
            _db.Add(new Row(id));
            _db.SaveChanges();
            scope.Complete();
        }
        return 1;
    }
}
```

Source
------
.NET API documentation, ``TransactionScope.Complete``:
<https://learn.microsoft.com/dotnet/api/system.transactions.transactionscope.complete>. RuboCop's
Rails/TransactionExitStatement for the same in another language:
<https://docs.rubocop.org/rubocop-rails/cops_rails.html#railstransactionexitstatement>.
"""

from __future__ import annotations

import re

from ctxreview.behaviour.affected import affected, not_told
from ctxreview.behaviour.body import Body, holding, within
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.cut_short import Cancellable, TakenBack, cancellable, taken_back
from ctxreview.behaviour.member_diff import Change, changes
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.languages import load
from ctxreview.languages.behaviour import names_of
from ctxreview.languages.words import any_of
from ctxreview.model.facts import Fact
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.regex import regex
from ctxreview.rules.prefilter import TRANSACTION

ID = "early-exit"
SEVERITY = "medium"
NEEDS = (TRANSACTION,)

_NO_ROWS = regex(r"\(\s*(\w+)\s*(?:==\s*0|<\s*1|<=\s*0|is\s+0)\s*\)\s*\{?\s*$")
_FAILED = regex(r"\(\s*!\s*(?:\w+\s+)?[\w.]*\bTry[A-Z]\w*\((?:[^()]|\([^()]*\))*\)\s*\)\s*\{?\s*$")
"""What an ``if`` before the exit asks: whether no row was changed, or an attempt failed."""
LEAVES = ("return", "break", "continue", "goto")


def check(outline: Outline) -> list[Finding]:
    """Each exit that drops what was saved before it."""
    found = []
    for body, scope in holding(outline, "transaction"):
        for exit_ in _ways_out(body, scope):
            saved = _saved_before(body, scope, exit_)
            if saved is not None:
                found.append(
                    Finding(
                        ID,
                        "medium",
                        "syntactic",
                        f"This {exit_.name} leaves the {scope.construct} after {saved.name} and before it is completed: "
                        "the save is rolled back.",
                        "Is the rollback intended?",
                        lines(outline, exit_.span),
                        (lines(outline, saved.span, saved.name), scope_lines(outline, scope)),
                        about=(exit_.name, scope.construct, saved.name),
                    )
                )
    return found


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each way out that an edit adds before the commit with nothing saved yet: the rest is left undone."""
    found = [f for c in changes(before, after) for f in _added(c)]
    for pair in not_told(affected(comparison(before, after)), after, found):
        found += [_cancelled(one) for one in cancellable(pair)]
        found += [_taken_back(one, after) for one in taken_back(pair, before, after)]
    return found


def _taken_back(one: TakenBack, after: Outline) -> Finding:
    return Finding(
        ID,
        "high",
        "resolved",
        f"A caller who stops here makes the handler call {one.undo.name}, although {one.commit.name} is done by then.",
        "Is what was committed undone too, or does it stand without what it was paid or done for?",
        lines(after, one.stop),
        (one.commit.at._replace(what="is done by then"), one.undo.at._replace(what="undoes it elsewhere")),
    )


def _cancelled(one: Cancellable) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"{one.end.name} can now be cancelled after {one.call.name} is done, and cancelling does not undo that.",
        "What is left when the caller gives up between the two?",
        one.end.at._replace(what=""),
        (one.call.at._replace(what=f"{one.call.name} is done by then"),),
    )


def _added(change: Change) -> list[Finding]:
    found = []
    for old, new in change.scopes:
        if new is None or new.kind != "transaction" or old.form not in ("block", "declaration"):
            continue
        had, has = _ways_out(change.before, old), _ways_out(change.after, new)
        known = [_text(change.before, f) for f in had]
        fresh = [f for f in has if _text(change.after, f) not in known and _saved_before(change.after, new, f) is None]
        if len(has) > len(had) and fresh and _works(change.after, new, fresh[0]):
            found.append(
                Finding(
                    ID,
                    "low",
                    "syntactic",
                    f"The edit adds a {fresh[0].name} that leaves the {new.construct} before it is completed.",
                    "Does any work before it have to be kept?",
                    change.at(fresh[0].span),
                    (change.at(new.span, new.construct),),
                )
            )
    return found


def _works(body: Body, scope: Region, exit_: Fact) -> bool:
    """Whether anything is called in the scope before the exit as a statement, or waited for where its name does not say that it only looks."""
    about = names_of(body.outline.language)
    before = [c for c in body.calls if scope.opening.end <= c.start < exit_.span.start and scope.span.contains(c.span)]
    if any(body.is_statement(c.start) for c in before):
        return True
    for wait in (f.span for f in body.facts if f.kind == "await"):
        inside = [c for c in before if wait.contains(c.span) and not about.has("plumbing", c.name)]
        awaited = max(inside, key=lambda c: c.span.end, default=None)
        if awaited is not None and not about.pattern("looks").search(awaited.name):
            return True
    return False


def _text(body: Body, fact: Fact) -> str:
    return " ".join(body.text(fact.span).split())


def _ways_out(body: Body, scope: Region) -> list[Fact]:
    """The exits before the first completion that lead out of the scope."""
    if scope.form not in ("block", "declaration") or not scope.completes_at or scope.mode in ("retried", "suppressed"):
        return []
    places = set(scope.exits)
    return [f for f in within(body.outline, scope.span) if f.kind == "exit" and f.name in LEAVES and f.span in places]


def _is_for_nothing(body: Body, save: Fact, between: str) -> bool:
    """Whether the exit is taken where the save changed no row, or where another attempt says that it failed: there is nothing to keep."""
    asked = _NO_ROWS.search(between)
    start = body.block(save.span.start).start
    made = body.plain(Span(start, save.span.start)).rpartition(";")[2]
    if asked is not None and re.search(rf"\b{re.escape(asked[1])}\s*=[^=;]*$", made):
        return True
    return _FAILED.search(between) is not None


def _saved_before(body: Body, scope: Region, exit_: Fact) -> Fact | None:
    """A save that comes before the exit on every way to it, without a rollback between them."""
    for save in within(body.outline, Span(scope.opening.end, exit_.span.start)):
        if save.kind != "save" or not body.outline.under(save.span, scope):
            continue
        if not body.block(save.span.start).contains(exit_.span):
            continue
        between = body.plain(Span(save.span.end, exit_.span.start))
        undoes = names_of(body.outline.language).text("undoes")
        words = load(body.outline.language).words
        another = any_of(words.catching | words.comparing | words.otherwise)
        if not re.search(rf"{undoes}|\b{another}\b", between) and not _is_for_nothing(body, save, between):
            return save
    return None
