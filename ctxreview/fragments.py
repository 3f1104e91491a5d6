"""Code from an answer, placed in the reviewed file: a whole file, types, members, statements or one expression.

What a fragment declares says where it belongs; statements belong where their like stands, or else to the selection.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from ctxreview.edits import fitted, lines_of, places_of, replacing
from ctxreview.elisions import (
    UnplacedError,
    balance,
    code_only,
    filled,
    is_elision,
    is_telling,
    leaves_out,
    squeezed,
    without_elisions,
)
from ctxreview.model import Context, Edit, Member, Outline, Scope, Source, Span
from ctxreview.outline import outline, statements

_USING = re.compile(r"\s*(?:global\s+)?using\s+(?:static\s+)?(?:\w+\s*=\s*)?[\w.<>,:\s\[\]]+;\s*(?://.*)?")
_COMMENT_LINE = re.compile(r"\s*(?://|/\*|\*|\*/)")
_MODIFIED = re.compile(r"\s*(?:private|public|protected|internal|static|readonly|volatile)\b")
_ASSIGNS = re.compile(
    r"(?P<head>\s*(?:return|(?:[\w.<>\[\],?\s()]+?\s)?[\w.\[\]]+\s*(?:\?\?|[-+*/|&^%])?=(?![=>]))\s*)(?P<value>.*?)(?P<end>\s*;\s*)",
    re.S,
)
_LIKE = 0.6
"""Statements that share this much of their words are taken for the same one, changed."""
_CLEARLY = 0.15
"""How much more alike the best one has to be than the next."""


def edits(code: str, context: Context, instead: tuple[int, int] | None = None) -> tuple[Edit, ...]:
    """The edits that put ``code`` where it belongs in the selected file, or in the place of the lines ``instead``.

    Raises :class:`UnplacedError` when it belongs nowhere for certain.
    """
    source = context.selection.source
    usings, body = _without_usings(code.splitlines())
    if not any(line.strip() for line in body):
        return _using_edits(usings, source) or _nothing()
    plain = without_elisions(body)
    _check_branches(plain)
    odd = balance("\n".join(plain))
    if odd:
        raise UnplacedError(
            f"Its braces do not match ({abs(odd)} {'more opened than closed' if odd > 0 else 'more closed than opened'}), so it is cut or incomplete."
        )
    if instead is not None:
        old = lines_of(source, *instead)
        new = fitted(body, old, source)
        return (
            *_using_edits(usings, source),
            replacing(source, *instead, filled(new, old) if leaves_out(new, old) else new),
        )
    found = _types(body, plain, usings, context) or _members(body, plain, context) or _statements(body, plain, context)
    if found and found[0].start_line == 1 and found[0].end_line == source.line_count:
        return found
    return (*_using_edits(usings, source), *found)


def _check_branches(plain: Sequence[str]) -> None:
    """Raises when a fragment has a part of an ``#if`` only."""
    depth = 0
    for word in (m[1] for line in plain if (m := re.match(r"\s*#(if|elif|else|endif)\b", line)) is not None):
        depth += (word == "if") - (word == "endif")
        if depth < 0 or (depth == 0 and word != "endif"):
            break
    else:
        if depth == 0:
            return
    raise UnplacedError("It has a part of an #if only, so it is cut or incomplete.")


def _nothing() -> tuple[Edit, ...]:
    raise UnplacedError("It changes nothing.")


def declares(code: str, context: Context) -> bool:
    """Whether ``code`` declares types or members, and so says by itself where it belongs."""
    source = context.selection.source
    plain = without_elisions(_without_usings(code.splitlines())[1])
    as_class = _parsed(plain, source, "class __Fragment {", "}")
    as_body = _parsed(plain, source, "class __Fragment { void __M() {", "}}")
    functions = any(f.construct not in ("lambda", "accessor") for f in as_class.functions)
    return functions and len(as_class.parse.errors) < max(1, len(as_body.parse.errors))


def quotes(code: str, source: Source) -> tuple[int, int] | None:
    """The lines of the source that ``code`` only quotes, blank lines and layout aside; ``None`` if it does not."""
    lines = [line for line in code.splitlines() if line.strip() and not _labels(line)]
    if not any(is_telling(line) for line in lines) or leaves_out(lines, lines_of(source, 1, source.line_count)):
        return None
    return next(iter(places_of(lines, source)), None)


def _labels(line: str) -> bool:
    return bool(re.fullmatch(r"\s*//\s*(before|original|current|old|existing)\b.{0,40}", line, re.IGNORECASE))


# --- using directives ----------------------------------------------------------------------------------------


