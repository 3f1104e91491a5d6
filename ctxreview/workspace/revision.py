"""What git has stored: the revisions that a range names, their files, and the texts of these."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ctxreview.errors import ConfigError
from ctxreview.workspace import git
from ctxreview.workspace.reading import MAX_BYTES

SECONDS = 120
"""Git is not waited for any longer."""
_CHUNK = 8 * MAX_BYTES
"""Bytes of stored text that are held at once."""
_ASKED = 100
"""So often git is asked which objects of a partial clone are not there."""


STAGED = ":index"
"""In the place of a commit, what git's index has: no commit has such a name."""
NOTHING = ":nothing"
"""In the place of a commit, the version before the first one."""


class Range(NamedTuple):
    """Two versions of a repository, by the names of their commits, :data:`STAGED` or :data:`NOTHING`; ``after`` is ``None`` for the work tree.

    ``given`` is what was asked for.
    """

    given: str
    before: str
    after: str | None

    @property
    def option(self) -> str:
        """The option by which it was asked for."""
        return "--staged" if self.after == STAGED else f"--diff {self.given}"


def range_of(given: str, root: Path) -> Range:
    """The range that is meant by ``REV``, ``A..B`` or ``A...B``, as ``git diff`` reads them.

    ``REV`` compares the work tree with a revision, ``A..B`` two revisions, and ``A...B`` the second with what the two last had in
    common. An end that is left out is ``HEAD``. Raises :class:`ConfigError` where there is no git, no repository, no such revision or
    nothing that the two have in common.
    """
    dots = re.search(r"\.{2,3}", given)
    if dots is None:
        return Range(given, commit_named(given, root, f"--diff {given}"), None)
    ends = given[: dots.start()], given[dots.end() :]
    first, second = (commit_named(end or "HEAD", root, f"--diff {given}") for end in ends)
    if dots[0] == "..":
        return Range(given, first, second)
    common = git.run_git(root, "merge-base", "--end-of-options", first, second, seconds=SECONDS)
    if common is None:
        shallow = git.run_git(root, "rev-parse", "--is-shallow-repository") == b"true\n"
        hint = (
            "this clone is shallow: fetch the history that is missing with git fetch --unshallow."
            if shallow
            else f"write {ends[0] or 'HEAD'}..{ends[1] or 'HEAD'} to compare the two."
        )
        raise ConfigError(f"--diff {given}: the two have no common commit; {hint}")
    return Range(given, common.split()[0].decode(), second)


def staged(root: Path) -> Range:
    """What is staged to be committed, against the commit that is checked out. Raises :class:`ConfigError` as :func:`range_of` does."""
    given = "--staged"
    around = _repository(root, given)
    before = commit_named("HEAD", root, given) if _is_born(root) else NOTHING
    if _index_rows(root) is None:
        raise ConfigError(f"{given}: git cannot list what is staged in {around}; git -C {around} status says why.")
    return Range("the index", before, STAGED)


def _is_born(root: Path) -> bool:
    """Whether the branch that is checked out has a commit."""
    head = git.run_git(root, "symbolic-ref", "--quiet", "HEAD")
    return head is None or git.run_git(root, "show-ref", "--verify", "--quiet", os.fsdecode(head).strip()) is not None


def _repository(root: Path, given: str) -> Path:
    """The work tree around ``root``. Raises :class:`ConfigError` where there is none, or no git."""
    around = git.git_root(root)
    if around is None:
        raise ConfigError(f"{given}: {root} is not in a git repository.")
    if git.git_program(root) is None:
        raise ConfigError(f"{given}: git is needed for it, and is not installed.")
    return around


def commit_named(revision: str, root: Path, given: str) -> str:
    """The name of the commit that a revision stands for; ``given`` is the option that was given, for messages."""
    around = _repository(root, given)
    commit = git.run_git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        if git.run_git(root, "rev-parse", "--git-dir") is None:
            raise ConfigError(f"{given}: git does not read {around} as a repository; git -C {around} status says why.")
        which = "such revision" if given.endswith(f" {revision}") else f"revision {revision}"
        raise ConfigError(f"{given}: there is no {which} in {root}; give a branch, a tag or a commit.")
    if len(meant := _references_of(root, revision)) > 1:
        raise ConfigError(f"{given}: is {' and '.join(meant)}, which differ; give one of them.")
    return commit.decode().strip()


