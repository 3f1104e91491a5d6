"""Findings that are known already: a file of fingerprints, so that only new ones are told.

A fingerprint stays the same when lines are inserted elsewhere (:mod:`ctxreview.model.fingerprint`). No code is kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ctxreview import file_access as files
from ctxreview.errors import ConfigError
from ctxreview.model import fingerprint
from ctxreview.model.review import Finding
from ctxreview.model.source import Source

SCHEMA = "ctxreview.baseline/1"
MAX_BYTES = 64 * 1024 * 1024
"""A larger file is not read: no repository has so many findings."""


class Entry(NamedTuple):
    """One known finding; rule and path are there for people."""

    rule: str
    path: str
    fingerprint: str


def fingerprints(found: Sequence[Finding], source: Source) -> Iterator[str]:
    """The fingerprint of each finding of one file, which are all of it and in source order."""
    count = source.line_count
    return fingerprint.fingerprints((f, source.line(n) if (n := f.at.start_line) <= count else "") for f in found)


def read_baseline(path: Path) -> tuple[Entry, ...]:
    """The entries of a baseline file. Raises :class:`ConfigError` where it cannot be read or is none."""
    try:
        given = json.loads(files.given(path, MAX_BYTES))
    except OSError as error:
        hint = "; make it with --write-baseline." if isinstance(error, FileNotFoundError) else "."
        raise ConfigError(f"{path}: cannot be read ({error.strerror}){hint}") from None
    except (ValueError, RecursionError):
        raise ConfigError(
            f"{path}: is not a baseline (it is not JSON); create it again with --write-baseline."
        ) from None
    rows = given.get("findings") if isinstance(given, dict) and given.get("schema") == SCHEMA else None
    if not isinstance(rows, list):
        raise ConfigError(f"{path}: is not a baseline ({SCHEMA}); create it again with --write-baseline.")
    for row in rows:
        if not isinstance(row, dict) or not all(isinstance(row.get(field), str) for field in Entry._fields):
            raise ConfigError(
                f"{path}: has a finding without {', '.join(Entry._fields)}; create it again with --write-baseline."
            )
    return tuple(Entry(*(row[field] for field in Entry._fields)) for row in rows)


def baseline_text(entries: Iterable[Entry]) -> str:
    """A baseline as its file has it: sorted, one entry a line, so that two of them can be merged."""
    rows = ",\n".join(f"    {json.dumps(entry._asdict())}" for entry in sorted(entries, key=_by_path))
    return f'{{\n  "schema": "{SCHEMA}",\n  "findings": [{chr(10) + rows + chr(10) + "  " if rows else ""}]\n}}'


def _by_path(entry: Entry) -> tuple[str, str, str]:
    return entry.path, entry.rule, entry.fingerprint
