"""A static object of a type that is not thread-safe.

What it flags
-------------
A static ``DbContext``, session, connection, command, transaction, ``Random`` or hash algorithm that is used outside
every lock; a context that is registered as a singleton.

Why it matters here
-------------------
All requests use a static object at once. These types keep state between calls: operations of two requests mix, or
throw.

When it is fine
---------------
The field is ``[ThreadStatic]``, every use is under one lock, or only one thread ever runs. ``HttpClient`` and
``Random.Shared`` are made to be shared. Code of tests is not looked at.

Example
-------
```csharp
class Orders {
    static readonly ShopDbContext s_db = new();
    int Count() { return s_db.Orders.Count(); }
}
```

Instead
-------
```csharp
class Orders {
    readonly ShopDbContext _db;
    int Count() { return _db.Orders.Count(); }
}
```

Source
------
EF Core documentation, "DbContext lifetime, configuration, and initialization" (avoiding threading issues):
<https://learn.microsoft.com/ef/core/dbcontext-configuration/>. Sonar S2696:
<https://rules.sonarsource.com/csharp/RSPEC-2696/>.
"""

from __future__ import annotations

import re

from ctxreview.behaviour.affected import affected
from ctxreview.behaviour.body import facts_named
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.lock_usage import declared, is_under, locks, masked_source, modifiers
from ctxreview.behaviour.places import lines
from ctxreview.behaviour.version import Version, version
from ctxreview.languages import load
from ctxreview.model.declarations import Member
from ctxreview.model.facts import Fact
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Crossing
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.regex import regex
from ctxreview.rules.prefilter import ALWAYS, Text
from ctxreview.workspace.code_of_tests import is_test_code

ID = "static-shared"
SEVERITY = "medium"
LANGUAGES = ("csharp",)

