"""A context for a terminal: where the selection is and what holds it, what is known and what is not, then the code."""

from __future__ import annotations

from collections.abc import Iterator

from ctxreview.context.listing import shown_lines
from ctxreview.context.proofs import proven, suggested
from ctxreview.context.protected import sentence
from ctxreview.context.visible import one_line
from ctxreview.model.phrases import amount, at_lines
from ctxreview.model.regions import Region
from ctxreview.model.review import Context
from ctxreview.reports.code_text import Sheet, other_files_text
from ctxreview.reports.layout import Layout
from ctxreview.reports.places import numbers, scope_lines, scope_word
from ctxreview.reports.words import omitted_parts, visible_parts

PLAIN = Layout()
MOST_NOT_SEEN = 8
"""Things that were not seen and are told one by one."""


def context_text(value: Context, layout: Layout = PLAIN) -> str:
    """The context for people: what the model is told, and all code that it sees."""
    shown = shown_lines([e for e in value.excerpts if e.source.path == value.path], value.selection.source)
    lines = [number for number in sorted(shown) if shown[number]]
    return "\n".join(
        [
            *layout.hang(f"{subject(value)}, {held(value)}", f"{value.verdict}: ", 2, "bold"),
            "",
            *holders_text(value, layout),
            *known_text(value, layout),
            "",
            *Sheet(value, layout, lines).lines(lines),
            *other_files_text(value, layout),
            "",
        ]
    )


def verdict_of(value: Context) -> str:
    """The verdict on a context in a line, as it is listed with others."""
    return f"{value.verdict}: {subject(value)}, {held(value)}"


def subject(value: Context) -> str:
    """What is selected and where: ``method Take of Stock, src/Stock.cs:28-31``."""
    return one_line(f"{selected(value)}, {value.path}:{numbers(*value.selection.lines)}")


def selected(value: Context) -> str:
    """What is selected: ``method Take of Stock``."""
    names = [f"{f.kind}{f' {f.name}' if f.name != f.kind else ''}" for f in value.functions]
    inside = f" of {value.functions[-1].container}" if value.functions and value.functions[-1].container else ""
    return one_line(f"{' in '.join(names)}{inside}" if names else "outside every function")


def held(value: Context) -> str:
    """What holds the selection, in a few words."""
    kinds = list(dict.fromkeys(s.kind for s in value.touched if s.certainty != "assumed"))
    if kinds:
        return "under " + " and ".join(f"a {kind}" for kind in kinds)
    if value.verdict == "no-scope-found":
        return "with no transaction or lock around it"
    return "with no transaction or lock that is known for certain"


def holders(value: Context) -> list[tuple[str, list[str]]]:
    """What is said of each scope that holds the selection or a part of it, and of what it protects."""
    enclosing = frozenset(value.enclosing)
    told = [(scope, _holder(scope, value, whole=scope in enclosing)) for scope in value.touched]
    protects = {p.region: s for p in value.protections if (s := sentence(p))}
    return [
        (line, list(dict.fromkeys(protects[s] for s, text in told if text == line and s in protects)))
        for line in dict.fromkeys(text for _, text in told)
    ]


def holders_text(value: Context, layout: Layout) -> Iterator[str]:
    """What holds the selection or a part of it: a line for each scope, and what it protects."""
    if not value.touched:
        return
    yield layout.paint("What holds the selection", "bold")
    for line, protects in holders(value):
        yield from layout.hang(one_line(line), "  ", 4)
        for said in protects:
            yield from layout.hang(one_line(said), "    ", 4)
    yield ""


def _holder(scope: Region, value: Context, *, whole: bool) -> str:
    source = value.source_of(scope)
    what = scope_word(scope.kind, scope.mode)
    on = f" on `{scope.resource}`" if scope.resource and scope.kind == "lock" else ""
    parts = [f"{what} {scope.construct}{on}, {scope.path}:{numbers(*scope_lines(scope, value))}"]
    if not whole:
        parts.append("around a part of it")
    if scope.via:
        parts.append(f"held by {' and then '.join(map(str, scope.via))}")
    if scope.mode not in ("", "exclusive", "retried", "suppressed"):
        parts.append(scope.mode)
    if scope.isolation is not None and scope.mode != "suppressed":
        parts.append(f"isolation {scope.isolation.text}")
    if scope.async_flow is not None:
        parts.append("flows over await" if scope.async_flow else "does not flow over await")
    if scope.completes_at:
        parts.append(f"completes at {at_lines([source.line_of(c.start) for c in scope.completes_at])}")
    if scope.exits and scope.kind == "transaction":
        parts.append(f"left without completing at {at_lines([source.line_of(e.start) for e in scope.exits])}")
    if scope.certainty == "assumed":
        parts.append("assumed from names")
    return f"{'; '.join(parts)}."


def known_text(value: Context, layout: Layout) -> Iterator[str]:
    """What the source proves, what names suggest, and what the model sees and does not see."""
    parts = (
        ("What the source proves", proven(value)),
        ("What names suggest", suggested(value)),
        ("What the model sees", tuple(visible_parts(value))),
        ("What it does not see", (*value.unseen, *omitted_parts(value))),
    )
    for heading, said in parts:
        if said:
            yield layout.paint(heading, "bold")
        for each in said:
            yield from layout.hang(one_line(each), "  - ", 4)
    tokens = value.tokens
    how = "estimated" if tokens.tokenizer == "estimate" else f"counted with {tokens.tokenizer}"
    yield f"About {tokens.prompt:,} of {tokens.budget:,} tokens ({how})."


def not_seen_text(value: Context, layout: Layout) -> Iterator[str]:
    """What was not seen and a person can look at, or have shown."""
    said = [*value.unseen]
    said += omitted_parts(value._replace(omitted=tuple(o for o in value.omitted if o.for_room)))
    if not said:
        return
    yield layout.paint("What was not seen", "bold")
    for each in said[:MOST_NOT_SEEN]:
        yield from layout.hang(one_line(each), "  - ", 4)
    if len(said) > MOST_NOT_SEEN:
        yield f"  - {amount(len(said) - MOST_NOT_SEEN, 'thing', 'more')}; -v lists all."
    yield ""
