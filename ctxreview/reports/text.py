"""A context for a terminal: code with the scopes drawn in the margin, and what is known."""

from __future__ import annotations

from collections.abc import Iterator

from ctxreview.context.listing import file_listings, redacted, shown_lines
from ctxreview.context.proofs import proven, suggested
from ctxreview.context.visible import one_line
from ctxreview.model.phrases import place
from ctxreview.model.review import Context
from ctxreview.reports.paint import Paint
from ctxreview.reports.places import scope_lines
from ctxreview.reports.words import (
    left_out,
    seen,
)


def context_text(value: Context, colour: bool = False) -> str:
    """The context for people: code with the scopes drawn in the margin, then what is known and what is not."""
    paint = Paint(colour)
    return "\n".join(
        [
            *selection_text(value, paint),
            "",
            *code_text(value, paint),
            *other_files_text(value, paint),
            "",
            *known_text(value, paint),
            "",
        ]
    )


def selection_text(value: Context, paint: Paint) -> Iterator[str]:
    """Where the selection is: the file, the functions around it, and whether it is in a scope."""
    first, last = value.selection.lines
    source = value.selection.source
    yield paint(one_line(f"{value.path}, {place(first, last)}"), "bold")
    for function in value.functions:
        inside = f" of {function.container}" if function.container else ""
        name = f" {function.name}" if function.name != function.kind else ""
        yield f"  {one_line(f'{function.kind}{name}{inside}, {place(*source.lines_of(function.span))}')}"
    if not value.functions:
        yield "  outside every function"
    yield f"  verdict: {paint(value.verdict, 'bold')}"


def code_text(value: Context, paint: Paint) -> Iterator[str]:
    """The code of the selected file, with the scopes drawn in the margin."""
    source = value.selection.source
    first, last = value.selection.lines
    shown = shown_lines([e for e in value.excerpts if e.source.path == source.path], source)
    scopes = [(s, *scope_lines(s, value)) for s in value.scopes if not s.path]
    width = len(str(max(shown, default=1)))
    lines = redacted(source)
    previous = 0
    for number in sorted(shown):
        line = lines[number - 1]
        if not shown[number]:
            continue
        if previous and number > previous + 1:
            yield f"{'':{width + 2}}{paint('…', 'dim')}"
        previous = number
        chosen = first <= number <= last
        margin = "".join(_margin(number, a, b, s in value.enclosing, paint) for s, a, b in scopes)
        mark = paint(">", "bold", "yellow") if chosen else " "
        yield f"{mark} {number:{width}} {margin} {paint(line, 'bold') if chosen else line}".rstrip()


def other_files_text(value: Context, paint: Paint) -> Iterator[str]:
    """What the model sees of other files."""
    for source, code in file_listings(value):
        if source.path != value.path:
            yield ""
            yield paint(one_line(source.path), "bold")
            yield from code.split("\n")


def _margin(number: int, first: int, last: int, encloses: bool, paint: Paint) -> str:
    sign = " "
    if first <= number <= last:
        sign = "╶" if first == last else "┌" if number == first else "└" if number == last else "│"
    return sign if sign == " " else paint(sign, "green" if encloses else "dim")


def known_text(value: Context, paint: Paint) -> Iterator[str]:
    """What the source proves, what names suggest, and what the model sees and does not see."""
    said = proven(value)
    if said:
        yield paint("What the source proves", "bold")
        yield from (f"  - {one_line(s)}" for s in said)
    likely = suggested(value)
    if likely:
        yield paint("What names suggest", "bold")
        yield from (f"  - {one_line(s)}" for s in likely)
    yield paint("What the model sees", "bold")
    yield from (f"  - {one_line(s)}" for s in seen(value))
    yield paint("What it does not see", "bold")
    yield from (f"  - {one_line(s)}" for s in (*value.blind_spots, *left_out(value)))
    tokens = value.tokens
    how = "estimated" if tokens.tokenizer == "estimate" else f"counted with {tokens.tokenizer}"
    yield f"About {tokens.prompt:,} of {tokens.budget:,} tokens ({how})."
