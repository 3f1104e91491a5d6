"""One change is one finding: what an edit does in the same way at several places, or to several callers, is told once, with the places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ctxreview.model.phrases import amount, listed
from ctxreview.model.review import Finding
from ctxreview.model.source import Lines

MOST_PLACES = 10
"""Further places that a finding names; the others are counted in its message."""


class Seen(NamedTuple):
    """A finding about code in the file ``path``, which the edit does not change: ``at`` is the function of the edit that it calls."""

    path: str
    finding: Finding
    at: Lines


def told_once(found: Sequence[tuple[Sequence[Finding], Sequence[Seen]]]) -> Iterator[tuple[Finding, ...]]:
    """The findings of each file, those that say the same of several places joined in the first of them.

    What the edit does to callers is left out where it is told of a file of the edit already.
    """
    told = {_said(f) for own, _ in found for f in own}
    seen: dict[Finding, list[Seen]] = {}
    for _, every in found:
        for one in every:
            if _said(one.finding) not in told:
                seen.setdefault(_said(one.finding), []).append(one)
    first = {id(each[0]): each for each in seen.values()}
    for own, every in found:
        yield (*_joined(own), *(_of_callers(first[id(one)]) for one in every if id(one) in first))


_NOWHERE = Lines("", 0, 0)


def _said(finding: Finding) -> Finding:
    """What a finding says, wherever that is."""
    return finding._replace(at=_NOWHERE, related=())


def _joined(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings of a file; of those that say the same the first one, with the places of the others."""
    same: dict[tuple[Finding, str], list[Finding]] = {}
    for finding in findings:
        same.setdefault((_said(finding), finding.at.path), []).append(finding)
    for each in same.values():
        places = [*dict.fromkeys(f.at._replace(what="the same here") for f in each[1:] if f.at != each[0].at)]
        said = f"{each[0].message} The same at {amount(len(places), 'more place')}." if places else each[0].message
        yield each[0]._replace(message=said, related=(*each[0].related, *places[:MOST_PLACES]))


def _of_callers(each: Sequence[Seen]) -> Finding:
    """A finding about callers, told at what they call."""
    first = each[0]
    callers = [*dict.fromkeys(s.finding.at._replace(what=s.at.what) for s in each)]
    return first.finding._replace(
        message=f"Seen from {listed((s.path for s in each), 2)}: {first.finding.message}",
        at=first.at._replace(what=""),
        related=(callers[0], *first.finding.related, *callers[1:MOST_PLACES]),
        certainty="resolved",
    )
