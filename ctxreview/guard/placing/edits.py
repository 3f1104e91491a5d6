"""Edits made in a source, in memory: where each stands, and its text with the file's indentation and line ends."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from ctxreview.guard.placing.elisions import is_elision, is_telling, leaves_out, squeezed, within_reason
from ctxreview.guard.placing.filling import filled
from ctxreview.guard.placing.refusals import Instead, UnplacedError, several
from ctxreview.kept import kept
from ctxreview.languages import language_of
from ctxreview.model.review import Edit, Suggestion
from ctxreview.model.source import Source, Span, same_path, segments
from ctxreview.outline.parse import read

Lines = tuple[int, int]
"""The first and the last of some lines, 1-based."""
NONE: Lines = (0, -1)
TAB = 4
"""Columns of a tab where a fragment with spaces goes into a file with tabs, or the other way round."""


def apply(suggestion: Suggestion, source: Source) -> Source:
    """``source`` with every edit made, in memory. Raises :class:`UnplacedError` when one has no certain place in it."""
    placed: list[tuple[Span, bytes]] = []
    if not suggestion.edits:
        raise UnplacedError("It proposes no edit.", Instead.CODE)
    for edit in suggestion.edits:
        if not is_here(edit, source):
            raise UnplacedError(f"It changes {edit.path}, which is not the file of the selection.", Instead.FILE)
        if edit.verbatim:
            placed.append(_verbatim(edit, source))
            continue
        (first, last), new = _made(edit, source)
        placed.append(_bytes(first, last, new, source))
    placed.sort(key=lambda p: p[0])
    if any(a[0].end > b[0].start for a, b in pairwise(placed)):
        raise UnplacedError("Its edits overlap.", Instead.METHOD)
    data = source.data
    for span, text in reversed(placed):
        data = data[: span.start] + text + data[span.end :]
    if data == source.data:
        raise UnplacedError("It changes nothing.", Instead.CODE)
    return Source(source.path, data, source.encoding, source.root)


def is_here(edit: Edit, source: Source) -> bool:
    """Whether an edit is of ``source``: a verbatim one names it exactly, others as models do."""
    return edit.path == source.path if edit.verbatim else same_path(edit.path, source)


def file_named(named: Iterable[Sequence[str]], source: Source) -> str | None:
    """Which of the names in a diff is that of ``source``; ``named`` has those of each file. ``None``: none of them.

    A path may begin in the root, in a folder under it or in one around it: the one is meant that agrees with most of the
    file's own path from the right. Raises :class:`UnplacedError` where two files agree equally well.
    """
    own = segments(source.path)
    whole = [*source.root.parts, *own]

    def agreed(name: str) -> int:
        parts = segments(name)
        most = min(len(parts), len(whole))
        same = next((n for n in range(most) if parts[-1 - n] != whole[-1 - n]), most)
        return same if same and (same == len(parts) or same >= len(own)) else 0

    best: dict[tuple[str, ...], tuple[int, str]] = {}
    for names in dict.fromkeys(map(tuple, named)):
        length, name = max(((agreed(n) or agreed(n.strip()), n) for n in names), key=lambda f: f[0], default=(0, ""))
        if length:
            best.setdefault(tuple(segments(name)), (length, name))
    most = max((length for length, _ in best.values()), default=0)
    rivals = {parts: name for parts, (length, name) in best.items() if length == most or list(parts) == own}
    if most <= len(own) and tuple(own) in rivals:
        return rivals[tuple(own)]
    if len(rivals) > 1:
        raise UnplacedError(
            f"It changes {' and '.join(rivals.values())}, which may each be the file of the selection.", Instead.PATH
        )
    return next(iter(rivals.values()), None)


def _verbatim(edit: Edit, source: Source) -> tuple[Span, bytes]:
    """The bytes that an edit with its line ends replaces, and those it puts there."""
    starts, size = source.starts, len(source.data)
    start = starts[edit.start_line - 1] if edit.start_line <= len(starts) else size
    end = starts[edit.end_line] if edit.end_line < len(starts) else size
    if source.data[start:end] != edit.original.encode("utf-8", "replace"):
        raise UnplacedError("The lines it replaces are not in the file as it is now.", Instead.QUOTED)
    return Span(start, end), edit.replacement.encode("utf-8", "replace")


def _bytes(first: int, last: int, new: Sequence[str], source: Source) -> tuple[Span, bytes]:
    """The bytes that the lines ``first`` to ``last`` become; lines that become none go with their line end."""
    span = source.line_span(first, last)
    if not new:
        after = source.starts[last] if last < len(source.starts) else len(source.data)
        if after == span.end and first > 1:  # the last line, without a line end
            return Span(source.line_span(first - 1).end, span.end), b""
        return Span(span.start, after), b""
    return span, source.newline.join(new).encode()


def lines_of(source: Source, first: int, last: int) -> list[str]:
    """The lines ``first`` to ``last`` (1-based, inclusive) without their ends."""
    return [source.line(n) for n in range(first, last + 1)]


def solid(lines: Sequence[str]) -> list[str]:
    """The lines without blank ones at their ends."""
    full = [i for i, line in enumerate(lines) if line.strip()]
    return list(lines[full[0] : full[-1] + 1]) if full else []


def replacing(source: Source, first: int, last: int, new: Sequence[str]) -> Edit:
    """The edit that puts ``new``, which has the file's indentation already, in the place of some lines."""
    return Edit(source.path, first, last, "\n".join(lines_of(source, first, last)), "\n".join(new))


