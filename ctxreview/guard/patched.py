"""The files that a unified diff changes, in both versions: it is applied in memory, or undone where it is applied already."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from ctxreview.errors import SourceError
from ctxreview.guard.placing import unified
from ctxreview.guard.placing.sections import Section, sections, undone
from ctxreview.languages import extensions
from ctxreview.model.phrases import amount
from ctxreview.model.source import Source, same_path, segments
from ctxreview.workspace.changed_files import Changed
from ctxreview.workspace.files import Workspace, read_file


class Patched(NamedTuple):
    """The files that a diff changes; ``applied`` says that they have been changed already.

    ``failed`` has a sentence for each file to which it does not apply.
    """

    changed: tuple[Changed, ...]
    applied: bool
    failed: tuple[str, ...] = ()


class _File(NamedTuple):
    """What a diff says of one source file, in the order of its parts: mails with a series of patches have several."""

    parts: tuple[Section, ...]

    @property
    def old(self) -> str:
        """Its name before, ``""`` where it is new."""
        return self.parts[0].old

    @property
    def new(self) -> str:
        """Its name after, ``""`` where it is gone."""
        return self.parts[-1].new


class _Made(NamedTuple):
    """One direction of a file's change; ``exact`` where nothing in it had to be looked for."""

    changed: Changed
    exact: bool


def patched(text: str, given: str, place: Workspace, folder: str = "") -> Patched:
    """What the unified diff ``text`` makes of the files of a workspace, or has made of them where it is applied.

    ``given`` names the diff in messages. A path in it is seen from the root, from ``folder``,
    or is the end of one file's path, or has that at its end.
    Raises :class:`SourceError` where it is not a unified diff, or its line counts are wrong.
    """
    parts = sections(text)
    if not parts:
        raise SourceError(
            f"{given}: is not a unified diff with right line counts, as git diff or a forge writes it; make it again."
        )
    known = tuple(extensions())
    files = [
        file for file in _files(parts) if any(PurePosixPath(name).suffix in known for name in (file.old, file.new))
    ]
    ways = [(_direction(file, place, folder), _direction(_reversed(file), place, folder)) for file in files]
    backward = sum(_is_backward(*way) for way in ways)
    applied = backward > sum(forth is not None and not _is_backward(forth, back) for forth, back in ways)
    changed, failed = [], []
    for file, (forth, back) in zip(files, ways, strict=True):
        made = back if applied else forth
        name = file.new or file.old
        if any(section.binary for section in file.parts):
            failed.append(f"{name}: {given} does not show what it changes in it; it was not compared.")
        elif made is None:
            other = forth if applied else back
            how = "is applied to other files already, and not to this one" if applied else "does not apply to it"
            if not applied and other is not None:
                how = "is applied to it already, and not to other files"
            failed.append(f"{name}: {given} {how}; it was not compared.")
        else:
            changed.append(_swapped(made.changed) if applied else made.changed)
    return Patched(tuple(sorted(changed)), applied, tuple(failed))


def is_applied(text: str, source: Source) -> bool:
    """Whether a text is a unified diff that has been applied to a file: it can be undone there, and not applied again."""
    files = [file for file in _files(sections(text)) if file.new and same_path(file.new, source)]
    if len(files) != 1:
        return False
    forth, back = (unified.patched(file.parts, source) for file in (files[0], _reversed(files[0])))
    return _is_backward(forth, back)


def said_of(made: Patched, given: str) -> tuple[str, ...]:
    """What a person is told of a diff that is applied already."""
    if not made.applied:
        return ()
    return (
        f"{given} is applied already to {amount(len(made.changed), 'file')}: it was undone in memory to get the version before.",
    )


def _files(parts: tuple[Section, ...]) -> list[_File]:
    """The parts of a diff by the file that they are of, followed from name to name."""
    found: dict[str, _File] = {}
    for number, section in enumerate(parts):
        before = found.pop(section.old, None) if section.old else None
        file = _File((*before.parts, section)) if before is not None else _File((section,))
        found[section.new or f"\0{number}"] = file
    return [*found.values()]


def _reversed(file: _File) -> _File:
    return _File(tuple(undone(section) for section in reversed(file.parts)))


def _is_backward(forth: _Made | unified.Patched | None, back: _Made | unified.Patched | None) -> bool:
    """Whether a file has been changed already, by both directions as far as they apply."""
    return back is not None and (forth is None or (back.exact and not forth.exact))


def _direction(file: _File, place: Workspace, folder: str) -> _Made | None:
    """What becomes of a file; ``None`` where the diff does not apply to it."""
    path = _path_of(file.old, place, folder) if file.old else None
    if path is not None:
        source = read_file(place, path)
    else:
        new = "/".join(segments(file.new))
        source = Source(new, b"", root=place.root) if not file.old and new not in place.paths else None
    if source is None:
        return None
    made = unified.patched(file.parts, source)
    if made is None or (not file.new and made.data.strip()):
        return None
    before = source.data if path is not None else None
    if not file.new:
        return _Made(Changed(source.path, source.path, before, None, gone=True), made.exact)
    after = source.path if path is None or file.new == file.old else _beside(source.path, file.old, file.new)
    return _Made(Changed(after, path or "", before, made.data), made.exact)


def _swapped(changed: Changed) -> Changed:
    """The same change the other way round."""
    if changed.gone:
        return Changed(changed.path, "", None, changed.before)
    if not changed.was:
        return Changed(changed.path, changed.path, changed.after, None, gone=True)
    return Changed(changed.was, changed.path, changed.after, changed.before)


def _path_of(name: str, place: Workspace, folder: str) -> str | None:
    """The one file that a name in a diff is of."""
    parts = segments(name)
    exact = "/".join(parts)
    near = "/".join((*segments(folder), *parts))
    paths = frozenset(place.paths)
    for path in (exact, near):
        if path in paths:
            return path
    root = place.root.parts
    alike = [*_candidates(parts, place)]
    found = [path for path in alike if _ends([*root, *path.split("/")], parts)]
    # A diff of a repository around the root, which may be checked out elsewhere, has more before the path than the root.
    longer = [path for path in alike if _ends(parts, path.split("/"))]
    return found[0] if len(found) == 1 else max(longer, key=len, default=None) if not found else None


def _candidates(parts: list[str], place: Workspace) -> Iterator[str]:
    return (path for path in place.paths if parts and path.rpartition("/")[2] == parts[-1])


def _ends(whole: list[str], parts: list[str]) -> bool:
    return whole[-len(parts) :] == parts


def _beside(path: str, old: str, new: str) -> str:
    """The path that a file has under its new name, in the folder that both names are seen from."""
    parts, named = path.split("/"), segments(old)
    around = max(0, len(named) - len(parts))  # the folders of a diff that is seen from around the root
    return "/".join((*parts[: -len(named)], *segments(new)[around:]))
