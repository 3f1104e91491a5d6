"""The JSON documents that other programs rely on: ``ctxreview.context/1`` and its kin."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from ctxreview.model.kinds import GuardVerdict
from ctxreview.model.protection import Access, LockProtection, Step, TransactionProtection
from ctxreview.model.regions import Region
from ctxreview.model.review import ChecklistAnswer, Context, Finding, GuardResult, Review
from ctxreview.model.source import Lines
from ctxreview.reports.words import NOT_ASKED, NOTICE, UNANSWERED, question, seen

Document = dict[str, Any]
_CLEANED = (str, dict, list)
_NAME = re.compile(r"[\w.]*")


def dumps(document: Mapping[str, Any], indent: int | None = None) -> str:
    """One JSON document: on one line, or indented for people.

    In ASCII, so that no code page, terminal or line reader on the way can change it or act on it. What JSON has no
    form for (NaN, infinity) is ``null``, and half a surrogate pair U+FFFD, as JSON's readers want it.
    """
    try:
        made = json.dumps(document, indent=indent, allow_nan=False)
    except ValueError:
        return json.dumps(_plain(document), indent=indent, allow_nan=False)
    return json.dumps(_plain(document), indent=indent) if _HALF.search(made) else made


_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""What may be half a surrogate pair."""


