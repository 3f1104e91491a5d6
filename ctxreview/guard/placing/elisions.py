"""Code that an answer leaves out: which lines, and which parts of a line, say so.

Comments and literals are told here by a pattern and not by the language's ``lex``: what a chat writes is a line or a piece, often in
no file and of no known language, and what has no end in it ends there. ``lex`` reads whole files, and a quote that nothing
closes would hide all that follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ctxreview.guard.placing.refusals import Instead, UnplacedError
from ctxreview.regex import regex

_DOTS = r"(?:\.\.\.+|…)"
_LEFT_OUT = r"\b(?:existing|rest|remaining|remainder|remains?|unchanged|same|other|omitted|original|previous|snip(?:ped)?|elided|truncated|brevity)\b"
_OF_CODE = (
    r"\b(?:code|logic|method|methods|function|functions|body|implementation|class|members?|fields?|propert(?:y|ies)|"
    r"usings?|imports?|statements?|lines?|constructors?|file|unchanged|omitted|brevity|stays?|remains?|checks?|validation|parts?)\b"
)
_OF_WHAT = rf"(?:{_OF_CODE}|\b(?:before|above|here|is|as)\b)"
_SMALL = r"\b(?:the|of|this|that|in|all|and|your|for|are|to)\b"
_OPENS = regex(r"//+|#|/\*+|--|<!--")
_IN_BRACES = regex(
    rf"(?P<head>.*?)\{{\s*(?:/\*\s*)?(?:{_DOTS})(?:[^{{}}]*?)(?:\*/)?\s*\}}(?P<tail>.*)|"
    rf"(?P<head2>.*?)\{{\s*/\*(?P<said>[^{{}}]*?)\*/\s*\}}(?P<tail2>.*)"
)
# What has no end is looked for from each place where it could begin: only so far, and each run of `$` once.
_LITERAL = regex(
    r"""(?<!\$)\$*+@?\$*+\"{3,}.*?\"{3,}|\$?@\$?"(?:""|[^"])*"|\$?"(?:\\.|[^"\\\n]){0,3000}"|"""
    r"""'(?:\\.|[^'\\\n]){1,20}'|//[^\n]*|/\*.{0,3000}?\*/""",
    re.S,
)
_COMMENT = regex(r"//.*|/\*.{0,3000}?\*/")
_BEGUN = regex(rf"\s*(?P<head>//.*\S)\s*{_DOTS}\s*")
_FEW_WORDS = 4
"""A comment of fewer words may be a beginning of several."""
LONGEST_LINE = 10_000
"""Characters of a line of an answer's code; nobody reviews longer ones."""


def within_reason(lines: Sequence[str]) -> None:
    """Raises :class:`UnplacedError` where a line of an answer's code is longer than :data:`LONGEST_LINE`."""
    longest = max(map(len, lines), default=0)
    if longest > LONGEST_LINE:
        raise UnplacedError(f"A line of it has {longest:,} characters; up to {LONGEST_LINE:,} are read.", Instead.LINE)


def squeezed(line: str) -> str:
    """A line without its layout; a byte order mark is a part of it."""
    return " ".join(line.replace("\ufeff", "").split())


def code_only(text: str) -> str:
    """``text`` without what its strings, characters and comments hold."""
    return _LITERAL.sub(lambda m: "" if m[0].startswith(("//", "/*")) else '""', text)


def without_comments(text: str) -> str:
    """``text`` without its comments."""
    return _LITERAL.sub(lambda m: " " if m[0].startswith(("//", "/*")) else m[0], text)


def balance(text: str) -> int:
    """How many more braces ``text`` opens than it closes."""
    code = code_only(text)
    return code.count("{") - code.count("}")


def masked(line: str) -> str:
    """A line with blanks for what its strings, characters and comments hold."""
    return _LITERAL.sub(lambda m: " " * len(m[0]), line)


def is_telling(line: str) -> bool:
    """Whether a line says more than where a block begins or ends."""
    return re.search(r"\w\w", line) is not None and squeezed(line) not in ("else", "try", "finally", "do", "get", "set")


