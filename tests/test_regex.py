"""Patterns that are compiled at their first use."""

from __future__ import annotations

import gc
import importlib
import pickle
import pkgutil
import re

import ctxreview
from ctxreview.regex import _Later, regex


def test_every_pattern_compiles() -> None:
    """A mistake in a pattern is found here, since importing its module does not find it."""
    for module in pkgutil.walk_packages(ctxreview.__path__, "ctxreview."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    made = [thing for thing in gc.get_objects() if isinstance(thing, _Later)]
    assert len(made) > 200
    for one in made:
        re.compile(one.pattern, one._flags)


def test_is_like_the_compiled_one() -> None:
    """Each method answers as the compiled pattern's, in another process too."""
    pattern = regex(r"(?P<word>A\w)", re.IGNORECASE)
    for one in (pattern, pickle.loads(pickle.dumps(pattern))):
        assert one.sub("", "xaBc") == "xc"
        assert [m["word"] for m in one.finditer("ab ac")] == ["ab", "ac"]
        assert dict(one.groupindex) == {"word": 1}
        assert one == pattern != regex(r"a") and hash(one) == hash(pattern)
        assert (one.pattern, one.flags & re.IGNORECASE) == (r"(?P<word>A\w)", re.IGNORECASE)
