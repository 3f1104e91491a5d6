"""Which lines of a work tree differ from a revision.

Git is asked what the revision has (:mod:`ctxreview.workspace.git`), and the files are compared here: ``git diff`` runs the filters that a
repository's settings name, and its attributes and index can hide a file. Compared is text, so neither encoding, byte order mark
nor line ends are a change.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha1, sha256
from pathlib import Path
from typing import NamedTuple

from ctxreview import file_access as files
from ctxreview.errors import ConfigError, SourceError
from ctxreview.languages import extensions
from ctxreview.model.review import Finding
from ctxreview.model.source import Lines
from ctxreview.workspace import git
from ctxreview.workspace.files import target
from ctxreview.workspace.line_diff import staying
from ctxreview.workspace.selection import MAX_BYTES, decode

SECONDS = 120
"""Git is not waited for any longer."""
MAX_RENAMES = 1000
"""Where more files are new or gone, only those are taken as renamed that were not edited as well; git's own limit."""
ALIKE = 0.5
"""A renamed file has at least this part of its text from before; as git has it."""

Ranges = tuple[tuple[int, int], ...]
"""First and last lines (1-based, inclusive); where lines are only gone, the two between which they stood, reversed."""

ALL: Ranges = ((1, 1 << 60),)

_CHUNK = 8 * MAX_BYTES
"""Bytes of stored text that are held at once."""
_ASKED = 100
"""So often git is asked which objects of a partial clone are not there."""
_COMMON = 50
"""A line of more files than this tells none of them from the others."""


class Changes(NamedTuple):
    """The changed lines of each file that differs, by its path from the root; ``notes`` say what could not be compared."""

    lines: Mapping[str, Ranges]
    notes: tuple[str, ...] = ()


def since(revision: str, root: Path, paths: Sequence[str]) -> Changes:
    """Which lines of some files differ from ``revision``; ``paths`` are relative to ``root``, which is resolved.

    Committed or not, and whatever attributes and index say of a file. One that git does not track is new in all its lines, a
    renamed one only in those that were edited. Raises :class:`ConfigError` where there is no git, no repository or no such
    revision.
    """
    then = _files_at(revision, root)
    tracked = git.tracked(root) or frozenset()
    wide = any(len(digest) == 64 for digest in then.values())
    found: dict[str, Ranges] = {}
    differ: dict[str, str] = {}
    new: dict[str, tuple[str, ...]] = {}
    real = dict.fromkeys(paths, "")
    for path in paths:
        real[path], raw = _now(root, path)
        if raw is None:
            found[path] = ALL  # why, is said where it is read
        elif (old := then.get(real[path])) is None:
            found[path] = ALL
            if path in tracked:
                new[path] = tuple(_digests(raw, wide))
        elif old not in _digests(raw, wide):
            differ[path] = old
    differ |= _renamed(root, new, _gone(root, then) if new else {})
    missing = 0
    after: dict[str, list[str]] = {}
    for path, old in differ.items():
        after.setdefault(old, []).append(path)
    for old, text in _blobs(root, after):
        for path in after[old]:
            found.pop(path, None)
            if lines := _between(text, _bytes(root, real[path])):
                found[path] = lines
            missing += text is None
    return Changes(found, _notes(missing, revision))


def touches(finding: Finding, changed: Ranges) -> bool:
    """Whether a line of the finding's place was changed, or the first or last one of a place it points to."""
    related = [r for r in finding.related if r.path == finding.at.path]
    return any(_in(finding.at, *c) or any(_at_end(r, *c) for r in related) for c in changed)


def _in(place: Lines, first: int, last: int) -> bool:
    return place.start_line <= last and first <= place.end_line


def _at_end(place: Lines, first: int, last: int) -> bool:
    return first <= place.start_line <= last or first <= place.end_line <= last


def _notes(missing: int, revision: str) -> tuple[str, ...]:
    if not missing:
        return ()
    what = "1 file" if missing == 1 else f"{missing:,} files"
    return (
        f"--diff {revision}: what {what} had then is not in this clone, and nothing is fetched; all lines count as changed.",
    )


# --- what git has ------------------------------------------------------------------------------------------


