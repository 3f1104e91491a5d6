"""A fragment that is cut where the selection is: from the middle of a statement, or to it."""

from __future__ import annotations

from collections.abc import Sequence

from ctxreview.guard.placing.edits import apply, fitted, lines_of, replacing
from ctxreview.guard.placing.elisions import UnplacedError, balance, leaves_out, squeezed
from ctxreview.guard.placing.filling import filled
from ctxreview.guard.placing.snippets import COMMENT_LINE, LIKE, alike, words
from ctxreview.model.review import Context, Edit, Suggestion
from ctxreview.outline import outline


def as_selected(body: Sequence[str], context: Context) -> Edit | None:
    """The edit that puts a fragment in the place of the selected lines; ``None`` where it is not another version of them.

    It is one where it begins and ends as they do, or at one end and has most of their words, opens as many braces, and the file
    reads no worse with it.
    """
    source = context.selection.source
    first, last = context.selection.lines
    old = lines_of(source, first, last)
    there, given = ([line for line in lines if _is_code(line)] for lines in (old, body))
    if not there or not given or balance("\n".join(there)) != balance("\n".join(given)):
        return None
    ends = [_is_like(a, b) for a, b in ((there[0], given[0]), (there[-1], given[-1]))]
    if not (all(ends) or (any(ends) and alike(words("\n".join(there)), words("\n".join(given))) >= LIKE)):
        return None
    new = fitted(body, old, source)
    try:
        edit = replacing(source, first, last, filled(new, old) if leaves_out(new, old) else new)
        after = apply(Suggestion("", "", (edit,)), source)
    except UnplacedError:
        return None
    return edit if len(outline(after).parse.errors) <= len(context.outline.parse.errors) else None


def _is_code(line: str) -> bool:
    return bool(line.strip()) and not COMMENT_LINE.match(line)


def _is_like(there: str, given: str) -> bool:
    return squeezed(there) == squeezed(given) or alike(words(there), words(given)) >= LIKE