def files_at(commit: str, root: Path) -> dict[str, str]:
    """The files of a commit under ``root``, by their paths from there, with the digest of each."""
    if commit == NOTHING:
        return {}
    if commit == STAGED:
        return dict(_index_rows(root) or ())
    around = git.git_root(root) or root
    inside = git.path_in_checkout(root, around).rstrip("/")
    tree = git.run_git(
        root,
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        f"{commit}:{inside}" if inside else f"{commit}^{{tree}}",
    )
    if tree is None:  # the folder was not there
        return {}
    listed = git.run_git(root, "ls-tree", "-r", "-z", "--full-tree", tree.decode().strip(), seconds=SECONDS)
    if listed is None:
        raise ConfigError(f"--diff: git cannot list the files of {around} at {commit}.")
    found = {}
    for row in listed.split(b"\0")[:-1]:
        about, _, name = row.partition(b"\t")
        mode, _, digest = about.split(b" ")
        if mode.startswith(b"100"):
            found[os.fsdecode(name)] = digest.decode()
    return found


def _index_rows(root: Path) -> list[tuple[str, str]] | None:
    """The files under ``root`` in the index that a commit in the making is made of, with their digests; ``None`` where it cannot be read.

    One whose conflicts are not resolved is not among them: there is no commit then.
    """
    around = git.git_root(root) or root
    inside = git.path_in_checkout(root, around)
    beneath = ["--", inside] if inside else []
    listed = git.run_git(root, "ls-files", "-z", "--stage", *beneath, seconds=SECONDS, index=git.index_given(root))
    if listed is None:
        return None
    rows = []
    for row in listed.split(b"\0")[:-1]:
        about, _, name = row.partition(b"\t")
        mode, digest, stage = about.split(b" ")
        if mode.startswith(b"100") and stage == b"0":
            rows.append((os.fsdecode(name).removeprefix(inside), digest.decode()))
    return rows


def _references_of(root: Path, revision: str) -> list[str]:
    """The references that a name stands for, where they differ. Git takes the tag, which comes with what is fetched."""
    names = [f"refs/{kind}{revision}" for kind in ("", "tags/", "heads/", "remotes/")]
    said = git.run_git(root, "for-each-ref", "--format=%(refname) %(objectname) %(*objectname)", *names) or b""
    rows = [row.split() for row in os.fsdecode(said).splitlines()]
    found = {row[0]: row[-1] for row in rows if row and row[0] in names}
    return sorted(found) if len(set(found.values())) > 1 else []


def stored_texts(root: Path, digests: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
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
            yield from _batch_of_texts(root, waiting)
            waiting, size = [], 0
        waiting.append(digest)
        size += sizes[digest]
    yield from _batch_of_texts(root, waiting)


def _sizes(root: Path, digests: Sequence[str], left: list[int]) -> dict[str, int]:
    """The size in bytes of each blob that is there. Older gits stop at the first that is not: it is found by halves."""
    if not digests or left[0] <= 0:
        return {}
    left[0] -= 1
    said = git.run_git(root, "cat-file", "--batch-check", given="\n".join((*digests, "")).encode(), seconds=SECONDS)
    if said is not None:
        rows = (row.split() for row in said.decode("ascii", "replace").splitlines())
        return {row[0]: int(row[2]) for row in rows if len(row) == 3 and row[1] == "blob"}
    if len(digests) == 1:
        return {}
    half = len(digests) // 2
    return _sizes(root, digests[:half], left) | _sizes(root, digests[half:], left)


def _batch_of_texts(root: Path, digests: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
    if not digests:
        return
    given = "\n".join((*digests, "")).encode()
    said = git.run_git(root, "cat-file", "--batch", given=given, seconds=SECONDS, most=2 * _CHUNK) or b""
    at = 0
    for digest in digests:
        end = said.find(b"\n", at)
        head = said[at:end].split() if end >= 0 else []
        if len(head) != 3 or head[0] != digest.encode():
            yield digest, None
            continue
        at = end + 1 + int(head[2]) + 1
        yield digest, said[end + 1 : at - 1]
