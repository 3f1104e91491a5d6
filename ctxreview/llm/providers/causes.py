"""Which row of the fault table an exception, an error answer or an error event belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ctxreview.llm.providers.faults import LONGEST_SAID, SENTENCES

# What servers call the things that a status does not tell apart.
_CODES = {
    "model_not_found": "model",
    "DeploymentNotFound": "model",
    "insufficient_quota": "402",
    "billing_error": "402",
    "context_length_exceeded": "413",
    "exceed_context_size_error": "413",
    "content_filter": "content_filter",
    "batch_expired": "expired",
    "batch_cancelled": "canceled",
}

# The same in an error event: there the status line has long said 200.
_EVENTS = {
    "authentication_error": "401",
    "permission_error": "403",
    "not_found_error": "404",
    "request_too_large": "413",
    "invalid_request_error": "4xx",
    "invalid_prompt": "4xx",
    "rate_limit_error": "429",
    "rate_limit_exceeded": "429",
    "overloaded_error": "529",
}

# Local servers and proxies name no code: status, words in the message, row.
_WORDS = (
    (404, r"\bmodel\b", "model"),
    (400, r"too long|too many tokens|(maximum|exceeds?\b.*) context|context (length|size|window)", "413"),
)


def key_of(error: BaseException) -> str:
    """The row for an exception of an SDK, of httpx2 or of a decoder; ``"garbled"`` where none fits."""
    status = getattr(error, "status_code", None)
    # openai raises the bare APIError for an error event; anthropic a status error with status 200.
    if status is not None or type(error).__name__ == "APIError":
        return key_of_answer(status, details(getattr(error, "body", None)), said(error))
    # The deepest cause tells most: openai wraps what httpx2 raised, anthropic does so half the time.
    for cause in reversed(list(_causes(error))):
        for name in (cls.__name__ for cls in type(cause).__mro__):
            if name in SENTENCES:
                return name
    return "garbled"


def key_of_answer(status: int | None, body: Mapping[str, object], message: str) -> str:
    """The row for an error answer: a code that names the cause, else the status, else an event's type."""
    message = message[:LONGEST_SAID]
    names = [str(body[field])[:LONGEST_SAID] for field in ("code", "type") if body.get(field) is not None]
    coded = next((_CODES[name] for name in names if name in _CODES), None)
    if coded is not None:
        return coded
    if status is None or status < 300:
        typed = (_EVENTS.get(name, name) for name in names)
        return next((name for name in typed if name in SENTENCES), "5xx")
    for at, pattern, key in _WORDS:
        if at == status and re.search(pattern, message, re.IGNORECASE):
            return key
    family = f"{status // 100}xx"
    return next((name for name in (str(status), family) if name in SENTENCES), "garbled")


def details(body: object) -> Mapping[str, object]:
    """The error object in an answer's JSON: openai has unwrapped it already, anthropic has not."""
    if not isinstance(body, dict):
        return {}
    inner = body.get("error", body)
    return inner if isinstance(inner, dict) else {"message": inner}


def said(error: BaseException) -> str:
    """What the server wrote about an error, as it came but no longer than is examined; ``""`` where it wrote nothing."""
    body = getattr(error, "body", None)
    # FastAPI servers answer {"detail": ...}; others plain text or a proxy's HTML page.
    told = details(body).get("message") or details(body).get("detail") if isinstance(body, dict) else body
    return str(told or "")[:LONGEST_SAID]


def blames_schema(message: str) -> bool:
    """Whether a request was rejected for the reply's schema, which can be left out, by what the server says."""
    return bool(re.search(r"schema|response_format|text\.format|output_(config|format)|grammar", message))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__  # httpcore2 cuts the first off, and that is the one that tells
