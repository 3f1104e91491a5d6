"""The picture of the house as code: a request goes in, a checked review comes out."""

from __future__ import annotations

from collections.abc import Iterable

from ctxreview.model.review import Context, GuardResult, Prompt, Review, Suggestion, Tokens
from ctxreview.prompt import build as prompts
from ctxreview.prompt.asking import Provider, Reader, ask_for_form, redacting_replies
from ctxreview.review.context import build
from ctxreview.review.request import Request


def review(
    request: Request, provider: Provider | None, *, unredacted: bool = False, read: Reader | None = None
) -> Review:
    """Review one selection; without a provider, as far as the source alone goes. Raises any :class:`CtxreviewError`.

    ``unredacted`` sends secrets as they stand in the code; ``read`` reads another form than the prompt asks for.
    """
    from ctxreview.review.hazards import hazards_of, split_ignored

    context = build(request)
    prompt = render(context, request)
    hazards, ignored = split_ignored(hazards_of(context), request.settings.project)
    made = Review(request.options.question, context, prompt, hazards, checklist=(), suggestions=(), ignored=ignored)
    if provider is None:
        from ctxreview.prompt.answers import answers

        return made._replace(checklist=answers(request.settings.checklist, context, request.repository))
    from ctxreview.prompt.reply import parse, verify
    from ctxreview.redact import replaced

    asks = redacting_replies(provider, _sources(context, request)) if unredacted else provider
    items = request.settings.checklist
    reply, completion = ask_for_form(
        asks,
        render(context, request, bare=True) if unredacted else prompt,
        lambda text: verify(read(text, items, context) if read else parse(text, items), context),
        "in a form that cannot be read; nothing was reviewed.",
    )
    return made._replace(
        checklist=reply.checklist,
        suggestions=check_suggestions(reply.suggestions, context, request),
        problems=reply.problems,
        summary=reply.summary,
        provider=completion.provider,
        model=completion.model,
        usage=completion.usage if read is None else None,  # else nobody was asked here
        reply=completion.text,
        from_store=completion.stored,
        bare=replaced(prompt.user, context.selection.source.data.decode("utf-8", "replace")) if unredacted else None,
    )


def render(context: Context, request: Request, *, bare: bool = False, form: prompts.ReplyForm = "json") -> Prompt:
    """The finished prompt for a context, secrets replaced unless ``bare``, whose reply is asked for in ``form``.

    Raises :class:`BudgetError` when it is counted to be over the budget.
    """
    options, settings = request.options, request.settings
    prompt = prompts.build(context, options.question, settings.checklist, options.tokenizer, bare, form)
    if bare or options.token_counter is None:
        return prompt
    name, count = options.token_counter
    return prompts.within(prompt._replace(tokens=Tokens(count(prompt), settings.budget, name)), context)


def check_suggestions(suggestions: Iterable[Suggestion], context: Context, request: Request) -> tuple[GuardResult, ...]:
    """Each suggestion with the guard's verdict; where callers are not followed, by the file alone."""
    from ctxreview.guard.check import guard

    return tuple(guard(context, s, request.repository, request.options.hops) for s in suggestions)


def _sources(context: Context, request: Request) -> list[str]:
    """Every text that a prompt takes something from."""
    sources = {s.path: s.data for s in (context.selection.source, *(e.source for e in context.excerpts))}
    return [request.options.question, *(data.decode("utf-8", "replace") for data in sources.values())]
