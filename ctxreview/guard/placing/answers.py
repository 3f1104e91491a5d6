"""What a chat answered, read as suggestions: Markdown with fenced code, a diff of any kind, the structured reply, bare code.

Nothing in an answer is followed. It names lines of the one file that is reviewed, or it is left to a person.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise
from typing import NamedTuple

from ctxreview.errors import ReplyError
from ctxreview.guard.placing import fragments, patches, prose
from ctxreview.guard.placing.edits import beside, replacing, verbatim
from ctxreview.guard.placing.elisions import is_elision, is_telling
from ctxreview.guard.placing.elisions import within_reason as limits
from ctxreview.guard.placing.instead import instead, touched
from ctxreview.guard.placing.joining import Part, joined
from ctxreview.guard.placing.pairs import pairs
from ctxreview.guard.placing.refusals import UnplacedError
from ctxreview.guard.placing.unified import MARK
from ctxreview.languages import language_of
from ctxreview.model.review import Context, Edit, Suggestion
from ctxreview.model.source import Source, same_path
from ctxreview.prompt.limits import MOST_EDITS, unfenced, within_reason
from ctxreview.regex import regex

NO_SUGGESTION = (
    "There is no suggestion in this answer: ctxreview reads a structured reply (JSON), a unified diff, "
    "or Markdown with fenced code."
)
_COLOURS = regex(r"\x1b\[[0-9;]*[mK]")
"""What ``git diff --color`` puts into a diff."""
_KEEP = regex(
    r"\b(?:leave|keep)\b[^.;:\n]{0,60}?\b(?:as (?:it|they|is)\b|unchanged|alone)|"
    r"\b(?:no|nothing|n't|not|never)\b[^.;:\n]{0,40}?\b(?:to change|(?:needs? )?chang(?:e|es|ed|ing)\b|to (?:optimi[sz]e|improve|fix|suggest))|"
    r"\blooks (?:fine|good|right|correct|ok(?:ay)?)\b|\bLGTM\b",
    re.IGNORECASE,
)
"""What an answer says that proposes no change."""
_FENCE = regex(r"(?P<indent>[ \t]*(?:>[ \t]?)*)(?P<ticks>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)")
_BEFORE = regex(
    r"\b(before|original|currently?|existing|old (code|version)|your (code|version)|you have|instead of|replace this|find this|from this|as it is now)\b",
    re.IGNORECASE,
)
_AFTER = regex(
    r"\b(after|optimi[sz]ed|improved|new (code|version)|updated|suggested|refactored|fixed|revised|proposed|replace with|with this|to this|becomes|better)\b",
    re.IGNORECASE,
)
_SPLIT = regex(
    r"^[ \t]*//[ \t]*(?P<what>before|original|old|after|optimi[sz]ed|improved|new|updated)\b[^\n;{}]{0,40}$",
    re.M | re.I,
)
_NUMBER = regex(r"[ \t]*(\d{1,6})(?:[ \t]?[:|│→][ \t]?|\t|[ \t]*$|[ ]{1,2}(?=\S| {4}))")
"""The number of a line that an answer quotes from a listing."""
_FILE = regex(r"(?:File(?:name)?:\s*)?([\w./\\ -]*[\w-]\.[A-Za-z]{2,6})")
_SQL = regex(r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|WITH|EXEC|DECLARE|BEGIN)\b")


class _Block(NamedTuple):
    """A fence: its language, what it holds, the text between it and the fence before, and the rest of its first line.

    ``raw`` is what it holds with the line ends that it came with.
    """

    language: str
    code: str
    above: str
    info: str
    raw: str = ""


class _Title(NamedTuple):
    title: str
    rationale: str


def suggestions(text: str, context: Context) -> tuple[Suggestion, ...]:
    """The suggestions in a model's answer, each placed or with the reason why it is not; none where it proposes no change.

    Raises :class:`ReplyError` when there is no code in it, and it does not say that nothing has to change.
    """
    within_reason(text)
    source = context.selection.source
    given = _COLOURS.sub("", text.removeprefix(MARK))
    text = given.replace("\r\n", "\n").replace(MARK, "")
    stripped = text.strip()
    if re.match(r"(```(json)?\s*)?\{\s*\"", stripped) and not pairs(unfenced(stripped)):
        from ctxreview.prompt.reply import parse  # msgspec takes 10 ms to import, and most answers are Markdown

        return parse(stripped, ()).suggestions
    blocks = list(islice(_blocks(given), MOST_EDITS + 1))
    if len(blocks) > MOST_EDITS:
        raise ReplyError(f"The answer has more than {MOST_EDITS:,} blocks of code; up to {MOST_EDITS:,} are read.")
    if not blocks:
        if patches.is_patch(text):
            return tuple(_patch(given, _Title("The given diff", ""), context, fenced=False))
        if prose.is_said(text):
            return (_placed(_Title("What the answer says", ""), prose.edits, text, context),)
        if _KEEP.search(text):
            return ()
        if not _is_code(stripped, context):
            raise ReplyError(NO_SUGGESTION)
        blocks = [_Block(language_of(source.path).name, textwrap.dedent(text), "", "")]
    code = [b for b in blocks if _kind(b, source) in ("code", "suggestion", "patch")]
    if not code and not _KEEP.search(text):
        raise ReplyError(NO_SUGGESTION)
    return tuple(joined(list(_suggested(code, context)), context))


def replacement(text: str, context: Context) -> tuple[Suggestion, ...]:
    """The suggestion whose text is the new text of exactly what is selected; none where it is that already.

    A selection of lines is replaced with the ends of its lines. Raises :class:`ReplyError` where a line is too long to be read.
    """
    source, span = context.selection.source, context.selection.span
    first, last = context.selection.lines
    before, after = beside(span, source)
    new = text.removeprefix(MARK).replace("\r\n", "\n").removesuffix("\n")
    whole = f"{before}{new}{after}" if before.strip() or after.strip() else new
    try:
        limits(whole.split("\n"))
    except UnplacedError as why:
        raise ReplyError(str(why)) from None
    edit = verbatim(source, first, last, whole.split("\n") if whole else [])
    return () if edit.original == edit.replacement else (Suggestion("The new text of the selection", "", (edit,)),)


def _blocks(text: str) -> Iterator[_Block]:
    """The fenced code in Markdown; a fence that is never closed goes on to the end."""
    given = text.split("\n")
    lines = [line.removesuffix("\r").replace(MARK, "") for line in given]
    at = above = 0
    while at < len(lines):
        opened = _FENCE.fullmatch(lines[at])
        if opened is None:
            at += 1
            continue
        mark = opened["ticks"]
        end = next(
            (
                n
                for n in range(at + 1, len(lines))
                if re.fullmatch(rf"[ \t>]*{re.escape(mark[0])}{{{len(mark)},}}[ \t]*", lines[n])
            ),
            len(lines),
        )
        inside, raw = lines[at + 1 : end], given[at + 1 : end]
        if ">" in opened["indent"]:
            inside, raw = ([re.sub(r"^[ \t]*>[ \t]?", "", line) for line in part] for part in (inside, raw))
        inside, raw = _unnumbered(inside), _unnumbered(raw)
        info = opened["info"].strip()
        language = re.split(r"[\s:{,]", info, maxsplit=1)[0].lower() if info else ""
        code = textwrap.dedent("\n".join(inside))
        yield _Block(language, code, "\n".join(lines[above:at]), info[len(language) :], _dedented(raw))
        at = above = end + 1


def _unnumbered(lines: list[str]) -> list[str]:
    """Lines without the numbers before them, where all but elisions have one and they rise."""
    numbered = [_NUMBER.match(line) for line in lines]
    numbers = [int(m[1]) for m in numbered if m is not None]
    rest = (line for line, m in zip(lines, numbered, strict=True) if m is None and not is_elision(line))
    if (
        not numbers
        or (len(numbers) == 1 and not re.match(r"[ \t]*\d+[ \t]?[:|│→]", lines[0]))
        or any(a >= b for a, b in pairwise(numbers))
        or any(line.strip() for line in rest)
    ):
        return lines
    return [line if m is None else line[m.end() :] for line, m in zip(lines, numbered, strict=True)]


def _dedented(lines: list[str]) -> str:
    """Lines without the indentation that all of them have, and nothing else changed: blank lines count in a diff."""
    solid = [line for line in lines if line.strip()]
    first = textwrap.dedent("\n".join(solid)).split("\n", 1)[0]
    margin = solid[0][: len(solid[0]) - len(first)] if solid else ""
    return "".join(f"{line.removeprefix(margin)}\n" for line in lines)


def _is_code(text: str, context: Context) -> bool:
    """Whether text without any fence is code: most of its lines end as code does."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    ends = sum(bool(re.search(r"[;{}(),]$|=>$|^\.\w|^//|^\[\w+.*\]$", line)) for line in lines)
    return (
        ends * 4 >= len(lines) * 3
        and any(re.search(r"[;{})]$", line) for line in lines)
        and ";" in text + (";" if "(" in text else "")
    )


