"""What the findings about a scope that an edit changes have in common: the rule's id, how scopes, effects and code are named."""

from __future__ import annotations

from ctxreview.behaviour.effects import Effect
from ctxreview.behaviour.exclusion import Loss
from ctxreview.behaviour.places import scope_lines
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Lines, Span

RULE = "scope-change"


def finding_of(severity: Severity, message: str, question: str, at: Lines, *related: Lines) -> Finding:
    """A finding of the rule; a note informs, and is not held against the edit."""
    return Finding(RULE, severity, "syntactic", message, question, at, related, informs=severity == "note")


def loss_finding(old: Region, new: Region | None, loss: Loss, before: Outline) -> Finding:
    """What a lock or transaction no longer keeps, where no line of it tells."""
    name, it, now = f"{old.construct}{on_resource(old)}", named(loss.before), loss.after.at
    if "deferred" in loss.after.traits:
        message = f"{it} now happens when the result is enumerated, and no longer under the {name}."
        question = "Who enumerates it, and what if another thread changes it meanwhile?"
    elif any(h.region == old for h in (*loss.after.lapsed, *loss.before.holds)) and loss.after.lapsed:
        message = f"{it} runs in a task that the {name} does not wait for."
        question = "What if the lock or transaction ends before the task?"
    elif loss.what == "together" and loss.other is not None:
        message = f"{it} and {_continued(named(loss.other))} were one step under the {name}, and are now two."
        question = "What if another thread runs in between?"
    elif loss.what == "apart" and loss.other is not None:
        message = f"The {name} kept {_continued(it)} apart from {_continued(named(loss.other))}, and no longer does."
        question = "What does one see while the other runs?"
    else:
        message = f"{it} no longer happens under the {name}."
        question = "Must this still happen together with what remains under it?"
    related = [before_edit(old, before)]
    if loss.other is not None:
        related.insert(0, loss.other.at)
    return finding_of("high" if loss.certain else "medium", message, question, now, *related)


def _continued(sentence: str) -> str:
    """The first words of a sentence within one."""
    return f"{sentence[0].lower()}{sentence[1:]}"


def before_edit(scope: Region, outline: Outline) -> Lines:
    """Where a scope was before the edit."""
    return scope_lines(outline, scope)._replace(what=f"{scope.construct}, before the edit")


def named(effect: Effect) -> str:
    """An effect as people read it, as the first words of a sentence."""
    words = {"read": "The read of", "write": "The write of", "query": "The query by", "save": "The save by"}
    name = effect.name or (effect.place.of.rpartition(".")[2] if effect.place is not None else "")
    if effect.place is not None and effect.place.kind == "inside":
        name = effect.place.of.rpartition(".")[2]
    return f"{words.get(effect.kind, 'The call of')} `{name}`"


def quoted(code: list[str], rewritten: list[str]) -> str:
    """Lines of code as a message has them, at most three."""
    shown = [f"`{line if len(line) <= 60 else line[:59] + '…'}`" for line in code] + rewritten
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")


def on_resource(scope: Region) -> str:
    """What a lock is taken on, as a message goes on after its name."""
    return f" on `{scope.resource}`" if scope.kind == "lock" and scope.resource else ""


def one_of(construct: str) -> str:
    """A construct with its article: ``a lock`` or ``an AsyncLock``."""
    return f"{'an' if construct[:1] in 'AEIOaeio' else 'a'} {construct}"


def line_range(outline: Outline, span: Span) -> str:
    """The numbers of the first and last line."""
    first, last = outline.source.lines_of(span)
    return f"{first}-{last}"
