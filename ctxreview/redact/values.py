"""What a value looks like: a secret, or one of the many things that stand where secrets do."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from functools import cache


@cache
def compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """The compiled pattern: made when its anchor is met, because most never are, and all take 10 ms."""
    return re.compile(pattern, flags)


_PLACEHOLDER = (
    r"(?is)change.?(?:me|it)|your|example|placeholder|dummy|redacted|replace|insert|goes.?here|todo|not.?set|undefined"
    r"|^\W*(?:password|passwd|pass|pwd|secret|token|api.?key|key|user|username|credential|null|none|empty|true|false"
    r"|string|value|default)s?\d?\W*$"
    r"|^\([\[^?:.]|\[\^|\\[sdwSDW]"
    r"|^[<{\[(].*[>}\])]$|^<[a-z]|^\$[({]|(?-i:^\$[A-Z_]+$|^[A-Z\d]+_[A-Z\d_]+$)|^%\w+%$|^\$?\{|^#\{|^@[\w.]+$|^:\w+$|^\?$|^\.\.\."
)


def is_placeholder(value: str) -> bool:
    """Whether the value stands for a secret instead of being one: nothing, ``<password>``, ``{0}``, ``xxxx``.

    In a long random value any short word comes up by chance: ``todo`` in one key of a thousand.
    """
    if len(set(value)) < 3:
        return True
    return compiled(_PLACEHOLDER).search(value) is not None and not (len(value) > 100 and looks_random(value))


def looks_like_password(value: str) -> bool:
    """Whether a literal under the name of a password is more than a name, a path or a label."""
    if is_jumbled(value):
        return len(value) <= 200
    if re.fullmatch(r"[A-Za-z_]+|[A-Za-z]*(?:pass|pwd|secret|token|key)[A-Za-z_]*\d?", value, re.IGNORECASE):
        return False
    if is_name_or_path(value) or compiled(_ALGORITHM).fullmatch(value):
        return False
    return len(value) <= 200 and re.search(r"\d|[^\w.:/ -]", value) is not None


_ALGORITHM = r"(?i)(?:pbkdf2|sha-?\d{1,3}|md5|bcrypt|scrypt|argon2(?:id?|d)?|aes|hmac|rsa|utf-?8|base64|ascii)(?:[-_/:]?[a-z\d]{1,8}){0,4}"


def is_one_word(value: str) -> bool:
    """A word that is not a label: of 39 such assignments in a dozen C# repositories all but a few were passwords."""
    return re.fullmatch(r"(?i:(?!\w*(?:pass|pwd|kennwort|secret$))[a-z]{5,40})", value) is not None


def is_name_or_path(value: str) -> bool:
    """``Auth.Password.V2``, ``secret-key-1``, ``/account/reset``, ``*.key``, ``20150302_AddUser``, ``^4.9.0``."""
    word = r"(?:[a-z]{2,}\d[a-z]{2,}|[A-Za-z_]+\d{0,2})"
    return (
        re.fullmatch(rf"[~./\\*]*{word}(?:[-_.:/\\#|,]+(?:{word}|\d{{1,3}}))+[/\\.]?", value) is not None
        or re.fullmatch(r"\d+_[A-Za-z_]+\d{0,2}|[~^<>=v]*\d+(?:[.:/-]\d+)+", value) is not None
        or (re.fullmatch(r"[a-z\d-]+(?:/[a-z\d-]+)+", value) is not None and len(re.findall(r"\d", value)) < 4)
        or (
            len(re.findall(r"[a-z]{3,}", value)) > 2
            and re.fullmatch(r"[a-z\d]{1,20}(?:[-_.][a-z\d]{1,20}){3,}", value) is not None
        )
        or (value.startswith("/") and not is_jumbled(value))
        or value.startswith(("~/", "./", "\\\\"))
        or re.match(r"[A-Za-z]:[\\/]", value) is not None
    )


