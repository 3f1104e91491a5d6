"""What is selected and what holds it, in words."""

from __future__ import annotations

from ctxreview.context.protected import sentence
from ctxreview.context.visible import one_line
from ctxreview.model.phrases import at_lines, listed, numbers
from ctxreview.model.regions import Region
from ctxreview.model.review import Context
from ctxreview.reports.places import scope_lines, scope_word

MOST_BESIDE = 3
"""Functions beside each other that are named."""


def selected(value: Context) -> str:
    """What is selected: ``method Take of Stock``, ``lambda in method Take of Stock``, ``method Take and method Return of Stock``."""
    names = [f"{f.kind}{f' {f.name}' if f.name != f.kind else ''}" for f in value.functions]
    if not names:
        return "outside every function"
    first, last = value.functions[0], value.functions[-1]
    nested = last.span.contains(first.span)
    said = " in ".join(names) if nested else listed(names, MOST_BESIDE)
    alike = len({f.container for f in value.functions}) == 1 or nested
    return one_line(f"{said} of {last.container}" if last.container and alike else said)


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
    told = [(scope, holder(scope, value, whole=scope in enclosing)) for scope in value.touched]
    protects = {p.region: s for p in value.protections if (s := sentence(p))}
    return [
        (line, list(dict.fromkeys(protects[s] for s, text in told if text == line and s in protects)))
        for line in dict.fromkeys(text for _, text in told)
    ]


def holder(scope: Region, value: Context, *, whole: bool) -> str:
    """What is said of a scope that holds the selection, the ``whole`` of it or a part."""
    source = value.source_of(scope)
    what = scope_word(scope.kind, scope.mode)
    on = f" on `{scope.resource}`" if scope.resource and scope.kind == "lock" else ""
    construct = "" if scope.construct.lower() == what else f" {scope.construct}"
    parts = [f"{what}{construct}{on}, {scope.path}:{numbers(*scope_lines(scope, value))}"]
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
