"""Which function or type a place belongs to, found in logarithmic time."""

from __future__ import annotations

from bisect import bisect_right

from ctxreview.model import Scope, Span


class Nesting:
    """Scopes of one kind that nest, indexed by where they start."""

    def __init__(self, scopes: tuple[Scope, ...]) -> None:
        """``scopes`` in source order, outer before inner."""
        self.scopes = scopes
        self._starts = [s.span.start for s in scopes]
        self._parents: list[int] = []
        open_: list[int] = []
        for i, scope in enumerate(scopes):
            while open_ and scopes[open_[-1]].span.end <= scope.span.start:
                open_.pop()
            self._parents.append(open_[-1] if open_ else -1)
            open_.append(i)

    def innermost(self, span: Span) -> Scope | None:
        """The innermost one that holds ``span``."""
        at = bisect_right(self._starts, span.start) - 1
        while at >= 0 and not self.scopes[at].span.holds(span):
            at = self._parents[at]
        return self.scopes[at] if at >= 0 else None

    def outermost(self, span: Span) -> Scope | None:
        """The outermost one that holds ``span``."""
        at = bisect_right(self._starts, span.start) - 1
        found = None
        while at >= 0:
            found = self.scopes[at] if self.scopes[at].span.holds(span) else found
            at = self._parents[at]
        return found

    def name_around(self, span: Span) -> str:
        """The name of the innermost one that holds ``span``; ``""`` where none does."""
        around = self.innermost(span)
        return around.name if around is not None else ""
