"""C# literals with, for each of their characters, where it is in the source.

Nothing is known of types: what is read is the form of the text. This is not a language's ``lex``: secrets are looked for in every text
that leaves the machine, which may be a prompt, an answer, a diff or a settings file, and only some of it is code of a file. And
``lex`` masks what literals hold, where here what they hold is wanted, with its places.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from ctxreview.redact.values import compiled


class Piece(NamedTuple):
    """A run of characters and where they are: one for one, or all of them in all of ``start:end``."""

    text: str
    start: int = -1
    """Offset in the source; -1 for what does not be there."""
    end: int = -1


Value = list[Piece]


class Literal(NamedTuple):
    """A literal in the source, with its quotes."""

    start: int
    end: int
    pieces: Sequence[Piece]
    holes: bool = False
    """Whether code is between its braces."""
    escaped: bool = False
    """Whether it has characters that are written as numbers."""

    @property
    def text(self) -> str:
        """Its characters, as the source writes them where that is not by number."""
        return self.pieces[0].text if len(self.pieces) == 1 else "".join(piece.text for piece in self.pieces)


# Each ends where the text ends if it does not end before, so that no text is looked through twice.
_LITERAL = (
    r"(?P<raw>\$*\"{3}[\s\S]*?(?:\"{3,}|\Z))|(?P<verbatim>(?:\$@|@\$?)\"[^\"]*(?:\"\"[^\"]*)*(?:\"|\Z))"
    r"|(?P<interpolated>\$\")|\"(?P<plain>[^\"\\\n]*(?:\\[^\n][^\"\\\n]*)*)\\?(?:\"|(?=\n)|\Z)"
    r"|'(?P<char>[^'\\\n]|\\(?:[uxU][0-9a-fA-F]{1,8}|[^\n]))'"
)
_NUMBER = r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{1,4}))"


class Literals:
    """The literals of a text, and what they are put together to."""

    def __init__(self, text: str) -> None:
        self.source = text

    @cached_property
    def all(self) -> list[Literal]:
        """Every literal, in the order of the text; those between the braces of another one are left to that one."""
        text, found, at = self.source, [], 0
        sign, pattern = compiled(r"[\"'@$]"), compiled(_LITERAL)
        while candidate := sign.search(text, at):
            start = candidate.start()
            if (match := pattern.match(text, start)) is None:
                at = start + 1
                continue
            at = match.end()
            group = match.lastgroup
            if group == "plain":
                found.append(_plain(start, at, match["plain"], start + 1))
            elif group == "char":
                found.append(_plain(start, at, match["char"], start + 1))
            elif group == "interpolated":
                found.append(self._interpolated(start, at))
                at = found[-1].end
            else:
                found.append(_quoted(start, at, match[0]))
        return found

    def _interpolated(self, start: int, at: int) -> Literal:
        """``$"..."``: its braces hold code, which may have literals of its own. Ends with its line at the latest."""
        text, first = self.source, at
        step, holes, numbers = compiled(r"[^\"{\\\n]+|\\[^\n]|\{\{"), False, False
        while True:
            if run := step.match(text, at):
                numbers = numbers or run[0][:2] in ("\\u", "\\x", "\\U")
                at = run.end()
            elif text.startswith("{", at):
                hole = compiled(r"\{[^{}\"\n]{0,200}(?:\"[^\"\n]{0,500}\"[^{}\"\n]{0,200}){0,9}\}").match(text, at)
                holes, at = True, hole.end() if hole else at + 1
            else:
                end = at + 1 if text.startswith('"', at) else at
                return Literal(start, end, (Piece(text[first:at], first, at),), holes, numbers)

    @cached_property
    def _starts(self) -> list[int]:
        return [literal.start for literal in self.all]

    def starting_at(self, at: int) -> Literal | None:
        """The literal that begins there."""
        number = bisect_right(self._starts, at) - 1
        if number >= 0 and self.all[number].start == at:
            return self.all[number]
        if (
            self.source.startswith('"', at) and number >= 0 and at < self.all[number].end
        ):  # between another one's braces
            inner = compiled(_LITERAL).match(self.source, at, self.all[number].end)
            return _plain(at, inner.end(), inner["plain"], at + 1) if inner and inner["plain"] is not None else None
        return None


def _plain(start: int, end: int, text: str, first: int) -> Literal:
    piece = Piece(text, first, first + len(text))
    if "\\" in text and compiled(_NUMBER).search(text):
        return Literal(start, end, tuple(unescaped(piece)), escaped=True)
    return Literal(start, end, (piece,))


def unescaped(piece: Piece) -> Iterator[Piece]:
    """The piece with its characters that are written as numbers."""
    if piece.end - piece.start != len(piece.text):
        yield piece
        return
    done = 0
    for escape in compiled(_NUMBER).finditer(piece.text):
        code = int(escape[1] or escape[2] or escape[3], 16)
        if 32 <= code < 0xD800:
            if done < escape.start():
                yield Piece(piece.text[done : escape.start()], piece.start + done, piece.start + escape.start())
            yield Piece(chr(code), piece.start + escape.start(), piece.start + escape.end())
            done = escape.end()
    yield Piece(piece.text[done:], piece.start + done, piece.end)


def _quoted(start: int, end: int, whole: str) -> Literal:
    """A verbatim or raw literal."""
    lead = len(whole) - len(whole.lstrip('$@"'))
    if '"""' not in whole[:lead]:
        lead = whole.find('"') + 1
    tail = len(whole) - (len(whole.rstrip('"')) if '"""' in whole[:lead] else len(whole) - whole.endswith('"'))
    tail = min(tail, len(whole) - lead)
    text = whole[lead : len(whole) - tail]
    return Literal(start, end, (Piece(text, start + lead, end - tail),), holes="$" in whole[:lead] and "{" in text)


def letters(value: Value) -> Iterator[Piece]:
    """The value letter by letter."""
    for piece in value:
        if len(piece.text) == 1 or piece.end - piece.start != len(piece.text):
            yield piece
        else:
            yield from (Piece(letter, at, at + 1) for at, letter in enumerate(piece.text, piece.start))


def text_of(value: Value) -> str:
    """The characters of a value."""
    return "".join(piece.text for piece in value)
