"""Passwords that stand as an argument of what logs in with them: which argument that is, for each name of a call."""

from __future__ import annotations

from collections.abc import Iterator

from ctxreview.redact.calls import calls
from ctxreview.redact.values import compiled, is_name_or_path, is_placeholder, looks_like_password, stands_out


def argument(text: str, at: int) -> Iterator[tuple[int, int]]:
    """The secret among the arguments of the call whose name, or the end of it, is at ``at``."""
    name = compiled(r"\w{3,40}(?=\()").match(text, at)
    if name is None or (call := calls().get(name[0])) is None:
        return
    common = call.common
    if name[0] == "new":  # of which type is told before: NetworkCredential login = new("app", "...")
        line = text[max(text.rfind("\n", 0, at) + 1, at - 200) : at]
        if "redential" not in line:
            return
        common = False
    elif at and text[at - 1].isalnum() and (common or not name[0].endswith(("Credential", "Credentials"))):
        return  # the end of another name
    given = arguments(text, name.end() + 1)
    for place in call.places:
        number = place - 1 if place > 0 else len(given) + place
        if 0 <= number < len(given) and (place > 0 or len(given) > 2):
            start, end = given[number]
            literal = compiled(r"[^\"\n]{0,80}?[@$]{0,2}\"(?P<secret>(?:[^\"\\\r\n]|\\[^\r\n]){4,300})\"").match(
                text, start, end
            )
            if literal and _is_secret(literal["secret"], common):
                yield literal.span("secret")
                return


def _is_secret(value: str, common: bool) -> bool:
    if is_placeholder(value) or is_name_or_path(value) or "://" in value:
        return False
    return (stands_out(value) and looks_like_password(value) and " " not in value) if common else True


def arguments(text: str, at: int, most: int = 8, length: int = 600) -> list[tuple[int, int]]:
    """Where the arguments stand of a call whose parenthesis was opened just before ``at``; the last may be cut off."""
    found: list[tuple[int, int]] = []
    start, depth = at, 0
    for token in compiled(r"\"(?:[^\"\\\n]|\\[^\n])*\"|[(){}\[\],;]").finditer(text, at, at + length):
        sign = token[0]
        if sign in "({[":
            depth += 1
        elif sign in ")}]" or sign == ";":
            depth -= 1
            if depth < 0 or sign == ";":
                return [*found, (start, token.start())]
        elif sign == "," and depth == 0:
            found.append((start, token.start()))
            start = token.end()
            if len(found) == most:
                break
    return found
