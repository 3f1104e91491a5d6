"""A statement is not given the transaction it runs under.

What it flags
-------------
Under a transaction begun on a connection: a call with SQL on that connection without the transaction, when the other
calls are given it; an edit that drops the argument or ``command.Transaction = …``, also for a transaction held by a
parameter, field or property; an edit that gives a transaction to the statements of a function where none had one.

Why it matters here
-------------------
The effect of a command without the transaction depends on the provider: some refuse it, some run it inside the
transaction anyway. On another connection it is not part of the transaction.

When it is fine
---------------
The provider binds every command of the connection to its open transaction, and the team relies on that. The edit
gives one more statement the transaction that its neighbours already have.

Example
-------
```csharp
class C {
    void M(IDbConnection conn, int id) {
        using var tx = conn.BeginTransaction();
        conn.Execute("UPDATE a SET n = n - 1 WHERE id = @id", new { id }, tx);
        conn.Execute("UPDATE b SET n = n + 1 WHERE id = @id", new { id });
        tx.Commit();
    }
}
```

Instead
-------
```csharp
class C {
    void M(IDbConnection conn, int id) {
        using var tx = conn.BeginTransaction();
        conn.Execute("UPDATE a SET n = n - 1 WHERE id = @id", new { id }, tx);
        conn.Execute("UPDATE b SET n = n + 1 WHERE id = @id", new { id }, tx);
        tx.Commit();
    }
}
```

Source
------
.NET API documentation, ``DbCommand.Transaction``:
<https://learn.microsoft.com/dotnet/api/system.data.common.dbcommand.transaction>. What happens without it differs by
provider, and is background knowledge.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator

from ctxreview.behaviour.affected import affected, not_told
from ctxreview.behaviour.body import Body, CallText, holding, is_over, root_of
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.member_diff import Change, changes
from ctxreview.behaviour.parties import Unbound, unbound
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.languages import load
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Lines
from ctxreview.outline.symbols.signatures import arguments_in
from ctxreview.regex import regex
from ctxreview.rules.prefilter import TRANSACTION

ID = "transaction-argument"
SEVERITY = "medium"
LANGUAGES = ("csharp",)
NEEDS = (TRANSACTION,)

_TEXT = regex(r'"(?:[^"\\\n]|\\.)*"')
_SQL = regex(r"(?:Execute|Query)\w*$")
_TYPED = regex(r"\b\w*Transaction\??\s+(\w+)\s*(?=[;,)={])")
_NAMED = regex(r"(?i)(?:\w*transaction|_?tx|_?trans?)$")
_NAME = regex(r"(?<![.\w])[A-Za-z_]\w*(?!\s*:)")
_GIVES = regex(r"\b(\w+)\s*=(?![=>])\s*([^;]+);")
_VALUE = regex(r"(?:this\.)?\w+(?:[?!]?\.\w+)*!?$")
_SET = regex(r"\.Transaction\s*=\s*([\w.?!]+)\s*;")
_GIVEN = regex(r"\b(\w+)\.Transaction\s*=[^=]")
_COMMAND = regex(r"\bCreateCommand\b|\bnew\s+\w*Command\b")


def check(outline: Outline) -> list[Finding]:
    """Each call on the connection that lacks what its neighbours have."""
    found = []
    for body, scope in holding(outline, "transaction"):
        if not scope.resource.isidentifier():
            continue
        inside = [c for c in body.calls_in(scope.span) if _SQL.match(c.name) and c.on]
        if not any(_has(c, scope.resource) for c in inside):
            continue
        inside = [c for c in inside if outline.under(c.span, scope) and not is_over(outline, scope, c.span.start)]
        given = [c for c in inside if _has(c, scope.resource)]
        for call in inside:
            like = [g for g in given if g.on == call.on and g.on.isidentifier()]
            if like and not _has(call, scope.resource) and call not in given:
                found.append(
                    Finding(
                        ID,
                        "medium",
                        "syntactic",
                        f"{call.name} on `{call.on}` is not given `{scope.resource}`, but {like[0].name} is.",
                        "Does the provider run it in the transaction anyway?",
                        lines(outline, call.chain),
                        (lines(outline, like[0].chain, "is given it"), scope_lines(outline, scope)),
                        about=(call.name, call.on, scope.resource, like[0].name),
                    )
                )
    return found


def _has(call: CallText, transaction: str) -> bool:
    """Whether a call is given the transaction; a text that has its name in it is not."""
    return bool(re.search(rf"\b{re.escape(transaction)}\b|\btransaction\s*:", _TEXT.sub("", call.given)))


def _gets(body: Body, call: CallText, transaction: str) -> bool:
    """Whether a call is given the transaction, or something that is made with it: a variable's value, what a local function gives."""
    return _has(call, transaction) or any(_names(transaction, text) for text in _behind(body, call))


