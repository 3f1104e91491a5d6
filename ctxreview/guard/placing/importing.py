"""The imports at the head of an answer's code: those that the file does not have are added to its own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ctxreview.guard.placing.edits import replacing
from ctxreview.guard.placing.elisions import is_elision, squeezed
from ctxreview.guard.placing.snippets import COMMENT_LINE
from ctxreview.languages import language_of
from ctxreview.model.review import Edit
from ctxreview.model.source import Source


def _is_import(line: str, source: Source) -> bool:
    return re.fullmatch(language_of(source.path).shape.fragments.imports, line) is not None


def without_imports(lines: Sequence[str], source: Source) -> tuple[list[str], list[str]]:
    """The imports at the top, and the rest."""
    imports: list[str] = []
    last = max((i for i, line in enumerate(lines) if _is_import(line, source)), default=-1)
    for i, line in enumerate(lines):
        if _is_import(line, source):
            imports.append(line.strip())
        elif line.strip() and not (COMMENT_LINE.match(line) and i <= last) and not (is_elision(line) and imports):
            return (imports, list(lines[i:])) if imports else ([], list(lines))
    return imports, []


def import_edits(imports: Sequence[str], source: Source) -> tuple[Edit, ...]:
    """The edit that adds the imports that the file does not have to those at its head."""
    lines = source.lines
    there = {squeezed(line) for line in lines}
    new = [u for u in dict.fromkeys(imports) if squeezed(u) not in there]
    if not new:
        return ()
    last = 0
    for i, line in enumerate(lines):
        if _is_import(line, source):
            last = i + 1
        elif line.strip() and not COMMENT_LINE.match(line) and not line.startswith("#"):
            break
    if last:
        return tuple(Edit(source.path, last + 1, last, "", f"{line}{source.newline}", verbatim=True) for line in new)
    at = next(i for i, line in enumerate(lines) if line.strip() and not COMMENT_LINE.match(line))
    return (replacing(source, at + 1, at + 1, [*new, "", lines[at]]),)
