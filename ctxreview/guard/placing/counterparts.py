"""The member of the reviewed file that one of an answer replaces: by name, kind and parameters."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ctxreview.guard.placing.elisions import code_only
from ctxreview.guard.placing.refusals import Instead, UnplacedError
from ctxreview.guard.placing.snippets import LIKE, alike, words
from ctxreview.languages import language_of
from ctxreview.languages.words import any_of
from ctxreview.model.declarations import Function, TypeDecl, outermost
from ctxreview.model.outline import Outline
from ctxreview.model.review import Context
from ctxreview.model.source import Source, Spans

_NEARLY = 0.8
"""How much of its words a member shares with the selected one that it replaces under another name."""


def own_functions(type_: TypeDecl | None, there: Outline) -> list[Function]:
    """The members with code of a type, without those of types and functions in it; of no type, those of the file."""
    functions = [f for f in there.functions if f.kind not in ("lambda", "accessor", "top-level statements")]
    known = {f.span for f in functions}
    functions += [
        Function("property" if m.kind == "property" else "indexer", m.span, m.names[0], m.span)
        for m in there.members
        if m.kind in ("property", "indexer") and m.span not in known
    ]
    own = outermost(f for f in functions if type_ is None or type_.span.contains(f.span))
    inner = Spans(t.span for t in there.types if t != type_ and (type_ is None or type_.span.contains(t.span)))
    return [f for f in own if not inner.contains(f.span)]


def counterpart(
    function: Function, all_given: Sequence[Function], found: Outline, there: TypeDecl | None, context: Context
) -> Function | None:
    """The member that ``function`` replaces; ``None`` when the file has none of its name."""
    known = context.outline
    families: list[list[Function]] = []
    for type_ in (there, *context.outline.types_around(context.selection.span)):
        families.append(own_functions(type_, known))
    families.append([f for f in known.functions if f.kind == "local function"])
    families.append([f for t in known.types for f in own_functions(t, known)])
    wanted = _parameters(function, found.source)
    near = [f for family in families[:-1] for f in family if f.name == function.name]
    exact = {f.span: f for f in near if _parameters(f, known.source) == wanted and _alike_in_kind(f, function)}
    held = [f for f in exact.values() if f.span.contains(context.selection.span)]
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
        selected = [f for f in same if f.span.contains(context.selection.span)]
        if (
            len(same) > 1
            and len(given) == len(selected) == 1
            and _is_most_like(selected[0], same, function, known, found)
        ):
            return selected[0]
        if len(same) > 1:
            raise UnplacedError(
                f"{function.name} stands in the file {len(same)} times, and none or several have these parameters."
                if not _all_given(same, given, known.source, found.source)
                else f"It declares another {function.name}, and which one it replaces is not certain.",
                Instead.PARAMETERS,
            )
    return _twin(function, all_given, found.source, families[:-1], context)


def _twin(
    function: Function,
    all_given: Sequence[Function],
    fragment: Source,
    families: Sequence[Sequence[Function]],
    context: Context,
) -> Function | None:
    """The one selected member that ``function`` is another form of, ``SaveAsync`` of ``Save``, or that is nearly it under another name."""
    untwinned, alone = language_of(context.selection.source.path).words.untwinned, len(all_given) == 1
    name = untwinned(function.name)
    named = (f for family in families for f in family if alone or untwinned(f.name) == name)
    twins = {f.span: f for f in named if _alike_in_kind(f, function) and all(f.name != g.name for g in all_given)}
    source, own = context.selection.source, words(fragment.text(function.span))
    selected = [f for span, f in twins.items() if span.overlaps(context.selection.span)]
    if len(selected) != 1:
        return None
    like = alike(words(source.text(selected[0].span)), own)
    same = [f for f in twins.values() if untwinned(f.name) == name]
    return selected[0] if like >= (LIKE if same == selected else _NEARLY) else None


def _is_most_like(there: Function, same: Sequence[Function], given: Function, known: Outline, found: Outline) -> bool:
    """Whether ``given`` is more like one overload than like any other."""
    own = words(found.source.text(given.span))
    likes = {f.span: alike(words(known.source.text(f.span)), own) for f in same}
    return all(likes[there.span] > like for span, like in likes.items() if span != there.span)


def _alike_in_kind(there: Function, given: Function) -> bool:
    """Whether one can be the other: a local function reads as a method on its own."""
    return there.kind == given.kind or "local" in there.kind


def _all_given(same: Sequence[Function], given: Sequence[Function], known: Source, found: Source) -> bool:
    """Whether each of the file's overloads is given too."""
    return all(any(_parameters(s, known) == _parameters(g, found) for g in given) for s in same)


def _parameters(function: Function, source: Source) -> tuple[str, ...]:
    """The types of the parameters, as written."""
    head = code_only(source.text(function.opening))
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
    passing = any_of(language_of(source.path).words.passing)
    types = (re.sub(rf"^\s*(\[[^\]]*\]\s*)*{passing}?\s+|\s*=.*", "", " " + p, flags=re.S) for p in parts if p.strip())
    return tuple("".join(t.split()[:-1]) if len(t.split()) > 1 else "".join(t.split()) for t in types)