def _suggested(code: list[_Block], context: Context) -> Iterator[Part]:
    """The suggestions of an answer's blocks, each with its code where that is a fragment of the selected file."""
    source = context.selection.source
    quoted: _Block | None = None
    number = 0
    parts = [part for b in code for part in _split(b, source)]
    if len(parts) == 1 and _is_selected(parts[0], context) and not _says(_BEFORE, parts[0]):
        return
    for block in parts:
        number += 1
        title = _title(block, number)
        kind = _kind(block, source)
        if kind == "patch":
            yield from map(Part, _patch(f"{_above_search(block)}{block.raw}", title, context, fenced=True))
        elif (other := _other_file(block, source)) is not None:
            yield Part(Suggestion(*title, (Edit(other, 0, 0, "", block.code.rstrip("\n")),)))
        elif kind == "suggestion":
            first, last = context.selection.lines
            lines = block.code.rstrip("\n").split("\n") if block.code.strip() else []
            yield Part(Suggestion(*title, (replacing(source, first, last, lines),)))
        elif _is_what_was(block, quoted, parts, source):
            quoted = block
            number -= 1
            continue
        else:
            yield Part(_placed(title, _edits, block, quoted, context), block.code)
        quoted = None


def _edits(block: _Block, before: _Block | None, context: Context) -> tuple[Edit, ...]:
    """The edits of a block of code, in the place of the block ``before`` where that says that it is what was."""
    if before is not None and _says(_BEFORE, before):
        return instead(before.code, block.code, context)
    return fragments.edits(block.code, context)