def _words(line: str) -> str:
    """What a line says, without the marks of a comment around it."""
    said = line.strip()
    opened = _OPENS.match(said)
    said = said[opened.end() :] if opened is not None else said
    said = said[:-2].rstrip("*") if said.endswith("*/") else said.removesuffix("-->")
    return said.strip()


def is_elision(line: str) -> bool:
    """Whether the whole line stands for code that is left out: ``// ... existing code ...``, ``…``, ``// rest unchanged``."""
    bare = line.strip()
    words = _words(bare)
    if not words:
        return False
    if re.fullmatch(rf"[\[(<{{]?\s*{_DOTS}\s*[\])>}}]?", words):
        return True
    if not bare.startswith(("//", "#", "/*", "--", "<!--")) or bare.startswith("#region"):
        return bool(re.match(rf"{_DOTS}|[(\[][^()\[\];=]*{_LEFT_OUT}[^()\[\];=]*[)\]]$", words))
    if re.match(rf"[\[(<]?\s*{_DOTS}", words):
        return True
    named = re.search(_LEFT_OUT, words, re.IGNORECASE)
    if named and re.search(rf"{_DOTS}\s*[\])>]?$", words):
        return True
    rest = words[: named.start()] + words[named.end() :] if named and len(words.split()) <= 9 else "that is no elision"
    # What is called original or other may be anything: `// disposed in the original`.
    of_what = _OF_WHAT if named and named[0].lower() not in ("original", "other", "previous") else _OF_CODE
    return not re.search(r"\w", rest) or (bool(named) and bool(re.search(of_what, rest, re.IGNORECASE)))


def is_placeholder(line: str) -> bool:
    """Whether a line is an elision and nothing else: dots, or a comment that has no words but those of one.

    An elision in a fragment may be any ``// the checks of the order remain``; a diff says itself what it leaves alone.
    """
    if not is_elision(line):
        return False
    words = _words(line)
    return bool(re.search(_DOTS, words)) or not re.search(
        r"\w", re.sub(rf"{_LEFT_OUT}|{_OF_WHAT}|{_SMALL}", "", words, flags=re.I)
    )


def leaves_out(given: Sequence[str], original: Sequence[str]) -> bool:
    """Whether ``given`` leaves code out. What is in the original just so is a comment like any other."""
    known = {squeezed(line) for line in original}
    new = (line for line in given if squeezed(line) not in known)
    return any(is_elision(line) or _within(line) is not None or _begun(line, original) for line in new)


def _begun(line: str, original: Sequence[str]) -> tuple[int, int] | None:
    """The comment of the original of which a line has the beginning and dots: its lines from 0, half-open."""
    said = _BEGUN.fullmatch(line)
    if said is None or len(said["head"].split()) < _FEW_WORDS:
        return None
    head = squeezed(said["head"])
    notes = (i for i, there in enumerate(original) if there.lstrip().startswith("//"))
    starts = [i for i in notes if squeezed(original[i]).startswith(head)]
    if len(starts) != 1:
        return None
    ends = (i for i in range(starts[0], len(original)) if not original[i].lstrip().startswith("//"))
    return starts[0], next(ends, len(original))


def _within(line: str) -> re.Match[str] | None:
    """The elision inside a line of code: ``{ ... }``, ``Call(...)``, ``/* ... */``."""
    masked = _LITERAL.sub(lambda m: m[0] if m[0].startswith("/*") else " " * len(m[0]), line)
    return re.search(rf"/\*\s*{_DOTS}[^*]*\*/|{_DOTS}|/\*[^*]*{_DOTS}\s*\*/", masked)


def without_elisions(lines: Sequence[str]) -> list[str]:
    """The lines as they can be parsed: what stands for other code is blank."""
    return ["" if is_elision(line) else _blanked(line) for line in lines]


def without_ends(lines: Sequence[str]) -> list[str]:
    """The lines without blanks and elisions at their ends: that the code goes on there is true of every fragment."""
    shown = [n for n, line in enumerate(lines) if line.strip() and not is_elision(line)]
    return list(lines[shown[0] : shown[-1] + 1]) if shown else []


