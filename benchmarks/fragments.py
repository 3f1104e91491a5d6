"""Pasted fragments: cut from real files, disturbed in each way that a clipboard or an editor does, and looked for again.

usage: python benchmarks/fragments.py FOLDER... [--count N] [--seed S] [--kind KIND ...] [--everywhere]

Takes N random stretches of members of C# files below the folders and disturbs each in every way of KINDS. Each is looked for in its file, or with
--everywhere in its folder whole, without the file's name. Printed, for each kind: found at its lines; listed where the text really
stands at several places; LISTED where it does not; refused; WRONG for other lines; and how many of those listed the caret's line decides. The
kind "absent" is a stretch that was taken out of its file before it was looked for, unless it stands there still: found is then a place that is said to differ.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import tree_sitter_c_sharp
from tree_sitter import Language, Node, Parser

from ctxreview import CtxreviewError
from ctxreview.guard.placing.pasted import fragment_of
from ctxreview.model.source import Source
from ctxreview.review.pasted_selection import found_in_file, found_in_folder
from ctxreview.workspace.files import Workspace, list_workspace, read_file
from ctxreview.workspace.generated import is_generated

PARSER = Parser(Language(tree_sitter_c_sharp.language()))
MAX_BYTES, MOST_CUT = 200_000, 60
MEMBERS = frozenset(
    [
        "method_declaration",
        "constructor_declaration",
        "property_declaration",
        "operator_declaration",
        "local_function_statement",
    ]
)
LISTED = re.compile(r"(?:: |; )([^:;]+):(\d+)(?::\d+)?(?:-(\d+)(?::\d+)?)?")


class Cut(NamedTuple):
    """Lines ``first`` to ``last`` (1-based, inclusive) of a file, and what became of them; ``gone`` are the lines that were taken out of the file."""

    lines: list[str]
    first: int
    last: int
    gone: bool = False


def nodes(root: Node) -> Iterator[Node]:
    """A node and all below it, in source order."""
    left = [root]
    while left:
        node = left.pop()
        yield node
        left.extend(reversed(node.children))


def solid(cut: Cut) -> Cut:
    """The cut without blank lines at its ends."""
    lines, first, last = list(cut.lines), cut.first, cut.last
    while lines and not lines[0].strip():
        lines, first = lines[1:], first + 1
    while lines and not lines[-1].strip():
        lines, last = lines[:-1], last - 1
    return cut._replace(lines=lines, first=first, last=last)


def stretch(source: Source, rng: random.Random) -> Cut | None:
    """A member of a file, or some lines of it: none that says nothing."""
    spans = [
        (n.start_point[0] + 1, n.end_point[0] + 1)
        for n in nodes(PARSER.parse(source.data).root_node)
        if n.type in MEMBERS
    ]
    if not spans:
        return None
    first, last = rng.choice(spans)
    if rng.random() < 0.7 and last - first > 3:
        size = rng.randint(1, min(30, last - first - 1))
        first = rng.randint(first + 1, last - size)
        last = first + size - 1
    cut = solid(Cut([source.line(n) for n in range(first, last + 1)], first, last))
    words = re.findall(r"\w\w+", "\n".join(cut.lines))
    return cut if len(words) >= 3 and 0 < len(cut.lines) <= MOST_CUT else None


# --- what is done to a fragment ------------------------------------------------------------------------------


def plain(cut: Cut, rng: random.Random) -> str | None:
    """As it is."""
    return "\n".join(cut.lines)


def indented(cut: Cut, rng: random.Random) -> str | None:
    """Another indentation: none, less, tabs, or that of the first line gone."""
    kind = rng.randrange(4)
    if kind == 0:
        lines = [line.lstrip() for line in cut.lines]
    elif kind == 1:
        lines = [re.sub(r"^(?: {4}|\t)", "", line) for line in cut.lines]
    elif kind == 2:
        lines = [re.sub(r"^ +", lambda m: "\t" * (len(m[0]) // 4 + 1), line) for line in cut.lines]
    else:
        lines = [cut.lines[0].lstrip(), *("      " + line for line in cut.lines[1:])]
    return "\n".join(lines)


def ended(cut: Cut, rng: random.Random) -> str | None:
    """Other line ends, and more or fewer of them behind."""
    return rng.choice(["\r\n", "\r", "\n"]).join(cut.lines) + rng.choice(["", "\n", "\r\n\r\n", "\n\n  "])


def blanked(cut: Cut, rng: random.Random) -> str | None:
    """Blank lines that come and go, blanks at line ends and within lines."""
    made: list[str] = []
    for line in cut.lines:
        if not line.strip() and rng.random() < 0.7:
            continue
        indent = line[: len(line) - len(line.lstrip())]
        text = line.strip()
        if '"' not in text and "'" not in text and rng.random() < 0.5:
            text = rng.choice(
                (
                    re.sub(r" ?([(),=]) ?", r"\1", text),
                    re.sub(r"(?<=\w)\(", " (", text),
                    text.replace(" ", "  "),
                    text.replace(", ", ",\u00a0"),
                )
            )
        made += [indent + text + rng.choice(["", "", " ", "\t"]), *([""] if rng.random() < 0.2 else [])]
    return "\n".join(made)


def broken(cut: Cut, rng: random.Random) -> str | None:
    """Lines that are joined, and broken behind commas."""
    text = "\n".join(cut.lines)
    if "//" in text or '"""' in text or '@"' in text or "#" in text:
        return None
    return re.sub(
        r"(,) (?=\w)|([\w)]) ?\n\s*(?=[.{])",
        lambda m: (
            m[1] + "\n        " if m[1] and rng.random() < 0.5 else m[2] + " " if m[2] and rng.random() < 0.7 else m[0]
        ),
        text,
    )


