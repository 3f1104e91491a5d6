"""Two versions of some files, as a pull request has them, compared as one edit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ctxreview.callgraph.repository.index import Repository
from ctxreview.errors import SourceError
from ctxreview.guard.check import beyond_reason, changes_of, compare_together, diff_of, verdict_on, worst
from ctxreview.guard.moved import as_if_moved
from ctxreview.languages import language_of
from ctxreview.model.outline import Outline
from ctxreview.model.phrases import amount
from ctxreview.model.regions import NO_WRAPPERS
from ctxreview.model.review import ComparedFile, Comparison, Finding, GuardResult, Suggestion
from ctxreview.model.source import Source
from ctxreview.outline import outline
from ctxreview.workspace.changed_files import Changed
from ctxreview.workspace.contents import as_text
from ctxreview.workspace.decoding import decode
from ctxreview.workspace.generated import is_generated

MOST_FILES = 500
"""Files that are compared with each other; of a larger range the first by path."""
MOST_BYTES = 32 * 1024 * 1024
"""Bytes of both versions of these."""

Opened = Callable[[str], Repository | None]
"""Gives the repository by the language of its files, of either version; ``None`` where each file is to be compared alone."""


class _Pair:
    """Both versions of a file, without a text where one is not there."""

    def __init__(self, changed: Changed, before: Source, after: Source) -> None:
        self.changed, self.before, self.after = changed, before, after


def compare(
    given: str, changed: Iterable[Changed], root: Path, opened: Opened, hops: int, notes: tuple[str, ...] = ()
) -> Comparison:
    """What the files that differ change across scopes, all of them together; callers elsewhere are followed for ``hops`` calls.

    ``given`` is the range or diff that was asked for, ``root`` the repository. Generated files are passed over.
    """
    failed: list[str] = []
    beyond: list[str] = []
    pairs: list[_Pair] = []
    size = 0
    for one in changed:
        if len(pairs) == MOST_FILES or size > MOST_BYTES:
            beyond.append(one.path)
            continue
        try:
            pair = _pair(one, root)
        except SourceError as error:
            failed.append(str(error))
            continue
        if pair is not None:
            pairs.append(pair)
            size += len(pair.before.data) + len(pair.after.data)
    if beyond:
        failed.append(
            f"{amount(len(beyond), 'more file')} changed in {given}, from {beyond[0]} on: at most {MOST_FILES:,} files of "
            f"{MOST_BYTES:,} bytes are compared with each other; give a smaller range."
        )
    files: list[ComparedFile] = []
    for language in sorted({language_of(pair.after.path).name for pair in pairs}):
        files += _compared([p for p in pairs if language_of(p.after.path).name == language], opened(language), hops)
    files.sort(key=lambda file: file.after.path)
    verdicts = [*(file.result.verdict for file in files), *(("needs-human",) if failed else ())]
    return Comparison(given, worst(verdicts), tuple(files), tuple(failed))


def _compared(pairs: list[_Pair], repository: Repository | None, hops: int) -> Iterator[ComparedFile]:
    """The files of one language, compared as one edit. The ``repository`` has all the others as they are."""
    moved = (Source(pair.changed.was, b"") for pair in pairs if pair.changed.was not in ("", pair.before.path))
    wrappers = repository.wrappers if repository is not None else NO_WRAPPERS
    old = [outline(pair.before, wrappers=wrappers) for pair in pairs]
    seen = as_if_moved(old, [outline(pair.after, within=()) for pair in pairs]) if len(pairs) > 1 else []
    for number, source in enumerate(seen):
        if source is not pairs[number].before:
            old[number] = outline(source, wrappers=wrappers)
    before = repository.edited(*moved, *(made.source for made in old)) if repository is not None else None
    together: list[tuple[_Pair, Outline]] = []
    for pair, made in zip(pairs, old, strict=True):
        if why := beyond_reason(made):
            yield _result(pair, (), why)
        else:
            together.append((pair, made))
    found = compare_together([(made, pair.after) for pair, made in together], (), before, hops)
    yield from (_result(pair, findings) for (pair, _), findings in zip(together, found, strict=True))


def _result(pair: _Pair, findings: tuple[Finding, ...], why_not: str = "") -> ComparedFile:
    before, after = pair.before, pair.after
    was, gone = pair.changed.was, pair.changed.gone
    title = f"{after.path} is gone" if gone else after.path if was == after.path else f"{after.path}, new"
    if was not in ("", after.path):
        title = f"{after.path}, before {was}"
    result = GuardResult(
        Suggestion(title, "", ()),
        applied=not why_not,
        verdict="needs-human" if why_not else verdict_on(findings),
        findings=findings,
        diff=diff_of(before, after),
        reason=why_not,
        changes=tuple(changes_of(before, after)),
    )
    return ComparedFile(before, after, was, result, gone)


def _pair(one: Changed, root: Path) -> _Pair | None:
    """Both versions of a file; ``None`` where it is generated, or differs in nothing but its line ends and encoding.

    Raises :class:`SourceError` where one that is there cannot be read.
    """
    if one.was and one.before is None:
        raise SourceError(
            f"{one.path}: what it was before is not in this clone, or too large; nothing is fetched, and it was not compared."
        )
    if not one.gone and one.after is None:
        raise SourceError(f"{one.path}: cannot be read, or is too large; it was not compared.")
    before, after = (_source(one.path, raw, root) for raw in (one.before, one.after))
    if before.data and {before.newline, after.newline} == {"\n", "\r\n"}:
        plain = before.data.replace(b"\r\n", b"\n")
        before = replace(before, data=plain.replace(b"\n", after.newline.encode()))
    if before.data == after.data or is_generated(as_text(after.data or before.data)):
        return None
    return _Pair(one, before, after)


def _source(path: str, raw: bytes | None, root: Path) -> Source:
    return replace(decode(raw, path), root=root) if raw and raw.strip() else Source(path, b"", root=root)