_ALONE = regex(
    r"(?:\w*DbContext|ObjectContext|DataContext|I?StatelessSession|ISession|I?DbConnection|IDbCommand|I?DbTransaction|IDbContextTransaction"
    r"|(?:Sql|Npgsql|MySql|Sqlite|Oracle|Odbc|OleDb|Db)(?:Connection|Command|Transaction|DataReader)"
    r"|Random|MD5|SHA1|SHA256|SHA384|SHA512|HMAC\w*|HashAlgorithm)$"
)
BEYOND = ALWAYS
NEEDS = (
    "AddSingleton",
    "AddDbContext",
    Text(
        regex(_ALONE.pattern.encode()),
        regex(rb"static(?:\s+\w+){0,6}?\s+(?:[\w.:]+\.)?" + _ALONE.pattern.removesuffix("$").encode() + rb"\b"),
    ),
)
_SINGLETON = regex(
    rb"\bAddSingleton\s*<\s*(?:[\w.]+\s*,\s*)?(\w*DbContext)\s*>|\bAddDbContext\s*<\s*(\w+)\s*>\s*\([^;]*?ServiceLifetime\.Singleton"
)


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each context or connection, as its use shows, that the edit makes static."""
    was, now = version(before), version(after)
    found: list[Finding] = []
    told: set[str] = set()
    for pair in affected(comparison(before, after)):
        for effect in pair.after.of("save", "begin", "query"):
            home, _, name = effect.party.rpartition(".")
            state, old = now.state(home, name), was.state(home, name)
            if state is None or not state.static or old is None or old.static or effect.locks or state.key in told:
                continue
            if _ALONE.match(simple_type_or_array(state.type)):
                continue  # the type alone tells
            told.add(state.key)
            found.append(
                Finding(
                    ID,
                    "medium",
                    "resolved",
                    f"The edit makes `{name}` static, and {effect.name} uses it: all requests share one {state.type}, which is not thread-safe.",
                    "Can two requests or threads use it at the same time?",
                    lines(after, state.member.span, name),
                    (effect.at._replace(what="used without a lock"),),
                )
            )
    return [*found, *_shared_collections(before, after)]


def _shared_collections(before: Outline, after: Outline) -> list[Finding]:
    """Each collection that the edit makes static, while each object takes a lock of its own around it, or none."""
    was, now = version(before), version(after)
    both = comparison(before, after)
    found = []
    for state in now.states:
        old = was.state(state.home, state.name)
        kind = simple_type_or_array(state.type)
        if not state.static or old is None or old.static or kind not in now.about.of("collections"):
            continue
        uses = [e for p in both.naming((state.name,)) for e in p.after.of("read", "write")]
        uses = [e for e in uses if e.place is not None and e.place.of == state.key]
        open_ = next((e for e in uses if not any(_is_static(k, now) for k in e.locks)), None)
        if open_ is not None and any(e.kind == "write" for e in uses):
            found.append(
                Finding(
                    ID,
                    "medium",
                    "resolved",
                    f"The edit makes `{state.name}` static: all objects share one {kind}, and no lock that they share is around it.",
                    "Can two objects use it at the same time, and is it theirs together?",
                    lines(after, state.member.span, state.name),
                    (open_.at._replace(what="used without a shared lock"),),
                )
            )
    return found


def _is_static(lock: str, of: Version) -> bool:
    home, _, name = lock.rpartition(".")
    state = of.state(home, name) if home else None
    return state is not None and state.static


_REFERENCE = regex(rb"\bref\s+(?:\w+\s*\.\s*)?$")
"""Before what another call fills in, and gives back to be used."""
_OPENS = regex(rb"\s*[!?]?\s*\.\s*(?:Open|Close|Dispose)(?:Async)?\s*\(")


def _is_made_by_getter(name: str, member: Member, outline: Outline) -> bool:
    """Whether a property has code that gives the object: it may be another one each time, or for each thread."""
    text = masked_source(outline)[slice(*member.span)]
    return re.search(rb"\b%s\s*(?:=>|\{\s*get\s*(?:=>|\{))" % re.escape(name.encode()), text) is not None


def _is_put(fact: Fact, name: str, code: bytes) -> bool:
    """Whether a write gives the field an object, and asks nothing of the one that it has."""
    put = rb"(?:\w+\s*\.\s*)?%s\s*(?:\?\?)?=(?![=>])" % re.escape(name.encode())
    return fact.kind == "write" and re.match(put, code[slice(*fact.span)]) is not None


def _is_only_kept_open(used: list[Fact], words: frozenset[str], outline: Outline) -> bool:
    """Whether a connection that no other type can name is opened and closed, and nothing goes through it: it keeps a database alive."""
    if not load(outline.language).words.reached.isdisjoint(words):
        return False
    code = masked_source(outline)
    return all(_OPENS.match(code, f.span.end) for f in used)


def check(outline: Outline) -> list[Finding]:
    """Each static field of such a type with a use outside every lock, and each context registered once for all."""
    found: list[Finding] = []
    if is_test_code(outline.source.path):
        return found
    # Cheap first: most files have no such type at all.
    if any(_ALONE.match(simple_type_or_array(m.declares)) for m in outline.members):
        held, code = Crossing(locks(outline)), masked_source(outline)
        for (_, name), member in declared(outline).items():
            words = modifiers(member, outline)
            if (
                not _ALONE.match(simple_type_or_array(member.declares))
                or "static" not in words
                or "ThreadStatic" in words
            ):
                continue
            if b"Random.Shared" in outline.source.data[member.span.start : member.span.end]:
                continue
            used = [f for f in facts_named(outline, name) if f.is_state and f.is_static]
            open_ = [f for f in used if not any(is_under(f.span, s) for s in held.near(f.span))]
            if _is_made_by_getter(name, member, outline) or _is_only_kept_open(open_, words, outline):
                continue
            open_ = [
                f
                for f in open_
                if not _REFERENCE.search(code, max(0, f.span.start - 20), f.span.start) and not _is_put(f, name, code)
            ]
            if open_:
                found.append(
                    Finding(
                        ID,
                        "medium",
                        "syntactic",
                        f"`{name}` is static, and a {member.declares} is not thread-safe.",
                        "Can two requests or threads use it at the same time?",
                        lines(outline, member.span, name),
                        tuple(lines(outline, f.span, "used without a lock") for f in open_[:3]),
                        about=(name, member.declares),
                    )
                )
    if b"AddSingleton<" in outline.source.data or b"ServiceLifetime.Singleton" in outline.source.data:
        for hit in _SINGLETON.finditer(masked_source(outline)):
            context = (hit[1] or hit[2]).decode("utf-8", "replace")
            found.append(
                Finding(
                    ID,
                    "medium",
                    "syntactic",
                    f"{context} is registered as a singleton: all requests share one context, which is not thread-safe.",
                    "Can two requests use it at the same time?",
                    lines(outline, Span(*hit.span())),
                    about=(context,),
                )
            )
    return found
