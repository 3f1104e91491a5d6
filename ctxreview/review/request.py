"""One request, resolved once: a selection with all that its review takes from options, settings and the repository.

Everything after :meth:`Run.resolve` works on the values in a :class:`Request`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.config import Project, project, prompt_file, user
from ctxreview.errors import ConfigError, CtxreviewError
from ctxreview.kept import kept
from ctxreview.languages import language_of
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Wrappers
from ctxreview.model.review import Prompt
from ctxreview.model.source import Selection, Source, Span
from ctxreview.outline import outline
from ctxreview.prompt import checklist as lists
from ctxreview.prompt.build import fixed_tokens
from ctxreview.review import DEFAULT_BUDGET
from ctxreview.review.manifest import question_of
from ctxreview.tokens import Tokenizer, tokenizer
from ctxreview.workspace.roots import forget_roots, home_of
from ctxreview.workspace.selection import select
from ctxreview.workspace.selection_form import is_member, path_in

if TYPE_CHECKING:
    from ctxreview.callgraph.repository.index import Repository
    from ctxreview.llm.providers import Endpoint
    from ctxreview.workspace.files import Workspace


class Siblings:
    """Selections that point into one file, by the text that gave each, and their places in source order.

    Compared by identity: the places can be tens of thousands, and are asked for as often.
    """

    def __init__(self, selections: Mapping[str, Selection], spans: tuple[Span, ...]) -> None:
        self.selections = selections
        self.spans = spans


ALONE = Siblings({}, ())
"""Of a selection that no other is given with."""


Outliner = Callable[[Source, int | None, Wrappers, Siblings | None], Outline]
"""Outlines a file, as :func:`ctxreview.outline.outline` does; with siblings the functions around these alone."""


class Options(NamedTuple):
    """What was asked for, the same for all selections of a run.

    ``root`` is ``None`` to find the repository around each selection. ``budget`` is the size of the largest prompt in
    tokens, ``None`` where the repository may set it, and ``default_budget`` the one where it does not. ``fixed`` are the
    tokens of every prompt that no selection changes. Callers are followed for ``hops`` calls in a row.
    ``token_counter`` has the provider count a finished prompt, with the name the count goes by.
    """

    root: Path | None
    question: str
    hops: int
    budget: int | None
    default_budget: int
    tokenizer: Tokenizer
    checklist: tuple[lists.Item, ...]
    fixed: int
    token_counter: tuple[str, Callable[[Prompt], int]] | None = None


class Settings(NamedTuple):
    """What the options and the settings of one repository come to; ``budget`` and ``fixed`` are in tokens."""

    project: Project
    budget: int
    checklist: tuple[lists.Item, ...]
    fixed: int


class Request(NamedTuple):
    """One selection, with what its review needs; ``siblings`` are all selections in its file, itself among them.

    ``repository`` is ``None`` where callers are not followed. ``outline`` reads each file once a run.
    """

    selection: Selection
    options: Options
    settings: Settings
    repository: Repository | None
    outline: Outliner
    siblings: Siblings


class Version(NamedTuple):
    """A version of a repository that a run reads in the place of the files on the disk.

    ``place`` has its files, ``edited`` other texts of some of them, and ``selections`` what is asked about, by the text that names each.
    """

    place: Workspace
    edited: tuple[Source, ...]
    selections: Mapping[str, Selection]


class Run:
    """What one run reads once, however many selections it has: settings, outlines, and the files of repositories."""

    def __init__(self, version: Version | None = None) -> None:
        """``version`` is what the selections are of, where that is not the disk."""
        forget_roots()
        self._version = version
        self.project = lru_cache(maxsize=64)(project)
        self.outline: Outliner = kept(16)(_outlined)
        self._settings = lru_cache(maxsize=64)(self._settled)
        self._about = lru_cache(maxsize=64)(about)
        self._repository = lru_cache(maxsize=8)(self._opened)

    @property
    def version(self) -> Version | None:
        """What the selections are of, where that is not the disk."""
        return self._version

    def select(self, given: str, root: Path | None, text: str | None = None) -> Selection:
        """The selection that a text names; ``text`` is its file's text where that is not on disk. Raises :class:`SourceError`."""
        known = self._version.selections.get(given) if self._version is not None else None
        if known is not None:
            return known
        if is_member(given):
            from ctxreview.review.member_selection import select_member

            return select_member(given, root, text)
        return select(given, root, text)

    def resolve(
        self, given: str | Selection, options: Options, siblings: Siblings = ALONE, text: str | None = None
    ) -> Request:
        """The request for one selection; ``text`` is its file's text where that is not on disk. One of a manifest may have its own question.

        Raises :class:`SourceError` where nothing can be selected, and :class:`ConfigError` where the repository's
        settings are wrong.
        """
        if question := question_of(given):
            options = self._about(options, question)
        in_memory = text is not None or isinstance(given, Selection)
        if isinstance(given, Selection):
            selection = given
        else:
            selection = siblings.selections.get(given) or self.select(given, options.root, text)
        root = selection.source.root
        settings = self._settings(root, options)
        repository = None
        if options.hops:
            language = language_of(selection.source.path).name
            repository = self._repository(root, language, settings.project.scopes)
            if in_memory:
                repository = repository.edited(selection.source)
        if not siblings.spans:
            siblings = Siblings({}, (selection.span,))
        return Request(selection, options, settings, repository, self.outline, siblings)

    def prepare(self, given: Iterable[str], root: Path | None) -> None:
        """Read the settings of the repositories that the selections point into, for processes that are forked next.

        What is wrong with them is reported when a selection is resolved.
        """
        folders = {str(Path(path_in(one)).parent) for one in given} if root is None else {""}
        for folder in folders:
            with contextlib.suppress(CtxreviewError, OSError, ValueError, RuntimeError):
                self.project(home_of(folder, root))

    def _opened(self, root: Path, language: str, wrappers: Wrappers) -> Repository:
        from ctxreview.callgraph.repository.index import open_repository, repository_of

        if self._version is not None and root == self._version.place.root:
            return repository_of(self._version.place, language, wrappers).edited(*self._version.edited)
        return open_repository(root, language, wrappers)

    def _settled(self, root: Path, options: Options) -> Settings:
        own = self.project(root)
        budget = options.budget or own.budget or options.default_budget
        if not own.checklist:
            return Settings(own, budget, options.checklist, options.fixed)
        from ctxreview.redact import redact

        known = {item.id for item in options.checklist}
        for item in own.checklist:
            if item.id in known:
                raise ConfigError(f"{own.path}: the checklist already has an item {item.id}; use a new id.")
        added = (lists.Item(item.id, redact(item.question).text) for item in own.checklist)
        items = (*options.checklist, *added)
        return Settings(own, budget, items, fixed_tokens(options.question, items, options.tokenizer))


