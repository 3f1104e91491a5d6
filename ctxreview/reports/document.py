"""The JSON documents that other programs rely on: ``ctxreview.context/1`` and its kin."""

from __future__ import annotations

from collections.abc import Sequence

from ctxreview.model.kinds import GuardVerdict
from ctxreview.model.regions import Region
from ctxreview.model.review import ChecklistAnswer, Context, Finding, GuardResult, Review
from ctxreview.model.source import Lines
from ctxreview.regex import regex
from ctxreview.reports.json_text import Document, clean, redacted_text
from ctxreview.reports.places import line_range, scope_lines
from ctxreview.reports.protections import protections_document
from ctxreview.reports.words import NOT_ASKED, NOTICE, UNANSWERED, omitted_parts, team_question, visible_parts

_NAME = regex(r"[\w.]*")


def error_document(given: str, message: str) -> Document:
    """What is in the place of a selection that failed."""
    return {"schema": "ctxreview.error/1", "selection": redacted_text(given), "error": redacted_text(message)}


def context_document(value: Context) -> Document:
    """A context as ``ctxreview.context/1``."""
    source = value.selection.source
    first, last = value.selection.lines
    enclosing = frozenset(value.enclosing)
    # Most excerpts are said in the same few words, and there may be a hundred of them.
    told = {text: clean(text, quoted=True) for text in {t for e in value.excerpts for t in (e.source.path, e.why)}}
    found: Document = {
        "schema": "ctxreview.context/1",
        "selection": {"path": value.path, "start_line": first, "end_line": last},
        "language": value.outline.language,
        "parse": {"clean": value.outline.parse.clean, "normalised": list(value.outline.parse.normalised)},
        "functions": [
            {"kind": f.kind, "name": f.name, "type": f.container or None, **line_range(source.lines_of(f.span))}
            for f in value.functions
        ],
        "scopes": [_scope(s, s in enclosing, value) for s in value.scopes],
        "protections": protections_document(value),
        "verdict": value.verdict,
        "facts": [
            {
                "kind": f.kind,
                "name": f.name,
                **line_range(source.lines_of(f.span)),
            }
            for f in value.facts
        ],
        "excerpts": [
            {
                "path": told[e.source.path],
                **line_range(e.source.lines_of(e.span)),
                "role": e.role,
                "why": told[e.why],
                "tokens": e.tokens,
                **({"elided": [line_range(e.source.lines_of(s)) for s in e.elided]} if e.elided else {}),
            }
            for e in value.excerpts
        ],
        "omitted": [
            {"path": o.path, "start_line": o.start_line, "end_line": o.end_line, "why": o.why} for o in value.omitted
        ],
        "repository": list(value.said),
        "blind_spots": list(value.blind_spots),
        "tokens": {"prompt": value.tokens.prompt, "budget": value.tokens.budget, "tokenizer": value.tokens.tokenizer},
    }
    # Only what quotes code, or is a name that is written as keys are, can hold a secret.
    return {key: part if key == "excerpts" else clean(part, quoted=True) for key, part in found.items()}


def _scope(scope: Region, encloses: bool, value: Context) -> Document:
    source = value.source_of(scope)
    return {
        "kind": scope.kind,
        "construct": scope.construct,
        "form": scope.form,
        "path": scope.path or value.path,
        **line_range(scope_lines(scope, value)),
        "resource": (scope.resource if _NAME.fullmatch(scope.resource) else redacted_text(scope.resource)) or None,
        "mode": scope.mode or None,
        "encloses_selection": encloses,
        "certainty": scope.certainty,
        "completes_at": [source.line_of(c.start) for c in scope.completes_at],
        "not_held_at": [line_range(source.lines_of(g)) for g in scope.excluded],
        "alternatives_at": [source.line_of(a.start) for a in scope.alternatives],
        "exits_at": [source.line_of(e.start) for e in scope.exits],
        "isolation": scope.isolation.text if scope.isolation is not None else None,
        "async_flow": scope.async_flow,
        "intent_comment": redacted_text(source.text(scope.intent).strip()) if scope.intent else None,
        "note": scope.note or None,
        "via": list(map(str, scope.via)),
    }


