"""A member of a file as a selection: ``PATH:Method`` or ``PATH:Type.Method``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ctxreview.errors import SourceError, did_you_mean
from ctxreview.model.outline import Outline
from ctxreview.model.phrases import place
from ctxreview.model.source import Selection, Span
from ctxreview.outline import outline
from ctxreview.workspace.reading import path_from, read_source, source_of
from ctxreview.workspace.selection_form import MEMBER

MOST_NAMED = 8
"""Candidates that are named in one sentence; the others are counted."""


def select_member(given: str, root: Path | None, text: str | None = None) -> Selection:
    """The member that ``given`` names, whole. ``text`` is the file's text where that is not on disk.

    Raises :class:`SourceError` where the file cannot be read, or there is no such member in it, or several: these are listed.
    """
    form = MEMBER.fullmatch(given.rstrip())
    assert form is not None
    path = path_from(Path(form["path"]), root) or Path(form["path"])
    if text is None and not path.exists():
        raise SourceError(f"{given}: there is no file {form['path']}; write PATH:LINE or PATH:MEMBER.")
    source = read_source(path, root) if text is None else source_of(path, text, root)
    made = outline(source, within=())
    wanted = tuple(form["name"].split("."))
    named = list(_named(made))
    found = {span: name for name, span in named if name[-len(wanted) :] == wanted}
    if len(found) == 1:
        (only,) = found
        return Selection(source, only, given)
    if not found:
        known = sorted({name[-1] for name, _ in named})
        hint = did_you_mean(wanted[-1], known, "it has " + ", ".join(known[:MOST_NAMED]) + ".")
        raise SourceError(f"{given}: {source.path} has no member {form['name']}; {hint}")
    listed = [f"{'.'.join(name)} at {place(*source.lines_of(span))}" for span, name in sorted(found.items())]
    more = f"; and {len(listed) - MOST_NAMED} more" if len(listed) > MOST_NAMED else ""
    places = "; ".join(listed[:MOST_NAMED])
    raise SourceError(
        f"{given}: {source.path} has {len(found)} members of that name; give the lines of one: {places}{more}."
    )


def _named(made: Outline) -> Iterator[tuple[tuple[str, ...], Span]]:
    """The names of each member with those of its types, outermost first, and where it is; of a property, with its accessors."""
    inside = [member.span for member in made.members if member.kind != "field"]
    for member in made.members:
        yield from (((*_types(made, member.span), name), member.span) for name in member.names)
    for function in made.outermost:
        if function.name and not any(span.contains(function.span) for span in inside):
            yield (*_types(made, function.span), function.name), function.span


def _types(made: Outline, span: Span) -> Iterator[str]:
    return (one.name for one in reversed(made.types_around(span)))
