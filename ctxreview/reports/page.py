"""Reviews as one HTML file: no script, nothing from elsewhere, and a policy that forbids both.

Everything on it comes from the document of a review (``ctxreview.review/1``) and what is :class:`~ctxreview.reports.shown.Shown`
beside it, so a kept review gives the same page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from ctxreview.model.phrases import amount
from ctxreview.model.review import Comparison
from ctxreview.reports.page_compared import Compared, compared
from ctxreview.reports.page_parts import Entry, Failed, entry
from ctxreview.reports.page_template import environment
from ctxreview.reports.shown import Reviewed


class Part(NamedTuple):
    """A part of the page: what the index calls it, with which verdict, and what the template is given."""

    prefix: str
    kind: Literal["review", "comparison", "failed"]
    verdict: str
    name: str
    made: Entry | Compared | Failed


def page(given: Sequence[Reviewed | Failed | Comparison]) -> str:
    """One page: a review or a comparison, or several with an index of them."""
    entries = [_part(each, f"r{n}" if len(given) > 1 else "") for n, each in enumerate(given, 1)]
    made: str = (
        environment()
        .get_template("page.html.j2")
        .render(
            entries=entries,
            title=_title(given),
            notices=tuple(dict.fromkeys(_notices(given))),
        )
    )
    return made


def _part(given: Reviewed | Failed | Comparison, prefix: str) -> Part:
    if isinstance(given, Comparison):
        return Part(prefix, "comparison", given.verdict, given.given, compared(given, prefix))
    if isinstance(given, Failed):
        return Part(prefix, "failed", "failed", given.selection, given)
    made = entry(given, prefix)
    context = made.document["context"]
    name = f"{context['selection']['path']}:{made.own.words}"
    return Part(prefix, "review", made.verdict or context["verdict"], name, made)


def _title(given: Sequence[Reviewed | Failed | Comparison]) -> str:
    if len(given) == 1 and isinstance(given[0], Reviewed):
        return f"{given[0].shown['selected']}, {given[0].documents[0]['context']['selection']['path']}"
    selections = sum(not isinstance(each, Comparison) for each in given)
    versions = [each.given for each in given if isinstance(each, Comparison)]
    return ", ".join([*versions, *([amount(selections, "selection")] if selections or not given else [])])


def _notices(given: Sequence[Reviewed | Failed | Comparison]) -> Iterator[str]:
    return (each.documents[0]["notice"] for each in given if isinstance(each, Reviewed))
