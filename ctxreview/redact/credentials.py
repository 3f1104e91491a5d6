"""Credentials that their surroundings give away: addresses, headers, connection strings, and literals under a name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

from ctxreview.redact.calls import either
from ctxreview.redact.values import (
    compiled,
    is_encoded_text,
    is_guid,
    is_one_word,
    is_placeholder,
    is_user_and_password,
    looks_like_password,
    looks_random,
    mixes,
    stands_out,
)


def uri_password(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``scheme://user:password@host``, and ``scheme://token@host``."""
    # Greedy up to the last @ before a slash: people forget to encode the one in their password.
    pattern = r"""://(?P<user>[^\s:/@"'<>{}]{0,64}):(?P<secret>[^\s"'<>/]{1,200})@(?=[\w\[{$%.-])"""
    if match := compiled(pattern).match(text, at):
        if not re.match(r"\d{1,5}(?:[?#]|$)", match["secret"]) and not is_placeholder(match["secret"]):
            yield match.span("secret")
    elif (match := compiled(r"://(?P<secret>[\w-]{20,200})@").match(text, at)) and looks_random(match["secret"]):
        yield match.span("secret")


def oracle_password(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``user/password@//host`` of Oracle's easy connect."""
    window = text[max(0, at - 130) : at]
    if (match := re.search(r"[\w$#]{1,30}/([^\s/@\"':]{1,60})$", window)) and not is_placeholder(match[1]):
        yield at - len(match[1]), at


def authorization(text: str, at: int) -> Iterator[tuple[int, int]]:
    """What follows ``Bearer``, ``Basic`` or the name of the header."""
    pattern = (
        r"""(?i:authorization["'\]]{0,3}\s{0,5}[:=,]\s{0,5}["']?(?:[a-z-]{2,20}\s{1,3})?"""
        r"""|(?:bearer|basic|ssws)(?:\s{1,3}|"\s{0,5},\s{0,60}["']))"""
    )
    pattern += r"(?P<secret>[A-Za-z0-9._~+/-]{8,4000}={0,2})"
    match = compiled(pattern).match(text, at)
    if match and (looks_random(match["secret"]) or is_user_and_password(match["secret"])):
        yield match.span("secret")


def cookie(text: str, at: int) -> Iterator[tuple[int, int]]:
    """The values in ``Cookie: name=value; name=value`` that are no words."""
    head = compiled(r"""(?i)cookie["'\]]{0,3}\s{0,5}[:=,]\s{0,5}["']{0,3}""").match(text, at)
    end = compiled(r"""[^"\r\n]{0,1000}""").match(text, head.end()) if head else None
    if head and end:
        for pair in compiled(r"[\w.-]{1,60}=(?P<secret>[\w.~+/%-]{16,4000}={0,2})").finditer(
            text, head.end(), end.end()
        ):
            if looks_random(pair["secret"]):
                yield pair.span("secret")


def parameter(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``?api_key=...`` of an address and ``;AccessKey=...`` of a connection string."""
    # The anchor is the end of the name, of which only so much is looked at as names are long.
    if not (lead := compiled(r"[?&;]\s?[\w.-]{0,30}$").search(text[max(0, at - 32) : at])):
        return
    value = compiled(r"\w{3,10}=(?P<secret>[\w.~+/%-]{16,400}={0,2})(?![\w(])").match(text, at)
    if value is None or compiled(_NOT_A_SECRET).search(lead[0][1:] + value[0].partition("=")[0]):
        return
    if looks_random(value["secret"]) and not is_placeholder(value["secret"]) and not is_guid(value["secret"]):
        yield value.span("secret")


_PASSWORD = (
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

_LONG_NAME = re.compile("|".join(_PASSWORD), re.IGNORECASE)
_SHORT_NAME = re.compile(
    rf"(?:^|[^a-zA-Z])(?i:{'|'.join(_SHORT_PASSWORD)})s?(?![a-z])"
    rf"|(?<=[a-z\d])(?:{'|'.join(word.capitalize() for word in _SHORT_PASSWORD)})s?(?![a-z])"
)
WORDS = (*(word for word in _PASSWORD if not word.startswith("pass")), *_SHORT_PASSWORD)
NAMES = tuple(
    word for word in WORDS if not any(other in word for other in ("pass ", "pass", "pw", "psw") if other != word)
)
"""What is looked for to find them: in sentences, and in names, where one word holds many others."""

HINTS = ("log in", "login ", "log on", "sign in", "anmelden mit", "credentials", "creds")


def is_password_name(name: str) -> bool:
    """Whether the name of a variable, key or element says that it is a password."""
    return _LONG_NAME.search(name) is not None or _SHORT_NAME.search(name) is not None


def _can_be(name: str, value: str) -> bool:
    """Whether the value can be the password that its name tells of; under a short name it has to look more like one."""
    if not looks_like_password(value):
        return False
    return "secret" in name.lower() or _LONG_NAME.search(name) is not None or not re.search(r"\w[=,]\w", value)


def _name(text: str, at: int) -> tuple[str, int, int] | None:
    """The name that holds the word at ``at``, its start and end; none where it does not say that it is a password."""
    lead = compiled(r"[\w.:-]{0,30}$").search(text, max(0, at - 30), at)
    tail = compiled(r"[\w.:-]{0,60}").match(text, at)
    start, end = lead.start() if lead else at, tail.end() if tail else at
    name = text[start:end].strip(".:-_")
    if not is_password_name(name) or compiled(_NOT_A_SECRET).search(name):
        return None
    return name, start, end - (text[end - 1 : end] == ":")


def remark(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``the password is ...`` in a comment, in one of many languages; ``log in as admin / ...``."""
    before = text[max(text.rfind("\n", 0, at) + 1, at - 500) : at]
    if not compiled(r"(?<!:)//|/\*|^\s*\*|<!--|^\s*(?:#|--)").search(before) and not _in_block(text, at):
        return
    word = compiled(r"(?i)(?:mot de passe|mật khẩu|[\w-]{0,30})").match(text, at)
    end = word.end() if word else at
    if is_password_name(text[at:end]) or text[at:end].lower().startswith(tuple(_PASSWORD)):
        window = text[end : end + 120].partition("\n")[0]
        link = r"\s{0,3}(?:[:=：＝—–-]{1,2}|(?:is|was|ist|lautet|est|es|é|è|e|jest|to|är|er|on|je|set to|changed to)\b|是|为|為|は|는|은|가)\s{0,3}[\"'`“「]?"
        if (told := compiled(link + r"(?P<word>[^\s\"'`“”「」]{6,80})", re.IGNORECASE).match(window)) and (
            word_in := _word(told["word"], strict=False)
        ):
            yield end + told.start("word"), end + told.start("word") + len(word_in)
            return
        words = compiled(r"(?<=[\s\"'`“「：:=])[^\s\"'`“”「」：]{6,80}")
    else:
        window = text[end : end + 80].partition("\n")[0]
        words = compiled(r"(?<=\s/\s)[^\s\"'`]{6,80}|(?<=\w[/:])[^\s\"'`/]{6,80}(?=[\s.]|$)")
    for told in words.finditer(window):
        if found := _word(told[0], strict=True):
            yield end + told.start(), end + told.start() + len(found)
            return


def _in_block(text: str, at: int) -> bool:
    """Whether the place is in a comment that began on a line above, of which the last 3,000 characters are looked at."""
    start = text.rfind("/*", max(0, at - 3000), at)
    return start >= 0 and text.find("*/", start, at) < 0


def _word(word: str, strict: bool) -> str:
    """The word without the punctuation after it, if it can be a password; ``strict``: if it can be nothing else."""
    word = word.rstrip(".,;:)。、") if word[-1] in ".,;:)。、" else word
    if len(word) < 6 or is_placeholder(word) or ("@" in word[1:-1] and re.search(r"@[\w-]+\.\w", word)):
        return ""
    return word if stands_out(word) or (not strict and mixes(word)) else ""


def line_value(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``password: ...`` as the whole of a line: of YAML, of a file of settings or environment, or in a comment."""
    if (named := _name(text, at)) is None:
        return
    _, start, end = named
    first = max(text.rfind("\n", 0, start) + 1, start - 200)
    before = text[first:start]
    lead = compiled(
        r"\s*(?:(?://+|/\*+|\*|#|--|<!--|-)\s*)*(?:(?:export|set|ENV|ARG)\s+)?(?:docker run .{0,100}-e |-\s*name:\s*)?[\w.-]{0,60}[\"']?"
    )
    if not lead.fullmatch(before):
        return
    value = compiled(
        r"[\"']?[ \t]{0,3}(?:[:=]|\n[^\n\w]{0,40}value:)[ \t]{0,3}(?P<quote>[\"']?)(?P<secret>[^\s\"']{6,200})(?P=quote)"
        r"(?P<rest>[ \t]*)(?=\r?$|[ \t]+\S)", re.MULTILINE
    ).match(text, end)  # fmt: skip
    if value is None:
        return
    told, word = value["secret"], ""
    comment = compiled(r"//|\*|#|--").search(before) is not None or _in_block(text, at)
    if told.endswith((";", ",", "{", ")", "(")) and not stands_out(told.rstrip(";,")):
        return
    told = told.rstrip(",;")
    if "://" in told or is_placeholder(told) or compiled(r"[\w.]+\(|=>|==|\w+\.\w+$").search(told):
        return
    if stands_out(told) or (comment and mixes(told)) or (comment and len(told) >= 16 and looks_random(told)):
        word = told
    if word:
        yield value.start("secret"), value.start("secret") + len(word)


_TEXT_LITERAL = r"[@$]{0,2}\"(?P<secret>(?:[^\"\\\r\n]|\\[^\r\n]){5,200})\""
_BEFORE_A_VALUE = (
    r"(?:[=?:]|=>|\?\?|\breturn|\bis|\bnot|\bor|\bcase|(?:^|[=(])\s*[\w.]*(?:Bytes|\w{0,12}Secure\w*|Protect\w*|Equals)\(|\bEquals\([\w.]+,"
    r"|(?:Lazy|Func)<string>\(\(\)\s*=>)\s*$"
)


def given(text: str, at: int) -> Iterator[tuple[int, int]]:
    """The literals that a statement gives to a name: behind ``?:``, ``??``, ``switch``, a getter, or compared with it."""
    if (named := _name(text, at)) is None:
        return
    name, start, end = named
    before = text[max(0, start - 230) : start]
    if yoda := compiled(_TEXT_LITERAL + r"(?:\s{0,3}[!=]=|\.Equals\(|(?<=\")\s{0,3},)\s{0,3}$").search(before):
        compared = not before.rstrip().endswith(",") or compiled(r"\bEquals\(\s*$").search(before[: yoda.start()])
        if compared and _is_value(name, yoda["secret"]):
            yield max(0, start - 230) + yoda.start("secret"), max(0, start - 230) + yoda.end("secret")
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
        if (one := compiled(r"\s{0,3}" + _TEXT_LITERAL).match(text, head.end())) and _is_value(name, one["secret"]):
            yield one.span("secret")
        return
    at = subject.end() if subject else head.end() if head else end
    listed = compiled(r"(?i)(?:words|wds|pwds|phrases|orte|passes)$").search(name) is not None
    tupled = head is not None and head[0].endswith("(")
    yield from _values(
        text, at, name, compared=subject is not None, listed=listed or tupled, block=head is not None and "{" in head[0]
    )


_MOST_CHOICES = 16
"""Literals of one statement that may be the value of its name."""


def _values(text: str, at: int, name: str, compared: bool, listed: bool, block: bool) -> Iterator[tuple[int, int]]:
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
        elif token["secret"] is not None and _is_value(name, token["secret"]):
            lead = text[max(at, token.start() - 80) : token.start()]
            arm = compiled(r"\s{0,3}=>").match(text, token.end()) is not None  # what is told apart, and not its value
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


def _is_value(name: str, value: str) -> bool:
    if is_placeholder(value) or "://" in value or not value.isprintable() or re.search(r"\s|\{\w*\}", value):
        return False
    if re.fullmatch(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,10}", value):
        return False
    return len(value) > 5 and _can_be(name, value)


CLUES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("password", ("identified by ",), r"identified by (?:password |values )?[\\'\"]{0,3}(?P<secret>[^\s'\"\\;]{5,100})"),
    ("password", ("login ",), r"login\s{1,3}\S{1,60}\s{1,3}password\s{1,3}(?P<secret>\S{5,100})"),
    ("password", (":5432:", ":*:*:"), r":[\d*]{1,4}:[\w*-]{1,60}:(?:[\w*-]{1,60}:)?(?P<secret>[^\s:\"']{5,100})"),
    ("password", ("userinfo",), r"userinfo\s{0,3}=\s{0,3}\"[^\":\n]{1,60}:(?P<secret>[^\"\n]{5,100})\""),
    ("password", ("password\"><value>", "pwd\"><value>"), r"p\w{2,7}\"><value>(?P<secret>[^<>\s]{6,100})<"),
    ("password", ("password '", "password \\'"), r"password \\?'(?P<secret>[^\s'\\]{6,100})\\?'"),
    ("connection-password", ("pwd={", "password={"), r"\w{3,8}=\{(?=[^{}\s]{0,20}[\d!#$%*+?^@])(?=[^{}\s]{0,20}[A-Za-z])(?P<secret>[^{}\s]{6,100})\};"),
    # what gives a password when it is asked for one: PasswordProvider = (_, _) => "..."
    ("password", tuple(f"password{what}" for what in ("provider", "factory", "resolver", "source", "accessor")),
     r"password\w{4,9}\s{0,5}[=(:][^;\"]{0,120}?(?:=>|(?:\{[^}\"]{0,300}?)?\breturn\b)[^;\"]{0,80}?\"(?P<secret>[^\"\\\r\n]{6,100})\""),
    # PgBouncer's list of users
    ("password", ("userlist", "auth_file"), r"\w{8,9}[^\"]{0,60}(?:\"{3}\s{0,40}|(?:\"[^\"\w]{0,10}){1,2})?\\?\"[\w.-]{1,60}\\?\" \\?\"(?P<secret>[^\s\"\\]{6,200})\\?\""),
    ("password", ("\"md5",), r"\"md5(?P<secret>[0-9a-f]{32})\\?\""),
    ("password", ("scram-sha-256$", "scram-sha-1$"), r"scram-sha-\d{1,3}\$\d{3,7}:(?P<secret>[\w+/]{8,60}={0,2}\$[\w+/]{20,60}={0,2}:[\w+/]{20,60}={0,2})"),
    ("password", ("psk",), r"psk\\?[\"']?\s{0,3}[=:]\s{0,3}\\?[\"']?(?P<secret>[^\s\"'\\]{8,64})"),
    ("password", ("pass ",), r"(?-i:PASS) (?=\S{0,20}\d)(?P<secret>[^\s\"'{}]{6,100})(?=\\?[\"'\r\n\\])"),
    ("private-key", ("client-key-data",), r"client-key-data\\?[\"']?\s{0,3}:\s{0,3}\\?[\"']?(?P<secret>[A-Za-z0-9+/]{40,10000}={0,2})"),
    ("private-key", ("privatekey", "presharedkey"), r"p\w{4,8}edkey\s{0,3}=\s{0,3}(?P<secret>[A-Za-z0-9+/]{43}=)|privatekey\s{0,3}=\s{0,3}(?P<secret2>[A-Za-z0-9+/]{43}=)"),
    ("token", ("_auth",), r"_auth(?:token)?\s{0,3}=\s{0,3}[\"']?(?P<secret>[\w+/.-]{12,400}={0,2})"),
    ("token", ("auth\"",), r"auth\\?\"{1,2}\s{0,3}:\s{0,3}\\?\"{1,2}(?P<secret>[A-Za-z0-9+/]{16,400}={0,2})"),
    ("secret", ("otpauth://",), r"otpauth://[^\s\"'?]{1,200}\?[^\s\"']{0,100}?secret=(?P<secret>[A-Z2-7]{16,128})"),
    ("authorization", ("digest ",), r"digest [^\n]{0,400}?response=[\\\"]{1,3}(?P<secret>[0-9a-f]{32,64})"),
    # command lines: the tool, and the option that has the password
    ("password", ("sqlcmd", "osql", "bcp "), r"\w+\b[^\r\n]{0,200}?\s(?-i:-P)\s{0,2}[\"']?(?P<secret>[^\s\"'-][^\s\"']{3,80})"),
    ("password", ("mysql",), r"mysql(?:dump|admin)?\b[^\r\n]{0,200}?\s(?-i:-p)(?P<secret>[^\s\"'-][^\s\"']{3,80})"),
    ("password", ("curl",), r"curl\b[^\r\n]{0,200}?\s(?:-u|--user)\s{0,2}[\"']?[^\s:\"']{1,60}:(?P<secret>[^\s\"']{4,80})"),
    ("password", ("psexec", "mongo", "nuget", "docker login", "podman login", "az login", "sshpass", "helm ", "7z ", "signtool", "unzip "),
     r"[\w ]{3,14}[^\r\n]{0,200}?\s(?:-p|-pw|-Password|/p|/pass|-P)(?:\s{1,2}|(?=[^\s\w-]|[A-Z0-9]))\\?[\"']?(?P<secret>[^\s\"'-][^\s\"'\\]{4,80})"),
    ("password", ("redis-cli", "ldapsearch", "plink", "pscp", "winscp"),
     r"[\w-]{5,10}\b[^\r\n]{0,200}?\s(?:-a|-w|-pw|-D)\s{1,2}[\"']?(?P<secret>[^\s\"'-][^\s\"']{4,80})"),
    ("password", ("--password", "-passin", "-passout", "-storepass", "-keypass", "--pass "),
     r"--?pass(?:word|in|out)?[=\s]\s{0,2}(?:pass:)?[\"']?(?P<secret>[^\s\"']{4,80})|-(?:store|key)pass\s{1,2}[\"']?(?P<secret2>[^\s\"']{4,80})"),
    ("password", ("smbclient",), r"smbclient\b[^\r\n]{0,200}?\s(?-i:-U)\s{1,2}[^\s%\"']{1,60}%(?P<secret>[^\s\"']{5,80})"),
    ("password", ("net use ", "net user "), r"net user?\b[^\r\n]{0,120}?(?:/user:\S{1,60}|(?<=net user )[\w.-]{1,40})\s{1,3}(?P<secret>[^\s\"'/*][^\s\"']{4,80})"),
)  # fmt: skip
"""Kind, what is looked for in any case, and a pattern from there on whose group ``secret`` is the secret."""


def clue(pattern: str) -> Callable[[str, int], Iterator[tuple[int, int]]]:
    """Finds what a pattern of :data:`CLUES` tells, if it can be a password."""

    def find(text: str, at: int) -> Iterator[tuple[int, int]]:
        if match := compiled(pattern, re.IGNORECASE).match(text, at):
            group = "secret" if match["secret"] else "secret2"
            if not is_placeholder(match[group]) and (len(match[group]) > 200 or looks_like_password(match[group])):
                yield match.span(group)

    return find


def spelled(text: str, at: int) -> Iterator[tuple[int, int]]:
    """The literal that a loop before ``AppendChar`` spells into a secure string."""
    before = text[max(0, at - 300) : at]
    if match := compiled(r"""\bin\s{1,3}[@$]?"(?P<secret>(?:[^"\\\r\n]|\\.){4,100})"[^"]{0,120}$""").search(before):
        yield at - len(before) + match.start("secret"), at - len(before) + match.end("secret")


def connection_password(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``Password=...`` in a connection string of any dialect, ended as that dialect ends it."""
    name = r"(?i:password|passwd|pwd|accountkey|accesskey|sharedaccesskey|sharedsecret(?:value)?)"
    key = compiled(name + r"(\s{0,3})=(?![=>])\s{0,3}").match(text, at)
    if key is None:
        return
    before, after = text[max(text.rfind("\n", 0, at) + 1, at - 500) : at], text[key.end() : key.end() + 500]
    inside = (before.count('"') - before.count('\\"')) % 2 == 1  # of a literal on one line
    literal = before[before.rfind('"') + 1 :] if inside else before
    value = _connection_value(after, inside, not inside and literal.count("'") % 2 == 1, ";" in literal)
    if value is None or is_placeholder(value[1]):
        return
    spaced = key[1] != "" or key[0].endswith(" ")
    if spaced or not inside:  # then it may be an assignment in the code, unless other keys stand beside it
        beside = compiled(
            r"(?i)(?:server|source|host|user|uid|userid|id|database|catalog|username|name|endpoint|protocol|security)\s?="
        )
        paired = beside.search(literal[-200:]) is not None or beside.search(after[:200].partition("\n")[0]) is not None
        if spaced and not paired and not (inside and after.startswith("'")):
            return
        if not inside and spaced and re.fullmatch(r"[A-Za-z_][\w.]*[ })]*", value[1]):
            return
        if not inside and " = " in value[1]:
            return  # a = password = b = c;
        if not inside and not paired and (re.fullmatch(r"[A-Za-z_][\w.]*", value[1]) or "(" in value[1]):
            return
        if not inside and spaced and not re.search(r"[;\s]\s*\w+\s?=", literal + " "):
            return
    start = key.end() + value[0]
    yield start, start + len(value[1])