def written(new: Sequence[str], first: int, last: int, source: Source, chosen: Lines = NONE) -> list[str]:
    """The lines that some become: ``new`` as deep as they are, and what it leaves out of them, ``chosen`` being the selected ones."""
    old = lines_of(source, first, last)
    return filled(fitted(new, old, source), old, range(chosen[0] - first, chosen[1] - first + 1))


def becoming(new: Sequence[str], first: int, last: int, source: Source, chosen: Lines = NONE) -> Edit:
    """The edit that makes of some lines what is :func:`written`."""
    return replacing(source, first, last, written(new, first, last, source, chosen))


def reads(edits: Sequence[Edit], source: Source) -> bool:
    """Whether a file with some edits is read as code as well as without."""
    return _errors_in(apply(Suggestion("", "", tuple(edits)), source)) <= _errors_in(source)


def _errors_in(source: Source) -> int:
    return len(read(source.data, language_of(source.path)).parse.errors)


def put(source: Source, place: Span, text: str) -> Edit:
    """The edit that puts a text in a place within some lines; what stands around it on them stays, and a line of which nothing is left goes."""
    first, last = source.lines_of(place)
    before, after = beside(place, source)
    made = f"{before}{text}{after}" if text else f"{before}{after}".rstrip()
    making = replacing if leaves_out(text.split("\n"), lines_of(source, first, last)) else verbatim
    return making(source, first, last, made.replace("\r\n", "\n").split("\n") if made else [])


def beside(place: Span, source: Source) -> tuple[str, str]:
    """What stands before and after a place on its lines."""
    lines = source.line_span(*source.lines_of(place))
    return source.text(Span(lines.start, place.start)), source.text(Span(place.end, lines.end))


def verbatim(source: Source, first: int, last: int, new: Sequence[str]) -> Edit:
    """The edit that puts just these lines in the place of some, whatever comments there are among them."""
    end = source.starts[last] if last < len(source.starts) else len(source.data)
    original = source.data[source.starts[first - 1] : end].decode("utf-8", "replace")
    tail = source.newline if new and original.endswith(("\n", "\r")) else ""
    return Edit(source.path, first, last, original, source.newline.join(new) + tail, verbatim=True)


def _made(edit: Edit, source: Source) -> tuple[tuple[int, int], list[str]]:
    """The lines an edit replaces, and its text in their place."""
    within_reason(edit.replacement.splitlines())
    within_reason(edit.original.splitlines())
    if 1 <= edit.start_line <= edit.end_line <= source.line_count:
        there = lines_of(source, edit.start_line, edit.end_line)
        verbatim = edit.replacement.split("\n") if edit.replacement else []
        start, given = (next((line for line in part if line.strip()), "") for part in (there, verbatim))
        # The one layout that cannot be meant: a first line that lost the indentation of the line it replaces.
        meant = not given or bool(_indent(given)) or not _indent(start)
        if start and meant and there == edit.original.split("\n") and not leaves_out(verbatim, there):
            return (edit.start_line, edit.end_line), verbatim
    first, last = _place(edit, source)
    return (first, last), written(solid(edit.replacement.splitlines()), first, last, source)


def _place(edit: Edit, source: Source) -> tuple[int, int]:
    """The lines an edit replaces: where it says, if its original text is there, else the one place it does."""
    wanted = edit.original.strip("\n").splitlines()
    if not any(line.strip() for line in wanted):
        raise UnplacedError("It does not quote the lines it replaces.", Instead.QUOTED)
    if any(is_elision(line) for line in wanted) and leaves_out(wanted, source.lines):
        return _around(wanted, source)
    places = places_of(wanted, source)
    there = next((p for p in places if p[0] == edit.start_line), None)
    if there is not None:
        return there
    if len(places) == 1:
        return places[0]
    raise UnplacedError(
        "The lines it replaces are not in the file as it is now."
        if not places
        else f"The lines it replaces occur in {several(first for first, _ in places)}.",
        Instead.QUOTED,
    )


