"""Comments and literals of Java, masked."""

import re

from ctxreview.languages.masked import Masked

_TOKEN = re.compile(rb"//[^\n]*|/\*.*?\*/|\"\"\".*?\"\"\"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)+'", re.DOTALL)


def lex(data: bytes) -> Masked:
    """``data`` with its comments as spaces and the text of its literals as zeros."""
    return Masked(data, _TOKEN.sub(_mask, data))


def _mask(found: re.Match[bytes]) -> bytes:
    token = found[0]
    if token.startswith(b"/"):
        return re.sub(rb"[^\n]", b" ", token)
    return token[:1] + re.sub(rb"[^\n]", b"\0", token[1:-1]) + token[-1:]
