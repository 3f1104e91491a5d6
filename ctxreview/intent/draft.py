"""The comment that says why a transaction or lock is there: which scope is meant, what is drafted, where it goes.

A draft for a person: drafted by a model that gets the whole context, or from what the source proves of the scope.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from ctxreview import rules
from ctxreview.errors import ReplyError, SourceError
from ctxreview.intent.answer import sentences_from_answer
from ctxreview.intent.comment import comment_lines
from ctxreview.intent.facts import sentences_from_facts
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Context, Prompt, Review
from ctxreview.model.source import Source, Span
from ctxreview.outline import outline
from ctxreview.prompt import build as prompts
from ctxreview.prompt.asking import Provider, ask_for_form
from ctxreview.prompt.limits import unfenced
from ctxreview.rules.scopes.missing_intent import FORMS, is_told, statement_line
from ctxreview.tokens import Tokenizer

QUESTION = "Draft the comment that says why this transaction or lock is here."
TEMPLATE = "intent.md.j2"
SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"comment": {"type": "string"}},
    "required": ["comment"],
    "additionalProperties": False,
}


class Draft(NamedTuple):
    """A drafted comment: its lines without their indentation, and the file with it, in memory.

    ``review`` is what a model was asked and answered, ``None`` where none was.
    """

    comment: tuple[str, ...]
    after: Source
    review: Review | None = None


def scope_of(context: Context) -> Region:
    """The transaction or lock that is meant: the innermost around the selection, else the nearest in its functions.

    Raises :class:`SourceError` where a statement of this file opens none: there is nowhere to say why.
    """
    own = [s for s in context.scopes if not s.path and s.form in FORMS and s.certainty != "assumed"]
    held = [s for s in own if s in context.enclosing] or [s for s in own if s in context.touched]
    if held:
        return min(held, key=lambda s: s.span.size)
    if own:
        return min(
            own, key=lambda s: max(s.span.start - context.selection.span.end, context.selection.span.start - s.span.end)
        )
    first, last = context.selection.lines
    where = f"{context.path}:{first}-{last}"
    caller = next((s for s in context.scopes if s.path and s.form in ("caller", *FORMS)), None)
    if caller is not None:
        line = context.source_of(caller).line_of(caller.span.start)
        raise SourceError(
            f"{where}: the {caller.construct} that holds these lines is opened by a caller; its comment belongs there: "
            f"ctxreview intent {caller.path}:{line}."
        )
    other = next(iter(context.scopes), None)
    if other is not None:
        raise SourceError(
            f"{where}: the {other.construct} here may not have its own statement; write the comment by hand."
        )
    raise SourceError(
        f"{where}: neither these lines nor their function are under a transaction or lock; there is nothing to explain."
    )


def draft(context: Context, scope: Region, tokenizer: Tokenizer, provider: Provider | None) -> Draft:
    """The comment for a scope of the selected file, and the file with it.

    Raises :class:`ReplyError` when the model's answer cannot be used twice, and :class:`SourceError` when nothing is known
    to say, or the statement has no line above which a comment can stand.
    """
    told = sentences_from_facts(context, scope)
    if provider is None:
        if not told:
            line = context.selection.source.line_of(scope.opening.start)
            raise SourceError(
                f"{context.path}:{line}: nothing under the {scope.construct} shows why it is there; write the "
                "comment by hand, or let a model draft it (--provider)."
            )
        return _placed(told, scope, context.outline)
    prompt = prompt_of(context, scope, told, tokenizer)
    made, completion = ask_for_form(
        provider,
        prompt,
        lambda text: _answered(text, scope, context.outline),
        "with text that cannot be a comment; nothing was drafted.",
    )
    review = Review(
        question=QUESTION,
        context=context,
        prompt=prompt,
        hazards=(),
        checklist=(),
        suggestions=(),
        summary=" ".join(line.removeprefix("// ") for line in made.comment),
        provider=completion.provider,
        model=completion.model,
        usage=completion.usage,
        reply=completion.text,
        from_store=completion.stored,
    )
    return made._replace(review=review)


def prompt_of(context: Context, scope: Region, told: tuple[str, ...], tokenizer: Tokenizer) -> Prompt:
    """What a model is asked for the comment of one scope."""
    values = {
        "construct": prompts.sentence(scope.construct),
        "line": context.selection.source.line_of(scope.opening.start),
        "facts": [prompts.sentence(s) for s in told],
        "schema": json.dumps(SCHEMA),
    }
    return prompts.rendered(TEMPLATE, context, values, SCHEMA, tokenizer)


def _answered(text: str, scope: Region, before: Outline) -> Draft:
    try:
        answer = json.loads(unfenced(text))
    except (ValueError, RecursionError) as error:
        raise ReplyError(f"The reply is not in the requested form: {error}.") from None
    if not isinstance(answer, dict) or list(answer) != ["comment"] or not isinstance(answer["comment"], str):
        raise ReplyError('The reply is not in the requested form: {"comment": "..."}.')
    return _placed(sentences_from_answer(answer["comment"]), scope, before)


def _placed(sentences: tuple[str, ...], scope: Region, before: Outline) -> Draft:
    """The file with the comment above the scope's statement, in memory, outlined again and compared."""
    source = before.source
    line = statement_line(scope, before)
    head = source.line_of(scope.opening.start)
    if not source.data[source.starts[head - 1] : scope.opening.start].strip():
        line = head
    start = source.starts[line - 1]
    lead = source.data[start:][: len(source.data) - start - len(source.data[start:].lstrip(b" \t"))]
    comment = comment_lines([_kept(s, source) for s in sentences], len(lead.decode().expandtabs(4)))
    new = b"".join(lead + text.encode() + _line_end(source, line) for text in comment)
    after = Source(source.path, source.data[:start] + new + source.data[start:], source.encoding, source.root)
    at = scope.opening.start + len(new)
    changed = outline(after, at, before.wrappers._replace(calls=()))
    own = next((s for s in changed.regions if s.opening.start == at), None)
    if own is None or not _are_comments(Span(start, start + len(new)), changed) or rules.compare(before, changed):
        raise SourceError(
            f"{source.path}:{head}: the {scope.construct} does not start its own line, so no comment fits above it; write it by hand."
        )
    if not is_told(own, changed):
        raise ReplyError("The comment only repeats the statement: say what would go wrong without it.")
    return Draft(comment, after)


def _are_comments(added: Span, changed: Outline) -> bool:
    """Whether each line of ``added`` is a comment: in a text of several lines it would be a part of the text."""
    source = changed.source
    first, last = source.lines_of(added)
    there = {source.line_of(c.start) for c in changed.comments if added.contains(c)}
    return there == set(range(first, last + 1))


def _kept(text: str, source: Source) -> str:
    """``text`` in the characters that the file's encoding has."""
    return text.encode(source.encoding, "replace").decode(source.encoding)


def _line_end(source: Source, line: int) -> bytes:
    """The end of a line as it is in the file; that of the file's first line where it has none."""
    end = source.starts[line] if line < len(source.starts) else len(source.data)
    return source.data[source.line_span(line).end : end] or source.newline.encode()
