"""Types and members from an answer, each in the place of its own in the reviewed file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import accumulate

from ctxreview.guard.placing.counterparts import counterpart, own_functions
from ctxreview.guard.placing.edits import becoming, beside, fitted, lines_of, replacing, written
from ctxreview.guard.placing.elisions import code_only, is_elision, is_telling, leaves_out, squeezed
from ctxreview.guard.placing.refusals import Instead, UnplacedError
from ctxreview.guard.placing.snippets import COMMENT_LINE, as_members, as_statements, parsed
from ctxreview.languages import load
from ctxreview.model.declarations import Function, Member, TypeDecl
from ctxreview.model.outline import Outline
from ctxreview.model.phrases import listed
from ctxreview.model.review import Context, Edit
from ctxreview.model.source import Source, Span, Spans


def types(body: Sequence[str], plain: Sequence[str], imports: Sequence[str], context: Context) -> tuple[Edit, ...]:
    """The edits of a fragment that declares types; none when it does not."""
    source = context.selection.source
    found = parsed(plain, source)
    tops = [t for t in found.types if not any(o != t and o.span.contains(t.span) for o in found.types)]
    if not tops or any(
        f.span.contains(t.span) for f in found.functions for t in tops if f.kind != "top-level statements"
    ):
        return ()
    known = {t: _type_of(t, context) for t in tops}
    unknown = [t.name for t, there in known.items() if there is None]
    named = [(t, there) for t, there in known.items() if there is not None]
    if not named:
        raise UnplacedError(f"It declares {listed(unknown)}, which is not in the file.", Instead.SELECTED)
    if not leaves_out(body, source.lines) and all(
        not _missing(t, o, found, context.outline) and not _is_shortened(t, o, found, context) for t, o in named
    ):
        if is_whole_file(imports, found, context):
            return (replacing(source, 1, source.line_count, _whole_file(imports, body, source)),)
        if not unknown:
            return tuple(_type_edit(t, o, body, found.source, source) for t, o in named)
    edits: list[Edit] = []
    for top, there in known.items():
        if there is None:
            raise UnplacedError(
                f"It declares {top.name}, which is not in the file, beside what it leaves out.", Instead.TYPE
            )
        missing = _missing(top, there, found, context.outline)
        first, last = found.source.lines_of(top.span)
        inside = body[first - 1 : last]
        if not leaves_out(inside, lines_of(source, *source.lines_of(there.span))) and missing:
            members = _names(there, context.outline)
            if sum(missing.values()) * 2 <= sum(members.values()) and not _is_around(top, missing, found, context):
                raise UnplacedError(
                    f"It shows {there.name} without {listed(list(missing))}, and does not say that it left them out.",
                    Instead.TYPE,
                )
        inner = _inner(top, there, body, found, context)
        edits += [*_head(top, there, body, found, context, alone=not inner), *inner]
    return tuple(edits)


def _whole_file(imports: Sequence[str], body: Sequence[str], source: Source) -> list[str]:
    """The file as given, under the comment at the head of the file as it is."""
    head = []
    for n in range(1, source.line_count + 1):
        if source.line(n).strip() and not COMMENT_LINE.match(source.line(n)):
            break
        head.append(source.line(n))
    given = fitted([*imports, "", *body], lines_of(source, len(head) + 1, source.line_count), source)
    return [*head, *given]


def is_whole_file(imports: Sequence[str], found: Outline, context: Context) -> bool:
    """Whether a fragment is a whole file: it begins with imports and a namespace, and declares all types of the file."""
    names = {t.qualified for t in found.types}
    return bool(imports) and any("." in n for n in names) and all(t.qualified in names for t in context.outline.types)


def _type_of(top: TypeDecl, context: Context) -> TypeDecl | None:
    around = context.outline.types_around(context.selection.span)
    named = [t for t in (*around, *context.outline.types) if t.name == top.name]
    return named[0] if named else None


def _type_edit(top: TypeDecl, there: TypeDecl, body: Sequence[str], given: Source, source: Source) -> Edit:
    first, last = source.lines_of(there.span)
    a, b = given.lines_of(top.span)
    return becoming(body[a - 1 : b], first, last, source)


def _names(type_: TypeDecl, there: Outline) -> Counter[str]:
    """What a type declares itself: functions (one name may be several) and fields."""
    functions = Counter(f.name for f in own_functions(type_, there))
    fields = Counter(n for m in _own_members(type_, there) if m.kind in ("field", "event") for n in m.names)
    return functions + fields


def _missing(top: TypeDecl, there: TypeDecl, found: Outline, known: Outline) -> Counter[str]:
    """What a shown type lacks. State of its own that nothing uses any more went with its last use, where all functions are shown."""
    lacks = _names(there, known) - _names(top, found)
    words = load(known.language).words
    data, own = known.source.data, there.span
    used = f"{known.source.text(Span(0, own.start))}{found.source.text(top.span)}{known.source.text(Span(own.end, len(data)))}"
    kept = set(re.findall(r"\w+", used))
    gone = {
        n
        for m in _own_members(there, known)
        if m.kind == "field" and words.reached.isdisjoint(m.modifiers)
        for n in m.names
        if n not in kept
    }
    return lacks if lacks.keys() - gone or words.parts.search(data, *there.opening) else Counter()


def _own_members(type_: TypeDecl, there: Outline) -> list[Member]:
    inner = Spans(t.span for t in there.types if t != type_ and type_.span.contains(t.span))
    return [m for m in there.members if type_.span.contains(m.span) and not inner.contains(m.span)]


def _head(
    top: TypeDecl, there: TypeDecl, body: Sequence[str], found: Outline, context: Context, alone: bool
) -> list[Edit]:
    """The edit of the head of a type whose members are left out; none where it only is a shorter one, as chats write it.

    It is meant where it is selected or ``alone`` in what the fragment changes: then attributes that are not shown go.
    """
    source, (first, last) = context.selection.source, context.selection.lines
    own, given = (" ".join(o.source.text(t.opening).split()) for o, t in ((context.outline, there), (found, top)))
    come = set(re.findall(r"\w+", given)) - set(re.findall(r"\w+", own)) - load(found.language).words.modifiers
    head = Span(there.opening.start, there.opening.start + len(source.text(there.opening).rstrip().encode()))
    start, end = source.lines_of(head)
    selected = first <= end and start <= last
    a, b = found.source.lines_of(top.opening)
    if own == given or not "".join(body[a - 1 : b]).strip() or not (come or (selected and alone)):
        return []
    if not (selected or alone):
        raise UnplacedError(f"It changes the head of {there.name} and leaves members out.", Instead.TYPE)
    lines = source.line_span(start, end)
    old = lines_of(source, start, end)
    tail = source.text(Span(head.end, lines.end))
    text = found.source.text(top.opening).rstrip().split("\n")
    indent = body[a - 1][: len(body[a - 1]) - len(body[a - 1].lstrip())]
    new = fitted([f"{indent}{text[0].lstrip()}", *text[1:]], old[-1:], source)
    return [replacing(source, start, end, [*new[:-1], new[-1] + tail])]


def _is_shortened(top: TypeDecl, there: TypeDecl, found: Outline, context: Context) -> bool:
    """Whether the head of a type is not selected, and shown with other modifiers or less of it only."""
    source, (first, last) = context.selection.source, context.selection.lines
    start, end = source.lines_of(there.opening)
    own, given = (re.findall(r"\w+", o.source.text(t.opening)) for o, t in ((context.outline, there), (found, top)))
    new = Counter(given) - Counter(own)
    return own != given and not (first < end and start <= last) and not set(new) - load(found.language).words.modifiers


def _is_around(top: TypeDecl, missing: Counter[str], found: Outline, context: Context) -> bool:
    """Whether a type is there to say where the selected functions are: it has no others, and what it lacks is still used."""
    own = {f.name for f in own_functions(top, found)}
    used = Counter(re.findall(r"\w+", context.selection.source.data.decode("utf-8", "replace")))
    fields = {n for m in context.outline.members if m.kind in ("field", "event") for n in m.names}
    return own <= {f.name for f in context.functions} and all(used[n] > 1 for n in missing if n in fields)


def _inner(top: TypeDecl, there: TypeDecl, body: Sequence[str], found: Outline, context: Context) -> list[Edit]:
    """The members that a type shows, each in the place of its own."""
    last = found.source.lines_of(top.span)[1]
    opened = found.source.line_of(top.opening.end)
    nested = [t for t in found.types if t != top and top.span.contains(t.span)]
    if nested:
        raise UnplacedError(f"It declares {nested[0].name} within {top.name} and leaves members out.", Instead.TYPE)
    within = [*[""] * opened, *body[opened : last - 1]]
    return _member_edits(within, own_functions(top, found), _own_members(top, found), found, there, context)


def members(body: Sequence[str], plain: Sequence[str], context: Context) -> tuple[Edit, ...]:
    """The edits of a fragment that declares members; none when it reads better as statements."""
    source = context.selection.source
    as_class = as_members(plain, source)
    if as_class.parse.errors and (edit := _headed(body, context)) is not None:
        return (edit,)
    functions = own_functions(as_class.types[0], as_class) if as_class.types else []
    fields = _own_members(as_class.types[0], as_class) if as_class.types else []
    if (not functions and not fields) or any(is_statement(as_class, f, context) for f in functions):
        return ()
    as_body = as_statements(plain, source)
    broken = len(as_class.parse.errors)
    if broken > len(as_body.parse.errors):
        return ()
    if broken == len(as_body.parse.errors):
        # `var x = 1;` reads as a field too, and a local function as a method.
        modified = load(as_class.language).words.modified
        local = (
            _are_local(functions, context)
            if functions
            else not all(modified.match(as_class.source.text(m.span)) for m in fields)
        )
        if local and (fields or not functions):
            return ()
    if broken:
        raise UnplacedError("It cannot be read as code: it is cut or incomplete.", Instead.METHOD)
    around = context.outline.types_around(context.selection.span)
    there = around[0] if around else next(iter(context.outline.types), None)
    return tuple(_member_edits(["", *body], functions, fields, as_class, there, context))


def _headed(body: Sequence[str], context: Context) -> Edit | None:
    """The edit of a selected function of which what is left out makes the rest unreadable; ``None`` where it begins otherwise."""
    source = context.selection.source
    given, code = squeezed(" ".join(body)), code_only("\n".join(body)).rstrip()
    depths = [*accumulate((c == "{") - (c == "}") for c in code if c in "{}")]
    for function in context.functions:
        first, last = source.lines_of(function.span)
        old = lines_of(source, first, last)
        whole = bool(depths) and depths.index(0) == len(depths) - 1 if 0 in depths else False
        if whole and given.startswith(squeezed(source.text(function.opening))) and leaves_out(body, old):
            return becoming(body, first, last, source, context.selection.lines)
    return None


def is_statement(found: Outline, function: Function, context: Context) -> bool:
    """Whether what reads as a member is a call or a block: `Ship(1);`, `if (late) { ... }`."""
    if function.name in load(found.language).words.uncalled:
        return True
    same = (f for f in context.functions if f.name == function.name)
    bodiless = any(_has_no_body(context.outline, f) for f in same)
    return _has_no_body(found, function) and not bodiless


def _has_no_body(there: Outline, function: Function) -> bool:
    text = there.source.text(function.span)
    return text.endswith(";") and "=>" not in code_only(text)


def _are_local(functions: Sequence[Function], context: Context) -> bool:
    """Whether the names are those of local functions in the file, not of members."""
    local = {f.name for f in context.outline.functions if f.kind == "local function"}
    members = {f.name for f in context.outline.functions if f.kind != "local function"}
    return all(f.name in local and f.name not in members for f in functions)


def _member_edits(
    body: Sequence[str],
    functions: Sequence[Function],
    fields: Sequence[Member],
    found: Outline,
    there: TypeDecl | None,
    context: Context,
) -> list[Edit]:
    """Each member in the place of its own; what is new after the changed one before it, or after the type's fields."""
    source = context.selection.source
    taken: set[int] = set()
    spans = [(f.span, f) for f in functions]
    code = Spans(span for span, _ in spans)
    plain_fields = [m for m in fields if m.kind in ("field", "event") and not code.contains(m.span)]
    everything = sorted([s for s, _ in spans] + [m.span for m in plain_fields])
    ends = {found.source.line_of(max(s.start, s.end - 1)) for s in everything}
    edits: list[Edit] = []
    fresh: list[tuple[int, list[str]]] = []
    matched: list[tuple[int, tuple[int, int]]] = []
    exact = [(f, counterpart(f, functions, found, there, context)) for f in functions]
    if len({m.span for _, m in exact if m is not None}) < sum(m is not None for _, m in exact):
        raise UnplacedError("It declares the same member twice.", Instead.ONCE)
    for function, match in exact:
        a, b = found.source.lines_of(function.span)
        above = _comment_above(body, a, ends)
        taken.update(range(a - len(above), b + 1))
        if match is None:
            fresh.append((a, [*above, *body[a - 1 : b]]))
            continue
        first, last = source.lines_of(match.span)
        _whole_lines(match, source)
        first += _not_shown(body[a - 1], first, match, context)
        new = written(body[a - 1 : b], first, last, source, context.selection.lines)
        start, lead = _lead(above, first, source)
        matched.append((a, (first, last)))
        edits.append(replacing(source, start, last, [*lead, *new]))
    known = _own_members(there, context.outline) if there is not None else []
    own_fields = [m for m in known if m.kind in ("field", "event")]
    for field in plain_fields:
        a, b = found.source.lines_of(field.span)
        taken.update(range(a, b + 1))
        match_field = next((m for m in known if set(m.names) & set(field.names)), None)
        if match_field is None:
            fresh.append((0, list(body[a - 1 : b])))
        elif squeezed(source.text(match_field.span)) != squeezed(found.source.text(field.span)):
            first, last = source.lines_of(match_field.span)
            edits.append(becoming(body[a - 1 : b], first, last, source))
    for i, line in enumerate(body, 1):
        if i not in taken and is_telling(line) and not COMMENT_LINE.match(line) and not is_elision(line):
            raise UnplacedError(
                f"It has a part that has no certain place beside its members: `{squeezed(line)}`.", Instead.METHOD
            )
    if fresh and not matched and not (own_fields and all(a == 0 for a, _ in fresh)):
        raise UnplacedError(
            f"It declares {listed([f.name for f, m in exact if m is None] or [n for f in plain_fields for n in f.names])}, "
            "which is not in the file: it may be new, or replace something under another name.",
            Instead.SELECTED,
        )
    return _with_new(edits, fresh, matched, own_fields, source)


