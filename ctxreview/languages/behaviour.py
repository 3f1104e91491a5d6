"""What a language's own calls and types do to what others can see, as its ``behaviour.toml`` lists them."""

from __future__ import annotations

from functools import cache, cached_property

from ctxreview.languages import Language, load
from ctxreview.languages.lists import Lists


class Behaviour(Lists):
    """The lists of a ``behaviour.toml``; of a language without one all are empty."""

    def __init__(self, language: Language) -> None:
        super().__init__(language.name, "behaviour.toml")

    def first(self, name: str) -> str:
        """The first name of a list or of those of an operator, which is what sentences say; ``""`` where there is none."""
        return next(iter(self._lists.get(name, self._lists.get("operators", {}).get(name, ()))), "")

    def has(self, name: str, called: str) -> bool:
        """Whether a list has the name of a call, or that of its twin which gives no task."""
        listed = self.of(name)
        return called in listed or self.base(called) in listed

    def base(self, called: str) -> str:
        """The name of a call without what says that it gives a task, or that of the call which it is a form of."""
        called = self._lists.get("same_as", {}).get(called, called)
        for suffix in self.of("task_suffix"):
            called = called.removesuffix(suffix)
        return called

    def is_task(self, called: str) -> bool:
        """Whether a call of that name gives a task, as far as its name says."""
        return called.endswith(tuple(self.of("task_suffix")))

    @cached_property
    def ends_of_one(self) -> dict[str, str]:
        """The end of a queue that one thread at a time uses, by the promise of that which the queue is made with."""
        return dict(self._lists.get("promises_one", {}))

    @cached_property
    def operators(self) -> dict[str, str]:
        """The trait that an operator gives a query, by the operator's name."""
        return {name: trait for trait, names in self._lists.get("operators", {}).items() for name in names}


def names_of(language: str) -> Behaviour:
    """The lists of the language of that name."""
    return behaviour_of(load(language))


@cache
def behaviour_of(language: Language) -> Behaviour:
    """The lists of a language; read once."""
    return Behaviour(language)