def depth(lines: list[str]) -> tuple[int, int]:
    """How many brackets some lines leave open, and the fewest on the way."""
    now = least = 0
    for c in re.sub(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\])\'|//.*', "", "\n".join(lines)):
        now += (c in "([{") - (c in ")]}")
        least = min(least, now)
    return now, least


def elided(cut: Cut, rng: random.Random) -> str | None:
    """Some lines that open and close the same brackets left out, or what is in a block or in parentheses."""
    lines = cut.lines
    if len(lines) < 3 or rng.random() < 0.2:
        text = "\n".join(lines)
        holes = [m for m in re.finditer(r"\(([^()\n]{6,})\)", text) if not {'"', "'"} & set(m[1])]
        if not holes:
            return None
        hole = rng.choice(holes)
        return f"{text[: hole.start(1)]}...{text[hole.end(1) :]}"
    ways = [
        (a, b)
        for a in range(1, len(lines) - 1)
        for b in range(a + 1, len(lines))
        if depth(lines[a:b]) == (0, 0) and any(line.strip() for line in lines[a:b])
    ]
    if not ways:
        return None
    a, b = rng.choice(ways)
    indent = lines[a][: len(lines[a]) - len(lines[a].lstrip())]
    said = rng.choice(("// ...", "// ... existing code ...", "...", "// rest unchanged", "/* ... */", "…"))
    return "\n".join([*lines[:a], indent + said, *lines[b:]])


NEW = (
    "    Trace.WriteLine(nameof(Fresh) + 1);",
    "    var fresh = Fresh.Make();",
    "    // fresh words that nobody wrote",
    "    if (fresh > 7)",
)