def _connection_value(after: str, inside: bool, single: bool, semicolons: bool) -> tuple[int, str] | None:
    """Offset and text of the value at the start of ``after``; ``single``: of a literal in single quotes."""
    for quote in ("'", '\\"', '""', "&quot;"):
        if after.startswith(quote):
            end = after.find(quote, len(quote))
            return (len(quote), after[len(quote) : end]) if end > len(quote) and "\n" not in after[:end] else None
    stop = r'(?:[^"\r\n\\]|\\[^"\r\n])*' if inside else r"[^\"'\r\n]*" if single else r'[^"\r\n]*'
    line = re.match(stop, after)
    value = line[0] if line else ""
    if semicolons or ";" in value:
        value = value.partition(";")[0].rstrip()
    else:  # libpq parts with blanks, an address with ampersands, Redis with commas
        value = re.split(r"[\s&]|,(?=\s?\w+=)", value, maxsplit=1)[0]
    return (0, value) if value else None


_BEFORE_LITERAL = (
    r"""(?P<tail>[\w.:-]{0,40})(?P<close>["'\]]{0,3})\s{0,20}"""
    r"""(?:(?P<sign>=>|:=|[=!]=|[=:,(]|value\s{0,5}=)\s{0,20}"""
    # what may stand before the literal: the other choice of ?? and ?:, and what turns text into a key
    r"""(?:[^;\r\n]{0,160}?\?\?\s{0,5}|[^;"\r\n?]{0,100}\?\s{1,5}(?:[^;\r\n]{0,100}?\s:\s{1,5})??)??"""
)
_AFTER = (
    r"""(?P<quote>\"{3}|["'])(?P<literal>(?:[^"'\\\r\n]|\\[^\r\n]){5,500})(?P=quote)"""
    r"""|(?P<json>\\"|"")\s{0,5}:\s{0,5}(?P=json)(?P<member>[^"\\\r\n]{5,500})(?P=json)"""
    r"""|>(?P<element>[^<>\s"]{6,200})</|(?P<bare>=|:\s{1,5})(?P<value>[\w+/=.~-]{16,200})(?=\s*(?:[\r\n]|$)))"""
)


