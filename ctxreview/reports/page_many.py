"""Many reviews as one HTML file: counts and cost, a list that is filtered, and each review when it is asked for.

A script of the page's own lists and unpacks; the policy allows that script and the style by their digests, and nothing from elsewhere.
The script puts texts in as texts, and of packed reviews the HTML that was made here, in which no script runs.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator, Sequence

from ctxreview.model.kinds import GUARD_VERDICTS, SEVERITIES
from ctxreview.model.phrases import amount
from ctxreview.model.review import Comparison
from ctxreview.reports.json_text import dumps
from ctxreview.reports.page import page
from ctxreview.reports.page_compared import compared
from ctxreview.reports.page_packed import Packed, packed, packed_failure
from ctxreview.reports.page_parts import Failed
from ctxreview.reports.page_template import environment
from ctxreview.reports.shown import Reviewed
from ctxreview.reports.words import cost_text

VERDICTS = (*GUARD_VERDICTS, "in-scope", "no-scope-found", "cannot-tell", "failed")


def page_of_many(given: Sequence[Packed], comparisons: Sequence[Comparison] = ()) -> Iterator[str]:
    """The page, in pieces of whole lines: of ten thousand reviews it has more than fifty megabytes."""
    from markupsafe import Markup

    verdicts = Counter(each.row["verdict"] for each in given)
    rules = Counter(rule for each in given for rule in each.row["rules"])
    severities = Counter(severity for each in given for severity, count in each.row["found"] for _ in range(count))
    head: str = (
        environment()
        .get_template("page_many.html.j2")
        .render(
            title=amount(len(given), "selection"),
            # A document with what is not of ours: it is read by JSON.parse, and cannot end the element that it is in.
            rows=Markup(dumps({"rows": [each.row for each in given]}).replace("<", "\\u003c")),
            verdicts=[(verdict, verdicts[verdict]) for verdict in VERDICTS if verdicts[verdict]],
            rules=sorted(rules.items()),
            severities=[(severity, severities[severity]) for severity in SEVERITIES if severities[severity]],
            facts=_facts(given),
            comparisons=[compared(value, f"c{number}") for number, value in enumerate(comparisons, 1)],
        )
    )
    begin, mark, end = head.partition("<!--bodies-->")
    assert mark
    yield begin.rstrip("\n")
    for number, each in enumerate(given):
        if each.body:
            yield f'<script type="text/plain" id="b{number}">{base64.b64encode(each.body).decode()}</script>'
    yield end.strip("\n")


def _facts(given: Sequence[Packed]) -> list[tuple[str, str]]:
    """What stands in the head: how many, who was asked, for how much."""
    models = Counter(model for each in given for model in each.models)
    failed = sum(each.row["verdict"] == "failed" for each in given)
    facts = [("Reviews", f"{len(given) - failed:,}{f'; {failed:,} failed' if failed else ''}")]
    facts.append(("Files", f"{len({each.row['path'] for each in given}):,}"))
    if not models:
        return [*facts, ("Model", "none was asked")]
    facts.append(("Model", ", ".join(f"{model}: {amount(count, 'answer')}" for model, count in models.most_common())))
    unpriced = sum(not each.priced for each in given)
    cost = cost_text(sum(each.cost for each in given)) + (f" and {unpriced:,} of unknown cost" if unpriced else "")
    return [*facts, ("Asked for this", f"{sum(each.tokens for each in given):,} tokens, {cost}")]


def html_of(parts: Sequence[Reviewed | Failed | Comparison | Packed]) -> Iterator[str]:
    """The page of some parts, in pieces of whole lines: all open, or where reviews are packed the page of many."""
    if not any(isinstance(part, Packed) for part in parts):
        yield page([part for part in parts if not isinstance(part, Packed)]).rstrip("\n")
        return
    reviews: list[Packed] = []
    for part in parts:
        if isinstance(part, Failed):
            reviews.append(packed_failure(part))
        elif not isinstance(part, Comparison):
            reviews.append(part if isinstance(part, Packed) else packed(part))
    yield from page_of_many(reviews, [part for part in parts if isinstance(part, Comparison)])
