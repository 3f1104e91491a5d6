"""The transactions and locks of a file, by function and place, and what the outline knows of its calls."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from ctxreview.behaviour.file_types import FileTypes
from ctxreview.model.facts import Fact
from ctxreview.model.regions import Crossing, Region
from ctxreview.model.source import Span


class Ending(NamedTuple):
    """Where a region is committed, or else released."""

    span: Span
    region: Region
    commits: bool


class FileRegions(FileTypes):
    """A file as its transactions and locks say."""

    @cached_property
    def facts(self) -> Mapping[Span, tuple[Fact, ...]]:
        """What the outline knows of calls and accesses, by their spans."""
        found: dict[Span, tuple[Fact, ...]] = {}
        for fact in self.outline.facts:
            found[fact.span] = (*found.get(fact.span, ()), fact)
        return found

    @cached_property
    def crossings(self) -> Mapping[Span, Crossing[Region]]:
        """The regions of each function, to be asked for those around a place."""
        return {owner: Crossing(regions) for owner, regions in self.regions.items()}

    @cached_property
    def openings(self) -> Mapping[Span, Crossing[Region]]:
        """The regions of each function, to be asked for those that open around a place."""
        return {owner: Crossing(regions, attrgetter("opening")) for owner, regions in self.regions.items()}

    @cached_property
    def endings(self) -> Mapping[Span, Crossing[Ending]]:
        """The places of each function at which a region ends."""
        found: dict[Span, list[Ending]] = {}
        for region in self.outline.regions:
            ends = [Ending(c, region, commits=True) for c in region.completes_at]
            if region.form == "acquire-release" and region.closing.size:
                ends.append(Ending(region.closing, region, commits=False))
            found.setdefault(region.owner, []).extend(ends)
        return {owner: Crossing(ends) for owner, ends in found.items()}

    @cached_property
    def regions(self) -> Mapping[Span, tuple[Region, ...]]:
        """The transactions and locks by the span of the function that runs under them."""
        found: dict[Span, tuple[Region, ...]] = {}
        for region in self.outline.regions:
            found[region.owner] = (*found.get(region.owner, ()), region)
        return found
