"""What a person asks for where the code is: a review, the prompt, the check of an answer, a comment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ctxreview.context.visible import one_line
from ctxreview.errors import ConfigError, SourceError
from ctxreview.model.phrases import amount
from ctxreview.model.review import Finding
from ctxreview.model.source import Source
from ctxreview.review import DEFAULT_QUESTION
from ctxreview.review.request import Request, Run, options
from ctxreview.servers.lsp import Served
from ctxreview.servers.lsp.buffers import Buffer


class Answered(NamedTuple):
    """What came of it: one sentence for the person, and a text to be read, as Markdown."""

    sentence: str
    text: str
    findings: tuple[Finding, ...] = ()
    verdict: str = ""


def review(buffer: Buffer, lines: tuple[int, int], served: Served, say: Callable[[str], None]) -> Answered:
    """A model's review, kept as that of the command is; without a model what the source alone proves. Raises as the command does."""
    from ctxreview.llm.prices import Account
    from ctxreview.llm.providers import resolve_model
    from ctxreview.reports.report import report
    from ctxreview.reports.review_text import verdict_line
    from ctxreview.reports.shown import reviewed
    from ctxreview.review import pipeline
    from ctxreview.review.ask import provider_for
    from ctxreview.review.endpoints import endpoint_of, limits
    from ctxreview.review.keeping import Keeper, keep_review

    endpoint = endpoint_of(served.provider, served.model, served.base_url)
    endpoint = resolve_model(endpoint) if endpoint is not None else None
    chosen = options(None, served.hops, None, DEFAULT_QUESTION, endpoint.model if endpoint else None, endpoint)
    request = Run().resolve(buffer.selection(*lines), chosen)
    asks = provider_for(endpoint, False, Account(limits(None, None)), say, live=False) if endpoint is not None else None
    value = pipeline.review(request, asks)
    if endpoint is not None:
        keep_review(value, endpoint, Keeper(say).review)
    made = reviewed([value])
    found = (*value.hazards, *(f for s in value.suggestions for f in s.findings))
    return Answered(one_line(verdict_line(made)), report(made, "markdown") + "\n", found, value.context.verdict)


def prompt(buffer: Buffer, lines: tuple[int, int], served: Served) -> Answered:
    """The finished prompt for any chat, secrets replaced."""
    from ctxreview.review.context import build
    from ctxreview.review.pipeline import render

    request = _request(buffer, lines, served)
    made = render(build(request, whole=False), request, form="chat")
    text = f"===== system =====\n{made.system}\n===== user =====\n{made.user}".rstrip("\n")
    return Answered(f"{made.tokens.prompt:,} tokens.", f"{text}\n")


def check(buffer: Buffer, lines: tuple[int, int], answer: str, served: Served) -> Answered:
    """A chat's answer held against the scopes of a buffer, in memory: nothing of it is applied."""
    from ctxreview.guard import check as guards
    from ctxreview.reports.ci import build_text
    from ctxreview.reports.ci.gathered import of_guard
    from ctxreview.review.context import build_to_compare
    from ctxreview.review.pipeline import check_suggestions

    if not answer.strip():
        raise ConfigError("The clipboard has no text; copy the chat's answer first.")
    request = _request(buffer, lines, served)
    value = build_to_compare(request)
    checked = check_suggestions(guards.suggestions(answer, value), value, request)
    verdict = guards.worst([c.verdict for c in checked])
    found = of_guard(checked, value)
    counts = f"{amount(len(checked), 'suggestion')}, {amount(len(found.rows), 'finding')}"
    findings = tuple(row.finding for row in found.rows)
    return Answered(
        f"{verdict}: {counts}. Nothing was applied.", f"{build_text('markdown', found)}\n", findings, verdict
    )


def comment(buffer: Buffer, lines: tuple[int, int], served: Served) -> tuple[Source, Source, str]:
    """The file and the file with the comment that says why a scope of these lines is there, made from facts, and a sentence on it.

    Raises :class:`SourceError` where there is no scope to explain, where that is done already, and where nothing is known to say.
    """
    from ctxreview.intent import draft as intents
    from ctxreview.review.context import build
    from ctxreview.rules.scopes.missing_intent import is_told

    request = _request(buffer, lines, served)
    value = build(request)
    scope = intents.scope_of(value)
    source = value.selection.source
    where = f"{source.path}:{source.line_of(scope.opening.start)}"
    if is_told(scope, value.outline):
        raise SourceError(f"{where}: a comment already says why the {scope.construct} is there; nothing was drafted.")
    made = intents.draft(value, scope, request.options.tokenizer, None)
    return source, made.after, f"{where}: check that it is really why the {scope.construct} is there."


def copied(text: str) -> bool:
    """Whether a text is on the clipboard now."""
    import pyperclip

    try:
        pyperclip.copy(text)
        return bool(pyperclip.paste().splitlines() == text.splitlines())  # a failed helper program says nothing
    except pyperclip.PyperclipException:
        return False


def on_clipboard() -> str:
    """What the clipboard has. Raises :class:`ConfigError` where it cannot be read."""
    import pyperclip

    try:
        return str(pyperclip.paste())
    except pyperclip.PyperclipException:
        raise ConfigError("The clipboard cannot be read here; ctxreview doctor says what is missing.") from None


def added(before: Source, after: Source) -> tuple[int, Sequence[str]]:
    """The line (1-based) above which ``after`` has new lines, and these, with their ends."""
    start = next((i for i, (a, b) in enumerate(zip(before.data, after.data, strict=False)) if a != b), len(before.data))
    line = before.line_of(start)
    at = before.starts[line - 1]
    new = after.data[at : at + len(after.data) - len(before.data)]
    return line, new.decode("utf-8", "replace").splitlines(keepends=True)


def _request(buffer: Buffer, lines: tuple[int, int], served: Served) -> Request:
    return Run().resolve(buffer.selection(*lines), options(None, served.hops, None, DEFAULT_QUESTION))
