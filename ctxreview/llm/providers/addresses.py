"""What an address of a server tells before it is asked: whether it is one, and whose machine it means."""

from __future__ import annotations

import re
import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

from ctxreview.regex import regex

LONGEST = 2_000
"""Characters of an address."""

_NAME = regex(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?", re.IGNORECASE)
_BRACKETS = regex(r"(?:\A|@)\[[^\[\]@]+\](?::\d*)?\Z")
_THIS_MACHINE = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})


def is_address(url: str) -> bool:
    """Whether ``url`` is an http or https URL with a host and a port that there can be."""
    if len(url) > LONGEST or not url.isprintable() or re.search(r"[\s\\<>\"^`{|}]", url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and parts.port != 0 and _is_host(parts.hostname or "", parts.netloc)
    except ValueError:
        return False


def host_of(url: str) -> str:
    """The host in an address, in lower case; ``""`` where there is none, or where it is not an address."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_this_machine(host: str) -> bool:
    """Whether ``host`` means the machine that this runs on, in any spelling that a resolver takes for it.

    Nothing is looked up. ``0`` and ``127.1`` are numbers to ``inet_aton``; ``0.0.0.0`` and ``::`` connect to this
    machine (RFC 1122, 3.2.1.3); ``*.localhost`` never leaves it (RFC 6761, 6.3).
    """
    try:
        host = host.encode("idna").decode("ascii")  # full-width digits and dots
    except UnicodeError:
        return False
    host = host.lower().strip("[]").removesuffix(".").partition("%")[0]
    if host in _THIS_MACHINE or host.endswith(".localhost") or host == socket.gethostname().lower():
        return True
    try:
        number = ip_address(host)
    except ValueError:
        try:
            number = ip_address(socket.inet_aton(host))
        except OSError:
            return False
    number = getattr(number, "ipv4_mapped", None) or number
    return number.is_loopback or number.is_unspecified


def _is_host(host: str, netloc: str) -> bool:
    if "[" in netloc or "]" in netloc:
        # ip_address raises ValueError where it is none, and urlsplit takes what follows the bracket for nothing.
        return bool(_BRACKETS.search(netloc) and ip_address(host))
    return len(host) <= 253 and bool(_NAME.fullmatch(host.encode("idna").decode("ascii")))
