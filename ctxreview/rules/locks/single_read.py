"""Which reads of a field take one number or one reference: it may be an old one, and is one that was."""

from __future__ import annotations

from ctxreview.behaviour.lock_usage import Use
from ctxreview.model.declarations import Member
from ctxreview.regex import regex

LANGUAGES = ("csharp",)

SIZE = regex(rb"\s*[!?]?\s*\.\s*(?:Count|Length)\b(?!\s*\()")
"""A look at how many there are: the number may be old, and is one that was."""
IS_NULL = regex(rb"\s*(?:(?:==|!=)\s*null\b|is\s+(?:not\s+)?null\b)")
_PART = regex(rb"\s*\.\s*\w+")
_THROWN_IF = regex(rb"\.\s*ThrowIf\s*\(\s*(?:this\.)?$")
_IF_ALONE = regex(rb"\bif\s*\(\s*(?:this\.)?$")
_THROWS = regex(rb"\s*\)\s*\{?\s*throw\b")
_TESTED = regex(rb"\s*(?:\)|;|&&|\|\||[=!]=|[<>]=?\s*[\w.]|is\b)")
_TAKEN = regex(rb"(?:\b(?:if|while)\s*\(|&&|\|\||[^=!<>]=|=>|\breturn)\s*\(?\s*!?\s*(?:this\s*\.\s*)?$")
_ONLY = regex(rb"=>|[{};]|\b(?:get|return)\b|\bthis\s*\.")


def is_single(use: Use, name: str, member: Member, code: bytes, *, collection: bool) -> bool:
    """Whether a read takes one number or one reference, and gives, keeps or compares it; a ``collection`` that is kept is used later."""
    at = use.fact.span.end
    if SIZE.match(code, at) or IS_NULL.match(code, at) or _gives_it(use, name, code) or _refuses(use, code):
        return True
    if not collection and _is_tested(use, code):
        return True
    part = _PART.match(code, at) if member.declares.startswith("(") else None
    return part is not None and (
        IS_NULL.match(code, part.end()) is not None or _gives_it(use, name + part[0].decode(), code)
    )


def _is_tested(use: Use, code: bytes) -> bool:
    """Whether all that happens to what is read is that it is compared or kept, and not computed with, called or handed on."""
    if _TESTED.match(code, use.fact.span.end) is None:
        return False
    begin = max(use.function.span.start, use.fact.span.start - 80)
    return _TAKEN.search(code[begin : use.fact.span.start]) is not None


def _refuses(use: Use, code: bytes) -> bool:
    """Whether a flag is read only to throw: it may be set a moment later anyway."""
    before = code[max(0, use.fact.span.start - 40) : use.fact.span.start]
    if _THROWN_IF.search(before):
        return True
    return _IF_ALONE.search(before) is not None and _THROWS.match(code, use.fact.span.end) is not None


def is_part(use: Use, member: Member, code: bytes) -> bool:
    """Whether a read is of one part of a tuple, or of the size of something."""
    part = _PART.match(code, use.fact.span.end) if member.declares.startswith("(") else None
    return part is not None


def _gives_it(use: Use, name: str, code: bytes) -> bool:
    """Whether all that a member does is to give what the field has."""
    body = code[use.member.opening.end : use.member.span.end]
    return _ONLY.sub(b"", body).strip() == name.encode()