def _without_usings(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """The using directives at the top, and the rest."""
    usings: list[str] = []
    for i, line in enumerate(lines):
        if _USING.fullmatch(line):
            usings.append(line.strip())
        elif (
            line.strip()
            and not (_COMMENT_LINE.match(line) and any(_USING.fullmatch(x) for x in lines[i:]))
            and not (is_elision(line) and usings)
        ):
            return (usings, list(lines[i:])) if usings else ([], list(lines))
    return usings, []


def _using_edits(usings: Sequence[str], source: Source) -> tuple[Edit, ...]:
    """The edit that adds the using directives that the file does not have to those at its head."""
    lines = lines_of(source, 1, source.line_count)
    there = {squeezed(line) for line in lines}
    new = [u for u in dict.fromkeys(usings) if squeezed(u) not in there]
    if not new:
        return ()
    last = 0
    for i, line in enumerate(lines):
        if _USING.fullmatch(line):
            last = i + 1
        elif line.strip() and not _COMMENT_LINE.match(line) and not line.startswith("#"):
            break
    if last:
        return (replacing(source, last, last, [lines[last - 1], *new]),)
    at = next(i for i, line in enumerate(lines) if line.strip() and not _COMMENT_LINE.match(line))
    return (replacing(source, at + 1, at + 1, [*new, "", lines[at]]),)


# --- types and members ---------------------------------------------------------------------------------------


def _parsed(lines: Sequence[str], source: Source, before: str = "", after: str = "") -> Outline:
    """The outline of a fragment; its first line is line 1 without ``before``, else line 2."""
    text = "\n".join((*((before,) if before else ()), *lines, *((after,) if after else ()), ""))
    return outline(Source(f"fragment{PurePosixPath(source.path).suffix}", text.encode()))


def _types(body: Sequence[str], plain: Sequence[str], usings: Sequence[str], context: Context) -> tuple[Edit, ...]:
    """The edits of a fragment that declares types; none when it does not."""
    source = context.selection.source
    found = _parsed(plain, source)
    tops = [t for t in found.types if not any(o != t and o.span.holds(t.span) for o in found.types)]
    if not tops or any(
        f.span.holds(t.span) for f in found.functions for t in tops if f.construct != "top-level statements"
    ):
        return ()
    known = {t: _type_of(t, context) for t in tops}
    unknown = [t.name for t, there in known.items() if there is None]
    left_out = leaves_out(body, lines_of(source, 1, source.line_count))
    named = [t for t in known.values() if t is not None]
    if not named:
        raise UnplacedError(f"It declares {_listed(unknown)}, which is not in the file.")
    if (
        not unknown
        and not left_out
        and all(not _missing(t, o, found, context.outline) for t, o in known.items() if o is not None)
    ):
        if usings and re.search(r"^\s*namespace\b", "\n".join(body), re.M) and _holds_all(named, context.outline):
            return (replacing(source, 1, source.line_count, _whole_file(usings, body, source)),)
        return tuple(_type_edit(t, o, body, found.source, source) for t, o in known.items() if o is not None)
    edits: list[Edit] = []
    for top, there in known.items():
        if there is None:
            raise UnplacedError(f"It declares {top.name}, which is not in the file, beside what it leaves out.")
        missing = _missing(top, there, found, context.outline)
        first, last = found.source.lines_of(top.span)
        inside = body[first - 1 : last]
        if not leaves_out(inside, lines_of(source, *source.lines_of(there.span))) and missing:
            members = _names(there, context.outline)
            if sum(missing.values()) * 2 <= sum(members.values()):
                raise UnplacedError(
                    f"It shows {there.name} without {_listed(list(missing))}, and does not say that it left them out."
                )
        if inside[0].strip() and _other_head(top, there, found, context.outline):
            raise UnplacedError(f"It changes the head of {there.name} and leaves members out.")
        edits += _inner(top, there, body, found, context)
    return tuple(edits)


def _whole_file(usings: Sequence[str], body: Sequence[str], source: Source) -> list[str]:
    """The file as given, under the comment at the head of the file as it is."""
    head = []
    for n in range(1, source.line_count + 1):
        if source.line(n).strip() and not _COMMENT_LINE.match(source.line(n)):
            break
        head.append(source.line(n))
    given = fitted([*usings, "", *body], lines_of(source, len(head) + 1, source.line_count), source)
    return [*head, *given]


def _holds_all(types: Sequence[Scope], there: Outline) -> bool:
    return all(any(t.span.holds(o.span) for t in types) for o in there.types)


def _type_of(top: Scope, context: Context) -> Scope | None:
    around = context.outline.around(context.selection.span, "type")
    named = [t for t in (*around, *context.outline.types) if t.name == top.name]
    return named[0] if named else None


def _type_edit(top: Scope, there: Scope, body: Sequence[str], given: Source, source: Source) -> Edit:
    first, last = source.lines_of(there.span)
    a, b = given.lines_of(top.span)
    return replacing(source, first, last, fitted(body[a - 1 : b], lines_of(source, first, last), source))


def _names(type_: Scope, there: Outline) -> Counter[str]:
    """What a type declares itself: functions (one name may be several) and fields."""
    functions = Counter(f.name for f in _own_functions(type_, there))
    fields = Counter(n for m in _own_members(type_, there) if m.kind in ("field", "event") for n in m.names)
    return functions + fields


def _missing(top: Scope, there: Scope, found: Outline, known: Outline) -> Counter[str]:
    return _names(there, known) - _names(top, found)


def _own_functions(type_: Scope | None, there: Outline) -> list[Scope]:
    """The members with code of a type, without those of types and functions in it; of no type, those of the file."""
    functions = [f for f in there.functions if f.construct not in ("lambda", "accessor", "top-level statements")]
    known = {f.span for f in functions}
    functions += [
        Scope("function", m.span, m.names[0], m.kind, head=m.span)
        for m in there.members
        if m.kind in ("property", "indexer") and m.span not in known
    ]
    own = [f for f in sorted(functions, key=lambda f: f.span) if type_ is None or type_.span.holds(f.span)]
    inner = [t for t in there.types if t != type_ and (type_ is None or type_.span.holds(t.span))]
    return [
        f
        for f in own
        if not any(o.span != f.span and o.span.holds(f.span) for o in own)
        and not any(t.span.holds(f.span) for t in inner)
    ]


def _own_members(type_: Scope, there: Outline) -> list[Member]:
    inner = [t for t in there.types if t != type_ and type_.span.holds(t.span)]
    return [m for m in there.members if type_.span.holds(m.span) and not any(t.span.holds(m.span) for t in inner)]


def _other_head(top: Scope, there: Scope, found: Outline, known: Outline) -> bool:
    """Whether the head says something that the type's own does not: models shorten heads, which is no change."""
    own = set(re.findall(r"\w+", known.source.text(there.head)))
    return not set(re.findall(r"\w+", found.source.text(top.head))) <= own


def _inner(top: Scope, there: Scope, body: Sequence[str], found: Outline, context: Context) -> list[Edit]:
    """The members that a type shows, each in the place of its own."""
    last = found.source.lines_of(top.span)[1]
    opened = found.source.line_of(top.head.end)
    nested = [t for t in found.types if t != top and top.span.holds(t.span)]
    if nested:
        raise UnplacedError(f"It declares {nested[0].name} within {top.name} and leaves members out.")
    within = [*[""] * opened, *body[opened : last - 1]]
    return _member_edits(within, _own_functions(top, found), _own_members(top, found), found, there, context)


def _members(body: Sequence[str], plain: Sequence[str], context: Context) -> tuple[Edit, ...]:
    """The edits of a fragment that declares members; none when it reads better as statements."""
    source = context.selection.source
    as_class = _parsed(plain, source, "class __Fragment {", "}")
    functions = _own_functions(as_class.types[0], as_class) if as_class.types else []
    fields = _own_members(as_class.types[0], as_class) if as_class.types else []
    if (not functions and not fields) or any(_is_statement(as_class.source.text(f.span), f) for f in functions):
        return ()
    as_body = _parsed(plain, source, "class __Fragment { void __M() {", "}}")
    broken = len(as_class.parse.errors)
    if broken > len(as_body.parse.errors):
        return ()
    if broken == len(as_body.parse.errors):
        # `var x = 1;` reads as a field too, and a local function as a method.
        local = (
            _are_local(functions, context)
            if functions
            else not all(_MODIFIED.match(as_class.source.text(m.span)) for m in fields)
        )
        if local and (fields or not functions):
            return ()
    if broken:
        raise UnplacedError("It cannot be read as code: it is cut or incomplete.")
    around = context.outline.around(context.selection.span, "type")
    there = around[0] if around else next(iter(context.outline.types), None)
    return tuple(_member_edits(["", *body], functions, fields, as_class, there, context))


def _is_statement(text: str, function: Scope) -> bool:
    """Whether what reads as a member is a call or a block: `Ship(1);`, `if (late) { ... }`."""
    called = text.endswith(";") and "=>" not in code_only(text)
    return called or function.name in ("if", "while", "for", "foreach", "switch", "lock", "using", "catch", "fixed")


def _are_local(functions: Sequence[Scope], context: Context) -> bool:
    """Whether the names are those of local functions in the file, and of no member."""
    local = {f.name for f in context.outline.functions if f.construct == "local function"}
    members = {f.name for f in context.outline.functions if f.construct != "local function"}
    return all(f.name in local and f.name not in members for f in functions)


def _member_edits(
    body: Sequence[str],
    functions: Sequence[Scope],
    fields: Sequence[Member],
    found: Outline,
    there: Scope | None,
    context: Context,
) -> list[Edit]:
    """Each member in the place of its own; what is new after the changed one before it, or after the type's fields."""
    source = context.selection.source
    taken: list[int] = []
    spans = [(f.span, f) for f in functions]
    plain_fields = [m for m in fields if m.kind in ("field", "event") and not any(s.holds(m.span) for s, _ in spans)]
    everything = sorted([s for s, _ in spans] + [m.span for m in plain_fields])
    edits: list[Edit] = []
    fresh: list[tuple[int, list[str]]] = []
    matched: list[tuple[int, tuple[int, int]]] = []
    exact = [(f, _match(f, functions, found, there, context)) for f in functions]
    if len({m.span for _, m in exact if m is not None}) < sum(m is not None for _, m in exact):
        raise UnplacedError("It declares the same member twice.")
    for function, match in exact:
        a, b = found.source.lines_of(function.span)
        above = _comment_above(body, a, everything, found.source)
        taken += range(a - len(above), b + 1)
        if match is None:
            fresh.append((a, [*above, *body[a - 1 : b]]))
            continue
        first, last = source.lines_of(match.span)
        _whole_lines(match, source)
        old = lines_of(source, first, last)
        new = fitted(body[a - 1 : b], old, source)
        if leaves_out(new, old):
            new = filled(new, old)
        start, lead = _lead(above, first, source)
        matched.append((a, (first, last)))
        edits.append(replacing(source, start, last, [*lead, *new]))
    known = _own_members(there, context.outline) if there is not None else []
    own_fields = [m for m in known if m.kind in ("field", "event")]
    for field in plain_fields:
        a, b = found.source.lines_of(field.span)
        taken += range(a, b + 1)
        match_field = next((m for m in known if set(m.names) & set(field.names)), None)
        if match_field is None:
            fresh.append((0, list(body[a - 1 : b])))
        elif squeezed(source.text(match_field.span)) != squeezed(found.source.text(field.span)):
            first, last = source.lines_of(match_field.span)
            edits.append(replacing(source, first, last, fitted(body[a - 1 : b], lines_of(source, first, last), source)))
    for i, line in enumerate(body, 1):
        if i not in taken and is_telling(line) and not _COMMENT_LINE.match(line) and not is_elision(line):
            raise UnplacedError(f"It has a part that has no certain place beside its members: `{squeezed(line)}`.")
    if fresh and not matched and not (own_fields and all(a == 0 for a, _ in fresh)):
        raise UnplacedError(
            f"It declares {_listed([f.name for f, m in exact if m is None] or [n for f in plain_fields for n in f.names])}, "
            "which is not in the file: it may be new, or replace something under another name."
        )
    return _with_new(edits, fresh, matched, own_fields, source)


def _with_new(
    edits: list[Edit],
    fresh: Sequence[tuple[int, list[str]]],
    matched: Sequence[tuple[int, tuple[int, int]]],
    fields: Sequence[Member],
    source: Source,
) -> list[Edit]:
    """``edits`` with the new members: fields after the last field, others after the changed member before them."""
    for a, lines in fresh:
        if a == 0 and fields:
            first, last = source.lines_of(fields[-1].span)
            new = fitted(lines, lines_of(source, first, last), source)
            at = next((i for i, e in enumerate(edits) if e.start_line <= last <= e.end_line), None)
            if at is None:
                edits.append(replacing(source, first, last, [*lines_of(source, first, last), *new]))
            else:
                edits[at] = edits[at]._replace(replacement="\n".join((edits[at].replacement, *new)))
            continue
        before = [m for m in matched if m[0] < a]
        _, (first, last) = before[-1] if before and a else matched[0]
        at = next(i for i, e in enumerate(edits) if e.start_line <= first and e.end_line == last)
        new = fitted(lines, lines_of(source, first, last), source)
        edits[at] = (
            edits[at]._replace(replacement="\n".join((edits[at].replacement, "", *new)))
            if before and a
            else edits[at]._replace(replacement="\n".join((*new, "", edits[at].replacement)))
        )
    return edits


def _whole_lines(scope: Scope, source: Source) -> None:
    """Raises when something else stands on the lines of a member."""
    first, last = source.lines_of(scope.span)
    lines = source.line_span(first, last)
    rest = source.text(Span(lines.start, scope.span.start)) + source.text(Span(scope.span.end, lines.end))
    if is_telling(code_only(rest)):
        raise UnplacedError(f"Something else stands on the lines of {scope.name}.")


def _comment_above(body: Sequence[str], a: int, spans: Sequence[Span], given: Source) -> list[str]:
    """The comment lines directly above line ``a`` of a fragment."""
    found: list[str] = []
    ends = {given.line_of(max(s.start, s.end - 1)) for s in spans}
    for n in range(a - 1, 0, -1):
        if not _COMMENT_LINE.match(body[n - 1]) or is_elision(body[n - 1]) or n in ends:
            break
        found.insert(0, body[n - 1])
    return found


def _lead(above: Sequence[str], first: int, source: Source) -> tuple[int, list[str]]:
    """Where a member's replacement starts, and the comment over it: a new one is added, documentation is replaced."""
    start = first
    while start > 1 and _COMMENT_LINE.match(source.line(start - 1)):
        start -= 1
    own = lines_of(source, start, first - 1) if start < first else []
    if not above or [squeezed(x) for x in above] == [squeezed(x) for x in own[-len(above) :]]:
        return first, []
    new = fitted(above, [source.line(first)], source)
    if own and all(x.strip().startswith("///") for x in (*own, *above)):
        return (start, new) if not leaves_out(new, own) else (first, [])
    return first, new


def _match(
    function: Scope, all_given: Sequence[Scope], found: Outline, there: Scope | None, context: Context
) -> Scope | None:
    """The member that ``function`` replaces; ``None`` when the file has none of its name."""
    known = context.outline
    families: list[list[Scope]] = []
    for type_ in (there, *context.outline.around(context.selection.span, "type")):
        families.append(_own_functions(type_, known))
    families.append([f for f in known.functions if f.construct == "local function"])
    families.append([f for t in known.types for f in _own_functions(t, known)])
    wanted = _parameters(function, found.source)
    near = [f for family in families[:-1] for f in family if f.name == function.name]
    exact = {f.span: f for f in near if _parameters(f, known.source) == wanted and _alike_in_kind(f, function)}
    held = [f for f in exact.values() if f.span.holds(context.selection.span)]
    if len(exact) == 1 or len(held) == 1:
        return held[0] if held else next(iter(exact.values()))
    for family in families:
        same = [f for f in family if f.name == function.name and _alike_in_kind(f, function)]
        if not same:
            continue
        given = [f for f in all_given if f.name == function.name]
        if len(same) == 1:
            taken = any(_parameters(f, found.source) == _parameters(same[0], known.source) for f in given)
            if taken or (len(given) > 1 and function != given[0]):
                return None
            return same[0]
        if len(same) > 1:
            raise UnplacedError(
                f"{function.name} stands in the file {len(same)} times, and none or several have these parameters."
                if not _all_given(same, given, known.source, found.source)
                else f"It declares another {function.name}, and which one it replaces is not certain."
            )
    return None


def _alike_in_kind(there: Scope, given: Scope) -> bool:
    """Whether one can be the other: a local function reads as a method by itself."""
    return there.construct == given.construct or "local" in there.construct


def _all_given(same: Sequence[Scope], given: Sequence[Scope], known: Source, found: Source) -> bool:
    """Whether each of the file's overloads is given too."""
    return all(any(_parameters(s, known) == _parameters(g, found) for g in given) for s in same)


def _parameters(function: Scope, source: Source) -> tuple[str, ...]:
    """The types of the parameters, as written."""
    head = code_only(source.text(function.head))
    at = re.search(rf"\b{re.escape(function.name.split('.')[-1])}\s*(?:<[^()]*>)?\s*\(", head)
    if at is None:
        return ()
    depth, part, parts = 1, "", []
    for c in head[at.end() :]:
        depth += (c in "([<{") - (c in ")]>}")
        if depth == 0:
            break
        if c == "," and depth == 1:
            parts.append(part)
            part = ""
        else:
            part += c
    parts.append(part)
    types = (
        re.sub(r"^\s*(\[[^\]]*\]\s*)*(this|params|in|ref|out|scoped|readonly)?\s+|\s*=.*", "", " " + p, flags=re.S)
        for p in parts
        if p.strip()
    )
    return tuple("".join(t.split()[:-1]) if len(t.split()) > 1 else "".join(t.split()) for t in types)


def _listed(names: Sequence[str]) -> str:
    shown = list(dict.fromkeys(names))
    return ", ".join(shown[:4]) + (f" and {len(shown) - 4} more" if len(shown) > 4 else "")


# --- statements ----------------------------------------------------------------------------------------------


class _Statement(NamedTuple):
    """A statement of the reviewed function, or of a fragment: its lines and its words."""

    first: int
    last: int
    text: str
    span: Span


def _statements(body: Sequence[str], plain: Sequence[str], context: Context) -> tuple[Edit, ...]:
    source = context.selection.source
    first, last = context.selection.lines
    function = next((f for f in context.functions if f.construct != "lambda"), None)
    if function is None:
        return (_selected(body, source, first, last),)
    region = source.lines_of(function.span)
    lines = lines_of(source, *region)
    if leaves_out(body, lines):
        return (_filled_in(body, context),)
    as_body = _parsed(plain, source, "class __Fragment { void __M() {", "}}")
    given = _of(as_body.source, as_body.functions[0].span if as_body.functions else Span(0, 0), outermost=True)
    if _is_expression(plain):
        return (_expression(body, context),)
    if not given or as_body.parse.errors:
        # No whole statements: it has a place where its first and last line stand.
        return (_filled_in(body, context),)
    if re.match(r"\s*\{", "\n".join(plain)) and len(given) == 1:
        return (_selected(body, source, *_block(body, region, source)),)
    there = _of(source, function.span, outermost=False)
    place = _place(given, there, region, context)
    _check_clauses(given[-1], [o for o in there if place[0] <= o.first and o.last == place[1]])
    place = _with_comments(body, *place, source)
    _check_copies(body, lines_of(source, *place), lines)
    return (_selected(body, source, *place),)


def _check_clauses(given: _Statement, there: Sequence[_Statement]) -> None:
    """Raises when the last statement of a fragment is shown without the ``else`` or ``finally`` that it has."""
    if given.text.startswith("try") and not _clauses(given.text):
        raise UnplacedError("It shows a `try` without its catch or finally, so it is cut or incomplete.")
    own = max(there, key=lambda o: o.span.size, default=None)
    word = re.match(r"(?:if|try)\b", given.text)
    if own is None or word is None or not own.text.startswith(word[0]):
        return
    lost = Counter(_clauses(own.text)) - Counter(_clauses(given.text))
    if lost:
        raise UnplacedError(f"It shows the `{word[0]}` of line {own.first} without its {_listed(list(lost))}.")


def _clauses(text: str) -> list[str]:
    """The clauses after a statement's first block, at its own depth."""
    found, depth = [], 0
    for token in re.findall(r"[{}]|\b(?:else|catch|finally)\b", code_only(text)):
        depth += (token == "{") - (token == "}")
        if depth == 0 and token not in "{}":
            found.append(token)
    return found


def _check_copies(body: Sequence[str], old: Sequence[str], lines: Sequence[str], new: Sequence[str] = ()) -> None:
    """Raises when a line of the fragment stands elsewhere in the function: it would stand there twice.

    ``old`` is replaced, of all ``lines`` of the function, by the fragment itself or else by ``new``.
    """
    count = Counter(squeezed(line) for line in lines)
    own, given = Counter(map(squeezed, old)), Counter(map(squeezed, new or body))
    for line in dict.fromkeys(map(squeezed, body)):
        copied = given[line] > own[line] and count[line] > (0 if new else own[line])
        if copied and len(re.findall(r"\w+", line)) > 1 and not re.match(r"return\b|throw\b|break\b|continue\b", line):
            raise UnplacedError(
                f"A line in it stands elsewhere in the function already, and would stand there twice: `{line}`."
            )


def _with_comments(body: Sequence[str], first: int, last: int, source: Source) -> tuple[int, int]:
    """The lines ``first`` to ``last`` with the comments around them that the fragment shows too."""
    solid = [squeezed(line) for line in body if line.strip()]
    lead = next((i for i, line in enumerate(solid) if not _COMMENT_LINE.match(line)), 0)
    trail = next((i for i, line in enumerate(reversed(solid)) if not _COMMENT_LINE.match(line)), 0)
    above = next((p for p in places_of(solid[:lead], source, 1, first - 1) if _adjoins(p[1], first, source)), None)
    below = (
        next((p for p in places_of(solid[-trail:], source, last + 1) if _adjoins(last, p[0], source)), None)
        if trail
        else None
    )
    return above[0] if above and lead else first, below[1] if below else last


def _adjoins(upper: int, lower: int, source: Source) -> bool:
    return all(not source.line(n).strip() for n in range(upper + 1, lower))


def _filled_in(body: Sequence[str], context: Context) -> Edit:
    """Statements with elisions: the one function around the selection in which they have a place."""
    source = context.selection.source
    failed: UnplacedError | None = None
    for function in context.functions:
        if function.construct == "lambda":
            continue
        region = source.lines_of(function.span)
        lines = lines_of(source, *region)
        try:
            new = filled(_deeper(body, lines, source), lines, open_ends=True)
        except UnplacedError as why:
            failed = failed or why
            continue
        _check_copies(body, lines, lines, new)
        return replacing(source, *region, new)
    raise failed or UnplacedError('It leaves code out ("..."), and there is no function that it could be from.')


def _deeper(body: Sequence[str], lines: Sequence[str], source: Source) -> list[str]:
    """Statements at the depth of the lines that they share with a function, or else of its body."""
    known = {squeezed(x): x for x in lines if is_telling(x)}
    shared = next((x for x in body if squeezed(x) in known), None)
    at = next((i for i, x in enumerate(body) if x.strip()), 0)
    like = [known[squeezed(shared)]] if shared is not None else lines[2:3]
    anchor = [*like, *lines]
    return fitted([*body[at:]], anchor if shared == body[at] or shared is None else lines, source)


def _is_expression(plain: Sequence[str]) -> bool:
    code = code_only("\n".join(plain)).rstrip()
    return bool(code) and not code.endswith((";", "}", "{", ","))


def _of(source: Source, within: Span, outermost: bool) -> list[_Statement]:
    spans = [s for s in statements(source, within) if within.holds(s) and s != within]
    if outermost:
        spans = [s for s in spans if not any(o != s and o.holds(s) for o in spans)]
    return [_Statement(*source.lines_of(s), source.text(s), s) for s in spans]


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", code_only(text)))


def _alike(a: str, b: str) -> float:
    """How much two statements have in common: 1 where they differ in layout only."""
    if "".join(a.split()) == "".join(b.split()):
        return 1.0
    first, second = _words(a), _words(b)
    shared = sum((first & second).values())
    alike = 2 * shared / max(1, sum(first.values()) + sum(second.values()))
    declared = re.match(r"\s*(?:using\s+)?(?:var|[\w.<>?\[\],]+)\s+(\w+)\s*=(?!=)", a)
    if declared and re.match(rf"\s*(?:using\s+)?(?:var|[\w.<>?\[\],]+)\s+{declared[1]}\s*=(?!=)", b):
        alike = max(alike, 0.9)
    return min(alike, 0.99)


def _counterpart(given: _Statement, there: Sequence[_Statement], chosen: Span) -> tuple[_Statement, float] | None:
    """The statement that ``given`` is a version of, if there is clearly one."""
    scored = sorted(((_alike(given.text, o.text), o) for o in there), key=lambda p: -p[0])
    scored = [p for p in scored if p[0] >= _LIKE]
    if not scored:
        return None
    best = scored[0][0]
    close = [o for score, o in scored if score > best - _CLEARLY and (score == 1.0 or best < 1.0)]
    # An outer statement that holds little else is as alike as the inner one.
    inner = [o for o in close if not any(p != o and o.span.holds(p.span) for p in close)]
    within = [o for o in inner if o.span.overlaps(chosen)]
    if len(inner) == 1:
        return inner[0], best
    if len(within) == 1:
        return within[0], best
    raise UnplacedError(
        f"It could stand in {len(inner)} places: lines {', '.join(str(o.first) for o in sorted(inner)[:5])}."
    )


def _place(
    given: Sequence[_Statement], there: Sequence[_Statement], region: tuple[int, int], context: Context
) -> tuple[int, int]:
    """The lines that some statements replace."""
    chosen = context.selection.span
    first, last = context.selection.lines
    picked = [o for o in there if o.span.overlaps(chosen)]
    picked = [o for o in picked if first <= o.first and o.last <= last]
    whole = bool(picked) and first > region[0] and last < region[1]
    head, tail = _counterpart(given[0], there, chosen), _counterpart(given[-1], there, chosen)
    others = [_counterpart(g, there, chosen) for g in given[1:-1]]
    found = [c for c in (head, *others, tail) if c is not None]
    if head is not None and tail is not None:
        a, b = head[0], tail[0]
        siblings = _siblings(a, there)
        if b not in siblings or b.first < a.first:
            raise UnplacedError(
                f"Its first and last statement stand at lines {a.first} and {b.first}, which is no stretch of statements."
            )
        stretch = [s for s in siblings if a.first <= s.first <= b.first]
        lost = [s for s in stretch if s not in [c for c, _ in found] and not (first <= s.first and s.last <= last)]
        if lost and len(lost) > len(given) - len(found):
            raise UnplacedError(f"It leaves out line {lost[0].first} between what it shows, without saying so.")
        return a.first, b.last
    outside = [c for c, score in found if score == 1.0 and not (first <= c.first and c.last <= last)]
    if outside:
        raise UnplacedError(
            f"Line {outside[0].first}, which is not selected, stands in it, and the rest of it has no certain place."
        )
    touched = [c for c, _ in found]
    if not whole and not (picked or touched):
        if first == last and context.selection.source.line(first).strip() and region[0] < first < region[1]:
            held = [o for o in there if o.first <= first and last <= o.last]
            raise UnplacedError(
                f"Only a part of the statement of lines {held[-1].first}-{held[-1].last} is selected, and nothing like it is in the function."
                if held
                else "Nothing like it is in the function, and no statement is selected."
            )
        raise UnplacedError("Nothing like it is in the function, and no statement is selected.")
    if whole and all(first <= c.first and c.last <= last for c in touched):
        return min(o.first for o in picked), max(o.last for o in picked)
    raise UnplacedError("Only a part of it has a place in the function.")


def _siblings(one: _Statement, there: Sequence[_Statement]) -> list[_Statement]:
    """The statements in the same block."""

    def block(s: _Statement) -> Span | None:
        around = [o.span for o in there if o.span != s.span and o.span.holds(s.span)]
        return min(around, key=lambda o: o.size, default=None)

    own = block(one)
    return [s for s in there if block(s) == own]


def _block(body: Sequence[str], region: tuple[int, int], source: Source) -> tuple[int, int]:
    """The lines of the block that a block without its head is a version of."""
    given = "\n".join(body)
    scored = []
    for first in range(region[0], region[1]):
        line = source.line(first)
        if line.strip() == "{":
            last = next(
                (
                    n
                    for n in range(first + 1, region[1] + 1)
                    if source.line(n).startswith(line.rstrip().replace("{", "}"))
                ),
                region[1],
            )
            scored.append((_alike("\n".join(lines_of(source, first, last)), given), first, last))
    scored.sort(reverse=True)
    if not scored or scored[0][0] < _LIKE or any(s[0] > scored[0][0] - _CLEARLY for s in scored[1:]):
        raise UnplacedError("It is a block without its head, and which block it replaces is not certain.")
    return scored[0][1:]


def _selected(body: Sequence[str], source: Source, first: int, last: int) -> Edit:
    old = lines_of(source, first, last)
    solid = [i for i, line in enumerate(body) if line.strip()]
    return replacing(source, first, last, fitted(body[solid[0] : solid[-1] + 1], old, source))


def _expression(body: Sequence[str], context: Context) -> Edit:
    """A bare expression: it replaces the selected one, or the value of the selected statement."""
    source = context.selection.source
    span = context.selection.span
    first, last = context.selection.lines
    code = "\n".join(x for x in body if x.strip())
    lines = source.line_span(first, last)
    chosen = source.text(span).strip()
    before, after = source.text(Span(lines.start, span.start)), source.text(Span(span.end, lines.end))
    if (before.strip() or after.strip()) and chosen:
        if _alike(chosen, code) < _LIKE:
            raise UnplacedError("It is an expression, and it is not like the one that is selected.")
        start = source.text(span)
        kept = before + start[: len(start) - len(start.lstrip())]
        return _in_line(kept, code, start[len(start.rstrip()) :] + after, source, first, last)
    function = next((f for f in context.functions if f.construct != "lambda"), None)
    there = _of(source, function.span, outermost=False) if function is not None else []
    held = [o for o in there if o.span.overlaps(span)]
    inner = [o for o in held if not any(p != o and o.span.holds(p.span) for p in held)]
    if len(inner) != 1 or (parts := _ASSIGNS.fullmatch(inner[0].text)) is None:
        raise UnplacedError("It is an expression, and what it is the value of is not certain.")
    if _alike(parts["value"], code) < _LIKE:
        raise UnplacedError("It is an expression, and it is not like the value of the selected statement.")
    one = inner[0]
    lines = source.line_span(one.first, one.last)
    before, after = source.text(Span(lines.start, one.span.start)), source.text(Span(one.span.end, lines.end))
    return _in_line(before + parts["head"], code, parts["end"] + after, source, one.first, one.last)


def _in_line(before: str, code: str, after: str, source: Source, first: int, last: int) -> Edit:
    old = lines_of(source, first, last)
    start, *rest = code.splitlines()
    indent = before[: len(before) - len(before.lstrip())]
    further = fitted(rest, old[1:] or [f"{indent}    x"], source) if rest else []
    lines = (before + "\n".join((start, *further)) + after).split("\n")
    return replacing(source, first, last, lines)
