"""What is said of a transaction elsewhere than where it is opened: its isolation by a constant of the repository, that and its flow by an argument of a call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.callgraph.callers.callee import Callee
from ctxreview.callgraph.repository.declared import Declared
from ctxreview.callgraph.repository.index import Repository
from ctxreview.languages import load
from ctxreview.languages.words import any_of
from ctxreview.model.facts import Reference
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Isolation, Region
from ctxreview.model.review import Excerpt
from ctxreview.model.source import Span
from ctxreview.outline.excerpts import excerpt_of
from ctxreview.outline.symbols.signatures import arguments_written


class IsolationConstant(NamedTuple):
    """A constant that gives an isolation: where it is declared, in the outline of that file, and the level."""

    outline: Outline
    span: Span
    level: str

    @property
    def place(self) -> str:
        """``path:line``."""
        return f"{self.outline.source.path}:{self.outline.source.line_of(self.span.start)}"


def is_given_elsewhere(scope: Region) -> bool:
    """Whether the place that opens it names its isolation, and does not say what that is."""
    return scope.isolation is not None and scope.isolation.is_open


def with_level(scope: Region, found: IsolationConstant) -> Region:
    """The scope with the isolation that a constant gives."""
    name = scope.isolation.given_by if scope.isolation is not None else ""
    return scope._replace(
        isolation=Isolation(found.level, given_by=name),
        note=f"{scope.note} Its isolation is {name} ({found.place}).".strip(),
    )


def isolation_constant(outline: Outline, scope: Region, repository: Repository) -> IsolationConstant | None:
    """The constant, read-only field or static member of the repository that gives a scope's isolation."""
    named = re.fullmatch(
        r"(?:[\w.]*?(\w+)\.)?(\w+)(?:\(\))?", scope.isolation.given_by if scope.isolation is not None else ""
    )
    if named is None:
        return None
    home, words = outline.type_of(scope.opening), load(outline.language).words
    fixed = rf"\b{any_of(words.fixed | words.shared)}\b"
    if named[1] and named[1] not in words.own:
        known = repository.types.resolve(named[1], outline, scope.opening)
    else:
        own = Declared(outline, home) if home is not None else None
        known = (*repository.types.parts(own), *repository.hierarchy.ancestors(own)[0]) if own is not None else ()
    for part in (p for k in known for p in repository.types.parts(k)):
        for span in (
            *(m.span for m in part.outline.members if named[2] in m.names),
            *(f.span for f in part.functions if f.name == named[2]),
        ):
            text = part.outline.source.text(span) if part.type.span.contains(span) else ""
            levels = set(re.findall(rf"\b{words.level}", text))
            if len(levels) == 1 and re.search(fixed, text.partition("=")[0]):
                return IsolationConstant(part.outline, span, levels.pop())
    return None


def constant_excerpt(outline: Outline, scope: Region, repository: Repository) -> Iterator[Excerpt]:
    """What gives a scope's isolation, where it is a constant."""
    found = isolation_constant(outline, scope, repository)
    if found is not None:
        name = scope.isolation.given_by if scope.isolation is not None else ""
        yield excerpt_of(found.outline, [found.span], "field", f"{name}: the isolation of {scope.construct}")


def isolation_of_call(
    scope: Region, target: Callee, there: Outline, reference: Reference, repository: Repository
) -> Isolation | None:
    """The isolation of a wrapper's scope: of one that its parameter gives, what the call has for it, or else its default."""
    level = scope.isolation
    if level is None or not level.is_open:
        return level
    wanted = re.split(r"\W", level.given_by, maxsplit=1)[0]
    if wanted not in [p.name for p in target.signature.parameters]:
        fixed = isolation_constant(target.outline, scope, repository)
        return Isolation(fixed.level) if fixed is not None else level
    value = _given(wanted, target, there, reference) or level.given_by
    named = re.search(rf"\b{load(there.language).words.level}", value)
    return Isolation(named[1]) if named is not None else Isolation(given_by=" ".join(value.split())[:100])


def flow_of_call(scope: Region, target: Callee, there: Outline, reference: Reference) -> bool | None:
    """Whether a wrapper's transaction follows an await: where one of its parameters gives that, by what the call has for it, or else by its default."""
    if scope.async_flow is not None:
        return scope.async_flow
    language = load(there.language)
    option = next((c.async_flow for c in language.constructs if c.construct == scope.name and c.async_flow), None)
    kind = language.words.flow
    wanted = [p.name for p in target.signature.parameters if p.type.endswith(kind)] if option and kind else []
    opening = target.outline.source.text(scope.opening)
    if option is None or len(wanted) != 1 or not re.search(rf"\b{re.escape(wanted[0])}\b", opening):
        return None
    value = re.search(rf"{kind}\.(\w+)$", _given(wanted[0], target, there, reference) or "")
    return value[1] == option.rpartition(".")[2] if value is not None else None


def _given(name: str, target: Callee, there: Outline, reference: Reference) -> str | None:
    """What a call has for a parameter, as written, or else the parameter's default; ``None`` where it has neither."""
    declared = target.signature
    place = [p.name for p in declared.parameters].index(name) - (1 if declared.extends and reference.receiver else 0)
    listed = arguments_written(reference, there)
    value = next((v for named, v in listed if named == name), None)
    if value is None and 0 <= place < len(listed) and not any(named for named, _ in listed[: place + 1]):
        value = listed[place][1]
    if value is None:
        default = re.search(rf"\b{re.escape(name)}\s*=\s*([^,()]+)", target.head)
        value = default[1] if default is not None else None
    return value.strip() if value is not None else None
