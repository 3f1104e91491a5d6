"""Code from an answer, placed in the reviewed file: a whole file, types, members, statements or one expression.

What a fragment declares says where it belongs (``declarations``); statements belong where their like stands, or else to
the selection (``statements``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ctxreview.guard.placing.cut import cut
from ctxreview.guard.placing.declarations import is_statement, is_whole_file, members, types
from ctxreview.guard.placing.edits import becoming, places_of, reads
from ctxreview.guard.placing.elisions import (
    balance,
    is_telling,
    leaves_out,
    within_reason,
    without_elisions,
)
from ctxreview.guard.placing.importing import import_edits, without_imports
from ctxreview.guard.placing.new_types import apart, beside
from ctxreview.guard.placing.refusals import Instead, UnplacedError
from ctxreview.guard.placing.snippets import (
    UNREADABLE,
    as_members,
    as_statements,
    parsed,
)
from ctxreview.guard.placing.statements import statements
from ctxreview.languages import load
from ctxreview.model.phrases import listed
from ctxreview.model.review import Context, Edit
from ctxreview.model.source import Source


def edits(code: str, context: Context, instead: tuple[int, int] | None = None) -> tuple[Edit, ...]:
    """The edits that put ``code`` where it belongs in the selected file, or in the place of the lines ``instead``.

    Raises :class:`UnplacedError` when it belongs nowhere for certain, or the file could not be read with it.
    """
    found = _edits(code, context, instead)
    if not reads(found, context.selection.source):
        raise UnplacedError(UNREADABLE, Instead.METHOD)
    return found


def _edits(code: str, context: Context, instead: tuple[int, int] | None) -> tuple[Edit, ...]:
    source = context.selection.source
    within_reason(code.splitlines())
    imports, body = without_imports(code.splitlines(), source)
    if not any(line.strip() for line in body):
        return import_edits(imports, source) or _nothing()
    plain = without_elisions(body)
    odd = balance("\n".join(plain))
    if instead is None or not odd:
        _check_branches(plain, load(context.outline.language).shape.conditional.lines)
    if odd and instead is None:
        if (edit := cut(body, context)) is not None:
            return (*import_edits(imports, source), edit)
        raise UnplacedError(
            f"Its braces do not match ({abs(odd)} {'more opened than closed' if odd > 0 else 'more closed than opened'}), so it is cut or incomplete.",
            Instead.METHOD,
        )
    if instead is not None:
        return (*import_edits(imports, source), becoming(body, *instead, source, context.selection.lines))
    beyond = apart(body, context)
    if beyond.rest and (unused := beyond.unused()):
        raise UnplacedError(f"It declares {listed(unused)}, which is not in the file.", Instead.SELECTED)
    if beyond.rest and beyond.types and not is_whole_file(imports, parsed(plain, source), context):
        return (
            *import_edits(imports, source),
            *_edits("\n".join(beyond.rest), context, None),
            *beside(beyond.types, context),
        )
    found = types(body, plain, imports, context) or members(body, plain, context) or statements(body, plain, context)
    if found and found[0].start_line == 1 and found[0].end_line == source.line_count:
        return found
    return (*import_edits(imports, source), *found)


def _check_branches(plain: Sequence[str], conditional: str) -> None:
    """Raises when a fragment has only a part of a set of branches; ``conditional`` is the pattern of their lines."""
    depth = 0
    for mark in (found for line in plain if (found := re.match(conditional, line)) is not None):
        depth += (mark["opens"] is not None) - (mark["closes"] is not None)
        if depth < 0 or (depth == 0 and mark["closes"] is None):
            break
    else:
        if depth == 0:
            return
    raise UnplacedError("It has only a part of a conditional compilation, so it is cut or incomplete.", Instead.METHOD)


def _nothing() -> tuple[Edit, ...]:
    raise UnplacedError("It changes nothing.", Instead.CODE)


def declares(code: str, context: Context) -> bool:
    """Whether ``code`` declares types or members, and so says on its own where it belongs."""
    source = context.selection.source
    plain = without_elisions(without_imports(code.splitlines(), source)[1])
    as_class = as_members(plain, source)
    as_body = as_statements(plain, source)
    named = (f for f in as_class.functions if f.kind not in ("lambda", "accessor"))
    functions = any(not is_statement(as_class, f, context) for f in named)
    return functions and len(as_class.parse.errors) < max(1, len(as_body.parse.errors))


def quoted(code: str, source: Source) -> list[tuple[int, int]]:
    """The lines of the source that ``code`` only quotes, blank lines and layout aside: first and last, for each place."""
    lines = [line for line in code.splitlines() if line.strip() and not _labels(line)]
    if not any(is_telling(line) for line in lines) or leaves_out(lines, source.lines):
        return []
    return places_of(lines, source)


def _labels(line: str) -> bool:
    return bool(re.fullmatch(r"\s*//\s*(before|original|current|old|existing)\b.{0,40}", line, re.IGNORECASE))