def _outlined(source: Source, keep: int | None, wrappers: Wrappers, within: Siblings | None) -> Outline:
    return outline(source, keep, wrappers, within.spans if within is not None else None)


def options(
    root: Path | None,
    hops: int,
    budget: int | None,
    question: str,
    model: str | None = None,
    endpoint: Endpoint | None = None,
    exact: bool = False,
) -> Options:
    """The options of a person, completed by the user's settings; ``budget`` is in tokens.

    With ``exact`` the provider counts the prompts. Raises :class:`ConfigError` for a budget that is none, a root that is
    no folder, and a provider that does not count.
    """
    if budget is not None and budget < 1:
        raise ConfigError(
            f"--budget {budget}: give the maximum number of tokens of the prompt, such as {DEFAULT_BUDGET}."
        )
    if root is not None and not root.is_dir():
        raise ConfigError(f"--root {root}: is not a folder.")
    default = budget or user().get("budget") or _budget(endpoint)
    # Bytes of the command line that are not text arrive as surrogates, which no file and no request can hold.
    question = question.encode("utf-8", "replace").decode()
    counted = tokenizer(model)
    checklist = lists.load(prompt_file("checklists/concurrency.toml"))
    fixed = fixed_tokens(question, checklist, counted)
    counter = _counter(endpoint) if exact else None
    return Options(root, question, hops, budget, default, counted, checklist, fixed, counter)


def about(options: Options, question: str) -> Options:
    """The options with another question."""
    asked = question.encode("utf-8", "replace").decode()
    return options._replace(question=asked, fixed=fixed_tokens(asked, options.checklist, options.tokenizer))


def _budget(endpoint: Endpoint | None) -> int:
    """The largest prompt where nobody set one."""
    if endpoint is None:
        return DEFAULT_BUDGET
    from ctxreview.llm.providers import BUDGETS

    return BUDGETS.get(endpoint.provider, DEFAULT_BUDGET)


def _counter(endpoint: Endpoint | None) -> tuple[str, Callable[[Prompt], int]]:
    from ctxreview.llm.providers import COUNTING, count_tokens

    if endpoint is None or endpoint.provider not in COUNTING:
        raise ConfigError(f"--exact-tokens needs a provider that counts tokens: {', '.join(COUNTING)}.")
    return endpoint.provider, lambda made: count_tokens(endpoint, made)
