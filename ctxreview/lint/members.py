"""Where in some files a rule finds something or a scope is: the lines of the members that a person, or a model, has to look at."""

from __future__ import annotations

from ctxreview.callgraph.repository.index import Repository
from ctxreview.errors import SourceError
from ctxreview.languages import language_of
from ctxreview.lint import elsewhere
from ctxreview.lint.listing import Listing
from ctxreview.lint.plan import Plan
from ctxreview.lint.run import latest, lint_files, repositories_of, source_of
from ctxreview.model.source import Lines
from ctxreview.outline import outline

Ranges = tuple[tuple[int, int], ...]
"""First and last lines (1-based, inclusive)."""


def members_told(files: Listing, plan: Plan) -> dict[str, Ranges]:
    """For each file the lines of the members in which a finding or a transaction or lock is, in order; of a finding in no member its own lines.

    A scope that a method of another file opens counts where it is called. A file that cannot be read has none.
    """
    found = {result.path: [f.at for f in result.findings] for result in latest(lint_files(files, plan))}
    repositories = repositories_of(files, plan)

    def work(path: str) -> Ranges:
        return _ranges(path, files, plan, repositories[language_of(path).name], found.get(path, []))

    return dict(zip(files.paths, elsewhere.shared(work, files.paths), strict=True))


def _ranges(path: str, files: Listing, plan: Plan, repository: Repository, places: list[Lines]) -> Ranges:
    try:
        source = source_of(path, files)
    except SourceError:
        return ()
    if source is None:
        return ()
    made = outline(source, None, plan.wrappers)
    made = elsewhere.with_scopes_of_others(made, None, repository) or made
    ranges: set[tuple[int, int]] = set()
    for region in made.regions:
        member = made.member_of(region.opening)
        ranges.add(source.lines_of(member.span if member is not None else region.span))
    own = {member.span: source.lines_of(member.span) for member in made.outermost}
    for place in places:
        if place.path == path:
            inside = [lines for lines in own.values() if lines[0] <= place.end_line and place.start_line <= lines[1]]
            ranges.update(inside or [(place.start_line, place.end_line)])
    return tuple(sorted(ranges))
