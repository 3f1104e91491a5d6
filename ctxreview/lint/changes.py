"""What lint reports of a range or a diff: findings on changed lines, and what the guard finds between both versions."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path

from ctxreview.callgraph.repository.index import Repository, open_repository, repository_of
from ctxreview.guard.patched import patched, said_of
from ctxreview.guard.versions import compare
from ctxreview.languages import extensions
from ctxreview.lint.listing import Listing, counts_among, files_named, files_of_commit
from ctxreview.lint.plan import COMPARING, KNOWN, Plan, asks_of_both
from ctxreview.model.review import Finding
from ctxreview.model.source import Source
from ctxreview.workspace.changed_files import Changed, changed_files
from ctxreview.workspace.changed_lines import Changes
from ctxreview.workspace.contents import as_text
from ctxreview.workspace.files import list_workspace
from ctxreview.workspace.revision import Range


def since(span: Range, given: Sequence[Path], root: Path, plan: Plan, hops: int) -> tuple[Listing, Plan]:
    """The files of a range as they are after, and the plan for them: the changed lines, and the findings on what became of the files.

    ``given`` are the paths that somebody named. What the guard only
    informs about is not a finding of lint. Callers are followed for ``hops`` calls.
    """
    files = files_named(given, root) if span.after is None else files_of_commit(given, root, span.after)
    changed = changed_files(span, files.root, files.paths, counts_among(given, files.root))
    return _compared(span.given, span.option, changed, files, plan, hops)


def of_patch(
    text: str, name: str, given: Sequence[Path], root: Path, folder: str, plan: Plan, hops: int
) -> tuple[Listing, Plan]:
    """As :func:`since`, of the files that the unified diff ``text`` changes: as it makes them, or as they are where it is applied already.

    ``name`` is that of the diff, and ``folder`` the one that paths in it may be seen from. Raises :class:`SourceError` where it is not a diff.
    """
    place = list_workspace(root, tuple(extensions()))
    made = patched(text, name, place, folder)
    counts = counts_among(given, root)
    changed = [one for one in made.changed if counts(one.path)]
    texts: dict[str, Source] = {}
    if not made.applied:
        for one in made.changed:
            texts[one.was or one.path] = Source(one.was or one.path, b"", root=root)
        texts |= {
            one.path: Source(one.path, as_text(one.after), root=root) for one in made.changed if one.after is not None
        }
    paths = tuple(sorted(one.path for one in changed if not one.gone))
    notes = said_of(made, name)
    if not made.changed and not made.failed:
        notes = (*notes, f"{name}: changes no {', '.join(sorted(extensions()))} file.")
    files = Listing(root, paths, failed=made.failed, notes=notes, place=place, texts=texts)
    return _compared(name, f"--patch {name}", changed, files, plan, hops)


def _compared(
    name: str, option: str, changed: Iterable[Changed], files: Listing, plan: Plan, hops: int
) -> tuple[Listing, Plan]:
    changes = Changes(option)
    changed = changes.seen(changed)
    if not asks_of_both(plan):
        deque(changed, maxlen=0)
        return files._replace(notes=(*files.notes, *changes.notes)), plan._replace(changed=changes.lines)

    def opened(language: str) -> Repository:
        if files.place is not None:
            return repository_of(files.place, language, plan.wrappers)
        return open_repository(files.root, language, plan.wrappers)

    made = compare(name, changed, files.root, opened, hops)
    found: dict[str, tuple[Finding, ...]] = {}
    for file in made.files:
        own = tuple(f for f in file.result.findings if not f.informs and _is_shown(f, plan))
        if own:
            found[file.after.path] = own
    failed = tuple(dict.fromkeys((*files.failed, *made.failed)))
    files = files._replace(failed=failed, notes=(*files.notes, *changes.notes))
    return files, plan._replace(changed=changes.lines, compared=found)


def _is_shown(finding: Finding, plan: Plan) -> bool:
    """Whether its rule is shown; what tells of the comparison itself belongs to no rule, and is shown where nothing was selected."""
    return finding.rule in plan.shown or finding.rule not in (*KNOWN, *COMPARING)
