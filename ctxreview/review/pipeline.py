"""The picture of the house as code: a selection goes in, a checked review comes out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ctxreview.config import Project, project, prompt_file
from ctxreview.context import build as contexts
from ctxreview.errors import ConfigError, ReplyError
from ctxreview.model.declarations import Function
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Wrappers
from ctxreview.model.review import (
    Completion,
    Context,
    Finding,
    GuardResult,
    Prompt,
    Reply,
    Review,
    Suggestion,
    Surroundings,
    Tokens,
    Usage,
)
from ctxreview.model.source import Selection, Source
from ctxreview.outline import outline
from ctxreview.prompt import build as prompts
from ctxreview.prompt import checklist as lists
from ctxreview.prompt.request import Job, Provider, Siblings, total
from ctxreview.tokens import Tokenizer
from ctxreview.workspace.selection import select

if TYPE_CHECKING:
    from ctxreview.callgraph.index import Repository


def job(root: Path | None, budget: int, tokenizer: Tokenizer, question: str) -> Job:
    """A job with the checklist in force."""
    checklist = lists.load(prompt_file("checklists/concurrency.toml"))
    return Job(root, budget, tokenizer, checklist, question, prompts.fixed_tokens(question, checklist, tokenizer))


def context_of(given: str, job: Job) -> Context:
    """Everything the model would be told about one selection."""
    selection = job.siblings.selections.get(given) or select(given, job.root)
    source, own = selection.source, project(selection.source.root).scopes
    job = with_project_settings(job, source.root)

    def built(within: Siblings | None) -> Context:
        found = outlined(source, None, own, within)
        dark = next((d for d in found.parse.inactive if d.overlaps(selection.span)), None)
        if dark is not None:
            # `#if` had to be decided to read the file: it is decided again, for the branch that holds the selection.
            keep = dark.end - len(source.data[dark.start : dark.end].lstrip())
            found = outlined(source, keep, own, _alone(selection) if within is not None else None)
        if not job.hops:
            return contexts.build(selection, found, job.budget, job.tokenizer, job.fixed)
        return _with_repository(selection, found, own, job)

    if job.whole:
        return built(None)
    context = built(job.siblings if job.siblings.spans else _alone(selection))
    return context if all(context.outline.has_read(f.span) for f in context.functions) else built(None)


def _alone(selection: Selection) -> Siblings:
    return Siblings({}, (selection.span,))


def _with_repository(selection: Selection, found: Outline, own: Wrappers, job: Job) -> Context:
    """The context with what the repository around the file says."""
    from ctxreview.callgraph.surroundings import surroundings
    from ctxreview.callgraph.wrappers import expect, wrapped

    repository = repository_at(selection.source.root, found.language, own)
    repository.trim()
    selected = [m.span for m in found.outermost if m.span.overlaps(selection.span) and found.has_read(m.span)]
    wrappers = expect(((found, span) for span in selected), repository)
    found = wrapped(found, selected, repository, wrappers)

    def look(outline: Outline, functions: Sequence[Function]) -> Surroundings:
        return surroundings(outline, functions, repository, job.hops)

    return contexts.build(selection, found, job.budget, job.tokenizer, job.fixed, look)


@lru_cache(maxsize=8)
def repository_at(root: Path, language: str, own: Wrappers) -> Repository:
    """The repository under ``root``, once however many selections look into it."""
    from ctxreview.callgraph.index import open_repository

    return open_repository(root, language, own)


def with_project_settings(job: Job, root: Path) -> Job:
    """``job`` with what the repository at ``root`` sets: questions of its own, and the budget where it is tunable."""
    own = project(root)
    if own.budget is not None and job.budget_from_project:
        job = job._replace(budget=own.budget)
    if not own.checklist or job.checklist[-len(own.checklist) :] == _items(own):
        return job
    known = {item.id for item in job.checklist}
    for item in own.checklist:
        if item.id in known:
            raise ConfigError(f"{own.path}: there is an item {item.id} already; a project adds items with new ids.")
    items = (*job.checklist, *_items(own))
    return job._replace(checklist=items, fixed=prompts.fixed_tokens(job.question, items, job.tokenizer))


def _items(own: Project) -> tuple[lists.Item, ...]:
    from ctxreview.redact import redact

    return tuple(lists.Item(item.id, redact(item.question).text) for item in own.checklist)


@lru_cache(maxsize=512)
def outlined(source: Source, keep: int | None, own: Wrappers, within: Siblings | None = None) -> Outline:
    """The outline of a file, once however many selections point into it; see :func:`ctxreview.outline.outline`."""
    return outline(source, keep, own, within.spans if within is not None else None)


def prompt_of(context: Context, job: Job) -> Prompt:
    """The finished prompt for a context. Raises :class:`BudgetError` when it is counted to be over the budget."""
    job = with_project_settings(job, context.selection.source.root)
    prompt = prompts.build(context, job.question, job.checklist, job.tokenizer)
    if job.token_counter is None:
        return prompt
    name, count = job.token_counter
    return prompts.within(prompt._replace(tokens=Tokens(count(prompt), job.budget, name)), context)


def sent_of(prompt: Prompt, context: Context, job: Job) -> Prompt:
    """What is sent for a finished prompt: itself, or with ``bare`` the same with the secrets in it."""
    if not job.unredacted:
        return prompt
    job = with_project_settings(job, context.selection.source.root)
    return prompts.build(context, job.question, job.checklist, job.tokenizer, bare=True)


def review(given: str, job: Job, provider: Provider | None) -> Review:
    """Review one selection; without a provider, as far as the source alone goes."""
    context = context_of(given, job)
    job = with_project_settings(job, context.selection.source.root)
    prompt = prompt_of(context, job)
    hazards, ignored = split_ignored(hazards_of(context), project(context.selection.source.root))
    if provider is None:
        answers = tuple(lists.answer(item, context) for item in job.checklist)
        return Review(job.question, context, prompt, hazards, answers, suggestions=(), ignored=ignored)
    from ctxreview.reports.plan import replaced

    reply, completion = _ask(provider, sent_of(prompt, context, job), job, context)
    return Review(
        question=job.question,
        context=context,
        prompt=prompt,
        hazards=hazards,
        checklist=reply.checklist,
        suggestions=guarded(reply.suggestions, context, job.hops),
        summary=reply.summary,
        provider=completion.provider,
        model=completion.model,
        usage=completion.usage,
        reply=completion.text,
        from_store=completion.stored,
        ignored=ignored,
        bare=replaced(prompt, context) if job.unredacted else None,
    )


def record(value: Review, key: str, keep_days: int) -> int:
    """Keep a finished review for which a model was asked, and give its number in the store.

    Raises :class:`StoreError` when it cannot be kept.
    """
    import json
    from hashlib import sha256

    from ctxreview.guard.check import worst
    from ctxreview.llm import store
    from ctxreview.prompt.reply import unfenced
    from ctxreview.reports import document

    context, usage = value.context, value.usage or Usage(None, None)
    first, last = context.selection.lines
    seen = document.dumps(document.context(context))
    return store.record(
        {
            "key": key,
            "repository": str(context.selection.source.root),
            "selection": f"{context.path}:{first}-{last}",
            "question": value.question,
            "context_digest": sha256(seen.encode()).hexdigest(),
            "provider": value.provider,
            "model": value.model,
            "system": value.prompt.system,
            "user": value.prompt.user,
            "reply": json.loads(unfenced(value.reply)),
            "document": document.review(value),
            "verdict": worst([g.verdict for g in value.suggestions]) if value.suggestions else "",
            "prompt_tokens": usage.prompt_tokens,
            "reply_tokens": usage.reply_tokens,
            "cost": usage.cost,
            "answered_from": value.from_store,
            "source_digest": sha256(context.selection.source.data).hexdigest(),
        },
        keep_days,
    )


def hazards_of(context: Context) -> tuple[Finding, ...]:
    """The hazards that stand in the functions and scopes of the selection."""
    from ctxreview import rules

    source = context.selection.source
    spans = [*(f.span for f in context.functions), *(s.span for s in context.scopes)]
    lines = [source.lines_of(s) for s in spans]
    return tuple(
        f for f in rules.check(context.outline) if any(a <= f.at.start_line and f.at.end_line <= b for a, b in lines)
    )


def split_ignored(found: tuple[Finding, ...], own: Project) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """The hazards to show, and those of rules that the project ignores. Raises where there is no such rule."""
    from ctxreview.rules import RULES

    known = [rule.ID for rule in RULES]
    for rule in own.ignore:
        if rule not in known:
            near = get_close_matches(rule, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"the rules are {', '.join(known)}."
            raise ConfigError(f"{own.path}: ignore names {rule}, which is no rule; {hint}")
    return tuple(f for f in found if f.rule not in own.ignore), tuple(f for f in found if f.rule in own.ignore)


def guarded(suggestions: Iterable[Suggestion], context: Context, hops: int) -> tuple[GuardResult, ...]:
    """Each suggestion with the guard's verdict; without ``hops`` by the file alone."""
    from ctxreview.guard.check import guard

    source = context.selection.source
    repository = repository_at(source.root, context.outline.language, project(source.root).scopes) if hops else None
    return tuple(guard(context, s, repository, hops) for s in suggestions)


