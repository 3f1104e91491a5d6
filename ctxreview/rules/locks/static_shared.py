"""A static object of a type that is not thread-safe.

What it flags
-------------
A static ``DbContext``, session, connection, command, transaction, ``Random`` or hash algorithm that is used outside
every lock; a context that is registered as a singleton. Compared before and after an edit: a context or collection that
becomes static; a lock that each object has now, where what it guards is still static; a buffer, collection or value that
each thread had of its own, and that all threads share now; one that each call made, and that an object keeps for all
calls now, which kept nothing that changes before.

Why it matters here
-------------------
All requests use a static object at once. These types keep state between calls: operations of two requests mix, or
throw. Two objects that each take a lock of their own do not exclude each other.

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

from ctxreview.behaviour.accounted import OUTSIDE
from ctxreview.behaviour.affected import affected
from ctxreview.behaviour.body import facts_named
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.effects import Effect
from ctxreview.behaviour.kept_objects import is_only_one, kept
from ctxreview.behaviour.lock_usage import declared, is_under, locks, masked_source, modifiers
from ctxreview.behaviour.places import lines
from ctxreview.behaviour.version import State, Version, version
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
    return [
        *found,
        *_shared_collections(before, after),
        *_kept_for_all(before, after),
        *(_lock_of_each(before, after) if b"static" in before.source.data else ()),
        *(_lost_own(before, after) if _OWN.search(before.source.data) else ()),
    ]


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


def _kept_for_all(before: Outline, after: Outline) -> list[Finding]:
    """Each object that every call made for itself, and that all calls on one object share now."""
    if is_test_code(after.source.path):
        return []
    collections = version(after).about.of("collections")

    def changes(type_: str) -> bool:
        return type_ in collections or _ALONE.match(type_) is not None or _SCRATCH.match(type_) is not None

    return [
        Finding(
            ID,
            "medium",
            "resolved",
            f"Each call of {one.function} made its own {one.state.type}; all calls share `{one.state.name}` now, which is not made for several threads.",
            "Can two threads or requests call it on one object at the same time?",
            lines(after, one.state.member.span, one.state.name),
            (lines(after, one.used, "used without a lock"),),
            about=(one.state.name, one.function),
        )
        for one in kept(comparison(before, after), changes)
    ]


def _lock_of_each(before: Outline, after: Outline) -> list[Finding]:
    """Each lock that was static and is one for each object now, while what is written under it is still static, or all under it is done outside."""
    was, now = version(before), version(after)
    both = comparison(before, after)
    found = []
    for lock in now.states:
        old = was.state(lock.home, lock.name)
        if lock.static or old is None or not old.static or is_only_one(lock.home, now):
            continue
        under = [e for p in both.naming((lock.name,)) for e in p.after.of("write") if lock.key in e.locks]
        open_ = next(
            (
                e
                for e in under
                if e.place is not None
                and e.place.kind in ("state", "inside")
                and e.place.shared
                and "atomic" not in e.traits
                and _is_static(e.place.of or e.place.key, now)
                and not any(_is_static(k, now) for k in e.locks)
            ),
            None,
        )
        if open_ is not None and open_.place is not None:
            name = (open_.place.of or open_.place.key).rpartition(".")[2]
            found.append(
                Finding(
                    ID,
                    "high",
                    "resolved",
                    f"Each object has a lock `{lock.name}` of its own now, and `{name}`, which is written under it, is static: two objects do not exclude each other.",
                    "Can two objects use it at the same time?",
                    lines(after, lock.member.span, lock.name),
                    (open_.at._replace(what="written under the lock of one object"),),
                    about=(lock.name, name),
                )
            )
        elif not any(e.place is not None and e.place.shared for e in under):
            every = (e for p in both.naming((lock.name,)) for e in p.after.effects if lock.key in e.locks)
            done = next((e for e in every if e.kind in OUTSIDE), None)
            found += [_apart(lock, done, after)] if done is not None else []
    return found


def _apart(lock: State, done: Effect, after: Outline) -> Finding:
    """What two objects do at once since each has a lock of its own."""
    return Finding(
        ID,
        "medium",
        "resolved",
        f"Each object has a lock `{lock.name}` of its own now: two objects run {done.name} at the same time.",
        "Is there one object alone, or may this happen twice at once?",
        lines(after, lock.member.span, lock.name),
        (done.at._replace(what="under the lock of one object"),),
        about=(lock.name, done.name),
    )


_OWN = regex(rb"\bThread(?:Static|Local)\b")
_LOCAL = regex(r"(?:\w+\.)*ThreadLocal<(.+)>\??$")
_SCRATCH = regex(r"(?:StringBuilder|Stopwatch|BitArray|ArrayBufferWriter|\w*Stream|\w*Writer|\w*Reader|\[\])$")
"""What is changed by nearly all that is done with it, besides collections."""
_LATER = regex(rb"[^=]*\?\?=|[^=]*=\s*(?:null|default)!?\s*$")


def _own_type(state: State, outline: Outline) -> str:
    """The type of what each thread has of its own; ``""`` where all threads have one."""
    local = _LOCAL.match(state.type)
    if local is not None:
        return local[1]
    return state.type if "ThreadStatic" in modifiers(state.member, outline) else ""


def _lost_own(before: Outline, after: Outline) -> list[Finding]:
    """Each buffer, collection or value that every thread had of its own, and that all threads share now without a lock."""
    was, now = version(before), version(after)
    held, code, found = Crossing(locks(after)), masked_source(after), list[Finding]()
    told = set[str]()
    for old in was.states:
        type_ = simple_type_or_array(_own_type(old, before))
        same = now.state(old.home, old.name)
        if not type_ or (same is not None and _own_type(same, after)):
            continue
        for new in now.states:
            there = was.state(new.home, new.name)
            if (
                new.home != old.home
                or new.key in told
                or (old.static and not new.static)
                or simple_type_or_array(new.type) != type_
                or now.getter(new) is not None
                or _own_type(new, after)
                or not (there is None or there.key == old.key or was.getter(there) is not None)
            ):
                continue
            changing = type_ in now.about.of("collections") or _SCRATCH.match(type_) is not None
            used = [f for f in facts_named(after, new.name) if f.is_state and not new.member.span.contains(f.span)]
            used = [f for f in used if not any(is_under(f.span, s) for s in held.near(f.span))]
            if not changing:
                used = [f for f in used if now.is_immutable(new.type) and _is_written(f, code)]
            makers = (f for f in used if (m := after.function_of(f.span)) is None or m.kind != "constructor")
            open_ = next(makers, None)
            if open_ is not None:
                told.add(new.key)
                found.append(
                    Finding(
                        ID,
                        "medium",
                        "syntactic",
                        f"Each thread had a {type_} of its own, and all threads share `{new.name}` now, without a lock.",
                        "Can two threads use it at the same time?",
                        lines(after, new.member.span, new.name),
                        (lines(after, open_.span, "used without a lock"),),
                        about=(new.name, type_),
                    )
                )
    return found


def _is_written(fact: Fact, code: bytes) -> bool:
    """Whether a field gets another value, in more than one step, and not its first one or none."""
    written = code[slice(*fact.span)]
    return fact.kind == "write" and b"Interlocked" not in written and _LATER.match(written) is None


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
