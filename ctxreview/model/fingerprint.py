"""What a finding is known by, also after lines were inserted above it.

A fingerprint is made of the rule, the path, the text of the line a finding starts on (blanks aside) and how many with
the same three are before it. No code is kept.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256

from ctxreview.model.review import Finding


def fingerprints(found: Iterable[tuple[Finding, str]]) -> Iterator[str]:
    """The fingerprint of each finding, given with the text of its first line: all of a file, in source order."""
    seen = Counter[str]()
    for finding, text in found:
        said = "\0".join((finding.rule, finding.at.path, " ".join(text.split())))
        digest = sha256(said.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        seen[digest] += 1
        yield f"{digest}:{seen[digest]}"
