"""Which files are code of tests, told by their paths."""

from __future__ import annotations

from ctxreview.regex import regex

_IN_TESTS = regex(
    r"(?:^|[/._-])(?i:unit|integration)?(?i:tests?|testing|mocks?|fakes?|specs?|benchmarks?)(?=[/._-])|[a-z0-9](?:Tests?|Specs?)(?=[/._-])"
)


def is_test_code(path: str) -> bool:
    """Whether a path, relative to the repository's root, is one of tests, test doubles or benchmarks."""
    return _IN_TESTS.search(path) is not None
