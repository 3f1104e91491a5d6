"""A statement of a function or of a fragment, among its siblings, and how much it is like another one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from ctxreview.guard.placing.elisions import squeezed, without_comments
from ctxreview.guard.placing.snippets import alike, words
from ctxreview.model.source import Source
from ctxreview.outline.statement_lists import Statement, StatementList
from ctxreview.regex import regex

_GIVEN = regex(r"([\w.\[\]]+) ?(?:[-+*/%&|^?]*=(?![=>])|\+\+|--)")


class Item:
    """A statement of the function or of the fragment, ``index`` being its place in the list of its siblings."""

    def __init__(self, source: Source, statement: Statement, siblings: StatementList, index: int) -> None:
        self.statement, self.siblings, self.index = statement, siblings, index
        self.first, self.last = source.lines_of(statement.span)
        self.text = source.text(statement.span)
        self._head = source.text(statement.head)

    @cached_property
    def key(self) -> str:
        """The statement without its layout and comments."""
        return squeezed(without_comments(self.text))

    @cached_property
    def words(self) -> Counter[str]:
        """Its words."""
        return words(self.text)

    @cached_property
    def head(self) -> Counter[str]:
        """The words before its first block."""
        return words(self._head)

    @cached_property
    def target(self) -> str | None:
        """What it gives a value, where it does nothing else."""
        given = _GIVEN.match(self.key)
        return given[1] if given is not None else None

    def is_like(self, other: Item) -> float:
        """How much this is a version of the other statement: 1 where only the layout differs."""
        if self.key == other.key:
            return 1.0
        found = alike(self.words, other.words)
        blocks = self.statement.blocks and other.statement.blocks
        if blocks and (self.head & other.head).total() > 1:
            found = max(found, alike(self.head, other.head))
        if self.statement.declares & other.statement.declares:
            found = max(found, 0.8)
        return min(found, 0.99)


def words_of(items: Iterable[Item]) -> Counter[str]:
    """The words of all of them."""
    found: Counter[str] = Counter()
    for item in items:
        found.update(item.words)
    return found
