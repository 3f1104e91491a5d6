"""Why a change has no certain place, and what its author can do instead: each refusal says both."""

from collections.abc import Iterable
from enum import StrEnum

from ctxreview.model.phrases import at_lines


class Instead(StrEnum):
    """What to give instead of a change that has no certain place, as a sentence."""

    CODE = "Give the code as it is to be."
    CONTEXT = "Give more of the lines around the change, or select the lines that are meant."
    EXISTING = "Give what changes in it, as a diff or as code."
    FILE = "Select lines of that file."
    LINE = "Break the line."
    LINES = "Select the lines that are meant, or give the whole method."
    METHOD = "Give the whole method, or the new text of the selected lines with --replace."
    ONCE = "Give each alternative in a block of its own."
    PARAMETERS = "Select lines of the one that is meant, or give it with the parameters that it has in the file."
    PARENT = "Give the diff against a single parent, as of git diff REV."
    PARTS = "Give it in smaller parts, or the new text of the selected lines with --replace."
    PATH = "Give the path from the root of the repository."
    QUOTED = "Quote the lines as they are in the file now, or select them and give their new text with --replace."
    REPLACE = "Select the lines that it replaces and give their new text with --replace, or give the whole method."
    SELECTED = (
        "Select what it replaces and give the new text with --replace, or give it beside the method that uses it."
    )
    STATEMENTS = "Give the whole statements."
    TYPE = "Give the whole type, or each changed method whole and in a block of its own."
    UNIFIED = "Give a unified diff of lines, as of diff -u, or of git diff without --word-diff."


def several(lines: Iterable[int]) -> str:
    """``2 places: lines 3, 5``: of several places how many there are, and where the first begin."""
    found = list(lines)
    return f"{len(found):,} places: {at_lines(found[:5])}"


class UnplacedError(Exception):
    """A change without a certain place: one sentence says why, the next what to do ``instead``."""

    def __init__(self, why: str, instead: Instead) -> None:
        super().__init__(f"{why} {instead}")
        self.instead = instead
