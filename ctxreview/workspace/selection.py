"""What the person pointed at: a text such as ``src/Orders.cs:41-43`` becomes a :class:`Selection`.

Reads the file; everything after this works on values.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from ctxreview import file_access as files
from ctxreview.errors import SourceError
from ctxreview.model.source import Selection, Source, Span

MAX_BYTES = 4 * 1024 * 1024
"""Larger files are refused and not searched: nobody wrote them by hand, and outlining one takes many seconds."""

FORMS = "PATH:LINE, PATH:START-END or PATH:LINE:COL-LINE:COL"
_FORM = re.compile(
    r"(?P<path>.+?):(?:(?P<l1>N):(?P<c1>N)-(?P<l2>N):(?P<c2>N)|(?P<start>N)(?:-(?P<end>N))?)".replace("N", r"\d{1,20}"),
    re.S,
)
_ROOT_MARKS = (".sln", ".slnx", ".csproj")
_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


def select(given: str, root: Path | None = None, text: str | None = None) -> Selection:
    """The selection that ``given`` names; lines and columns are 1-based and inclusive.

    The path is taken from the current directory, or else from ``root``. Columns past a line's end mean
    its end, as carets do. Blanks around the path are a part of it where there is such a file. ``text`` is the file's
    text where that is not on disk.
    Raises :class:`SourceError` when the text, the file or the range is wrong.
    """
    form = _FORM.fullmatch(given.rstrip())
    if form is None:
        raise SourceError(f"{given!r} is not a selection: write {FORMS}.")
    spelled, bare = form["path"], form["path"].strip()
    path = Path(bare)
    if root is not None or spelled != bare:
        path = next((there for p in (spelled, bare) if (there := _found(Path(p), root)) is not None), path)
    source = read(path, root) if text is None else source_of(path, text, root)
    if form["l1"]:
        l1, c1, l2, c2 = (int(form[k]) for k in ("l1", "c1", "l2", "c2"))
        _check(given, source, l1, l2)
        start, end = _offset(source, l1, c1), _offset(source, l2, c2 + 1)
        if min(c1, c2) < 1:
            raise SourceError(f"{given}: columns are counted from 1.")
        if end <= start and (l1, c1) > (l2, c2):
            raise SourceError(f"{given}: the selection ends before it starts; write the earlier place first.")
        return Selection(source, Span(start, max(start, end)), given)
    first = int(form["start"])
    last = int(form["end"] or first)
    _check(given, source, first, last)
    return Selection(source, source.line_span(first, last), given)


def _found(path: Path, root: Path | None) -> Path | None:
    """The path as it leads to a file, from the current directory or else from ``root``."""
    if _exists(path):
        return path
    return root / path if root is not None and not path.is_absolute() and _exists(root / path) else None


def path_in(given: str) -> str:
    """The path that a selection names; what is no selection as it is."""
    form = _FORM.fullmatch(given.rstrip())
    return form["path"] if form is not None else given


def _check(given: str, source: Source, first: int, last: int) -> None:
    if first < 1:
        raise SourceError(f"{given}: lines are counted from 1.")
    if last < first:
        raise SourceError(f"{given}: the range is reversed; write {last}-{first}.")
    if last > source.line_count:
        raise SourceError(
            f"{given}: {source.path} has {source.line_count} lines; line {last} is past its end. Was the file changed since?"
        )


def _offset(source: Source, line: int, column: int) -> int:
    here = source.line_span(line)
    return here.start + len(source.text(here)[: max(0, column - 1)].encode())


def read(path: Path, root: Path | None = None) -> Source:
    """Read one file; its path becomes relative to ``root``, or to the repository that holds it.

    Raises :class:`SourceError` when it cannot be read as text or leads out of ``root``.
    """
    try:
        real = _real(path)
        stat = os.stat(real)
    except (OSError, RuntimeError, ValueError) as error:
        raise SourceError(f"{path}: cannot be read ({_reason(error)}); check the path.") from None
    if S_ISDIR(stat.st_mode):
        raise SourceError(f"{path}: is a folder; name a file and its lines: {FORMS}.")
    if not S_ISREG(stat.st_mode):
        raise SourceError(f"{path}: is a pipe or a device; ctxreview reads files.")
    home = home_of(os.path.dirname(path), root)
    shown = _shown(path, real, home)
    _check_size(path, stat.st_size)
    return _read(real, shown, home, stat.st_mtime_ns, stat.st_size)


def source_of(path: Path, text: str, root: Path | None = None) -> Source:
    """A text as the file at ``path``, which need not be there. Raises :class:`SourceError` as :func:`read` does."""
    path = _found(path, root) or (root / path if root is not None else path)
    home = home_of(os.path.dirname(path), root)
    shown = _shown(path, os.path.realpath(path), home)
    data = text.encode("utf-8", "replace")
    _check_size(path, len(data))
    return replace(decode(data, shown), root=home)


def _shown(path: Path, real: str, home: Path) -> str:
    """A file's path from its repository, with forward slashes. Raises :class:`SourceError` where it lies outside."""
    above = os.path.join(home, "")
    if not real.startswith(above):
        linked = real != os.path.normpath(os.path.join(os.getcwd(), path))
        raise SourceError(
            f"{path}: lies outside {home}"
            + (" (it is a link that leads out of it)." if linked else "; give the right folder with --root.")
        )
    return real.removeprefix(above).replace(os.sep, "/")


