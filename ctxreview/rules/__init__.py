"""Hazards: one module each, the module is the rule.

A rule has ``ID`` and ``SEVERITY``, a docstring with the headings that people and ``explain`` read, and one or both of
``check(outline)`` for what is in the code and ``compare(before, after)`` for what an edit changes. With ``LANGUAGES`` it is
asked of these languages alone, since it knows their libraries or their rules; with ``HOOKS`` of those alone that have these hooks,
such as ``lower`` where it asks what functions do. To add one,
write the module, add it here, and give it loud and quiet cases in ``tests/rules/test_rules.py`` or a file beside it.

*Example* and *Instead* have one block of code each, for both kinds of rules, and ``tests/rules/test_rules.py`` runs them: a
``check`` finds something in the example and nothing in what to write instead; a ``compare`` finds something in the edit
that turns what to write instead into the example, and nothing in the way back.

Every row of the team's table of hazards has a rule; ``tests/hazards.md`` goes through it. A rule sees one file before and
after an edit. Of these rows (their numbers in brackets) it does not see:

- UseQueryTrackingBehavior where the context is registered, in another file than what saves (2);
- a factory of contexts behind a name of the project's own (15);
- an interceptor in another file, where the tag's text does not say that it locks (22);
- a transaction that a method of another type opens (37);
- a second transaction on a connection that is handed over under another name (38);
- an isolation level that a stored procedure or a script sets (47);
- a dictionary that a base type or another part of the type declares (53);
- code for a user interface in a type that does not say so, such as a view model (61);
- a semaphore that a base type or another part of the type declares, and takes (62);
- two locks that two types take (68);
- uses in another part of the type, or in derived types (76);
- an interceptor that is registered for an interface, a name or a namespace (78);
- a singleton whose constructor takes what is made for a request (80).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from types import ModuleType

from ctxreview.behaviour.body import body_of
from ctxreview.behaviour.pairing import Pairing, pairing
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.model.source import Source, Span
from ctxreview.regex import regex
from ctxreview.rules.locks import (
    acquire_in_try,
    callback_under_lock,
    check_then_act,
    concurrent_collection,
    concurrent_factory,
    concurrent_snapshot,
    copied_lock,
    double_checked_lock,
    ignored_acquire,
    interlocked_pair,
    lazy_mode,
    leaked_collection,
    lock_order,
    lock_reentry,
    lock_split,
    lock_target,
    lock_type,
    mixed_locks,
    monitor_wait,
    outside_lock,
    parallel_write,
    put_back,
    reader_lock,
    reentrant_grain,
    release_outside_finally,
    single_consumer,
    static_shared,
    thread_affine_await,
    thread_static_await,
    unlocked_getter,
    volatile_field,
)
from ctxreview.rules.orm import (
    cached_read,
    concurrency_token,
    deferred_execution,
    find_or_query,
    immediate_execution,
    no_tracking_write,
    projection,
    reread_removed,
    save_removed,
    shared_context,
    split_query,
    tracking_change,
)
from ctxreview.rules.prefilter import asked_of
from ctxreview.rules.scopes import missing_intent, scope_attribute, scope_change, scope_end, scope_skip
from ctxreview.rules.sql import composed_sql, lock_hint, session_lock
from ctxreview.rules.transactions import (
    async_flow,
    durable_write,
    early_exit,
    external_call,
    hoisted_clock,
    nested_transaction,
    reordered_work,
    retried_delegate,
    rollback_removed,
    second_connection,
    several_saves,
    swallowed_failure,
    transaction_argument,
    work_after_complete,
)

_NAME = regex(r"@?[A-Za-z_]\w*")

RULES: tuple[ModuleType, ...] = (
    no_tracking_write,
    scope_change,
    async_flow,
    release_outside_finally,
    lock_target,
    missing_intent,
    tracking_change,
    immediate_execution,
    several_saves,
    find_or_query,
    projection,
    split_query,
    composed_sql,
    hoisted_clock,
    durable_write,
    deferred_execution,
    shared_context,
    second_connection,
    nested_transaction,
    transaction_argument,
    retried_delegate,
    lock_hint,
    reread_removed,
    save_removed,
    reordered_work,
    cached_read,
    swallowed_failure,
    early_exit,
    work_after_complete,
    external_call,
    rollback_removed,
    session_lock,
    lock_split,
    concurrent_collection,
    volatile_field,
    interlocked_pair,
    reader_lock,
    thread_affine_await,
    lock_reentry,
    leaked_collection,
    callback_under_lock,
    lazy_mode,
    monitor_wait,
    double_checked_lock,
    check_then_act,
    concurrent_factory,
    concurrent_snapshot,
    ignored_acquire,
    acquire_in_try,
    outside_lock,
    unlocked_getter,
    mixed_locks,
    lock_order,
    lock_type,
    parallel_write,
    thread_static_await,
    scope_attribute,
    reentrant_grain,
    static_shared,
    concurrency_token,
    scope_end,
    scope_skip,
    copied_lock,
    put_back,
    single_consumer,
)


def not_asked_of(language: str) -> tuple[str, ...]:
    """The IDs of the rules that are about other languages, or need a hook that this one has not, sorted."""
    asked = asked_of(language, RULES)
    return tuple(sorted(rule.ID for rule in RULES if rule not in asked))


def check(outline: Outline, among: tuple[ModuleType, ...] = RULES) -> tuple[Finding, ...]:
    """Every hazard that is in the file, of all rules or those ``among``, in source order."""
    found: list[Finding] = []
    for rule in asked_of(outline.language, among):
        run: Callable[[Outline], list[Finding]] | None = getattr(rule, "check", None)
        found += run(outline) if run is not None else []
    return tuple(sorted(found, key=lambda f: (f.at.start_line, f.rule)))


def compare(before: Outline, after: Outline) -> tuple[Finding, ...]:
    """What an edit changes across scope boundaries, and the hazards it adds. Lines are those after the edit."""
    found: list[Finding] = []
    for rule in asked_of(after.language, RULES):
        run: Callable[[Outline, Outline], list[Finding]] | None = getattr(rule, "compare", None)
        found += run(before, after) if run is not None else []
    there = [f for f in check(after) if f.severity != "note"]
    if there:
        ids = {f.rule for f in there}
        asked = tuple(rule for rule in RULES if rule.ID in ids)
        earlier = check(before, asked)
        nearly = (rule.almost for rule in asked if hasattr(rule, "almost"))
        known = _Known((*earlier, *(f for almost in nearly for f in almost(before))), pairing(before, after))
        found += _told_once([f for f in there if not known.takes(f)], earlier)
    return tuple(dict.fromkeys(found))


def _told_once(found: list[Finding], earlier: tuple[Finding, ...]) -> list[Finding]:
    """Findings without those that a file is told of once, where it had such before or has another."""
    once = {(rule.ID, rule.ONCE) for rule in RULES if hasattr(rule, "ONCE")}
    told = {(f.rule, f.severity, f.about) for f in earlier}
    kept = []
    for finding in found:
        key = (finding.rule, finding.severity, finding.about)
        if key[:2] not in once or key not in told:
            kept.append(finding)
        told.add(key)
    return kept


def _code_at(source: Source, line: int) -> Span:
    """Where the code of a line begins: a member that is one line does not hold what is before it."""
    at, text = source.line_span(line).start, source.line(line)
    first = at + len(text[: len(text) - len(text.lstrip())].encode())
    return Span(first, first)


class _Known:
    """The hazards before an edit, each of which stands for one after it: that on its line, or on what became of it.

    What a hazard is about may have numbers, or names that the edit changed.
    """

    def __init__(self, found: tuple[Finding, ...], both: Pairing) -> None:
        self._both = both
        self._before, self._after = both.before.source, both.after.source
        self._left: dict[tuple[str, tuple[str, ...]], list[Finding]] = {}
        for finding in found:
            self._left.setdefault((finding.rule, self._about(finding)), []).append(finding)

    def _about(self, finding: Finding) -> tuple[str, ...]:
        """What a finding is about, without its numbers and without names that only one of the versions has."""
        plain = (re.sub(r"\d+", "0", part) for part in finding.about)
        return tuple(_NAME.sub(lambda m: "?" if m[0] in self._changed else m[0], part) for part in plain)

    @cached_property
    def _changed(self) -> frozenset[str]:
        old, new = (frozenset(_NAME.findall(s.data.decode("utf-8", "replace"))) for s in (self._before, self._after))
        return old ^ new

    def takes(self, finding: Finding) -> bool:
        """Whether it was there before; then it does not stand for another one."""
        left = self._left.get((finding.rule, self._about(finding)), [])
        same = next((f for f in left if self._is_in_place(f, finding)), None)
        same = same or next((f for f in left if self._became(f, finding)), None)
        if same is None and left and self._is_elsewhere(finding):
            same = left[0]  # a rule that names one place of several now names the next
        if same is not None:
            left.remove(same)
        return same is not None

    def _is_in_place(self, old: Finding, new: Finding) -> bool:
        return self._both.lines.after(old.at.start_line) == new.at.start_line

    def _became(self, old: Finding, new: Finding) -> bool:
        """Whether a line that was changed or moved may be what another one was, in the same member."""
        lines, first, second = self._both.lines, old.at.start_line, new.at.start_line
        if lines.after(first) is not None:
            return False  # it is there still, without the hazard
        was, now = (" ".join(s.line(n).split()) for s, n in ((self._before, first), (self._after, second)))
        hunk = lines.hunk(first)
        if was != now and not hunk.new_start <= second - 1 < hunk.new_end:
            return False
        mine = self._both.became(_code_at(self._before, first))
        theirs = body_of(self._both.after, _code_at(self._after, second))
        return mine is theirs

    def _is_elsewhere(self, new: Finding) -> bool:
        """Whether all that it names stands in members that the edit did not touch."""
        spans = [
            span for at in (new.at, *new.related) for span in (*self._ends(at.start_line), *self._ends(at.end_line))
        ]
        pairs = [(self._both.was(span), body_of(self._both.after, span)) for span in spans]
        return all(a is not None and b is not None and a.code.data == b.code.data for a, b in pairs)

    def _ends(self, line: int) -> tuple[Span, Span]:
        """Where the text of a line after the edit begins and ends."""
        at, text = self._after.line_span(line).start, self._after.line(line)
        first, last = (len(part.encode()) for part in (text[: len(text) - len(text.lstrip())], text.rstrip()))
        return Span(at + first, at + first), Span(at + last, at + last)