def _not_shown(line: str, first: int, match: Function, context: Context) -> int:
    """How many lines of the head of a member a fragment does not show that begins after them; none where they are selected."""
    source, (chosen_first, _) = context.selection.source, context.selection.lines
    head = lines_of(source, first, source.line_of(match.opening.end))
    at = next((n for n, there in enumerate(head) if squeezed(there) == squeezed(line)), 0)
    return at if first + at <= chosen_first else 0


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


def _whole_lines(scope: Function, source: Source) -> None:
    """Raises when something else is on the lines of a member."""
    if is_telling(code_only("".join(beside(scope.span, source)))):
        raise UnplacedError(f"Something else is on the lines of {scope.name}.", Instead.REPLACE)


def _comment_above(body: Sequence[str], a: int, ends: Collection[int]) -> list[str]:
    """The comment lines directly above line ``a`` of a fragment, down from the last line on which a member ``ends``."""
    found: list[str] = []
    for n in range(a - 1, 0, -1):
        if not COMMENT_LINE.match(body[n - 1]) or is_elision(body[n - 1]) or n in ends:
            break
        found.insert(0, body[n - 1])
    return found


def _lead(above: Sequence[str], first: int, source: Source) -> tuple[int, list[str]]:
    """Where a member's replacement starts, and the comment over it: a new one is added, documentation is replaced."""
    start = first
    while start > 1 and COMMENT_LINE.match(source.line(start - 1)):
        start -= 1
    own = lines_of(source, start, first - 1) if start < first else []
    if not above or [squeezed(x) for x in above] == [squeezed(x) for x in own[-len(above) :]]:
        return first, []
    new = fitted(above, [source.line(first)], source)
    if own and all(x.strip().startswith("///") for x in (*own, *above)):
        return (start, new) if not leaves_out(new, own) else (first, [])
    return first, new
