"""The rules over files and folders, without any model: each file on its own, on every core; then with what others open for it.

Most files are only searched: a file is parsed where the words of some rule are in it (:mod:`ctxreview.rules.prefilter`), and
only these rules are asked. Files are read one by one and forgotten; what is kept is what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from types import ModuleType
from typing import NamedTuple

from ctxreview import processes, rules
from ctxreview.behaviour.lock_usage import locks
from ctxreview.callgraph.repository.index import Repository, open_repository, repository_of
from ctxreview.callgraph.wrappers.wrapping import wrapping
from ctxreview.errors import SourceError
from ctxreview.languages import language_of
from ctxreview.lint import elsewhere, suppressions
from ctxreview.lint.baseline import Entry, fingerprints
from ctxreview.lint.listing import BLANK, Listing, is_empty_file
from ctxreview.lint.plan import COMPARING, KNOWN, Plan
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.phrases import at_lines
from ctxreview.model.regions import Wrappers
from ctxreview.model.review import Finding
from ctxreview.model.source import Source, Span
from ctxreview.outline import outline
from ctxreview.rules.prefilter import ALWAYS, LOCKS, TRANSACTIONS, Possible, candidates
from ctxreview.workspace.changed_lines import touches
from ctxreview.workspace.contents import bytes_of
from ctxreview.workspace.decoding import decode
from ctxreview.workspace.generated import is_generated
from ctxreview.workspace.reading import read_source

MIN_FILES = 48
"""With fewer files, starting processes takes longer than they save."""
MAX_OVERLAP = 1_000
"""Transactions and locks over one place up to which rules are asked: several compare each with all that it holds."""
MOST_LINES = 8
"""Lines that a finding names of those that are alike; the others are counted."""
MAX_PLACES = 200
"""With more places of words in a file, nearly all of it would be read anyway."""


class Linted(NamedTuple):
    """One file: what was found, with the fingerprint of each, and how many findings a comment silences.

    ``failed`` says why it could not be read. ``opens`` are the names of its methods that open a scope for their callers.
    """

    path: str
    findings: tuple[Finding, ...] = ()
    fingerprints: tuple[str, ...] = ()
    suppressed: int = 0
    failed: str = ""
    opens: tuple[str, ...] = ()


Piecework = Callable[[Sequence[str]], Iterator[Linted]]
"""Lints files on other machines, in the order given, each on its own."""


def lint_files(files: Listing, plan: Plan, piecework: Piecework | None = None) -> Iterator[Linted]:
    """Each file's findings, in the order of the paths; those without source text are passed over.

    What methods of other files open for a file counts. Where there are few files, all of the repository is asked for such methods; where
    there are many, these files are, and those that call one come a second time: then that counts (see :func:`latest`).

    On every core, where the system can fork and there are enough files, or by ``piecework``.
    """
    if plan.changed is not None:
        files = files._replace(paths=tuple(p for p in files.paths if p in (plan.changed or {})))
        yield from (_compared(path, None, plan) for path in plan.compared if path not in plan.changed)
    if files.place is not None and files.place.stored is not None:
        files.place.stored.contents(files.paths)  # all at once
    if are_few(files.paths):
        yield from lint_few(files, plan) if piecework is None else piecework(files.paths)
        return
    repositories = repositories_of(files, plan)

    def work(path: str) -> Linted:
        return lint_file(path, files, plan, repositories[language_of(path).name])

    opens: dict[str, set[str]] = {}
    made = (
        piecework(files.paths)
        if piecework is not None
        else map(work, files.paths)
        if processes.cores() < 2
        else processes.parallel_map(work, files.paths)
    )
    for result in made:
        opens.setdefault(language_of(result.path).name, set()).update(result.opens)
        yield result
    for language, repository in repositories.items():
        yield from _again(files, plan, repository, opens.get(language, set()))


def repositories_of(files: Listing, plan: Plan) -> dict[str, Repository]:
    """The repository as files of each language."""
    languages = sorted({language_of(path).name for path in files.paths})
    if files.place is not None:
        found = {language: repository_of(files.place, language, plan.wrappers) for language in languages}
    else:
        found = {language: open_repository(files.root, language, plan.wrappers) for language in languages}
    if not files.texts:
        return found
    return {language: repository.edited(*files.texts.values()) for language, repository in found.items()}


def are_few(paths: Sequence[str]) -> bool:
    """Whether so few files are linted that all of the repository is asked what its methods open for them."""
    return len(paths) < MIN_FILES


def lint_few(files: Listing, plan: Plan) -> Iterator[Linted]:
    """Each file's findings, with what any file of the repository opens for it."""
    repositories = repositories_of(files, plan)
    for language, repository in repositories.items():
        elsewhere.expect_types((p for p in files.paths if language_of(p).name == language), repository)

    def work(path: str) -> Linted:
        try:
            source = source_of(path, files)
            if source is None:
                return Linted(path)
            made, asked = _outlined(source, plan)
            whole = outline(source, None, plan.wrappers) if made is None or made.unread else made
            others = elsewhere.with_scopes_of_others(whole, None, repositories[language_of(path).name])
            if others is not None:
                return _linted(others, plan.checks, plan)
            return _linted(made, asked, plan) if made is not None else _compared(path, source, plan)
        except SourceError as error:
            return Linted(path, failed=str(error))

    yield from elsewhere.shared(work, files.paths)


