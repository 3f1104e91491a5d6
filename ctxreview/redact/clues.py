"""Patterns that tell a secret by what is before it: settings, and options of command lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ctxreview.redact.values import (
    compiled,
    is_placeholder,
    looks_like_password,
)

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
    # a bind: the entry of a directory that signs in, and after it its password
    ("password", ("\"cn=", "\"uid="), r"\"(?:cn|uid)=[^\"\r\n]{1,300}\",\s{0,80}(?:\w{1,30}:\s{0,3})?[@$]{0,2}\"(?P<secret>[^\s\"\\]{6,100})\""),
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


def find_clue(pattern: str) -> Callable[[str, int], Iterator[tuple[int, int]]]:
    """Finds what a pattern of :data:`CLUES` tells, if it can be a password."""

    def find(text: str, at: int) -> Iterator[tuple[int, int]]:
        if match := compiled(pattern, re.IGNORECASE).match(text, at):
            group = "secret" if match["secret"] else "secret2"
            if not is_placeholder(match[group]) and (len(match[group]) > 200 or looks_like_password(match[group])):
                yield match.span(group)

    return find


def spelled_password(text: str, at: int) -> Iterator[tuple[int, int]]:
    """The literal that a loop before ``AppendChar`` spells into a secure string."""
    before = text[max(0, at - 300) : at]
    if match := compiled(r"""\bin\s{1,3}[@$]?"(?P<secret>(?:[^"\\\r\n]|\\.){4,100})"[^"]{0,120}$""").search(before):
        yield at - len(before) + match.start("secret"), at - len(before) + match.end("secret")