def places_of(wanted: Sequence[str], source: Source, first: int = 1, last: int | None = None) -> list[tuple[int, int]]:
    """Where ``wanted`` is in the source, whatever the layout of its lines: first and last lines.

    Blank lines have to agree; where they do so nowhere, they are not looked at.
    """
    end = source.line_count if last is None else last
    lines = [(n, text) for n, text in enumerate(squeezed_lines(source)[first - 1 : end], first)]
    asked = [squeezed(line) for line in wanted]
    return _runs(asked, lines) or _runs([a for a in asked if a], [p for p in lines if p[1]])


@kept(4)
def squeezed_lines(source: Source) -> list[str]:
    """The lines of a file without their layout, once for all the edits of an answer."""
    return [squeezed(line) for line in source.lines]


def _runs(asked: Sequence[str], lines: Sequence[tuple[int, str]]) -> list[tuple[int, int]]:
    size = len(asked)
    texts = [text for _, text in lines]
    starts = (i for i in range(len(texts) - size + 1) if texts[i] == asked[0] and texts[i : i + size] == list(asked))
    return [(lines[i][0], lines[i + size - 1][0]) for i in starts] if size else []


def _around(wanted: Sequence[str], source: Source) -> tuple[int, int]:
    """The lines from the first to the last that an original with elisions quotes."""
    runs: list[list[str]] = [[]]
    for line in wanted:
        runs.append([]) if is_elision(line) else runs[-1].append(line)
    at, found = 1, []
    for run in runs:
        if not any(line.strip() for line in run):
            continue
        places = places_of(run, source, at)
        if len(places) != 1:
            raise UnplacedError(
                'The original it quotes leaves code out ("..."), and what it quotes has no certain place.',
                Instead.QUOTED,
            )
        found.append(places[0])
        at = places[0][1] + 1
    if not found or is_elision(wanted[0]) or is_elision(wanted[-1]):
        raise UnplacedError(
            'The original it quotes leaves code out ("...") at an end, so where it ends is not certain.', Instead.QUOTED
        )
    return found[0][0], found[-1][1]


def fitted(new: Sequence[str], old: Sequence[str], source: Source) -> list[str]:
    """``new`` indented as the lines ``old`` that it replaces are, with tabs or spaces as the file has them.

    Lines that both have say how far; where there are none, the first lines do. A fragment from a chat often lacks the
    indentation of its first line only.
    """
    tabs = _with_tabs(source)
    full = [line for line in new if line.strip()]
    if not full:
        return list(new)
    base = next((line for line in old if line.strip()), "")
    start = columns(base)
    shift = start - columns(full[0])
    agreed = _shift(full[1:], old)
    # Its last lines show whether only the first one lacks its indentation.
    lacks = columns(full[0]) == 0 and start > 0 and all(columns(line) for line in full[1:])
    rest = shift
    if agreed is not None and (lacks or squeezed(full[0]) != squeezed(base)):
        # The first line is at another depth than the line it replaces, unless it only lacks its indentation.
        shift, rest = (shift if lacks else agreed), agreed
    elif lacks and len(full) > 1 and all(columns(line) >= start for line in full[1:]):
        rest = 0

    at = next(i for i, line in enumerate(new) if line.strip())
    return [_moved(line, shift if i == at else rest, tabs) for i, line in enumerate(new)]


def moved(lines: Sequence[str], by: int, source: Source) -> list[str]:
    """The lines, ``by`` columns deeper, with tabs or spaces as the file has them."""
    tabs = _with_tabs(source)
    return [_moved(line, by, tabs) for line in lines]


def _moved(line: str, by: int, tabs: bool) -> str:
    if not line.strip() or (line.startswith("#") and not is_elision(line)):
        return line
    if by == 0 and (tabs == ("\t" in _indent(line)) or not _indent(line)):
        return line
    to = max(0, columns(line) + by)
    return ("\t" * (to // TAB) + " " * (to % TAB) if tabs else " " * to) + line.lstrip()


def _shift(new: Sequence[str], old: Sequence[str]) -> int | None:
    """How far most of the lines that both have are apart; ``None`` where they have none in common."""
    there = Counter(squeezed(line) for line in old)
    here = Counter(squeezed(line) for line in new)
    own = {squeezed(line): line for line in old}
    found = Counter(
        columns(own[key]) - columns(line)
        for line in new
        if (key := squeezed(line)) in own and there[key] == here[key] == 1 and is_telling(line)
    )
    return found.most_common(1)[0][0] if found else None


def _with_tabs(source: Source) -> bool:
    """Whether most lines of the file are indented with tabs."""
    indented = len(re.findall(rb"(?m)^[ \t]+(?=\S)", source.data))
    return len(re.findall(rb"(?m)^\t[ \t]*(?=\S)", source.data)) * 2 > indented


def columns(line: str) -> int:
    """How many columns a line is indented."""
    return len(_indent(line).expandtabs(TAB))


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
