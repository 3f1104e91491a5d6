"""The guard on edits that change nothing: each finding, even a note, is a false alarm.

usage: python benchmarks/reformat.py FOLDER [--files N] [--seed S] [--kind KIND ...]

Takes N random C# files below FOLDER that name a transaction, lock or shared collection, and makes edits of each that only write it
differently: another indentation, braces at the end of the line, arguments on lines of their own, comments and blank lines gone, a
comment before each statement, local variables renamed, methods in another order. Each edit is given as a unified diff, and
its findings are printed. An edit after which the file has other errors than before is left out and counted.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from difflib import unified_diff
from pathlib import Path

import tree_sitter_c_sharp
from tree_sitter import Language, Node, Parser

from ctxreview import CtxreviewError, guard

PARSER = Parser(Language(tree_sitter_c_sharp.language()))
TOLD = re.compile(
    rb"\block\s*\(|BeginTransaction|TransactionScope|SemaphoreSlim|SaveChanges|Interlocked|Monitor\.|ReaderWriterLock|volatile|Concurrent[A-Z]"
)
MAX_BYTES = 150_000
Piece = tuple[int, int, bytes]
"""A stretch of bytes, half open, and what it becomes."""


def nodes(root: Node) -> Iterator[Node]:
    """A node and all below it, in source order."""
    left = [root]
    while left:
        node = left.pop()
        yield node
        left.extend(reversed(node.children))


def texts(root: Node) -> list[tuple[int, int]]:
    """Where strings and directives are: their line breaks and blanks count."""
    kinds = (
        "string_literal",
        "verbatim_string_literal",
        "raw_string_literal",
        "interpolated_string_expression",
        "preproc",
        "character_literal",
    )
    return [(n.start_byte, n.end_byte) for n in nodes(root) if n.type.startswith(kinds)]


def replaced(code: bytes, pieces: list[Piece]) -> bytes:
    """The code with the pieces that do not overlap an earlier one."""
    made, at = [], 0
    for start, end, text in sorted(pieces):
        if start >= at:
            made += [code[at:start], text]
            at = end
    return b"".join([*made, code[at:]])


def matches(code: bytes, root: Node, pattern: bytes) -> Iterator[re.Match[bytes]]:
    """The matches of a pattern outside strings, directives and comments."""
    kept = [*texts(root), *((n.start_byte, n.end_byte) for n in nodes(root) if n.type == "comment")]
    for found in re.finditer(pattern, code, re.MULTILINE):
        if not any(start < found.end() and found.start() < end for start, end in kept):
            yield found


def indented(code: bytes, root: Node, rng: random.Random) -> bytes:
    """Two blanks, or a tab, for each four blanks or tab in front of a line."""
    unit = rng.choice((b"  ", b"\t", b"        "))
    return replaced(
        code, [(m.start(), m.end(), re.sub(rb" {4}|\t", unit, m[0])) for m in matches(code, root, rb"^[ \t]+")]
    )


def braced(code: bytes, root: Node, rng: random.Random) -> bytes:
    """Opening braces at the end of the line before; ``rng`` is not needed."""
    return replaced(
        code, [(m.start(1), m.end(1), b" {") for m in matches(code, root, rb"[\w)>\]](\r?\n[ \t]*\{)(?=[ \t]*\r?$)")]
    )


def broken(code: bytes, root: Node, rng: random.Random) -> bytes:
    """Arguments and operators on lines of their own, every second one or so."""
    pieces: list[Piece] = []
    kept = texts(root)
    for node in nodes(root):
        if node.type in {",", "=>", "&&", "||"} and node.parent is not None and rng.random() < 0.5:
            at = node.end_byte
            follows = code[at : at + 1] == b" " and code[at + 1 : at + 2] not in b" \t\r\n/"
            if follows and not any(start < at < end for start, end in kept):
                pieces.append((at, at + 1, b"\n" + b" " * 24))
    return replaced(code, pieces)


def bare(code: bytes, root: Node, rng: random.Random) -> bytes:
    """Comments and blank lines gone; ``rng`` is not needed."""
    gone = [(n.start_byte, n.end_byte, b"") for n in nodes(root) if n.type == "comment"]
    code = replaced(code, gone)
    return replaced(
        code, [(m.start(), m.end(), b"") for m in matches(code, PARSER.parse(code).root_node, rb"^[ \t]*\r?\n")]
    )


def told(code: bytes, root: Node, rng: random.Random) -> bytes:
    """A comment and a blank line before every second statement or so."""
    pieces: list[Piece] = []
    for node in nodes(root):
        if (
            node.type.endswith("_statement")
            and node.parent is not None
            and node.parent.type == "block"
            and rng.random() < 0.5
        ):
            line = code.rfind(b"\n", 0, node.start_byte) + 1
            margin = code[line : node.start_byte]
            if not margin.strip():
                pieces.append((line, line, b"\n" + margin + b"// what follows is the next step\n"))
    return replaced(code, pieces)


def renamed(code: bytes, root: Node, rng: random.Random) -> bytes:
    """Local variables under other names, where nothing else in the file is called so; ``rng`` is not needed."""
    used: dict[bytes, list[Node]] = {}
    local: set[bytes] = set()
    other: set[bytes] = set()
    for node in nodes(root):
        if node.type == "implicit_parameter":
            other.add(code[node.start_byte : node.end_byte])
        if node.type != "identifier" or node.parent is None:
            continue
        name, up = code[node.start_byte : node.end_byte], node.parent
        used.setdefault(name, []).append(node)
        if up.type == "variable_declarator" and up.child(0) == node:
            holder = up.parent.parent if up.parent is not None else None
            (
                local
                if holder is not None and holder.type in {"local_declaration_statement", "using_statement"}
                else other
            ).add(name)
        elif is_other(node, up):
            other.add(name)
    return replaced(code, [(n.start_byte, n.end_byte, name + b"Renamed") for name in local - other for n in used[name]])


def is_other(node: Node, up: Node) -> bool:
    """Whether an identifier is, or names, something else than a value: a member, type, label, argument or the like."""
    if up.type in {
        "member_access_expression",
        "member_binding_expression",
        "conditional_access_expression",
        "qualified_name",
    }:
        return up.child_by_field_name("name") == node
    if up.type in {"assignment_expression"} and up.parent is not None and up.parent.type == "initializer_expression":
        return up.child_by_field_name("left") == node
    if up.type in {
        "name_colon",
        "name_equals",
        "subpattern",
        "anonymous_object_creation_expression",
        "initializer_expression",
        "with_initializer",
    }:
        return True
    if (
        up.type == "argument"
        and up.child_count > 1
        and up.child(0) == node
        and up.child(1) is not None
        and up.child(1).type == ":"
    ):  # type: ignore[union-attr]
        return True
    return up.type.endswith(("_declaration", "_parameter", "parameter", "labeled_statement", "_clause")) or up.type in {
        "attribute",
        "goto_statement",
        "tuple_element",
        "declaration_pattern",
        "declaration_expression",
    }


def reordered(code: bytes, root: Node, rng: random.Random) -> bytes:
    """The methods of a type in another order, each with the comments above it."""
    pieces: list[Piece] = []
    for node in nodes(root):
        if node.type != "declaration_list" or any("preproc" in c.type for c in node.children):
            continue
        spans: list[tuple[int, int]] = []
        for child in node.children:
            if child.type == "method_declaration":
                first = child
                while (
                    first.prev_sibling is not None
                    and first.prev_sibling.type == "comment"
                    and first.prev_sibling.start_point[0] > (first.prev_sibling.prev_sibling or first).end_point[0]
                ):
                    first = first.prev_sibling
                spans.append((first.start_byte, child.end_byte))
        shuffled = rng.sample(spans, len(spans))
        pieces += [(start, end, code[a:b]) for (start, end), (a, b) in zip(spans, shuffled, strict=True)]
    return replaced(code, pieces)


KINDS: dict[str, Callable[[bytes, Node, random.Random], bytes]] = {
    "indented": indented,
    "braced": braced,
    "broken": broken,
    "bare": bare,
    "told": told,
    "renamed": renamed,
    "reordered": reordered,
}


def method_line(root: Node) -> int | None:
    """A line in a method, 1-based: what is selected does not matter for what the diff changes."""
    return next((n.start_point[0] + 1 for n in nodes(root) if n.type == "method_declaration"), None)


def judged(path: Path, kind: str, texts: tuple[str, str], line: int, root: str) -> Iterator[str]:
    """What became of an edit, as words that are counted; whatever is worth a look is printed."""
    old, new = texts
    diff = "".join(unified_diff(old.splitlines(True), new.splitlines(True), "a/Code.cs", "b/Code.cs"))
    began = time.process_time()
    try:
        results = guard(f"Code.cs:{line}", diff, text=old, root=root, hops=0, budget=10**9)
    except CtxreviewError as error:
        print(f"refused {kind} {path}: {error}", flush=True)
        yield "refused"
        return
    except Exception:
        print(f"raised {kind} {path}\n{traceback.format_exc()}", flush=True)
        yield "RAISED"
        return
    yield "compared"
    for result in results:
        if not result.applied:
            print(f"not applied {kind} {path}: {result.reason}", flush=True)
            yield "not applied"
        for f in result.findings:
            print(f"{kind} {path} {f.severity} {f.rule} {f.at.start_line}: {f.message}", flush=True)
            yield "FINDINGS"
    if (took := time.process_time() - began) > 5:
        print(f"{took:.1f} s {kind} {path}", flush=True)


def main() -> None:
    """Make the edits, and print what is said of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", action="append", choices=KINDS)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    files = sorted(p for p in options.folder.rglob("*.cs") if p.is_file())
    rng.shuffle(files)
    count: Counter[str] = Counter()
    taken = 0
    with tempfile.TemporaryDirectory() as root:
        for path in files:
            code = path.read_bytes()
            if taken == options.files:
                break
            if not TOLD.search(code) or len(code) > MAX_BYTES:
                continue
            tree = PARSER.parse(code).root_node
            line = method_line(tree)
            if line is None or tree.has_error:
                continue
            taken += 1
            for kind in options.kind or KINDS:
                made = KINDS[kind](code, tree, rng)
                if made == code or PARSER.parse(made).root_node.has_error:
                    count[f"{kind}: left out"] += 1
                    continue
                both = code.decode("utf-8", "replace"), made.decode("utf-8", "replace")
                count.update(f"{kind}: {word}" for word in judged(path, kind, both, line, root))
    print(f"{taken} files: {dict(sorted(count.items()))}")


if __name__ == "__main__":
    main()