def _ask(provider: Provider, prompt: Prompt, job: Job, context: Context) -> tuple[Reply, Completion]:
    """The parsed and verified reply; a reply in the wrong form gets one chance to be mended."""
    import logging

    from ctxreview.prompt.reply import parse, verify

    if job.unredacted:
        provider = redacting_replies(provider, job, context)
    completion = provider(prompt)
    try:
        return verify(parse(completion.text, job.checklist), context), completion
    except ReplyError as error:
        logging.getLogger(__name__).info("Asking once more for the form. %s", error)
        again = prompt._replace(
            user=f"{prompt.user}\nYour last reply could not be used. {error} Reply again with the JSON object alone.\n",
        )
        second = provider(again)
        usage = total(completion.usage, second.usage)
        try:
            return verify(parse(second.text, job.checklist), context), second._replace(usage=usage)
        except ReplyError as still:
            raise ReplyError(
                f"{completion.provider} ({completion.model}) answered twice in a form that cannot be read; nothing was reviewed. {still}"
            ) from None


def redacting_replies(provider: Provider, job: Job, context: Context) -> Provider:
    """``provider``, whose answers have none of the secrets that it was sent: what is shown and kept never has."""
    from ctxreview.redact import masked, redact

    sources = {s.path: s for s in (context.selection.source, *(e.source for e in context.excerpts))}.values()
    texts = [job.question, *(s.data.decode("utf-8", "replace") for s in sources)]
    secrets = [secret for text in texts for secret in redact(text).secrets]

    def ask(prompt: Prompt) -> Completion:
        completion = provider(prompt)
        return completion._replace(text=masked(completion.text, secrets))

    return ask