def _files_at(revision: str, root: Path) -> dict[str, str]:
    """The files of a revision under ``root``, by their paths from there, with the digest of each."""
    around = git.top(root)
    if around is None:
        raise ConfigError(f"--diff {revision}: {root} is not in a git repository.")
    if git.program(root) is None:
        raise ConfigError(f"--diff {revision}: git is asked for it, and is not installed.")
    commit = git.ask(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        if git.ask(root, "rev-parse", "--git-dir") is None:
            raise ConfigError(
                f"--diff {revision}: git does not read {around} as a repository; git -C {around} status says why."
            )
        raise ConfigError(f"--diff {revision}: there is no such revision in {root}; give a branch, a tag or a commit.")
    at = commit.decode().strip()
    if len(meant := _meant(root, revision)) > 1:
        raise ConfigError(f"--diff {revision}: is {' and '.join(meant)}, which differ; give the one that is meant.")
    inside = git.prefix(root, around).rstrip("/")
    tree = git.ask(
        root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{at}:{inside}" if inside else f"{at}^{{tree}}"
    )
    if tree is None:  # the folder was not there
        return {}
    listed = git.ask(root, "ls-tree", "-r", "-z", "--full-tree", tree.decode().strip(), seconds=SECONDS)
    if listed is None:
        raise ConfigError(f"--diff {revision}: git cannot list the files that {around} had then.")
    found = {}
    for row in listed.split(b"\0")[:-1]:
        about, _, name = row.partition(b"\t")
        mode, _, digest = about.split(b" ")
        if mode.startswith(b"100"):
            found[os.fsdecode(name)] = digest.decode()
    return found


def _meant(root: Path, revision: str) -> list[str]:
    """The references that a name stands for, where they differ. Git takes the tag, which comes with what is fetched."""
    names = [f"refs/{kind}{revision}" for kind in ("", "tags/", "heads/", "remotes/")]
    said = git.ask(root, "for-each-ref", "--format=%(refname) %(objectname) %(*objectname)", *names) or b""
    rows = [row.split() for row in os.fsdecode(said).splitlines()]
    found = {row[0]: row[-1] for row in rows if row and row[0] in names}
    return sorted(found) if len(set(found.values())) > 1 else []


def _blobs(root: Path, digests: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
    """The stored texts of some digests; ``None`` for what is not there, or is larger than any file that is read."""
    wanted = list(dict.fromkeys(digests))
    sizes = _sizes(root, wanted, [_ASKED])
    waiting: list[str] = []
    size = 0
    for digest in wanted:
        if sizes.get(digest, MAX_BYTES + 1) > MAX_BYTES:
            yield digest, None
            continue
        if size + sizes[digest] > _CHUNK:
            yield from _texts(root, waiting)
            waiting, size = [], 0
        waiting.append(digest)
        size += sizes[digest]
    yield from _texts(root, waiting)


def _sizes(root: Path, digests: Sequence[str], left: list[int]) -> dict[str, int]:
    """The size in bytes of each blob that is there. Older gits stop at the first that is not: it is found by halves."""
    if not digests or left[0] <= 0:
        return {}
    left[0] -= 1
    said = git.ask(root, "cat-file", "--batch-check", given="\n".join((*digests, "")).encode(), seconds=SECONDS)
    if said is not None:
        rows = (row.split() for row in said.decode("ascii", "replace").splitlines())
        return {row[0]: int(row[2]) for row in rows if len(row) == 3 and row[1] == "blob"}
    if len(digests) == 1:
        return {}
    half = len(digests) // 2
    return _sizes(root, digests[:half], left) | _sizes(root, digests[half:], left)


def _texts(root: Path, digests: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
    if not digests:
        return
    given = "\n".join((*digests, "")).encode()
    said = git.ask(root, "cat-file", "--batch", given=given, seconds=SECONDS, most=2 * _CHUNK) or b""
    at = 0
    for digest in digests:
        end = said.find(b"\n", at)
        head = said[at:end].split() if end >= 0 else []
        if len(head) != 3 or head[0] != digest.encode():
            yield digest, None
            continue
        at = end + 1 + int(head[2]) + 1
        yield digest, said[end + 1 : at - 1]


def _now(root: Path, path: str) -> tuple[str, bytes | None]:
    """What a file has now, with its path; for a link within the root those of the file that it leads to."""
    raw = _bytes(root, path)
    if raw is None and (leads := target(root, path)) is not None:
        return leads, _bytes(root, leads)
    return path, raw


def _bytes(root: Path, path: str) -> bytes | None:
    try:
        with os.fdopen(files.opened(f"{root}/{path}"), "rb", 0) as file:
            return files.taken(file.fileno(), MAX_BYTES)
    except (OSError, ValueError):
        return None


def _digests(raw: bytes, wide: bool) -> Iterator[str]:
    """The digests that git has for a file with these bytes: as they are, and with the line ends that it stores."""
    for form in (raw, raw.replace(b"\r\n", b"\n")):
        made = sha256 if wide else sha1
        yield made(b"blob %d\0" % len(form) + form, usedforsecurity=False).hexdigest()


# --- which file was which ----------------------------------------------------------------------------------


def _gone(root: Path, then: Mapping[str, str]) -> dict[str, str]:
    """The source files of then that are not there any more."""
    suffixes = tuple(extensions())
    return {
        path: old
        for path, old in then.items()
        if path.lower().rstrip().endswith(suffixes) and not os.path.lexists(root / path)
    }


def _renamed(root: Path, new: Mapping[str, Sequence[str]], gone: Mapping[str, str]) -> dict[str, str]:
    """For each new file that is one of those that are gone, under another name, the digest of that one."""
    left, found = dict(gone), dict[str, str]()
    same: dict[str, list[str]] = {}
    for path, old in gone.items():
        same.setdefault(old, []).append(path)
    for path, digests in new.items():
        candidates = [p for digest in digests for p in same.get(digest, ()) if p in left]
        if candidates:
            found[path] = left.pop(min(candidates, key=lambda p: (_name(p) != _name(path), p)))
    rest = [path for path in new if path not in found]
    if not (0 < len(rest) <= MAX_RENAMES and 0 < len(left) <= MAX_RENAMES):
        return found
    texts = {old: _lines(text) for old, text in _blobs(root, left.values()) if text is not None}
    holding: dict[bytes, list[str]] = {}
    for old, lines in texts.items():
        for line in lines:
            holding.setdefault(line, []).append(old)
    pairs = []
    for path in rest:
        lines = _lines(_bytes(root, path) or b"")
        votes: Counter[str] = Counter()
        for line, count in lines.items():
            olds = holding.get(line, ())
            for old in olds if len(olds) <= _COMMON else ():
                votes[old] += count * len(line)
        for old, _ in votes.most_common(5):
            if (part := _alike(lines, texts[old])) >= ALIKE:
                pairs += [(-part, _name(p) != _name(path), path, p) for p, digest in left.items() if digest == old]
    for _, _, path, was in sorted(pairs):
        if path not in found and was in left:
            found[path] = left.pop(was)
    return found


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _lines(raw: bytes) -> Counter[bytes]:
    return Counter(line.strip() for line in raw.splitlines())


def _alike(some: Counter[bytes], others: Counter[bytes]) -> float:
    """The part of the larger of two texts that both have, from 0 to 1, by their lines."""
    return _weight(some & others) / max(_weight(some), _weight(others), 1)


def _weight(lines: Counter[bytes]) -> int:
    return sum(count * len(line) for line, count in lines.items())


# --- which lines -------------------------------------------------------------------------------------------


def _between(before: bytes | None, after: bytes | None) -> Ranges:
    """The lines of ``after`` that are not those of ``before``; all where one of the two is no text."""
    if before is None or after is None:
        return ALL
    try:
        return changed_lines(decode(before, "").data.splitlines(), decode(after, "").data.splitlines())
    except SourceError:
        return ALL


def changed_lines(before: Sequence[bytes], after: Sequence[bytes]) -> Ranges:
    """The lines of ``after`` that are not those of ``before``.

    Lines that both have once are held against each other first, as by ``git diff --patience``; between them the fewest edits
    are looked for. Where there are too many, all lines between count as changed.
    """
    ranges = []
    i = j = 0
    for k, m in (*staying(before, after), (len(before), len(after))):
        if m > j:
            ranges.append((j + 1, m))
        elif k > i:
            ranges.append((j + 1, j))
        i, j = k + 1, m + 1
    return tuple(ranges)