def _again(files: Listing, plan: Plan, repository: Repository, opens: Collection[str]) -> Iterator[Linted]:
    """The files that the methods in ``opens`` open something for, linted with that."""
    names = frozenset(opens)
    calls = elsewhere.calling(names, repository)

    def work(path: str) -> Linted | None:
        try:
            source = source_of(path, files)
            whole = outline(source, None, plan.wrappers) if source is not None else None
            made = elsewhere.with_scopes_of_others(whole, names, repository) if whole is not None else None
            return _linted(made, plan.checks, plan) if made is not None else None
        except SourceError:
            return None  # that is said already

    paths = [p for p in files.paths if p in calls]
    yield from (again for again in elsewhere.shared(work, paths) if again is not None)


def latest(results: Iterable[Linted]) -> list[Linted]:
    """Each file once, as it was linted last."""
    return list({result.path: result for result in results}.values())


def lint_file(path: str, files: Listing, plan: Plan, repository: Repository) -> Linted:
    """One file on its own, read and linted, and what it opens for others."""
    try:
        source = source_of(path, files)
        if source is None:
            return Linted(path)
        made, asked = _outlined(source, plan)
        if made is None:
            return _compared(path, source, plan)
        return _linted(made, asked, plan)._replace(opens=tuple(wrapping(made, repository)))
    except SourceError as error:
        return Linted(path, failed=str(error))


def _compared(path: str, source: Source | None, plan: Plan) -> Linted:
    """What was found between two versions of a file in which the rules find nothing, or that is gone."""
    found = plan.compared.get(path, ())
    return Linted(path, found, tuple(fingerprints(found, source or Source(path, b""))))


def _linted(made: Outline, asked: tuple[ModuleType, ...], plan: Plan) -> Linted:
    """What the rules that are asked find in an outline."""
    source, path = made.source, made.source.path
    found, silenced = _hazards(made, asked, plan)
    marks = tuple(fingerprints(found, source))
    lines = None if plan.changed is None else plan.changed.get(path, ())
    compared = frozenset(plan.compared.get(path, ()))
    kept = [(f, m) for f, m in zip(found, marks, strict=True) if lines is None or f in compared or touches(f, lines)]
    return Linted(path, tuple(f for f, _ in kept), tuple(m for _, m in kept), silenced)


def hazards_in(source: Source, plan: Plan) -> tuple[tuple[Finding, ...], int]:
    """What the rules find in one file, in source order, and how many findings its comments silence.

    Raises :class:`SourceError` where more than :data:`MAX_OVERLAP` transactions and locks lie over one place.
    """
    made, asked = _outlined(source, plan)
    return _hazards(made, asked, plan) if made is not None else ((), 0)


def hazards_of(source: Source, plan: Plan, whole: Callable[[], Outline]) -> tuple[Finding, ...]:
    """What :func:`hazards_in` finds, by the outline of the whole file, which others need too: it is made where something is to be looked at."""
    may = candidates(source.data, plan.checks, language_of(source.path).name, plan.wrappers)
    looked_at = may.rules or suppressions.MARK in source.data
    return _hazards(whole(), may.rules, plan)[0] if looked_at else ()


def _outlined(source: Source, plan: Plan) -> tuple[Outline | None, tuple[ModuleType, ...]]:
    """The outline of a file and the rules that may find something in it; no outline where nothing has to be looked at."""
    may = candidates(source.data, plan.checks, language_of(source.path).name, plan.wrappers)
    silences = suppressions.MARK in source.data
    if not may.rules and not silences:
        return None, ()
    return outline_for_rules(source, may, plan.wrappers, whole=silences), may.rules