def _behind(body: Body, call: CallText) -> Iterator[str]:
    """What the variables in a call's arguments were given, and the local functions that are called there."""
    names = frozenset(_NAME.findall(_TEXT.sub("", call.given)))
    if not names:
        return
    text = body.plain(body.member.span)
    yield from (m[2] for m in _GIVES.finditer(text) if m[1] in names)
    for function in body.outline.functions:
        if function.name in names and function.kind == "local function" and body.member.span.contains(function.span):
            yield body.plain(function.span)


def _names(name: str, text: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each argument or assignment of a transaction that the edit drops, while the call and the transaction stay."""
    found = []
    typed = _typed(before, after)
    for change in changes(before, after):
        for old, new in change.scopes:
            if (
                new is not None
                and old.kind == "transaction"
                and old.form != "callback"
                and old.resource.isidentifier()
                and new.resource
            ):
                found += _dropped(change, old, new)
        found += _lost(change, typed)
        found += _gained(change, typed)
    found += [
        _unbound(one) for pair in not_told(affected(comparison(before, after)), after, found) for one in unbound(pair)
    ]
    return found


def _unbound(one: Unbound) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"{one.effect.name} is no longer given the transaction of the {one.hold.construct}.",
        "Does the provider run it in the transaction anyway?",
        one.effect.at._replace(what=""),
        (scope_lines(one.hold.outline, one.hold.region),),
    )


def _dropped(change: Change, old: Region, new: Region) -> list[Finding]:
    had = _given(change.before, old.resource)
    after = change.after
    has = _given(change.after, new.resource)
    every = Counter((c.base, root_of(c.on)) for c in change.after.calls)
    old_every = Counter((c.base, root_of(c.on)) for c in change.before.calls)
    found = []
    for key, count in (had - has).items():
        call = next(
            (c for c in after.calls if (c.base, root_of(c.on)) == key and not _gets(after, c, new.resource)), None
        )
        others = (
            any((c.base, c.on) == (key[0], call.on) and _gets(after, c, new.resource) for c in after.calls)
            if call
            else True
        )
        if every[key] >= old_every[key] and call is not None and count and not others:
            found.append(_finding(change, new, f"The edit no longer gives `{new.resource}` to {call.name}.", call))
    now = change.after.plain(change.after.member.span)
    if _assignments(change.before) > _assignments(change.after) and "CreateCommand" in now:
        found.append(_finding(change, new, "The edit no longer sets the command's Transaction.", None))
    return found


def _assignments(body: Body) -> int:
    """How often a member sets the transaction of a command."""
    return len(re.findall(r"\.Transaction\s*=[^=]", body.plain(body.member.span)))


def _lost(change: Change, typed: frozenset[str]) -> list[Finding]:
    """What a call or command is not given any more of a transaction that the member itself does not begin."""
    own = {s.resource for s in change.before.holds if s.kind == "transaction"}
    found = []
    for old, new in _calls_in_pairs(change):
        if (
            _is_bound(change.before, old, typed, own)
            and not _is_bound(change.after, new, typed, ())
            and not any(_names(name, text) for text in _behind(change.after, new) for name in typed)
            and _has_less(change.after, new, old)
        ):
            found.append(_finding(change, None, f"The edit no longer gives a transaction to {new.name}.", new))
    assigned = [
        [m[1] for m in _SET.finditer(body.plain(body.member.span)) if m[1] not in own and not _is_none(body, m[1])]
        for body in (change.before, change.after)
    ]
    old_text, text = (body.plain(body.member.span) for body in (change.before, change.after))
    left = [name for name in assigned[0] if _times_given(name, text) <= _times_given(name, old_text)]
    if left and len(assigned[0]) > len(assigned[1]) and (_COMMAND.search(text) or _is_sent(old_text, text)):
        found.append(_finding(change, None, "The edit no longer sets the command's Transaction.", None))
    return found


def _is_sent(before: str, after: str) -> bool:
    """Whether a command that had a transaction is sent without one."""
    given, left = (set(_GIVEN.findall(text)) for text in (before, after))
    return any(re.search(rf"\b{re.escape(name)}\s*\.\s*Execute", after) for name in given - left)


def _times_given(name: str, text: str) -> int:
    return len(re.findall(rf"[(,:]\s*{re.escape(name)}\s*[,)]", text))


def _typed(before: Outline, after: Outline) -> frozenset[str]:
    """The names that are declared as transactions in the file, before or after."""
    texts = (outline.source.data.decode("utf-8", "replace") for outline in (before, after))
    return frozenset(name for text in texts for name in _TYPED.findall(text))


def _calls_in_pairs(change: Change) -> Iterator[tuple[CallText, CallText]]:
    """The calls of one name and receiver before and after: by their order, or by their first argument where they are not as many."""
    groups = [defaultdict[tuple[str, str], list[CallText]](list) for _ in range(2)]
    for body, group in zip((change.before, change.after), groups, strict=True):
        for call in body.calls:
            group[call.name, call.on].append(call)
    for key, before in groups[0].items():
        after = groups[1][key]
        if len(before) == len(after):
            yield from zip(before, after, strict=True)
        else:
            left = {arguments_in(c.given)[:1]: c for c in after}
            yield from ((c, left[first]) for c in before if (first := arguments_in(c.given)[:1]) in left)


def _is_bound(body: Body, call: CallText, typed: Collection[str], own: Collection[str]) -> bool:
    """Whether an argument of the call is a transaction that is not one of ``own``."""
    for name, value in arguments_in(call.given):
        last = re.split(r"\W+", value.rstrip("!"))[-1]
        named = name == "transaction" or _NAMED.match(last) is not None
        told = last in typed or (named and (not name or _NAMED.match(name) is not None))
        if told and _VALUE.match(value) and value not in own and not _is_none(body, value):
            return True
    return False


def _is_none(body: Body, value: str) -> bool:
    """Whether a value says that there is none."""
    words = load(body.outline.language).words
    return value.removesuffix("!") in words.nothing | words.otherwise


def _has_less(body: Body, new: CallText, old: CallText) -> bool:
    """Whether a call has fewer arguments than it had, or nothing for one of them."""
    listed = arguments_in(new.given)
    return len(listed) < len(arguments_in(old.given)) or any(_is_none(body, value) for _, value in listed)


def _gained(change: Change, typed: frozenset[str]) -> list[Finding]:
    """The first statement that is given a transaction now, where none was and the transaction is not new."""
    if set(change.after.holds) - {new for _, new in change.scopes if new is not None}:
        return []
    if any(_is_bound(change.before, call, typed, ()) for call in change.before.calls):
        return []
    every = Counter((c.base, root_of(c.on)) for c in change.before.calls if _SQL.match(c.name))
    given, now = (
        [c for c in b.calls if _SQL.match(c.name) and c.on and _TRANSACTION.search(c.given)]
        for b in (change.before, change.after)
    )
    fresh = next((c for c in now if (c.base, root_of(c.on)) in every), None)
    if not given and fresh is not None:
        return [_joined(f"{fresh.name} is now given a transaction.", change.at(fresh.chain))]
    runs = any(_SQL.match(c.name) for c in change.before.calls) and change.before.holds
    return (
        [_joined("The edit gives commands their Transaction.", change.at())]
        if _assignments(change.after) and not _assignments(change.before) and runs
        else []
    )


_TRANSACTION = regex(r"\btransaction\s*:|(?:^|,)\s*_?(?:\w*[tT]ransaction|tx|tran)\s*(?:,|$)")


def _joined(message: str, at: Lines) -> Finding:
    return Finding(
        ID,
        "medium",
        "syntactic",
        message,
        "Was it meant to be visible to others immediately, or to survive a rollback?",
        at,
    )


def _given(body: Body, transaction: str) -> Counter[tuple[str, str]]:
    calls = (c for c in body.calls if root_of(c.on) != transaction and _gets(body, c, transaction))
    return Counter((c.base, root_of(c.on)) for c in calls)


def _finding(change: Change, scope: Region | None, message: str, call: CallText | None) -> Finding:
    return Finding(
        ID,
        "medium",
        "syntactic",
        message,
        "Does the provider run it in the transaction anyway?",
        change.at(call.chain if call is not None else scope.opening if scope is not None else None),
        (change.at(scope.span, scope.construct),) if scope is not None else (),
    )