@cache
def _literal() -> str:
    """What may stand after a name: a sign and a literal, a member of JSON, an element of XML, or a setting's value."""
    decodes = rf"""(?:(?:new\s{{1,5}}\w{{1,40}}|[\w.]{{0,40}}{either("decoded")})\(){{0,3}}[@$]{{0,2}}"""
    return _BEFORE_LITERAL + decodes + _AFTER


_NOT_A_SECRET = (
    r"(?i)(?:name|label|field|column|title|text|message|error|hint|placeholder|ur[il]|path|route|endpoint|header|prefix|suffix"
    r"|type|regex|pattern|format|policy|length|min|max|id|parameter|param|property|claim|scheme|kind|table|topic|queue"
    r"|resource|culture|version|index|caption|tooltip|description|icon|css|class|selector|xpath|template|file|source"
    r"|algorithm|provider|service|issuer|audience|thumbprint|expiry|lifetime|timeout|for|mode|changed|required)s?$"
    r"|public|foreign|primary|cache|partition|concurrency|cancellation|registry"
)


def assigned(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``apiKey = "..."`` and its like in C#, JSON, XML, YAML and environment files."""
    match = compiled(_literal()).match(text, at)
    if match is None or (match["sign"] == "," and not match["close"]):
        return  # the argument after a variable is not its value, as it is after "Password"
    lead = re.search(r"[\w.:-]{0,30}$", text[max(0, at - 30) : at])
    name = ((lead[0] if lead else "") + text[at : match.end("tail")]).strip(".:-_")
    if compiled(_NOT_A_SECRET).search(name):
        return
    group = next(name for name in ("literal", "member", "element", "value") if match[name])
    value = match[group]
    if group == "value" and not (match["bare"] == "=" or re.fullmatch(_SETTING, _line(text, at))):
        return
    if is_placeholder(value) or "://" in value or not value.isprintable() or re.search(r"\s|\{\w*\}", value):
        return
    lowered = name.lower()
    password = is_password_name(name)
    if not password and not re.search(r"secret|token|credential|key", lowered):
        return  # "bypass"
    if group != "value" and (password or "secret" in lowered):
        given = (match["sign"] or ":") in ("=", "==", "!=", "=>", ":") and re.search(
            r"(?:pass(?:word|wd|phrase)|pwd|wort|пароль)$", lowered
        )
        secret = (len(value) > 5 and _can_be(name, value)) or (bool(given) and is_one_word(value))
    elif re.search(r"(?:^|[^a-z])key$|key$", lowered) and not compiled(_KEY_OF_A_SERVICE).search(lowered):
        secret = len(value) >= 32 and looks_random(value, 4.0) and not is_encoded_text(value)
    else:
        secret = len(value) >= 16 and looks_random(value)
    if secret and (not is_guid(value) or password or re.search(r"secret|api|auth|access", lowered)):
        yield match.span(group)


_SETTING = r"\s*(?:(?://+|#|\*|--|<!--)\s*)?(?:export\s+|set\s+)?[\w.-]+:\s+\S+"
"""A line of YAML, or one in a comment."""

_KEY_OF_A_SERVICE = (
    r"(?:api|access|auth|account|private|secret|sign|signing|encrypt|encryption|decryption|validation|master|shared"
    r"|symmetric|hmac|aes|storage|client|subscription|service|host|function|jwt|app|application)[\W_]?key$"
)


def _line(text: str, at: int) -> str:
    """The line around the offset, or what 500 characters show of it."""
    start = max(text.rfind("\n", 0, at) + 1, at - 500)
    return text[start : at + 500].partition("\n")[0].rstrip("\r")
