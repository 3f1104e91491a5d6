"""Links of forges to lines of a file, found in the checked-out repository: GitHub, GitLab, Azure DevOps and those like them.

A link is of a revision, and its lines are that revision's: they are followed to where they are now. Nothing is fetched.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from ctxreview.errors import SourceError
from ctxreview.workspace import git
from ctxreview.workspace.contents import bytes_at
from ctxreview.workspace.line_diff import staying
from ctxreview.workspace.revision import stored_texts
from ctxreview.workspace.roots import find_root

_BLOB = re.compile(r"/(?P<repository>[^?#]+?)/(?:-/)?(?:blob|blame|src/(?:branch|commit|tag))/(?P<rest>.+)")
_LINES = re.compile(r"L(\d{1,9})(?:C\d+)?(?:-L?(\d{1,9})(?:C\d+)?)?")
_VERSIONS = {"GB": "branch", "GC": "commit", "GT": "tag"}


class _Link(NamedTuple):
    """A link's repository, the lines, and its revision with the path: each pair that the address can mean."""

    repository: str
    meant: tuple[tuple[str, str], ...]
    first: int
    last: int


def line_of_link(given: str, root: Path | None) -> str:
    """The selection ``PATH:START-END``, its path whole, of the lines that a link leads to, as they are on the disk now.

    Raises :class:`SourceError` where it is not such a link, leads to another repository, to a file or revision that is not here, or to
    lines that have changed since.
    """
    home = (root or find_root(str(Path.cwd()))).resolve()
    link = _read(given.strip())
    if link is None:
        raise SourceError(
            f"{given}: is not a link to lines of a file on GitHub, GitLab or Azure DevOps; give one that ends in lines, such as #L31-L33."
        )
    around = git.git_root(home)
    if around is None:
        raise SourceError(
            f"{given}: {home} is not in a git repository, where the link could lead to; give it with --root."
        )
    remotes = list(_remotes(home))
    if remotes and link.repository.lower() not in remotes:
        raise SourceError(
            f"{given}: leads to {link.repository}, and {around} is a clone of {', '.join(remotes)}; run it there."
        )
    found = [(path, blob) for revision, path in link.meant if (blob := _blob(home, revision, path)) is not None]
    if not found:
        revisions = " or ".join(dict.fromkeys(revision for revision, _ in link.meant[:1]))
        raise SourceError(
            f"{given}: that file at {revisions} is not in this clone; fetch the revision, or give the lines as they are here."
        )
    path, blob = found[0]
    first, last = _now(given, link, around, path, blob)
    return f"{around / path}:{first}-{last}"


def _read(given: str) -> _Link | None:
    address = urlsplit(given)
    asked = parse_qs(address.query)
    if "/_git/" in address.path and "path" in asked:  # Azure DevOps
        version = asked.get("version", ["GBHEAD"])[0]
        first = asked.get("line", [""])[0]
        last = asked.get("lineEnd", [first])[0]
        if version[:2] not in _VERSIONS or not (first.isdecimal() and last.isdecimal() and len(first + last) < 19):
            return None
        ends_before = asked.get("lineEndColumn", [""])[0] == "1" and int(last) > int(first)
        repository = unquote(address.path.rstrip("/").rpartition("/_git/")[2].split("/")[0])
        path = asked["path"][0].lstrip("/")
        return _Link(repository, ((version[2:], path),), int(first), int(last) - ends_before)
    blob, lines = _BLOB.fullmatch(unquote(address.path)), _LINES.fullmatch(address.fragment)
    if blob is None or lines is None:
        return None
    parts = blob["rest"].split("/")
    meant = tuple(("/".join(parts[:n]), "/".join(parts[n:])) for n in range(1, len(parts)))
    return _Link(blob["repository"].rpartition("/")[2], meant, int(lines[1]), int(lines[2] or lines[1]))


def _remotes(home: Path) -> Iterator[str]:
    """The names of the repositories that this one knows, in lower case."""
    said = git.run_git(home, "config", "--get-regexp", r"^remote\..*\.url$") or b""
    for row in os.fsdecode(said).splitlines():
        url = row.partition(" ")[2].rstrip("/").removesuffix(".git")
        yield unquote(re.split(r"[/:]", url)[-1]).lower()


def _blob(home: Path, revision: str, path: str) -> str | None:
    """The digest of a file at a revision of a link; a branch may be known as a remote's only."""
    for name in (revision, f"origin/{revision}"):
        found = git.run_git(home, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}:{path}")
        if found is not None:
            return found.decode("ascii", "replace").strip()
    return None


def _now(given: str, link: _Link, around: Path, path: str, blob: str) -> tuple[int, int]:
    """Where the lines are in the file on the disk."""
    ((_, then),) = stored_texts(around, [blob])
    now = bytes_at(around, path)
    if then is None or now is None:
        raise SourceError(f"{given}: {path} is not in this work tree, or what it was is not in this clone.")
    old, new = then.splitlines(), now.splitlines()
    if not 1 <= link.first <= link.last <= len(old):
        raise SourceError(f"{given}: {path} has {len(old):,} lines there, and no line {link.last}.")
    at = dict(staying(old, new))
    lines = [at.get(n) for n in range(link.first - 1, link.last)]
    first, last = lines[0], lines[-1]
    if first is None or last is None or last - first != link.last - link.first or None in lines:
        raise SourceError(f"{given}: these lines of {path} have changed since; give the lines as they are here.")
    return first + 1, last + 1
