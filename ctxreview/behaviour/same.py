"""Outlines by their identity: what is known of one, or of two versions of a file, is kept by these."""

from __future__ import annotations

from ctxreview.model.outline import Outline


class Same:
    """One outline: hashing its values would cost more than most rules."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline

    def __hash__(self) -> int:
        return id(self.outline)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.outline is self.outline


class SameTwo:
    """The two versions of a file."""

    def __init__(self, before: Outline, after: Outline) -> None:
        self.before, self.after = before, after

    def __hash__(self) -> int:
        return hash((id(self.before), id(self.after)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameTwo) and other.before is self.before and other.after is self.after
