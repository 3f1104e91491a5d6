"""What locks and transactions protect, as JSON."""

from __future__ import annotations

from ctxreview.model.protection import Access, LockProtection, Step, TransactionProtection
from ctxreview.model.review import Context
from ctxreview.reports.json_text import Document
from ctxreview.reports.places import line_range, scope_lines


def protections_document(value: Context) -> Document:
    """What the scopes of the file protect, as a part of ``ctxreview.context/1``."""
    found: dict[str, list[Document]] = {"locks": [], "transactions": []}
    for of in value.protections:
        about = {"path": value.path, **line_range(scope_lines(of.region, value)), "certainty": of.certainty}
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
        **line_range((value.at.start_line, value.at.end_line)),
        "writes": value.writes,
        "under": list(value.under),
        "in_one_step": value.at_once,
    }


def _step(value: Step) -> Document:
    return {"name": value.name, "path": value.at.path, **line_range((value.at.start_line, value.at.end_line))}