def _hazards(made: Outline, asked: tuple[ModuleType, ...], plan: Plan) -> tuple[tuple[Finding, ...], int]:
    if (over := overlap([s.span for s in made.regions])) > MAX_OVERLAP:
        raise SourceError(
            f"{made.source.path}: has {over:,} nested transactions and locks; no rule runs beyond {MAX_OVERLAP:,}."
        )
    found = rules.check(made, asked)
    known = {(f.rule, f.at.start_line) for f in found}
    compared = [f for f in plan.compared.get(made.source.path, ()) if (f.rule, f.at.start_line) not in known]
    found = tuple(sorted((*found, *compared), key=lambda f: (f.at.start_line, f.rule)))
    if suppressions.MARK not in made.source.data:
        return found, 0
    ran: Collection[str] = {rule.ID for rule in plan.checks}
    kept, silenced = suppressions.suppressed(made, found, ran, (*KNOWN, *COMPARING))
    return tuple(f for f in kept if f.rule in plan.shown or f in compared), silenced


def overlap(spans: Sequence[Span]) -> int:
    """How many of some spans lie over one place at most."""
    edges = sorted([*((s.start, 1) for s in spans), *((s.end, -1) for s in spans)])
    return max(accumulate(step for _, step in edges), default=0)


def outline_for_rules(source: Source, may: Possible, wrappers: Wrappers, *, whole: bool) -> Outline:
    """The outline of a file, as much of it as the rules that may find something in it look at."""
    beyond = {getattr(rule, "BEYOND", "") for rule in may.rules}
    within = () if whole or ALWAYS in beyond else may.places(source.data)
    if 0 < len(within) <= MAX_PLACES:
        made = outline(source, None, wrappers, within)
        owners = {s.owner for s in made.regions if s.kind == "transaction"}
        looks_on = (LOCKS in beyond and locks(made)) or (TRANSACTIONS in beyond and len(owners) > 1)
        if not made.unread or not looks_on:
            return made
    return outline(source, None, wrappers)


def source_of(path: str, files: Listing) -> Source | None:
    """The text of a file; ``None`` where there is none, or where a comment calls a file generated that nobody named."""
    if (text := files.texts.get(path)) is not None:
        return text if text.data.strip(BLANK) else None
    if files.place is not None and files.place.stored is not None:
        (raw,) = files.place.stored.contents([path])
    else:
        raw = bytes_of(files.root, path) if path not in files.named else b""
    if not raw and files.place is None:
        try:
            return read_source(files.root / path, files.root)
        except SourceError:
            if is_empty_file(files.root / path):
                return None
            raise
    if not raw.strip(BLANK):
        return None
    source = decode(raw, path)
    return None if is_generated(source.data) else replace(source, root=files.root)


def told_once(results: Sequence[Linted], once: Mapping[str, Severity]) -> list[Linted]:
    """The results with the first finding of each file of some rules and their severities, which tells the lines of the others."""
    return [_told_once(result, once) for result in results]


def _told_once(result: Linted, once: Mapping[str, Severity]) -> Linted:
    alike: dict[tuple[str, Severity], list[Finding]] = {}
    for finding in result.findings:
        alike.setdefault((finding.rule, finding.severity), []).append(finding)
    kept: list[tuple[Finding, str]] = []
    for finding, mark in zip(result.findings, result.fingerprints, strict=True):
        key = finding.rule, finding.severity
        first, *others = alike[key] if once.get(finding.rule) == finding.severity else [finding]
        if first is finding:
            kept.append((_with_others(finding, others), mark))
    return result._replace(findings=tuple(f for f, _ in kept), fingerprints=tuple(m for _, m in kept))


def _with_others(finding: Finding, others: Sequence[Finding]) -> Finding:
    """A finding that tells the lines of others like it."""
    numbers = sorted({f.at.start_line for f in others})
    if not numbers:
        return finding
    more = f" and {len(numbers) - MOST_LINES} more" if len(numbers) > MOST_LINES else ""
    return finding._replace(message=f"{finding.message} The same holds at {at_lines(numbers[:MOST_LINES])}{more}.")


def without_known(results: Sequence[Linted], baseline: Sequence[Entry]) -> tuple[list[Linted], int]:
    """The results without the findings that a baseline has, and how many these are."""
    old = {entry.fingerprint for entry in baseline}
    kept, known = [], 0
    for result in results:
        new = [(f, m) for f, m in zip(result.findings, result.fingerprints, strict=True) if m not in old]
        known += len(result.findings) - len(new)
        kept.append(result._replace(findings=tuple(f for f, _ in new), fingerprints=tuple(m for _, m in new)))
    return kept, known


def baseline_entries(results: Sequence[Linted]) -> Iterator[Entry]:
    """The findings of some results, as a baseline has them."""
    for result in results:
        for finding, mark in zip(result.findings, result.fingerprints, strict=True):
            yield Entry(finding.rule, result.path, mark)
