"""A review in the form that is asked for, whether it was made now or kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ctxreview.reports.layout import Layout
    from ctxreview.reports.review_text import Detail
    from ctxreview.reports.shown import Reviewed

Form = Literal["text", "markdown", "html"]


def report(given: Reviewed, form: Form, layout: Layout | None = None, detail: Detail = "folded") -> str:
    """One selection's review by each model that was asked. ``layout`` and ``detail`` are of text alone."""
    alone = len(given.documents) == 1
    if form == "html":
        from ctxreview.reports.page import page

        made = page([given])
    elif form == "markdown":
        from ctxreview.reports.markdown import review_markdown
        from ctxreview.reports.opinions import opinions_markdown

        made = review_markdown(given) if alone else opinions_markdown(given)
    else:
        from ctxreview.reports.opinions import opinions_text
        from ctxreview.reports.review_text import review_text
        from ctxreview.reports.text import PLAIN

        write = review_text if alone else opinions_text
        made = write(given, layout or PLAIN, detail)
    return made.rstrip("\n")
