"""Literals that a statement gives to the name of a password."""

from __future__ import annotations

from collections.abc import Iterator

from ctxreview.redact.password_names import (
    is_given_password,
    password_name_at,
)
from ctxreview.redact.values import (
    compiled,
)

_TEXT_LITERAL = r"[@$]{0,2}\"(?P<secret>(?:[^\"\\\r\n]|\\[^\r\n]){5,200})\""
_BEFORE_A_VALUE = (
    r"(?:[=?:]|=>|\?\?|\breturn|\bis|\bnot|\bor|\bcase|(?:^|[=(])\s*[\w.]*(?:Bytes|\w{0,12}Secure\w*|Protect\w*|Equals)\(|\bEquals\([\w.]+,"
    r"|(?:Lazy|Func)<string>\(\(\)\s*=>)\s*$"
)


def given_password(text: str, at: int) -> Iterator[tuple[int, int]]:
    """The literals that a statement gives to a name: behind ``?:``, ``??``, ``switch``, a getter, or compared with it."""
    if (named := password_name_at(text, at)) is None:
        return
    name, start, end = named
    before = text[max(0, start - 230) : start]
    if yoda := compiled(_TEXT_LITERAL + r"(?:\s{0,3}[!=]=|\.Equals\(|(?<=\")\s{0,3},)\s{0,3}$").search(before):
        compared = not before.rstrip().endswith(",") or compiled(r"\bEquals\(\s*$").search(before[: yoda.start()])
        if compared and is_given_password(name, yoda["secret"]):
            yield max(0, start - 230) + yoda.start("secret"), max(0, start - 230) + yoda.end("secret")
    if body := compiled(r"\s{0,3}\([^()\n]{0,100}\)\s{0,60}\{\s{0,60}(?=(?:switch|if)\b)").match(text, end):
        returned = compiled(r"\breturn\s{1,3}" + _TEXT_LITERAL)
        for hit in returned.finditer(text, body.end(), _block_end(text, body.end())):
            if is_given_password(name, hit["secret"]):
                yield hit.span("secret")
        return
    subject = compiled(r"\s{0,3}switch\b\s{0,60}\{|\)\s{0,60}\{\s{0,60}(?=case\b)").match(text, end)
    head = compiled(
        r"(?:\[\])?\s{0,60}(?:(?:\?\?)?=(?!=)|=>|[=!]=|:|is\b(?:\s+not\b)?|\.Equals\(|,(?=\s{0,3}\")"
        r"|(?:\([^()\n]{0,100}\)\s{0,60})?(?:=>|\{\s{0,60}(?=(?:get|return|init|set)\b))|,?[^()=\n]{0,60}\)\s{0,3}=\s{0,3}\()"
    ).match(text, end)
    if subject is None and head is None:
        return
    if head and head[0].startswith(",") and not before.rstrip().endswith("Equals(") and not head[0].endswith("("):
        return
    if (head and head[0].endswith(".Equals(")) or (head and head[0].startswith(",") and not head[0].endswith("(")):
        if (one := compiled(r"\s{0,3}" + _TEXT_LITERAL).match(text, head.end())) and is_given_password(
            name, one["secret"]
        ):
            yield one.span("secret")
        return
    at = subject.end() if subject else head.end() if head else end
    listed = compiled(r"(?i)(?:words|wds|pwds|phrases|orte|passes)$").search(name) is not None
    tupled = head is not None and head[0].endswith("(")
    yield from _literals_of_statement(
        text, at, name, compared=subject is not None, listed=listed or tupled, block=head is not None and "{" in head[0]
    )


def _block_end(text: str, at: int) -> int:
    """Where the block ends in which ``at`` stands, or 700 characters on."""
    depth = 0
    for token in compiled(r"\"(?:[^\"\\\n]|\\[^\n])*\"|[{}]").finditer(text, at, at + 700):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if depth < 0:
            return token.start()
    return at + 700


_MOST_CHOICES = 16
"""Literals of one statement that may be the value of its name."""


def _literals_of_statement(
    text: str, at: int, name: str, compared: bool, listed: bool, block: bool
) -> Iterator[tuple[int, int]]:
    """The literals in the statement from ``at`` on that stand where a value does."""
    depth, first, seen = 0, True, 0
    wrapped = "SecureString" in text[max(0, at - 90) : at]
    tokens = compiled(_TEXT_LITERAL + r"|\"(?:[^\"\\\n]|\\[^\n])*\"|[(){}\[\],;]|\n[ \t]*\n")
    for token in tokens.finditer(text, at, at + 700):
        sign = token[0]
        if sign in ("(", "{", "["):
            depth += 1
        elif sign in (")", "}", "]"):
            depth -= 1
            if depth < 0:
                if not block or not compiled(r"\s{0,3}=").match(text, token.end()):
                    return
                depth = 0
        elif (
            (sign == ";" and not block and not compared)
            or sign[0] == "\n"
            or (sign == "," and depth == 0 and not listed)
        ) or (token["secret"] is not None and (seen := seen + 1) > _MOST_CHOICES):
            return
        elif token["secret"] is not None and is_given_password(name, token["secret"]):
            lead = text[max(at, token.start() - 80) : token.start()]
            arm = (
                compiled(r"\s{0,3}=>").match(text, token.end()) is not None
            )  # what is distinguished, and not its value
            alone = first and not lead.strip() and not arm and not compiled(r"\s{0,3}:").match(text, token.end())
            if compared:
                placed = compiled(r"\bcase\s*$").search(lead) is not None or (
                    arm and compiled(r"(?:\bor|[{,]|^)\s*$").search(lead) is not None
                )
            elif listed:
                placed = compiled(r"[\[{(,=]\s*$").search(lead) is not None and not compiled(r"\w\[\s*$").search(lead)
            else:
                placed = alone or (not arm and compiled(_BEFORE_A_VALUE).search(lead) is not None)
                placed = placed or (wrapped and compiled(r"^\s*[\w.]+\(\s*$").search(lead) is not None)
                if depth > 0 and placed and compiled(r"(?:[(,{]|^)\s*\w+:\s*$").search(lead):
                    placed = False  # a named argument of another call
            if placed:
                yield token.span("secret")
        first = False