def _check_size(path: Path, size: int) -> None:
    if size > MAX_BYTES:
        raise SourceError(
            f"{path}: has {size:,} bytes; files over {MAX_BYTES:,} are not read: nobody writes them by hand."
        )


def _real(path: Path) -> str:
    """The file that a path leads to; many selections share a folder."""
    folder, name = os.path.split(path)
    near = os.path.join(_real_folder(os.path.join(os.getcwd(), folder)), name)
    plain = name not in ("", ".", "..") and not os.path.islink(near)
    return near if plain else os.path.realpath(path, strict=True)


def forget() -> None:
    """Look at folders anew from here on: links in them and repositories around them may be others by now."""
    for known in (_real_folder, _home, _resolved, find_root):
        known.cache_clear()


@lru_cache(maxsize=1024)
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder, strict=True)


def home_of(folder: str, root: Path | None = None) -> Path:
    """The repository that holds a folder, as written from the current one: ``root``, or the one around it."""
    return _resolved(root) if root is not None else _home(os.path.join(os.getcwd(), folder))


@lru_cache(maxsize=1024)
def _home(folder: str) -> Path:
    """The repository around a folder, which may be written with ``..`` in it."""
    return _resolved(find_root(os.path.normpath(folder)))


@lru_cache(maxsize=64)
def _resolved(root: Path) -> Path:
    return root.resolve()


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long, a folder that may not be entered
        return False


def _reason(error: Exception) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else "it is not a path"


@lru_cache(maxsize=512)
def _read(real: str, shown: str, home: Path, _changed: int, _size: int) -> Source:
    for _ in range(3):
        try:
            with os.fdopen(files.opened(real), "rb", buffering=0) as file:
                before = os.fstat(file.fileno())
                raw = files.taken(file.fileno(), MAX_BYTES)
                after = os.fstat(file.fileno())
        except OSError as error:
            raise SourceError(f"{shown}: cannot be read ({_reason(error)}).") from None
        if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size) and len(raw) == after.st_size:
            return replace(decode(raw, shown), root=home)
    raise SourceError(f"{shown}: changes while it is read; try again when it is written.")


def decode(raw: bytes, shown: str) -> Source:
    """The bytes of a file as a :class:`Source`. Raises :class:`SourceError` for empty and binary files."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return _decoded(raw[len(mark) :], shown, encoding)
    if b"\0" in raw:
        # Without a mark, UTF-16 source shows as a zero in every other byte; anything else with zeros is not text.
        head = raw[: min(len(raw), 8192) & ~1]
        even, odd = head[::2].count(0), head[1::2].count(0)
        for zeros, others, encoding in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
            if zeros > len(head) * 0.45 and others == 0:
                return _decoded(raw, shown, encoding)
        raise SourceError(f"{shown}: is a binary file; ctxreview reads source text.")
    return _decoded(raw, shown, "utf-8")


def _decoded(raw: bytes, shown: str, encoding: str) -> Source:
    for codec in (encoding, "cp1252", "latin-1") if encoding == "utf-8" else (encoding,):
        try:
            text = raw.decode("utf-8" if codec == "utf-8-sig" else codec)
        except UnicodeDecodeError:
            continue
        if not text.strip():
            raise SourceError(f"{shown}: is empty; there is nothing to select.")
        return Source(shown, raw if codec.startswith("utf-8") else text.encode("utf-8", "replace"), codec)
    raise SourceError(
        f"{shown}: is marked as {encoding.upper()} but is not valid {encoding.upper()}; save it again as UTF-8."
    )


@lru_cache(maxsize=512)
def find_root(folder: str) -> Path:
    """The repository around a folder: the nearest with ``.git``, else with a solution or project, else itself."""
    around = (Path(folder), *Path(folder).parents)
    for outer in around:
        if (outer / ".git").exists():
            return outer
    for outer in around:
        try:
            if any(entry.suffix in _ROOT_MARKS for entry in outer.iterdir()):
                return outer
        except OSError:
            break
    return Path(folder)
