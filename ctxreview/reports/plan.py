"""What would be sent, before it is sent: as JSON and as text."""

from __future__ import annotations

from collections.abc import Iterator

from ctxreview.context.visible import visible
from ctxreview.llm.prices import CURRENCY, Plan
from ctxreview.model.review import Context, Prompt
from ctxreview.redact import redact, replaced
from ctxreview.reports.json_text import Document
from ctxreview.reports.words import counts_by_kind, visible_parts


def plan_document(
    context: Context, prompt: Prompt, plan: Plan | None, not_seen: tuple[str, ...], bare: bool
) -> Document:
    """The plan for one selection as ``ctxreview.dry-run/1``; without a plan no model would be asked.

    ``prompt`` is the one without secrets; with ``bare`` they would be sent.
    """
    first, last = context.selection.lines
    price = plan.price if plan else None
    kinds = _replaced(prompt, context)
    return {
        "schema": "ctxreview.dry-run/1",
        "selection": {"path": context.path, "start_line": first, "end_line": last},
        "provider": {"name": plan.provider, "model": plan.model or None, "endpoint": plan.address} if plan else None,
        "tokens": {
            "prompt": prompt.tokens.prompt,
            "reply_expected": plan.reply_expected if plan else None,
            "reply_at_most": plan.reply_most if plan else None,
            "budget": prompt.tokens.budget,
            "tokenizer": prompt.tokens.tokenizer,
        },
        "cost": {
            "expected": plan.expected,
            "at_most": plan.most,
            "currency": CURRENCY,
            "price_read": price.read,
            "source": price.source,
        }
        if plan and price
        else None,
        "redacted": {} if bare else kinds,
        **({"not_redacted": kinds} if bare else {}),
        "visibility": {"seen": list(visible_parts(context)), "not_seen": [redact(s).text for s in not_seen]},
        "refused": plan.refused or None if plan else None,
        "sent": False,
    }


def _replaced(prompt: Prompt, context: Context) -> dict[str, int]:
    return replaced(prompt.user, context.selection.source.data.decode("utf-8", "replace"))


def plan_text(context: Context, prompt: Prompt, plan: Plan | None, not_seen: tuple[str, ...], bare: bool) -> str:
    """The plan for one selection for people."""
    return "\n".join(_text(context, prompt, plan, not_seen, bare))


def _text(context: Context, prompt: Prompt, plan: Plan | None, not_seen: tuple[str, ...], bare: bool) -> Iterator[str]:
    yield "Nothing was sent. " + ("This is what a review would send:" if plan else "No model is configured.")
    about = "about " if prompt.tokens.tokenizer == "estimate" else ""
    if plan:
        yield f"  provider: {plan.provider}"
        yield f"  model: {plan.model or 'the one that the server has'}"
        yield f"  endpoint: {plan.address}"
    yield f"  prompt: {about}{prompt.tokens.prompt:,} tokens"
    if plan:
        yield f"  reply: about {plan.reply_expected:,} tokens expected, {plan.reply_most:,} at most"
        yield f"  cost: {_cost(plan)}"
    kinds = _replaced(prompt, context)
    yield f"  secrets {'sent unredacted' if bare else 'replaced'}: {counts_by_kind(kinds)}"
    yield "What the model would see"
    yield from (f"  - {redact(visible(s)).text}" for s in visible_parts(context))
    yield "What it would not see"
    yield from (f"  - {redact(visible(s)).text}" for s in not_seen)
    if plan and plan.refused:
        yield plan.refused


def _cost(plan: Plan) -> str:
    if plan.price is None:
        return "unknown; no price is known for this model at this address"
    if not (plan.price.prompt or plan.price.reply):
        return f"none; {plan.price.source}, without a provider that charges"
    if plan.expected is None or plan.most is None:
        return "unknown; no price is known for a prompt of this size"
    return (
        f"about ${plan.expected:.4f} expected, ${plan.most:.4f} at most, by the price of {plan.price.read} "
        f"({plan.price.source}); if the answer has the wrong form, it is requested once more"
    )