def edited(cut: Cut, rng: random.Random) -> str | None:
    """Up to a fifth of the lines changed, new or gone, one at least: what an editor has not saved yet."""
    lines = list(cut.lines)
    telling = [i for i, line in enumerate(lines) if len(re.findall(r"\w\w+", line)) > 2]
    if not telling:
        return None
    for _ in range(rng.randint(1, max(1, len(lines) // 5))):
        at = rng.choice(telling)
        kind = rng.randrange(4) if len(lines) > 2 else 0
        words = list(re.finditer(r"[A-Za-z_]\w+", lines[at]))
        if kind < 2 and len(words) > 2:
            word = rng.choice(words)
            lines[at] = f"{lines[at][: word.start()]}{word[0]}Fresh{lines[at][word.end() :]}"
        elif kind == 2:
            lines[at] = f"{lines[at]}\n{rng.choice(NEW)}"
        elif 0 < at < len(lines) - 1 and sum(map(bool, lines)) > 4:
            lines[at] = ""
    made = "\n".join(lines)
    return made if made != "\n".join(cut.lines) else None


def parted(cut: Cut, rng: random.Random) -> str | None:
    """Without a part of the first and of the last line, from a word on."""
    lines = list(cut.lines)
    if len(lines) < 2:
        return None
    starts = [m.start() for m in re.finditer(r"\b\w", lines[0])][: len(lines[0]) // 8 + 1]
    ends = [m.end() for m in re.finditer(r"\w\b|[;{})]", lines[-1])][-2:]
    if not starts or not ends:
        return None
    return "\n".join([lines[0][rng.choice(starts) :], *lines[1:-1], lines[-1][: rng.choice(ends)]])


def everything(cut: Cut, rng: random.Random) -> str | None:
    """What is already left out, edited too, and then all the rest."""
    for way in (edited, indented, blanked, ended):
        text = way(cut, rng)
        cut = cut._replace(lines=re.split(r"\r\n|\r|\n", text)) if text is not None else cut
    return text


def absent(cut: Cut, rng: random.Random) -> str | None:
    """As it is, but gone from the file."""
    return "\n".join(cut.lines) if len(cut.lines) > 2 else None


KINDS: dict[str, Callable[[Cut, random.Random], str | None]] = {
    "plain": plain,
    "indentation": indented,
    "line ends": ended,
    "blanks": blanked,
    "broken lines": broken,
    "elided": elided,
    "edited": edited,
    "part of lines": parted,
    "everything": everything,
    "absent": absent,
}


# --- what became of it ---------------------------------------------------------------------------------------


def tight(text: str) -> str:
    """A text without any blanks."""
    return "".join(text.split())


def stands(text: str, source: Source, first: int, last: int) -> bool:
    """Whether what a fragment shows stands in some lines, in its order; what it leaves out is anywhere between."""
    there = tight("\n".join(source.line(n) for n in range(first, last + 1)))
    at = 0
    for run in re.split(r"\n\s*(?://|/\*)?\s*(?:\.\.\.|…)[^\n]*|// rest unchanged|\.\.\.", text):
        at = there.find(tight(run), at)
        if at < 0:
            return False
        at += len(tight(run))
    return True


class Looked(NamedTuple):
    """How a fragment was looked for: where, by what text, which was ``unedited`` another one, and the lines that are right."""

    text: str
    unedited: str
    cut: Cut
    source: Source
    place: Workspace | None


def outcome(looked: Looked) -> tuple[str, str]:
    """What is counted, and what is printed of it."""
    text, unedited, cut, source, place = looked
    try:
        fragment = fragment_of(text)
        found = found_in_folder(fragment, place) if place is not None else found_in_file(fragment, source)
    except CtxreviewError as error:
        said = str(error)
        if " places " not in said:
            return ("refused", said)
        said = said.partition("--text -: ")[2]
        named = [(path, int(a), int(b or a)) for path, a, b in LISTED.findall(f"; {said}")]
        others = [n for n in named if n != (source.path, cut.first, cut.last)]
        real = all(
            any(stands(t, (place and read_file(place, p)) or source, a, b) for t in (text, unedited))
            for p, a, b in others
        )
        if real or cut.gone:
            return ("listed", said)
        return ("LISTED", said)
    if (found.selection.source.path, *found.selection.lines) == (source.path, cut.first, cut.last) and not cut.gone:
        return ("found", "")
    first, last = found.selection.lines
    if stands(text, found.selection.source, first, last):
        return ("listed", f"{found.selection.given}: it stands there just so")
    said = found.note or f"{found.selection.given} silently"
    return ("found as different" if cut.gone and found.note else "WRONG", said)


def caret(looked: Looked) -> bool:
    """Whether the line that a fragment begins at decides between the places that are listed."""
    try:
        found = found_in_file(fragment_of(looked.text), looked.source, (looked.cut.first, looked.cut.first))
    except CtxreviewError:
        return False
    return found.selection.lines == (looked.cut.first, looked.cut.last)


def main() -> None:
    """Cut, disturb, look, and print what became of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", action="append", choices=KINDS)
    parser.add_argument("--everywhere", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    places = [list_workspace(folder.resolve(), (".cs",)) for folder in options.folders]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    seconds: dict[str, list[float]] = defaultdict(list)
    taken = 0
    while taken < options.count:
        place = rng.choice(places)
        source = read_file(place, rng.choice(place.paths))
        cut = stretch(source, rng) if source is not None and len(source.data) < MAX_BYTES else None
        if source is None or cut is None or (options.everywhere and is_generated(source.data)):
            continue
        taken += 1
        for kind in options.kind or KINDS:
            unedited = (elided(cut, rng) if kind == "everything" else None) or "\n".join(cut.lines)
            text = KINDS[kind](cut._replace(lines=unedited.split("\n")), rng)
            if text is None:
                counts[kind]["left out"] += 1
                continue
            there, its = source, cut
            if kind == "absent":
                if options.everywhere:
                    continue
                lines = source.data.splitlines(keepends=True)
                there = Source(source.path, b"".join((*lines[: cut.first - 1], *lines[cut.last :])), root=source.root)
                its = cut._replace(gone=True)
            looked = Looked(text, unedited, its, there, place if options.everywhere else None)
            began = time.process_time()
            what, said = outcome(looked)
            seconds[kind].append(time.process_time() - began)
            counts[kind][what] += 1
            if what == "listed" and not its.gone and not options.everywhere:
                counts[kind]["by the caret"] += caret(looked)
            if what in ("WRONG", "LISTED") or (what == "refused" and not its.gone):
                print(f"{what} {kind} {place.root.name}/{source.path}:{cut.first}-{cut.last}: {said}", flush=True)
                if options.verbose:
                    print(text, flush=True)
    for kind, count in counts.items():
        took = sorted(seconds[kind])
        times = f"; {took[len(took) // 2] * 1000:.0f} ms at the median, {took[-1] * 1000:.0f} at most" if took else ""
        print(f"{kind}: {', '.join(f'{n} {what}' for what, n in count.most_common())}{times}")


if __name__ == "__main__":
    main()
