"""The commands as functions, for scripts and servers: they take the same steps and return values.

Every function raises a :class:`CtxreviewError` with one sentence where the work cannot be done; it may name an option of the
command line, which the arguments are named after. Nothing is printed, and nothing is written. The settings of the
repository and of the user count as they do for the commands; ``CTXREVIEW_`` variables do not, but for
:func:`review` with the name of a provider. Each call reads files anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.model.review import Comparison, Context, Finding, GuardResult, Prompt, Review
from ctxreview.model.source import Selection
from ctxreview.review import DEFAULT_HOPS, DEFAULT_QUESTION

if TYPE_CHECKING:
    from ctxreview.errors import CtxreviewError
    from ctxreview.model.outline import Outline
    from ctxreview.prompt.asking import Provider
    from ctxreview.review.request import Request
    from ctxreview.rules.catalogue import RuleEntry


class LintResult(NamedTuple):
    """What the rules found in some files.

    ``files`` is how many were linted and ``suppressed`` how many findings comments silence. ``failed`` has a sentence
    for each file that could not be read, ``notes`` one for each folder without source files.
    """

    findings: tuple[Finding, ...]
    files: int
    suppressed: int = 0
    failed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def context(
    selection: str | Selection,
    *,
    text: str | None = None,
    root: str | Path | None = None,
    hops: int = DEFAULT_HOPS,
    budget: int | None = None,
) -> Context:
    """What a model would see of a selection such as ``src/Orders.cs:31-33``, and what it would not see.

    ``text`` is the file's text where that is not on disk, or not yet. ``root`` is the repository, else the one around
    the file. Callers are followed for ``hops`` calls; 0 reads this file only. ``budget`` is the largest prompt in tokens.

    Raises :class:`SourceError` where nothing can be selected, :class:`BudgetError` where what must be seen does not fit,
    and :class:`ConfigError` for wrong settings.
    """
    from ctxreview.review.context import build

    return build(_request(selection, text, root, hops, budget), whole=False)


def contexts(
    selections: Iterable[str],
    *,
    root: str | Path | None = None,
    hops: int = DEFAULT_HOPS,
    budget: int | None = None,
) -> Iterator[Context | CtxreviewError]:
    """The context of each selection in the order given, or its error; every file is read once for all of them."""
    from ctxreview.review.batch import each_selection
    from ctxreview.review.context import build
    from ctxreview.review.request import Run, Siblings, options

    run, chosen = Run(), options(_path(root), hops, budget, DEFAULT_QUESTION)

    def made(given: str, siblings: Siblings) -> Context:
        return build(run.resolve(given, chosen, siblings), whole=False)

    return each_selection(tuple(selections), chosen.root, run, made, sequential=True)


def prompt(
    selection: str | Selection,
    question: str = DEFAULT_QUESTION,
    *,
    text: str | None = None,
    root: str | Path | None = None,
    hops: int = DEFAULT_HOPS,
    budget: int | None = None,
) -> Prompt:
    """The finished prompt about a selection, secrets replaced. Arguments and errors are those of :func:`context`."""
    from ctxreview.review.context import build
    from ctxreview.review.pipeline import render

    request = _request(selection, text, root, hops, budget, question)
    return render(build(request, whole=False), request)


def review(  # noqa: PLR0913 (those of the command)
    selection: str | Selection,
    question: str = DEFAULT_QUESTION,
    *,
    provider: Provider | str | None = None,
    model: str | None = None,
    text: str | None = None,
    root: str | Path | None = None,
    hops: int = DEFAULT_HOPS,
    budget: int | None = None,
) -> Review:
    """A model asked about a selection, and its answer checked; without a ``provider``, what the source alone proves.

    ``provider`` is a callable that takes a :class:`Prompt` and returns a :class:`Completion`, or ``openai``,
    ``anthropic`` or ``local``: for these, key, address, proxy and timeouts are those that the command finds in the
    environment and the user's settings. No answer is taken from the store, and none is kept.

    Raises as :func:`context` does, :class:`ProviderError` where the model could not be asked, and :class:`ReplyError`
    where it answered twice in another form.
    """
    from ctxreview.review import pipeline

    if not isinstance(provider, str):
        return pipeline.review(_request(selection, text, root, hops, budget, question), provider)
    from ctxreview.llm.prices import Account, Limits
    from ctxreview.llm.providers import resolve_model
    from ctxreview.review.ask import provider_for
    from ctxreview.review.endpoints import endpoint_of
    from ctxreview.review.request import Run, options

    endpoint = endpoint_of(provider, model, None)
    if endpoint is None:  # none
        return pipeline.review(_request(selection, text, root, hops, budget, question), None)
    endpoint = resolve_model(endpoint)
    chosen = options(_path(root), hops, budget, question, endpoint.model, endpoint)
    asks = provider_for(endpoint, True, Account(Limits()), lambda sentence: None, live=False)
    return pipeline.review(Run().resolve(selection, chosen, text=text), asks)


def guard(
    selection: str | Selection,
    answer: str,
    *,
    replace: bool = False,
    text: str | None = None,
    root: str | Path | None = None,
    hops: int = DEFAULT_HOPS,
    budget: int | None = None,
) -> tuple[GuardResult, ...]:
    """Each suggestion in a chat's ``answer``, applied in memory and compared with the scopes. Asks no model.

    The answer is Markdown with fenced code, a unified diff, or the structured reply that a prompt asks for; with
    ``replace`` it is the new text of exactly the selected lines. An answer that proposes no change has no result.

    Raises as :func:`context` does, and :class:`ReplyError` where there is no suggestion in the answer.
    """
    from ctxreview.guard.check import replacement, suggestions
    from ctxreview.review.context import build_to_compare
    from ctxreview.review.pipeline import check_suggestions

    request = _request(selection, text, root, hops, budget)
    value = build_to_compare(request)
    read = replacement if replace else suggestions
    return check_suggestions(read(answer, value), value, request)


def compare(
    diff: str | None = None, *, patch: str | None = None, root: str | Path | None = None, hops: int = DEFAULT_HOPS
) -> Comparison:
    """What a change does across the scopes of all its files, compared in both versions as one edit.

    ``diff`` is a range of git's: ``main...HEAD``, ``A..B``, or a revision, with which the work tree is compared. ``patch`` is the text
    of a unified diff in its place; where the files have it already, it is undone in memory. Files that could not be compared
    are in ``failed`` of the result.

    Raises :class:`ConfigError` for no range and wrong settings, and :class:`SourceError` for a patch that is none.
    """
    from ctxreview.errors import ConfigError
    from ctxreview.review import versions
    from ctxreview.workspace.roots import find_root

    home = (_path(root) or find_root(str(Path.cwd()))).resolve()
    if (diff is None) == (patch is None):
        raise ConfigError("Give a range as diff or the text of a patch.")
    if patch is not None:
        return versions.compare(versions.change_of_patch(patch, "patch", home), hops)
    return versions.compare(versions.change_of_range(diff or "", home), hops)


def lint(
    paths: str | Path | Iterable[str | Path] = (),
    *,
    text: str | None = None,
    root: str | Path | None = None,
    select: Iterable[str] | None = None,
    ignore: Iterable[str] | None = None,
) -> LintResult:
    """The hazards in files and folders; without ``paths`` in the repository around the current folder.

    ``text`` is the text of the one file in ``paths`` where that is not on disk, or not yet. Of the rules only those in
    ``select`` are asked, and none in ``ignore``. Raises :class:`ConfigError` for rules that do not exist.
    """
    from ctxreview.config import project
    from ctxreview.errors import ConfigError
    from ctxreview.lint import run as linting
    from ctxreview.lint.listing import files_named, root_of
    from ctxreview.lint.plan import plan_of
    from ctxreview.workspace.reading import source_of

    given = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    home = root_of(given, _path(root))
    plan = plan_of(project(home), _named(select), _named(ignore))
    if text is not None:
        if len(given) != 1:
            raise ConfigError(f"text is the text of one file, but {len(given)} paths were given.")
        found, suppressed = linting.hazards_in(source_of(given[0], text, home), plan)
        (shown,) = linting.told_once([linting.Linted(str(given[0]), found, ("",) * len(found))], plan.once)
        return LintResult(shown.findings, 1, suppressed)
    files = files_named(given, home)
    every = linting.latest(linting.lint_files(files, plan))
    results = linting.told_once([result for result in every if not result.failed], plan.once)
    return LintResult(
        findings=tuple(finding for result in results for finding in result.findings),
        files=len(results),
        suppressed=sum(result.suppressed for result in results),
        failed=(*files.failed, *(result.failed for result in every if result.failed)),
        notes=files.notes,
    )


def scopes(path: str | Path, *, text: str | None = None, root: str | Path | None = None) -> Outline:
    """What is in one file: its functions, types, and in ``regions`` its transactions and locks. Reads no other file.

    ``text`` is its text where that is not on disk, or not yet. Raises :class:`SourceError` where it cannot be read or has no known
    language, and :class:`ConfigError` for wrong settings.
    """
    from ctxreview.config import project
    from ctxreview.outline import outline
    from ctxreview.workspace.reading import path_from, read_source, source_of

    given, home = Path(path), _path(root)
    source = source_of(given, text, home) if text is not None else read_source(path_from(given, home) or given, home)
    return outline(source, wrappers=project(source.root).scopes)


def explain(rule: str) -> RuleEntry:
    """What a rule flags, why it matters, when it is fine, with an example. Raises :class:`ConfigError` where there is no such rule."""
    from ctxreview.rules.catalogue import entry

    return entry(rule)


def _request(
    selection: str | Selection,
    text: str | None,
    root: str | Path | None,
    hops: int,
    budget: int | None,
    question: str = DEFAULT_QUESTION,
) -> Request:
    from ctxreview.review.request import Run, options

    return Run().resolve(selection, options(_path(root), hops, budget, question), text=text)


def _path(root: str | Path | None) -> Path | None:
    return Path(root) if root is not None else None


def _named(rules: Iterable[str] | None) -> str | None:
    return ",".join(rules) if rules is not None else None