def _blanked(line: str) -> str:
    while (hole := _within(line)) is not None:
        line = line[: hole.start()] + " " * (hole.end() - hole.start()) + line[hole.end() :]
    return line


def shown_runs(lines: Sequence[str]) -> list[list[str]]:
    """The lines of a fragment in runs, between which code is left out: by whole lines, or in the middle of some."""
    runs: list[list[str]] = [[]]
    for line in lines:
        if is_elision(line):
            runs.append([])
            continue
        rest = line
        while (hole := _hole(rest)) is not None:
            runs[-1].append(rest[: hole[0]])
            runs.append([])
            rest = rest[hole[1] :]
        runs[-1].append(rest)
    return [run for run in runs if any(part.strip() for part in run)]


def _hole(line: str) -> tuple[int, int] | None:
    """Where a line of code leaves something out: dots, a comment with dots, a block or an end of line that only says so."""
    said = next((m for m in _COMMENT.finditer(_without_texts(line)) if is_elision(m[0])), None)
    if said is not None:
        return said.span()
    hole = _within(line)
    return hole.span() if hole is not None else None


def _without_texts(line: str) -> str:
    """A line with blanks for what its strings and characters hold."""
    return _LITERAL.sub(lambda m: m[0] if m[0].startswith(("//", "/*")) else " " * len(m[0]), line)


def pieces(given: Sequence[str], original: Sequence[str]) -> Iterator[str | None]:
    """The lines of an answer with their elisions taken out; ``None`` stands for each that covers whole lines.

    Raises :class:`UnplacedError` where an elision within a line fits nothing in the original, or several things.
    """
    known = {squeezed(line) for line in original}
    marks = [line for line in given if is_elision(line)]
    if any(is_placeholder(line) for line in marks) and all(squeezed(line) in known for line in marks):
        raise UnplacedError(
            'It leaves code out ("..."), and the original has a comment that looks just so.', Instead.METHOD
        )
    for line in given:
        if squeezed(line) in known or not line.strip():
            yield line
        elif is_elision(line):
            yield None
        elif (begun := _begun(line, original)) is not None:
            shown = {squeezed(other) for other in given}
            yield from (text for text in original[slice(*begun)] if squeezed(text) not in shown)
        else:
            yield from _pieces(line, original, known)


def _pieces(line: str, original: Sequence[str], known: set[str]) -> Iterator[str | None]:
    """A line of code with its elisions taken apart; ``None`` stands for each that covers whole lines."""
    braces = _IN_BRACES.fullmatch(line)
    if braces is not None and (braces["said"] is None or is_elision(f"// {braces['said']}")):
        head, tail = (
            (braces["head"], braces["tail"]) if braces["head"] is not None else (braces["head2"], braces["tail2"])
        )
        indent = line[: len(line) - len(line.lstrip())]
        if squeezed(head + "{") in known:
            yield f"{head}{{"
        else:
            if head.strip():
                yield head.rstrip()
            yield f"{indent}{{"
        yield None
        yield f"{indent}}}{tail.rstrip()}"
        return
    hole = _within(line)
    if hole is None:
        yield line
        return
    before, after = line[: hole.start()], line[hole.end() :]
    if not after.strip() and hole[0].startswith("/*") and squeezed(before) in known:
        yield before
        yield None
        return
    fits = [
        (i, j)
        for i, start in enumerate(original)
        if start.strip()
        for j in range(i + 1, min(i + 6, len(original)) + 1)
        if _fits(before, after, squeezed(" ".join(original[i:j])))
        and not any(_fits(before, after, squeezed(" ".join(original[i:k]))) for k in range(i + 1, j))
    ]
    if len(fits) != 1:
        raise UnplacedError(f'It leaves code out ("...") within a line: `{squeezed(line)}`.', Instead.METHOD)
    yield from original[slice(*fits[0])]


def _fits(before: str, after: str, line: str) -> bool:
    start, end = squeezed(before), squeezed(after)
    return (
        len(line) > len(start) + len(end)
        and bool(start)
        and line.startswith(start)
        and line.endswith(end)
        and balance(line) == balance(start + end)
    )