def _plain(value: Any) -> Any:
    """A document without what JSON has no form for."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def _redacted(text: str) -> str:
    return _redacted_again(text) if len(text) <= _SHORT else _redacted_new(text)


def _redacted_new(text: str) -> str:
    from ctxreview.redact import redact  # most contexts quote nothing

    return redact(text).text


_QUOTES = re.compile(r"[\"']|[A-Z0-9+/=_-]{16,}|\b(?=\w*\d)[\w+/=-]{16,}")
"""What a text has that quotes a literal, or that names a file or member as keys are written."""

_redacted_again = lru_cache(maxsize=4096)(_redacted_new)
_SHORT = 400
"""Characters of a text that is likely to come again: a path, a construct, a sentence of a rule."""


def _clean(value: Any, quoted: bool = False) -> Any:
    """A document with the secrets replaced in every text; with ``quoted``, only in those that quote something or name a key."""
    # By type and without a call for each leaf: a batch makes two hundred leaves for each selection.
    if type(value) is str:
        return _redacted(value) if not quoted or _QUOTES.search(value) else value
    if type(value) is dict:
        return {key: _clean(inner, quoted) if type(inner) in _CLEANED else inner for key, inner in value.items()}
    return [_clean(inner, quoted) for inner in value] if type(value) is list else value


def error(given: str, message: str) -> Document:
    """What stands in the place of a selection that failed."""
    return {"schema": "ctxreview.error/1", "selection": _redacted(given), "error": _redacted(message)}


def context(value: Context) -> Document:
    """A context as ``ctxreview.context/1``."""
    source = value.selection.source
    first, last = value.selection.lines
    enclosing = frozenset(value.enclosing)
    # Most excerpts are said in the same few words, and there may be a hundred of them.
    told = {text: _clean(text, quoted=True) for text in {t for e in value.excerpts for t in (e.source.path, e.why)}}
    found: Document = {
        "schema": "ctxreview.context/1",
        "selection": {"path": value.path, "start_line": first, "end_line": last},
        "language": value.outline.language,
        "parse": {"clean": value.outline.parse.clean, "normalised": list(value.outline.parse.normalised)},
        "functions": [
            {"kind": f.kind, "name": f.name, "type": f.container or None, **_lines(source.lines_of(f.span))}
            for f in value.functions
        ],
        "scopes": [_scope(s, s in enclosing, value) for s in value.scopes],
        "protections": _protections(value),
        "verdict": value.verdict,
        "facts": [
            {
                "kind": f.kind,
                "name": f.name,
                **_lines(source.lines_of(f.span)),
            }
            for f in value.facts
        ],
        "excerpts": [
            {
                "path": told[e.source.path],
                **_lines(e.source.lines_of(e.span)),
                "role": e.role,
                "why": told[e.why],
                "tokens": e.tokens,
                **({"elided": [_lines(e.source.lines_of(s)) for s in e.elided]} if e.elided else {}),
            }
            for e in value.excerpts
        ],
        "omitted": [
            {"path": o.path, "start_line": o.start_line, "end_line": o.end_line, "why": o.why} for o in value.omitted
        ],
        "blind_spots": list(value.blind_spots),
        "tokens": {"prompt": value.tokens.prompt, "budget": value.tokens.budget, "tokenizer": value.tokens.tokenizer},
    }
    # Only what quotes code, or is a name that is written as keys are, can hold a secret.
    return {key: part if key == "excerpts" else _clean(part, quoted=True) for key, part in found.items()}


def _lines(pair: tuple[int, int]) -> Document:
    return {"start_line": pair[0], "end_line": pair[1]}


def scope_lines(scope: Region, value: Context) -> tuple[int, int]:
    """First and last line of a scope; a pair ends on the line where its release is called."""
    source = value.source_of(scope)
    first, last = source.lines_of(scope.span)
    return first, source.line_of(scope.closing.start) if scope.form == "acquire-release" else last


def _scope(scope: Region, encloses: bool, value: Context) -> Document:
    source = value.source_of(scope)
    return {
        "kind": scope.kind,
        "construct": scope.construct,
        "form": scope.form,
        "path": scope.path or value.path,
        **_lines(scope_lines(scope, value)),
        "resource": (scope.resource if _NAME.fullmatch(scope.resource) else _redacted(scope.resource)) or None,
        "mode": scope.mode or None,
        "encloses_selection": encloses,
        "certainty": scope.certainty,
        "completes_at": [source.line_of(c.start) for c in scope.completes_at],
        "exits_at": [source.line_of(e.start) for e in scope.exits],
        "isolation": scope.isolation.text if scope.isolation is not None else None,
        "async_flow": scope.async_flow,
        "intent_comment": _redacted(source.text(scope.intent).strip()) if scope.intent else None,
        "note": scope.note or None,
        "via": list(map(str, scope.via)),
    }


def _protections(value: Context) -> Document:
    """What the scopes protect."""
    found: dict[str, list[Document]] = {"locks": [], "transactions": []}
    for of in value.protections:
        about = {"path": value.path, **_lines(scope_lines(of.region, value)), "certainty": of.certainty}
        if isinstance(of, LockProtection):
            found["locks"].append({**about, **_of_lock(of)})
        else:
            found["transactions"].append({**about, **_of_transaction(of)})
    return found


def _of_lock(value: LockProtection) -> Document:
    return {
        "resource": value.lock,
        "places": [
            {
                "name": p.name,
                "standing": p.standing,
                "written_in": list(p.written_in),
                "read_in": list(p.read_in),
                "written_shared_in": list(p.shared_in),
                "without": [_access(a) for a in p.without],
            }
            for p in value.places
        ],
        "together": [{"places": list(g.places), "members": list(g.members)} for g in value.groups],
        "taken_in": [_step(s) for s in value.takers],
        "only_here": value.private,
        "functions_left_out": value.left_out,
    }


def _of_transaction(value: TransactionProtection) -> Document:
    return {
        "writes": [_step(s) for s in value.writes],
        "decisions": [{"read": _step(d.read), "writes": [_step(w) for w in d.writes]} for d in value.decisions],
        "isolation": value.isolation or None,
        "hints": [_step(h) for h in value.hints],
    }


def _access(value: Access) -> Document:
    return {
        "member": value.member,
        "through": value.through or None,
        "path": value.at.path,
        **_lines((value.at.start_line, value.at.end_line)),
        "writes": value.writes,
        "under": list(value.under),
        "in_one_step": value.at_once,
    }


def _step(value: Step) -> Document:
    return {"name": value.name, "path": value.at.path, **_lines((value.at.start_line, value.at.end_line))}


def finding(value: Finding) -> Document:
    """A finding with its place and question."""
    return {
        "rule": value.rule,
        "severity": value.severity,
        "certainty": value.certainty,
        "message": value.message,
        "question": value.question,
        "path": value.at.path,
        **_lines((value.at.start_line, value.at.end_line)),
        "related": [_place(r) for r in value.related],
    }


def _place(value: Lines) -> Document:
    return {"path": value.path, **_lines((value.start_line, value.end_line)), "what": value.what}


def _guarded(value: GuardResult, whole: bool) -> Document:
    """A suggestion. ``before`` and ``after`` go together, one pair for each run of lines that changes.

    An ``end_line`` before its ``start_line`` means no line, in front of ``start_line``.
    """
    return {
        "title": value.suggestion.title,
        **({"rationale": value.suggestion.rationale} if whole else {}),
        "applied": value.applied,
        "verdict": value.verdict,
        **({"reason": value.reason} if value.reason else {}),
        "question": question(value),
        "before": [{**_lines((c.before.start_line, c.before.end_line)), "lines": list(c.old)} for c in value.changes],
        "after": [{**_lines((c.after.start_line, c.after.end_line)), "lines": list(c.new)} for c in value.changes],
        "findings": [finding(f) for f in value.findings],
        **({"diff": value.diff} if whole else {}),
    }


def guard(values: Sequence[GuardResult], verdict: GuardVerdict, not_asked: Sequence[str] = ()) -> Document:
    """The guard's result as ``ctxreview.guard/1``; ``not_asked`` are rules about other languages, told where there are some."""
    found: Document = _clean({"verdict": verdict, "suggestions": [_guarded(v, whole=False) for v in values]})
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


def review(value: Review) -> Document:
    """A review as ``ctxreview.review/1``."""
    asked = value.provider is not None
    found: Document = {
        "schema": "ctxreview.review/1",
        "question": value.question,
        "context": context(value.context),
        "hazards": [finding(h) for h in value.hazards],
        "ignored": [{"rule": i.rule, **_lines((i.at.start_line, i.at.end_line))} for i in value.ignored],
        "provider": {"name": value.provider, "model": value.model} if asked else None,
        "summary": value.summary or None,
        "checklist": [_answer(a) for a in value.checklist],
        "suggestions": [_guarded(g, whole=True) for g in value.suggestions],
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
            "seen": list(seen(value.context)),
            "not_seen": [*value.context.blind_spots, *_omitted(value.context)],
        },
        "status": value.status,
        "notice": NOTICE if asked else f"{NOT_ASKED} {UNANSWERED}",
    }
    cleaned: Document = _clean(found)
    return cleaned


def _omitted(value: Context) -> list[str]:
    return [f"{o.path}:{o.start_line}-{o.end_line}: {o.why}." for o in value.omitted]