def _is_what_was(block: _Block, quoted: _Block | None, parts: Sequence[_Block], source: Source) -> bool:
    """Whether a block shows the code before: not the one after it, which may hold nothing but what stays of that."""
    if len(parts) > 1 and _quotes(block, source):
        return quoted is None or not _says(_BEFORE, quoted) or not _says(_AFTER, block)
    return _says(_BEFORE, block) and block is not parts[-1]


def _kind(block: _Block, source: Source) -> str:
    """What a fence holds: ``patch``, ``suggestion`` (GitHub's), ``code`` or ``other``."""
    fences = language_of(source.path).fences
    if block.language == "suggestion":
        return "suggestion"
    if block.language in ("diff", "patch", "udiff") or patches.is_patch(block.code):
        return "patch"
    if block.language in fences and patches.is_signed(block.code, source):
        return "patch"
    if block.language not in fences or not block.code.strip():
        return "other"
    if block.language == "":
        known = bool(fragments.quoted(block.code, source))
        looks = re.search(r"[;{}]|=>|\w\(", block.code) is not None and not _SQL.match(block.code)
        return "code" if looks or known else "other"
    return "code"


def _split(block: _Block, source: Source) -> Iterator[_Block]:
    """One fence with ``// Before`` and ``// After`` in it is two blocks."""
    marks = [m for m in _SPLIT.finditer(block.code) if not fragments.quoted(m[0], source)]
    whats = [bool(re.match(r"before|original|old", m["what"], re.I)) for m in marks]
    if len(marks) != 2 or whats != [True, False] or block.code[: marks[0].start()].strip():
        yield block
        return
    yield block._replace(code=block.code[marks[0].end() : marks[1].start()].strip("\n"), above="Before:")
    yield block._replace(code=block.code[marks[1].end() :].strip("\n"), above=f"{block.above}\n\nAfter:")


