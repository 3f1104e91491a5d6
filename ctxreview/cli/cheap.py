"""``--lint``, cheap first and the model second: of many selections those where a rule finds something or a scope is."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ctxreview.cli.console import say
from ctxreview.errors import CtxreviewError
from ctxreview.model.phrases import amount

if TYPE_CHECKING:
    from pathlib import Path

    from ctxreview.cli.selected import Given
    from ctxreview.model.source import Selection, Source
    from ctxreview.review.request import Version
    from ctxreview.review.told_selections import Ranges


def worth_asking(given: Given) -> Given:
    """Some selections without those where nothing is found, those of one function as one; how many were left out is said."""
    from ctxreview.review.request import Run
    from ctxreview.review.told_selections import told

    selected: dict[str, Selection] = {}
    for one in dict.fromkeys(given.selections):
        with contextlib.suppress(CtxreviewError):  # what is wrong with it is said in its place
            selected[one] = given.run.select(one, given.root)
    version = given.run.version
    found = _found(selected, version)
    made = told(given.selections, selected, lambda selection: found[selection.source.root][selection.source.path])
    if made.left_out:
        left = f"{made.left_out:,} of {amount(len(given.selections), 'selection')}"
        say(
            f"{left} {'was' if made.left_out == 1 else 'were'} left out: no rule finds anything in the function, and no transaction or lock is in it."
        )
    if made.joined:
        was = "is" if made.joined == 1 else "are"
        say(f"{amount(made.joined, 'selection')} {was} taken together with another one of the same function.")
    run = given.run
    if version is not None and made.made:
        run = Run(version._replace(selections={**version.selections, **made.made}))
    return given._replace(selections=made.selections, run=run)


def _found(selected: Mapping[str, Selection], version: Version | None) -> dict[Path, dict[str, Ranges]]:
    """By repository and path the lines of the members where something is."""
    from ctxreview.config import project
    from ctxreview.lint.listing import Listing
    from ctxreview.lint.members import members_told
    from ctxreview.lint.plan import plan_of

    files: dict[Path, dict[str, Source]] = {}
    for selection in selected.values():
        files.setdefault(selection.source.root, {})[selection.source.path] = selection.source
    made = {}
    for root, sources in files.items():
        place = version.place if version is not None and version.place.stored is not None else None
        texts = {source.path: source for source in version.edited} if version is not None else {}
        paths = tuple(sorted(sources))
        listed = Listing(root, paths, frozenset(paths), place=place, texts=texts)
        made[root] = members_told(listed, plan_of(project(root), None, None))
    return made
