"""A list of selections: plain ones, or JSON objects with a question of their own and what the caller knows them by, one a line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Self

from ctxreview.errors import ConfigError
from ctxreview.reports.batch import Marks


class Asked(str):
    """A selection of a manifest: a text like any other, so that all that takes a selection takes it.

    ``question`` is its own one, ``""`` where the run's is meant; with another question it is another selection. ``id`` and ``tags`` are the
    caller's, and come back with the result.
    """

    __slots__ = ("id", "question", "tags")

    question: str
    id: str | None
    tags: tuple[str, ...]

    def __new__(cls, text: str, question: str = "", id: str | None = None, tags: Sequence[str] = ()) -> Self:  # noqa: A002 (its name outside)
        """As the fields are."""
        made = super().__new__(cls, text)
        made.question, made.id, made.tags = question, id, tuple(tags)
        return made

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other) is True and self.question == question_of(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((str(self), self.question)) if self.question else str.__hash__(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return Asked, (str(self), self.question, self.id, self.tags)


def question_of(given: object) -> str:
    """The question of its own that a selection has; ``""`` where it has none."""
    return given.question if isinstance(given, Asked) else ""


def named(given: str) -> str:
    """A selection as a heading has it, with its id."""
    return f"{given} ({given.id})" if isinstance(given, Asked) and given.id else given


def marks_of(given: str) -> Marks:
    """What the caller knows a selection by."""
    return Marks(given.id, given.tags) if isinstance(given, Asked) else Marks()


def marked(documents: str, given: str) -> str:
    """JSON documents, one a line, with the id and the tags of the selection that they are about."""
    if not isinstance(given, Asked) or (given.id is None and not given.tags):
        return documents
    from ctxreview.reports.json_text import dumps

    own: dict[str, Any] = {} if given.id is None else {"id": given.id}
    own |= {"tags": list(given.tags)} if given.tags else {}
    made = []
    for line in documents.splitlines():
        document = json.loads(line)
        made.append(dumps({"schema": document.pop("schema"), **own, **document}))
    return "\n".join(made)


def selections_in(text: str, name: str) -> list[str]:
    """The selections in a text, one a line; blank lines are passed over. ``name`` is that of the text.

    Raises :class:`ConfigError` with the number of the first line that is an object and not an entry.
    """
    lines = enumerate(text.splitlines(), 1)
    whole = "standard input" if name == "-" else name
    return [
        _entry(line, f"{whole}, line {number}") if line.lstrip().startswith("{") else line
        for number, line in lines
        if line.strip()
    ]


def _entry(line: str, where: str) -> Asked:
    import msgspec  # most lists are plain

    from ctxreview.redact import redact

    class Entry(msgspec.Struct, forbid_unknown_fields=True):
        selection: str
        question: str = ""
        id: str | None = None
        tags: tuple[str, ...] = ()

    try:
        found = msgspec.json.decode(line.encode("utf-8", "replace"), type=Entry)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ConfigError(f"{where}: {_why(error)}; write {FORM}.") from None
    if not found.selection.strip():
        raise ConfigError(f"{where}: its selection is empty; write {FORM}.")
    # They come back in each document, and no document has a secret.
    own = None if found.id is None else redact(found.id).text
    return Asked(found.selection, found.question, own, [redact(tag).text for tag in found.tags])


FORM = (
    json.dumps({"selection": "PATH:LINE", "question": "...", "id": "...", "tags": ["..."]})
    + ", of which only the selection is needed"
)


def _why(error: Exception) -> str:
    """What is wrong with an entry, as its decoder says it."""
    said = str(error).replace("`", "")
    return (
        f"{said[:1].lower()}{said[1:]}"
        if said.startswith(("Object", "Expected", "Invalid"))
        else f"is not JSON ({said})"
    )