def _says(what: re.Pattern[str], block: _Block) -> bool:
    """Whether the line over a block, or its first comment, says that it is what was, or what is to be."""
    above = [line for line in block.above.splitlines() if line.strip()]
    first = next((line for line in block.code.splitlines() if line.strip()), "")
    label = above[-1].strip() if above else ""
    labels = [label] if re.match(r"[#*_>-]|.*[:：]\**$", label) else []
    labels += [first] if re.match(r"\s*//", first) and len(first.split()) <= 6 else []
    return any(what.search(line) for line in labels) and (what is _AFTER or not _says(_AFTER, block))


def _quotes(block: _Block, source: Source) -> bool:
    return bool(fragments.quoted(block.code, source))


def _is_selected(block: _Block, context: Context) -> bool:
    """Whether a block only quotes what is selected: all of its code, or a part that is said to be kept."""
    source, (chosen_first, chosen_last) = context.selection.source, context.selection.lines
    for first, last in touched(fragments.quoted(block.code, source), context):
        if _KEEP.search(block.above):
            return True
        outside = (n for n in range(chosen_first, chosen_last + 1) if not first <= n <= last)
        if not any(is_telling(source.line(n)) for n in outside):
            return True
    return False


def _other_file(block: _Block, source: Source) -> str | None:
    """The file that a block is said to be of, when that is not the reviewed one."""
    above = [line.strip().strip("#*_`: ") for line in block.above.splitlines() if line.strip()]
    named = re.search(r"(?:title|file(?:name)?)\s*=\s*[\"']?([^\"'\s]+)|^:([^\s]+)$", block.info.strip())
    given = (named[1] or named[2]) if named else None
    if given is None and above and (line := _FILE.fullmatch(above[-1])) is not None:
        given = line[1]
    first = next((line for line in block.code.splitlines() if line.strip()), "")
    if given is None and (comment := re.fullmatch(rf"\s*//\s*{_FILE.pattern}\s*", first)) is not None:
        given = comment[1]
    return given.strip() if given and "." in given and not same_path(given.strip(), source) else None


def _above_search(block: _Block) -> str:
    """The file name that stands over a SEARCH/REPLACE fence."""
    above = [line.strip().strip("#*_`: ") for line in block.above.splitlines() if line.strip()]
    return f"{above[-1]}\n" if above and "<<<<<" in block.code and _FILE.fullmatch(above[-1]) else ""


def _title(block: _Block, number: int) -> _Title:
    """The nearest heading over a block, or else its number; what stands under it says why, or else the paragraph over the block."""
    under = re.split(r"^[ \t]*#{1,6}[ \t].*$", block.above, flags=re.M)[1:]
    paragraphs = [p.strip() for p in re.split(r"\n\s*\n", block.above) if p.strip()]
    headings = [
        m[1] or m[2] or m[3]
        for line in block.above.splitlines()
        if (
            m := re.fullmatch(
                r"\s*#{1,6}\s+(.+?)\s*#*|\s*(?:\d+[.)]\s+)?\*\*(.+?):?\*\*:?|\s*((?:Option|Alternative|Approach|Version|Step)\s+\w+.{0,80}?):?",
                line,
            )
        )
    ]
    said = [p for p in paragraphs if not re.match(r"#{1,6}\s", p)]
    title = re.sub(r"[*_`]", "", headings[-1]).strip() if headings else ""
    why = under[-1].strip() if under else ""
    return _Title(title or f"Code block {number}", why or (said[-1] if said else ""))


def _patch(text: str, title: _Title, context: Context, fenced: bool) -> Iterator[Suggestion]:
    """The suggestion that a diff is; none where it changes no code."""
    made = _placed(title, patches.edits, text, context.selection, fenced)
    if made.edits or made.unplaced:
        yield made


def _placed(title: _Title, edits: Callable[..., tuple[Edit, ...]], *given: object) -> Suggestion:
    """A suggestion of some edits, or with the reason why they have no place."""
    try:
        return Suggestion(*title, edits(*given))
    except UnplacedError as why:
        return Suggestion(*title, (), str(why))
