"""What is asked of a model, and with what: shared by all that ask one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ctxreview.model.review import Completion, Prompt, Usage
from ctxreview.model.source import Selection, Span
from ctxreview.prompt import checklist as lists
from ctxreview.tokens import Tokenizer

Provider = Callable[[Prompt], Completion]
"""Asks a model; a provider of :mod:`ctxreview.llm.providers` with its progress bound."""


@dataclass(frozen=True, eq=False)
class Siblings:
    """Selections that point into one file, by the text that gave each, and their places in source order.

    Compared by identity: the places can be tens of thousands, and are asked for as often.
    """

    selections: Mapping[str, Selection]
    spans: tuple[Span, ...]


ALONE = Siblings({}, ())
"""Of a selection that no other is given with."""


class Job(NamedTuple):
    """What all selections of one run share.

    ``budget`` and ``fixed``, the part of every prompt that no selection changes, are in tokens; ``root`` is ``None`` to
    find it by itself. With ``whole``, all of the file is read, as rules and guard need it, and not the selected
    functions alone; ``siblings`` are the selections that point into the same file: it is read once for all of them.
    ``token_counter`` has the provider count a finished prompt, with the name the count goes by. With ``budget_from_project`` the budget is one that a
    repository's own settings override. ``unredacted`` prompts are sent with the secrets that stand in the code.
    """

    root: Path | None
    budget: int
    tokenizer: Tokenizer
    checklist: tuple[lists.Item, ...]
    question: str
    fixed: int
    hops: int = 0
    whole: bool = True
    siblings: Siblings = ALONE
    token_counter: tuple[str, Callable[[Prompt], int]] | None = None
    budget_from_project: bool = False
    unredacted: bool = False


def total(first: Usage, second: Usage) -> Usage:
    """What two questions used together; unknown where it is of one."""

    def add(a: int | None, b: int | None) -> int | None:
        return None if a is None or b is None else a + b

    return Usage(
        add(first.prompt_tokens, second.prompt_tokens),
        add(first.reply_tokens, second.reply_tokens),
        None if first.cost is None or second.cost is None else first.cost + second.cost,
    )