def is_jumbled(value: str) -> bool:
    """Whether the value is Base64 whose letters change between their cases as in no name: ``sTfWyowavIePuISpoHHL``."""
    if not re.fullmatch(r"(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9+/]{16,}={0,2}", value):
        return False
    letters = re.sub(r"[+/=]", "", value)
    return len(re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", letters)) * 3 > len(letters)


_PUBLIC = r"arn:|urn:|MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE|sha\d{3}[-:]|iVBORw0|R0lGOD|H4sI|UEsDB|JVBERi0|AAAAC3NzaC1|MII[A-Za-z0-9+/]{3,7}ANBgkqhkiG9w0BAQEFAAOC"
"""How names, digests, pictures, archives and public keys start."""


def looks_random(value: str, bits: float = 3.0) -> bool:
    """Whether the value mixes letters and digits as no word does; ``bits`` of entropy for each character."""
    if not re.fullmatch(r"(?=.*[A-Za-z])(?=.*\d)[\w+/=.~:%!*-]+", value) or "abcdefgh" in value.lower():
        return False
    if is_name_or_path(value) or re.match(_PUBLIC, value) or re.fullmatch(r"[A-Za-z_]+\d{1,2}", value):
        return False
    counts = Counter(value).values()
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts) >= bits


def is_user_and_password(text: str) -> bool:
    """Whether the text is the Base64 of ``user:password``."""
    try:
        return re.fullmatch(rb"[\x20-\x7e]+:[\x20-\x7e]+", base64.b64decode(text, validate=True)) is not None
    except (binascii.Error, ValueError):
        return False


def is_encoded_text(text: str) -> bool:
    """Whether the text is the Base64 of words, and not of random bytes."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return data.isascii() and data.decode("ascii").isprintable()


_GUID = r"\{?[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}\}?"


def is_guid(value: str) -> bool:
    """Whether the value is a GUID, with or without its hyphens and braces."""
    return compiled(_GUID).fullmatch(value) is not None


def stands_out(value: str) -> bool:
    """Whether a word in a sentence can only be a password: letters, digits, and a sign that no name or number has."""
    return (
        re.search(r"[A-Za-z]", value) is not None
        and re.search(r"\d", value) is not None
        and re.search(r"[^\w\s.,:;()\[\]{}<>\"'`/\\-]", value) is not None
        and re.search(r"[(){}<>\[\]\"]|=>|==|://", value) is None
    )


_TECHNICAL = (
    r"(?i)(?:sha|md|base|utf|pbkdf|argon|oauth|openid|aes|rsa|tls|ssl|https?|net|rfc|iso|sql|ssha|ed|ecdsa|hs|rs|es|blake|crc"
    r"|win|latin|ucs|ntlmv?|scram|des|level|type|part|step|version|v|x|p|c|hmac|kerberos|krb|pkcs|mp|ipv?|asp|core|bcrypt|scrypt"
    r"|option|field|column|line|page|user|test|example|length|char|min|max|log|table|word|bug|issue|id|ticket|no)[-_]?\d"
    r"|^\d+[-_]?[a-z]{1,14}$|^[a-z]{1,3}-?\d+$"
)


def _is_scattered(word: str) -> bool:
    """Letters of both cases with digits at three places between them: no technique and no count, however it begins."""
    return re.fullmatch(r"(?=.*[a-z])(?=.*[A-Z])(?:[A-Za-z]+\d+){3,}[A-Za-z]*", word) is not None


def mixes(word: str) -> bool:
    """Whether a word that is told to be a password has letters and digits as names of techniques and counts do not."""
    return (
        re.search(r"[A-Za-z]", word) is not None
        and re.search(r"\d", word) is not None
        and re.search(r"[(){}<>\[\]\"/]|=>|==|://", word) is None
        and (compiled(_TECHNICAL).match(word) is None or _is_scattered(word))
        and not is_name_or_path(word)
    )
