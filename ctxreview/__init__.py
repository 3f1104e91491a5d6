"""ctxreview: never a fragment. Completes the context of AI code-review prompts.

The names in ``__all__`` are the library; ``docs/library.md`` shows them at work. Each is read when it is first asked for.
"""

import sys

TYPE_CHECKING = False
"""For type checkers, who take it for true: ``typing`` may be in a stranger's checkout until ``__main__`` has looked at the path."""

if TYPE_CHECKING:
    from typing import Any

    from ctxreview.errors import (
        BudgetError,
        ConfigError,
        CtxreviewError,
        ProviderError,
        ReplyError,
        SourceError,
    )
    from ctxreview.library import (
        LintResult,
        compare,
        context,
        contexts,
        explain,
        guard,
        lint,
        prompt,
        review,
        scopes,
    )
    from ctxreview.model.declarations import Function, TypeDecl
    from ctxreview.model.outline import Outline
    from ctxreview.model.regions import Region
    from ctxreview.model.review import (
        ComparedFile,
        Comparison,
        Completion,
        Context,
        Finding,
        GuardResult,
        Prompt,
        Review,
        Suggestion,
        Usage,
    )
    from ctxreview.model.source import Selection, Source, Span
    from ctxreview.rules.catalogue import RuleEntry

__version__ = "0.1.0"

__all__ = [
    "BudgetError",
    "ComparedFile",
    "Comparison",
    "Completion",
    "ConfigError",
    "Context",
    "CtxreviewError",
    "Finding",
    "Function",
    "GuardResult",
    "LintResult",
    "Outline",
    "Prompt",
    "ProviderError",
    "Region",
    "ReplyError",
    "Review",
    "RuleEntry",
    "Selection",
    "Source",
    "SourceError",
    "Span",
    "Suggestion",
    "TypeDecl",
    "Usage",
    "compare",
    "context",
    "contexts",
    "explain",
    "guard",
    "lint",
    "prompt",
    "review",
    "scopes",
]

_HOMES = {
    "errors": ("BudgetError", "ConfigError", "CtxreviewError", "ProviderError", "ReplyError", "SourceError"),
    "library": (
        "LintResult",
        "compare",
        "context",
        "contexts",
        "explain",
        "guard",
        "lint",
        "prompt",
        "review",
        "scopes",
    ),
    "model.declarations": ("Function", "TypeDecl"),
    "model.outline": ("Outline",),
    "model.regions": ("Region",),
    "model.review": (
        "ComparedFile",
        "Comparison",
        "Completion",
        "Context",
        "Finding",
        "GuardResult",
        "Prompt",
        "Review",
        "Suggestion",
        "Usage",
    ),
    "model.source": ("Selection", "Source", "Span"),
    "rules.catalogue": ("RuleEntry",),
}

# Five packages are called as functions are. Python makes a package an attribute of this one when it is first imported,
# in place of the function: so that happens here, once, and the names are free again.
for _package in ("context", "guard", "lint", "prompt", "review"):
    __import__(f"ctxreview.{_package}")
    del globals()[_package]


if not TYPE_CHECKING:  # or a name that does not exist would be any type

    def __getattr__(name: str) -> "Any":
        """A public name, read when it is first asked for."""
        home = next((home for home, names in _HOMES.items() if name in names), None)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        __import__(f"ctxreview.{home}")
        found = globals()[name] = getattr(sys.modules[f"ctxreview.{home}"], name)
        return found


def __dir__() -> list[str]:
    """The public names, and what has been read so far."""
    return sorted({*globals(), *__all__})