def finding_document(value: Finding) -> Document:
    """A finding with its place and question."""
    return {
        "rule": value.rule,
        "severity": value.severity,
        "certainty": value.certainty,
        "message": value.message,
        "question": value.question,
        "path": value.at.path,
        **line_range((value.at.start_line, value.at.end_line)),
        "related": [_place(r) for r in value.related],
    }


def _place(value: Lines) -> Document:
    return {"path": value.path, **line_range((value.start_line, value.end_line)), "what": value.what}


def suggestion_document(value: GuardResult) -> Document:
    """A suggestion as a review has it."""
    cleaned: Document = clean(guarded_document(value, whole=True))
    return cleaned


def guarded_document(value: GuardResult, whole: bool = False) -> Document:
    """A suggestion. ``before`` and ``after`` go together, one pair for each run of lines that changes.

    An ``end_line`` before its ``start_line`` means no line, in front of ``start_line``.
    """
    return {
        "title": value.suggestion.title,
        **({"rationale": value.suggestion.rationale, "confidence": value.suggestion.confidence} if whole else {}),
        "applied": value.applied,
        "verdict": value.verdict,
        **({"reason": value.reason} if value.reason else {}),
        "question": team_question(value),
        "before": [
            {**line_range((c.before.start_line, c.before.end_line)), "lines": list(c.old)} for c in value.changes
        ],
        "after": [{**line_range((c.after.start_line, c.after.end_line)), "lines": list(c.new)} for c in value.changes],
        "findings": [finding_document(f) for f in value.findings],
        **({"diff": value.diff} if whole else {}),
    }


def guard_document(
    values: Sequence[GuardResult], about: Context, verdict: GuardVerdict, not_asked: Sequence[str] = ()
) -> Document:
    """The guard's result as ``ctxreview.guard/1``; ``not_asked`` are rules that do not apply to the language, told where there are some."""
    selected = {"path": about.path, **line_range(about.selection.lines)}
    found: Document = clean(
        {"selection": selected, "verdict": verdict, "suggestions": [guarded_document(v) for v in values]}
    )
    return {"schema": "ctxreview.guard/1", **found, **({"not_asked": list(not_asked)} if not_asked else {})}


def _answer(value: ChecklistAnswer) -> Document:
    return {
        "id": value.id,
        "question": value.question,
        "answer": value.answer,
        "evidence": [
            {"path": e.path, "line": e.line, "quote": e.quote, "supported": e.supported} for e in value.evidence
        ],
        "note": value.note,
    }


def review_document(value: Review) -> Document:
    """A review as ``ctxreview.review/1``."""
    asked = value.provider is not None
    found: Document = {
        "schema": "ctxreview.review/1",
        "question": value.question,
        "context": context_document(value.context),
        "hazards": [finding_document(h) for h in value.hazards],
        "ignored": [{"rule": i.rule, **line_range((i.at.start_line, i.at.end_line))} for i in value.ignored],
        "provider": {"name": value.provider, "model": value.model} if asked else None,
        "summary": value.summary or None,
        "checklist": [_answer(a) for a in value.checklist],
        "suggestions": [guarded_document(g, whole=True) for g in value.suggestions],
        "findings": [p._asdict() for p in value.problems],
        "usage": {
            "prompt_tokens": value.usage.prompt_tokens,
            "reply_tokens": value.usage.reply_tokens,
            "cost": value.usage.cost,
        }
        if value.usage is not None
        else None,
        "from_store": value.from_store is not None,
        **({"not_redacted": value.bare} if value.bare is not None else {}),
        "prompt_tokens": value.prompt.tokens.prompt,
        "visibility": {
            "seen": list(visible_parts(value.context)),
            "not_seen": [*value.context.unseen, *omitted_parts(value.context.omitted)],
        },
        "status": value.status,
        "notice": NOTICE if asked else f"{NOT_ASKED} {UNANSWERED}",
    }
    cleaned: Document = clean(found)
    return cleaned
