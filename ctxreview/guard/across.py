"""An edit and the rest of the repository: both versions with what other files say of them, and the callers that it changes.

A wrapper in another file makes its call a scope, in the version before the edit and in the one after; a method of another
file saves what its caller changed. And an edit in such a method changes what its callers run under, in whatever file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from ctxreview import rules
from ctxreview.behaviour.affected import changed_state
from ctxreview.behaviour.places import lines
from ctxreview.callgraph.callees import called_names, methods_called
from ctxreview.callgraph.callers.callee import Callee
from ctxreview.callgraph.callers.chains import call_chains
from ctxreview.callgraph.elsewhere import Family
from ctxreview.callgraph.finished import with_ends_elsewhere
from ctxreview.callgraph.repository.declared import Declared
from ctxreview.callgraph.repository.index import Repository
from ctxreview.callgraph.wrappers.scopes import expect_wrappers, with_wrapped_scopes
from ctxreview.guard.together import Seen
from ctxreview.languages import load
from ctxreview.languages.behaviour import names_of
from ctxreview.model.declarations import Function
from ctxreview.model.facts import Fact
from ctxreview.model.outline import Outline
from ctxreview.model.phrases import listed
from ctxreview.model.review import Finding
from ctxreview.model.source import Span, Spans
from ctxreview.outline import outline
from ctxreview.rules.orm.no_tracking_write import given_untracked
from ctxreview.workspace.code_of_tests import is_test_code

MAX_SEARCHED = 200
"""Files in which a method is looked for that does something for its callers."""
MAX_CALLERS = 40
"""Files of callers that are compared, the nearest first."""

MAX_CHANGED = 40
"""Functions that an edit changes whose callers elsewhere are looked for: for each the file is searched once more."""
UNFOLLOWED = "unfollowed-callers"
"""The rule of the finding that says which were not."""
UNREAD = "unread-files"
"""The rule of the note that says which files were not read although calls of the edited functions lead there."""


@cache
def _telling(language: str) -> tuple[bytes, ...]:
    """What is in the text of code that saves, reads what nobody tracks, or gives a task."""
    about = names_of(language)
    untracked = (name for name, trait in about.operators.items() if trait == "untracked")
    tasks = (f"{suffix}(" for suffix in about.of("task_suffix"))
    return tuple(word.encode() for word in (*about.of("saves_all"), *untracked, *tasks))


class Edited(NamedTuple):
    """A file before and after an edit, each with what the repository says of it and asking what other files declare."""

    before: Outline
    after: Outline
    was: Family
    now: Family
    own: frozenset[str]
    """The paths of all files that the edit changes."""


def edited(
    pairs: Sequence[tuple[Outline, Outline]], selected: Iterable[Function], repository: Repository
) -> tuple[Edited, ...]:
    """Both versions of the files that an edit changes, which know of each other.

    Each has the wrappers that its changed functions, their callers there and in the first file the ``selected`` members call.
    """
    now = repository.edited(*(after.source for _, after in pairs))
    decided: dict[str, bool] = {}
    was, then = (Family(one, len(pairs), decided) for one in (repository, now))
    names = [{_key(f) for f in (*_changed(*pair), *_changed(*pair[::-1]))} for pair in pairs]
    words = frozenset(name for keys in names for _, name in keys)
    for (before, after), keys in zip(pairs, names, strict=True):
        for family in (was, then):
            family.changed[after.source.path] = frozenset((*(n for _, n in keys), *changed_state(before, after)))
    names[0] |= {_key(m) for m in selected}
    found, asking = [], []
    own = frozenset(then.changed)
    for (before, after), keys in zip(pairs, names, strict=True):
        first, second = _near(before, keys, words), _near(after, keys, words)
        one, other = resolved(before, first, repository), resolved(after, second, now)
        if not is_test_code(after.source.path):  # what a test calls is what it tests: it is not a part of it
            one, other = was.linked(one), then.linked(other)
        asking.append(([(one, s) for s in first], [(other, s) for s in second]))
        found.append(Edited(one, other, was, then, own))
    for old, new in asking:
        was.expect(old)
        then.expect(new)
    return tuple(found)


def _key(function: Function) -> tuple[str, str]:
    return function.container, function.name


def _changed(one: Outline, other: Outline) -> list[Function]:
    """The members of one version that the other does not have as they are."""
    there = Counter((*_key(f), other.source.text(f.span)) for f in other.outermost)
    return [f for f in one.outermost if not there[(*_key(f), one.source.text(f.span))]]


def _near(there: Outline, keys: set[tuple[str, str]], words: frozenset[str]) -> list[Span]:
    """The members of these keys, and those that call something of these names."""
    return [
        f.span
        for f in there.outermost
        if _key(f) in keys or not words.isdisjoint(called_names(there.source.text(f.span), there.language))
    ]


def resolved(there: Outline, spans: Sequence[Span], repository: Repository) -> Outline:
    """An outline with the scopes that the functions at ``spans`` are given by wrappers, and with what their callees do for them."""
    made = with_wrapped_scopes(there, spans, repository, expect_wrappers(((there, s) for s in spans), repository))
    made = with_ends_elsewhere(made, spans, repository)
    known = {(f.kind, f.span) for f in made.facts}
    further = [f for f in does(made, spans, repository) if (f.kind, f.span) not in known]
    return replace(made, facts=tuple(sorted((*made.facts, *further), key=lambda f: f.span))) if further else made


def does(there: Outline, spans: Sequence[Span], repository: Repository) -> Iterator[Fact]:
    """What the repository's own methods do for the functions at ``spans`` that call them: they save, or give what nobody tracks.

    They read, where several are begun together. The facts are at the calls, and are named by what is called in the end.
    """
    language = load(there.language)
    known = frozenset(name for name in language.facts if "." not in name)
    names = {
        n
        for s in spans
        for n in called_names(there.source.text(s), there.language)
        if language.words.untwinned(n) not in known
    }
    repository.prefetch_words(names)
    wanted = frozenset(n for n in names if n not in known and _tells(n, repository))
    uses = repository.outline_for(there.source.path, wanted, tuple(sorted(spans))) if wanted else None
    started = Spans(f.span for f in there.facts if f.kind == "spawn")
    for reference in uses.references if uses is not None else ():
        if uses is None or reference.form != "call" or not any(s.contains(reference.name_span) for s in spans):
            continue
        for fact in dict.fromkeys(
            f
            for part, function in methods_called(reference, uses, repository)
            for f in _done(part, function, repository)
        ):
            if fact.kind != "read" or started.contains(reference.span):
                yield fact._replace(span=reference.span, target=reference.receiver)


def _tells(name: str, repository: Repository) -> bool:
    """Whether a file that has the name saves or reads untracked."""

    def looked() -> bool:
        texts = (repository.text_of(path) for path in repository.files_with(name)[:MAX_SEARCHED])
        return any(word in text for text in texts for word in _telling(repository.language))

    return repository.memo(("does", name), looked)


def _done(part: Declared, function: Function, repository: Repository) -> tuple[Fact, ...]:
    """What a method does for whoever calls it, one fact of each kind, without a place."""
    path, about = part.outline.source.path, names_of(repository.language)
    code = repository.text_of(path)[function.span.start : function.span.end]
    there = (
        repository.outline_for(path, {function.name})
        if any(word in code for word in _telling(repository.language))
        else None
    )
    if there is None:
        return ()
    saves = (
        f for f in there.facts if f.kind == "save" and about.has("saves_all", f.name) and function.span.contains(f.span)
    )
    found = [
        Fact(f.kind, Span(0, 0), f.name) for f in (next(saves, None), given_untracked(there, function)) if f is not None
    ]
    asked = (f for f in there.facts if f.kind == "read" and not f.is_state and about.is_task(f.name))
    found += [Fact(f.kind, Span(0, 0), f.name, by_callee=True) for f in asked if function.span.contains(f.span)][:1]
    return tuple(found)


def _unfollowed(there: Outline, functions: Sequence[Function]) -> Finding:
    return Finding(
        rule=UNFOLLOWED,
        severity="note",
        certainty="syntactic",
        message=f"The edit changes {len(functions)} more functions, from {functions[0].name} on, whose callers in other files were not followed.",
        question="Do callers in other files rely on a scope or a result of these functions?",
        at=lines(there, functions[0].opening),
    )


def unread(edit: Edited) -> list[str]:
    """The files that were not looked at up to now, since it was too much."""
    return list(dict.fromkeys((*edit.was.cut, *edit.now.cut)))


def left_out(edit: Edited, paths: Sequence[str]) -> Iterator[Finding]:
    """A note of what was not looked at in other files for an edit."""
    if paths:
        yield Finding(
            rule=UNREAD,
            severity="note",
            certainty="syntactic",
            message=f"Calls in the edited functions lead to files that were not read: {listed(paths)}.",
            question="Does the called code save, lock or change anything that the edit relies on?",
            at=lines(edit.after, next((f.opening for f in _changed(edit.after, edit.before)), Span(0, 0))),
            informs=True,
        )


def elsewhere(edit: Edited, hops: int) -> Iterator[Seen | Finding]:
    """What the edit changes for callers in files that it does not change: scopes that they lose, results that nobody tracks any longer.

    Callers are followed for ``hops`` calls; those in tests are not, unless the edit is in one itself. A finding of its own says whose callers were not followed.
    """
    found: dict[str, tuple[Outline, dict[Span, None], Function]] = {}
    changed = _changed(edit.after, edit.before)
    if hops and len(changed) > MAX_CHANGED:
        yield _unfollowed(edit.after, changed[MAX_CHANGED:])
    targets = [Callee(edit.after, f) for f in changed[:MAX_CHANGED]] if hops else []
    was, now = edit.was.repository, edit.now.repository
    for repository in (was, now):
        repository.read_together([t.name for t in targets])
    for target in targets:
        function = target.function
        for link in call_chains(target, now, hops).links:
            path = link.outline.source.path
            # What an extension is called on has often a type of a library: that there is one method of the name is for the trace to say.
            sure = link.certainty == "resolved" or (link.depth == 1 and bool(target.signature.extends))
            if path not in edit.own and sure and link.caller is not None and not _is_test_of(path, edit):
                if path not in found and len(found) == MAX_CALLERS:
                    break
                found.setdefault(path, (link.outline, {}, function))[1][link.caller.span] = None
                edit.now.leading[path] = edit.now.leading.get(path, frozenset()) | {link.caller.name}
    for path, (_, spans, function) in found.items():
        source = now.source(path)
        if source is None:
            continue
        plain = outline(source, None, was.wrappers, tuple(sorted(spans)))
        before, after = (f.linked(resolved(plain, tuple(spans), f.repository)) for f in (edit.was, edit.now))
        at = lines(edit.after, function.opening, f"calls {function.name}, or a caller of it")
        yield from (Seen(path, finding, at) for finding in rules.compare(before, after))


def _is_test_of(path: str, edit: Edited) -> bool:
    """Whether a file tests what the edit changes: it expects of it what it did, and loses nothing."""
    return is_test_code(path) and not is_test_code(edit.after.source.path)
