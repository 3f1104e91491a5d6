"""Which new files are old ones under another name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ctxreview.workspace.revision import stored_texts

MAX_RENAMES = 1000
"""Where more files are new or gone, only those are taken as renamed that were not edited as well; git's own limit."""
ALIKE = 0.5
"""A renamed file has at least this part of its text from before; as git has it."""
_COMMON = 50
"""A line of more files than this tells none of them from the others."""


def renamed_files(
    root: Path, new: Mapping[str, Sequence[str]], gone: Mapping[str, str], read: Callable[[str], bytes | None]
) -> dict[str, str]:
    """For each new file that is one of those that are gone, under another name, the path of that one.

    ``new`` has the digests that git may have for a file, ``gone`` the one that it had; ``read`` gives the bytes of a new file.
    """
    left, found = dict(gone), dict[str, str]()
    same: dict[str, list[str]] = {}
    for path, old in gone.items():
        same.setdefault(old, []).append(path)
    for path, digests in new.items():
        candidates = [p for digest in digests for p in same.get(digest, ()) if p in left]
        if candidates:
            found[path] = min(candidates, key=lambda p: (_file_name(p) != _file_name(path), p))
            del left[found[path]]
    rest = [path for path in new if path not in found]
    if not (0 < len(rest) <= MAX_RENAMES and 0 < len(left) <= MAX_RENAMES):
        return found
    texts = {old: _line_counts(text) for old, text in stored_texts(root, left.values()) if text is not None}
    holding: dict[bytes, list[str]] = {}
    for old, lines in texts.items():
        for line in lines:
            holding.setdefault(line, []).append(old)
    pairs = []
    for path in rest:
        lines = _line_counts(read(path) or b"")
        votes: Counter[str] = Counter()
        for line, count in lines.items():
            olds = holding.get(line, ())
            for old in olds if len(olds) <= _COMMON else ():
                votes[old] += count * len(line)
        for old, _ in votes.most_common(5):
            if (part := _shared_part(lines, texts[old])) >= ALIKE:
                pairs += [
                    (-part, _file_name(p) != _file_name(path), path, p) for p, digest in left.items() if digest == old
                ]
    for _, _, path, was in sorted(pairs):
        if path not in found and was in left:
            found[path] = was
            del left[was]
    return found


def _file_name(path: str) -> str:
    return path.rpartition("/")[2]


def _line_counts(raw: bytes) -> Counter[bytes]:
    return Counter(line.strip() for line in raw.splitlines())


def _shared_part(some: Counter[bytes], others: Counter[bytes]) -> float:
    """The part of the larger of two texts that both have, from 0 to 1, by their lines."""
    return _weight(some & others) / max(_weight(some), _weight(others), 1)


def _weight(lines: Counter[bytes]) -> int:
    return sum(count * len(line) for line, count in lines.items())
