"""How a selection is written: a path, and lines or columns in it."""

from __future__ import annotations

import re

from ctxreview.regex import regex

FORMS = "PATH:LINE, PATH:START-END, PATH:LINE:COL-LINE:COL, PATH#L31-L33 or PATH:MEMBER"
FORM = regex(
    r"(?P<path>.+?):(?:(?P<l1>N):(?P<c1>N)-(?P<l2>N):(?P<c2>N)|(?P<start>N)(?:-(?P<end>N))?)".replace("N", r"\d{1,20}"),
    re.S,
)


MEMBER = regex(r"(?P<path>.+):(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)", re.S)
"""A path and a member of a file: its name, perhaps behind that of its type."""

_ANCHOR = regex(r"(?P<path>.+)#L(?P<start>N)(?:C\d+)?(?:-L?(?P<end>N)(?:C\d+)?)?".replace("N", r"\d{1,20}"), re.S)
"""Lines as forges write them behind a path; columns in them are passed over."""


def plain(given: str) -> str:
    """A selection with lines as forges write them in the form of the others; what is written otherwise as it is."""
    anchor = _ANCHOR.fullmatch(given.rstrip())
    if anchor is None:
        return given
    return f"{anchor['path']}:{anchor['start']}-{anchor['end'] or anchor['start']}"


def is_link(given: str) -> bool:
    """Whether a selection is written as a link."""
    return given.lstrip().lower().startswith(("https://", "http://"))


def is_member(given: str) -> bool:
    """Whether a selection names a member."""
    return (
        not is_link(given)
        and FORM.fullmatch(plain(given).rstrip()) is None
        and MEMBER.fullmatch(given.rstrip()) is not None
    )


def path_in(given: str) -> str:
    """The path that a selection names; what is not a selection as it is."""
    form = FORM.fullmatch(plain(given).rstrip()) or MEMBER.fullmatch(given.rstrip())
    return form["path"] if form is not None else given
