"""Names that say that what they stand for is a password, and whether a value can be one."""

from __future__ import annotations

import re

from ctxreview.redact.values import (
    compiled,
    is_placeholder,
    looks_like_password,
)

PASSWORD_WORDS = (
    "password", "passwd", "pwd", "passphrase", "passcode", "passwort", "kennwort", "motdepasse", "contrasena", "contraseña",
    "palavrapasse", "wachtwoord", "lösenord", "losenord", "adgangskode", "passord", "salasana", "hasło", "jelszó", "jelszo",
    "lozinka", "parolă", "şifre", "пароль", "密码", "密碼", "口令", "パスワード", "暗証番号", "비밀번호", "암호", "סיסמה", "كلمة السر",
    "كلمة المرور", "รหัสผ่าน", "mật khẩu", "κωδικός", "mot de passe", "mot_de_passe", "palavra-passe", "sandi",
)  # fmt: skip
_SHORT_PASSWORD = (
    "pass",
    "pw",
    "pswd",
    "psw",
    "senha",
    "clave",
    "heslo",
    "haslo",
    "sifre",
    "parola",
    "geslo",
    "passkey",
)
"""Words for a password: what names and sentences that hold them speak about. The short ones have to be words of a name."""

_LONG_NAME = f"(?i:{'|'.join(PASSWORD_WORDS)})"
_SHORT_NAME = (
    rf"(?:^|[^a-zA-Z])(?i:{'|'.join(_SHORT_PASSWORD)})s?(?![a-z])"
    rf"|(?<=[a-z\d])(?:{'|'.join(word.capitalize() for word in _SHORT_PASSWORD)})s?(?![a-z])"
)
WORDS = (*(word for word in PASSWORD_WORDS if not word.startswith("pass")), *_SHORT_PASSWORD)
NAMES = tuple(
    word for word in WORDS if not any(other in word for other in ("pass ", "pass", "pw", "psw") if other != word)
)
"""What is looked for to find them: in sentences, and in names, where one word holds many others."""

HINTS = ("log in", "login ", "log on", "sign in", "anmelden mit", "credentials", "creds")


def is_password_name(name: str) -> bool:
    """Whether the name of a variable, key or element says that it is a password."""
    return compiled(_LONG_NAME).search(name) is not None or compiled(_SHORT_NAME).search(name) is not None


def can_be_password(name: str, value: str) -> bool:
    """Whether the value can be the password that its name tells of; under a short name it has to look more like one."""
    if not looks_like_password(value):
        return False
    return (
        "secret" in name.lower() or compiled(_LONG_NAME).search(name) is not None or not re.search(r"\w[=,]\w", value)
    )


def password_name_at(text: str, at: int) -> tuple[str, int, int] | None:
    """The name that holds the word at ``at``, its start and end; none where it does not say that it is a password."""
    lead = compiled(r"[\w.:-]{0,30}$").search(text, max(0, at - 30), at)
    tail = compiled(r"[\w.:-]{0,60}").match(text, at)
    start, end = lead.start() if lead else at, tail.end() if tail else at
    name = text[start:end].strip(".:-_")
    if not is_password_name(name) or compiled(NOT_A_SECRET).search(name):
        return None
    return name, start, end - (text[end - 1 : end] == ":")


def is_given_password(name: str, value: str) -> bool:
    """Whether a literal that is given to a name can be the password that the name tells of, and is not an address or sentence."""
    if is_placeholder(value) or "://" in value or not value.isprintable() or re.search(r"\s|\{\w*\}", value):
        return False
    if re.fullmatch(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,10}", value):
        return False
    return len(value) > 5 and can_be_password(name, value)


NOT_A_SECRET = (
    r"(?i)(?:name|label|field|column|title|text|message|error|hint|placeholder|ur[il]|path|route|endpoint|header|prefix|suffix"
    r"|type|regex|pattern|format|policy|length|min|max|id|parameter|param|property|claim|scheme|kind|table|topic|queue"
    r"|resource|culture|version|index|caption|tooltip|description|icon|css|class|selector|xpath|template|file|source"
    r"|algorithm|provider|service|issuer|audience|thumbprint|expiry|lifetime|timeout|for|mode|changed|required)s?\d{0,3}$"
    r"|public|foreign|primary|cache|partition|concurrency|cancellation|registry"
)
