"""Hazards: one module each, the module is the rule.

A rule has ``ID`` and ``SEVERITY``, a docstring with the headings that people and ``explain`` read, and one or both of
``check(outline)`` for what stands in the code and ``compare(before, after)`` for what an edit changes. To add one,
write the module, add it here, and give it loud and quiet cases in ``tests/test_rules.py`` or a file beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from types import ModuleType

from ctxreview.model import Finding, Outline
from ctxreview.rules import (
    acquire_in_try,
    async_flow,
    cached_read,
    callback_under_lock,
    check_then_act,
    composed_sql,
    concurrent_collection,
    concurrent_factory,
    concurrent_snapshot,
    deferred_execution,
    double_checked_lock,
    early_exit,
    external_call,
    find_or_query,
    hoisted_clock,
    ignored_acquire,
    immediate_execution,
    interlocked_pair,
    lazy_mode,
    leaked_collection,
    lock_hint,
    lock_order,
    lock_reentry,
    lock_split,
    lock_target,
    lock_type,
    missing_intent,
    mixed_locks,
    monitor_wait,
    nested_transaction,
    no_tracking_write,
    outside_lock,
    parallel_write,
    projection,
    reader_lock,
    reentrant_grain,
    release_outside_finally,
    reread_removed,
    retried_delegate,
    rollback_removed,
    scope_attribute,
    scope_change,
    second_connection,
    session_lock,
    several_saves,
    shared_context,
    split_query,
    static_shared,
    swallowed_failure,
    thread_affine_await,
    thread_static_await,
    tracking_change,
    transaction_argument,
    unlocked_getter,
    volatile_field,
    work_after_complete,
)

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
    deferred_execution,
    shared_context,
    second_connection,
    nested_transaction,
    transaction_argument,
    retried_delegate,
    lock_hint,
    reread_removed,
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
)


def check(outline: Outline, among: Iterable[ModuleType] = RULES) -> tuple[Finding, ...]:
    """Every hazard that stands in the file, of all rules or those ``among``, in source order."""
    found: list[Finding] = []
    for rule in among:
        run: Callable[[Outline], list[Finding]] | None = getattr(rule, "check", None)
        found += run(outline) if run is not None else []
    return tuple(sorted(found, key=lambda f: (f.at.start_line, f.rule)))


def compare(before: Outline, after: Outline) -> tuple[Finding, ...]:
    """What an edit changes across scope boundaries, and the hazards it adds. Lines are those after the edit."""
    found: list[Finding] = []
    for rule in RULES:
        run: Callable[[Outline, Outline], list[Finding]] | None = getattr(rule, "compare", None)
        found += run(before, after) if run is not None else []
    known = Counter((f.rule, f.message) for f in check(before))
    for finding in check(after):
        key = (finding.rule, finding.message)
        if known[key] > 0:
            known[key] -= 1
        elif finding.severity != "note":
            found.append(finding)
    return tuple(dict.fromkeys(found))
