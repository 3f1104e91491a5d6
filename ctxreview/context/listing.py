"""Excerpts as numbered lines of code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from weakref import WeakKeyDictionary

from ctxreview.context.visible import visible
from ctxreview.model.phrases import amount
from ctxreview.model.review import Context, Excerpt
from ctxreview.model.source import Source


def redacted(source: Source) -> tuple[str, ...]:
    """The lines of a file without its secrets; a key that spans lines is known only by the whole of them.

    Prompt and report ask for the same one, with the answer waited for in between: it is kept for as long as the file is.
    """
    from ctxreview.redact import redact

    lines = _REDACTED.get(source)
    if lines is None:
        text = redact("\n".join(visible(source.line(n)) for n in range(1, source.line_count + 1))).text
        lines = _REDACTED[source] = tuple(text.split("\n"))
    return lines


_REDACTED: WeakKeyDictionary[Source, tuple[str, ...]] = WeakKeyDictionary()


Range = tuple[int, int]
"""A first and a last line, 1-based."""


def shown_lines(excerpts: Sequence[Excerpt], source: Source) -> dict[int, bool]:
    """The lines of some excerpts of a file: whether each is shown, or left out."""
    lines = source.lines_of
    return lines_shown((lines(e.span), [lines(s) for s in e.elided]) for e in excerpts)


def lines_shown(excerpts: Iterable[tuple[Range, Sequence[Range]]]) -> dict[int, bool]:
    """The lines of some excerpts of one file, each with what is left out of it: whether each line is shown."""
    shown: dict[int, bool] = {}
    for (start, end), elided in excerpts:
        hidden = {n for a, b in elided for n in range(a, b + 1)}
        for number in range(start, end + 1):
            shown[number] = shown.get(number, False) or number not in hidden
    return shown


def listing(shown: Mapping[int, bool], source: Source, selected: Range = (0, 0), lines: Sequence[str] = ()) -> str:
    """The :func:`shown_lines` of one file, numbered and in file order; ``selected`` ones are marked with ``>``.

    Left-out lines are shown as one line that counts them. ``lines`` are the file's lines as they are to be shown,
    see :func:`redacted`; as they are in the file without them.
    """
    texts = lines or source.lines
    return numbered(shown, lambda number: texts[number - 1], selected)


def numbered(shown: Mapping[int, bool], text: Callable[[int], str], selected: Range = (0, 0)) -> str:
    """A listing of lines whose texts are asked for by their numbers."""
    first, last = selected
    width = len(str(max(shown, default=1)))
    gap = f"{'':{width + 1}} …"
    out: list[str] = []
    previous, skipped = 0, 0
    for number in sorted(shown):
        if not shown[number]:
            skipped += 1
            continue
        if skipped:
            out.append(f"{gap} {amount(skipped, 'line')} left out here")
            skipped = 0
        elif number > previous + 1 and previous:
            out.append(gap)
        mark = ">" if first <= number <= last else " "
        out.append(f"{mark}{str(number).rjust(width)} | {text(number)}".rstrip())
        previous = number
    if skipped:
        out.append(f"{gap} {amount(skipped, 'line')} left out here")
    return "\n".join(out)


def file_listings(context: Context, bare: bool = False) -> Iterator[tuple[Source, str]]:
    """The excerpts as numbered lines, file by file, the selected one first; without secrets unless ``bare``."""
    others = {e.source.path: e.source for e in context.excerpts if e.source.path != context.path}
    for source in (context.selection.source, *others.values()):
        excerpts = [e for e in context.excerpts if e.source.path == source.path]
        selected = context.selection.lines if source.path == context.path else (0, 0)
        numbers = range(1, source.line_count + 1)
        lines = tuple(visible(source.line(n)) for n in numbers) if bare else redacted(source)
        yield source, listing(shown_lines(excerpts, source), source, selected, lines)
