"""The key formats that their makers made recognisable, and private keys.

The formats are those that the makers document; their lengths were compared with the rules of gitleaks (2026-07).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ctxreview.redact.values import compiled

Finder = Callable[[str, int], Iterator[tuple[int, int]]]


def found_at(pattern: str, back: int = 0, inside: bool = False) -> Finder:
    """Finds the pattern at the anchor, or where its part before the anchor is ``back`` characters long.

    The part to hide is the group ``secret``, or everything. What it finds starts a word, or else may stand ``inside``.
    """

    def find(text: str, at: int) -> Iterator[tuple[int, int]]:
        start = at - back
        if start < 0 or not (inside or _starts_a_word(text, start)):
            return
        if match := compiled(pattern).match(text, start):
            yield match.span("secret" if "secret" in match.re.groupindex else 0)

    return find


def _starts_a_word(text: str, at: int) -> bool:
    """Whether the letter before belongs to something else, as in ``"\\nAKIA..."`` and ``%3DAKIA...``."""
    return at == 0 or not text[at - 1].isalnum() or text[max(at - 2, 0)] == "\\" or text[max(at - 3, 0)] == "%"


_END = r"(?![A-Za-z0-9])"
_DER = r"[A-Za-z0-9+/]{20,4000}={0,2}(?:(?:\\[rn]|[\r\n][ \t/*]{0,40}){1,4}[A-Za-z0-9+/]{40,4000}={0,2}){0,200}"
"""Base64, on one line or several; what comes before it in a pattern tells that it is a private key."""

FORMATS: tuple[tuple[str, tuple[str, ...], Finder], ...] = (
    ("aws-access-key", ("AKIA", "ASIA", "ABIA", "ACCA"), found_at(rf"A[A-Z]{{3}}[A-Z0-9]{{16}}{_END}")),
    ("aws-bedrock-key", ("ABSK",), found_at(r"ABSK[A-Za-z0-9+/]{100,280}={0,2}")),
    ("github-token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), found_at(r"gh[a-z]_[A-Za-z0-9]{36,255}")),
    ("github-token", ("github_pat_",), found_at(r"github_pat_\w{22,255}")),
    (
        "gitlab-token",
        ("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-", "gloas-", "glsoat-", "glffct-"),
        found_at(r"gl[a-z]{2,6}-[\w.-]{20,300}"),
    ),
    ("gitlab-token", ("GR1348941",), found_at(r"GR1348941[\w-]{20}")),
    ("slack-token", ("xoxb-", "xoxp-", "xoxa-", "xoxe", "xoxr-", "xoxs-", "xoxo-"), found_at(r"xox[\w.-]{12,250}")),
    ("slack-token", ("xapp-",), found_at(r"xapp-\d-[A-Za-z0-9-]{20,250}")),
    ("webhook", ("hooks.slack.com/",), found_at(r"hooks\.slack\.com/[a-z]{1,20}/(?P<secret>[\w/+-]{20,100})")),
    ("webhook", ("/api/webhooks/",), found_at(r"/api/webhooks/\d{15,22}/(?P<secret>[\w-]{40,100})", inside=True)),
    (
        "webhook",
        (".webhook.office.com/",),
        found_at(r"\.webhook\.office\.com/\w{8,12}/(?P<secret>[\w@/-]{40,300})", inside=True),
    ),
    (
        "stripe-key",
        ("sk_live_", "rk_live_", "sk_test_", "rk_test_", "sk_prod_", "rk_prod_"),
        found_at(r"[sr]k_[a-z]{4}_[A-Za-z0-9]{10,250}"),
    ),
    ("stripe-key", ("whsec_",), found_at(r"whsec_[A-Za-z0-9+/]{24,100}={0,2}")),
    ("npm-token", ("npm_",), found_at(rf"npm_[A-Za-z0-9]{{36}}{_END}")),
    ("pypi-token", ("pypi-AgE",), found_at(r"pypi-AgE[\w-]{50,1000}")),
    ("nuget-key", ("oy2",), found_at(rf"oy2[a-z0-9]{{43}}{_END}")),
    ("anthropic-key", ("sk-ant-",), found_at(r"sk-ant-[\w-]{20,250}")),
    ("openai-key", ("sk-",), found_at(r"sk-(?:(?:proj|svcacct|admin|or-v1)-[\w-]{20,250}|[A-Za-z0-9]{32,100})")),
    ("google-api-key", ("AIza",), found_at(r"AIza[\w-]{35}(?![\w-])")),
    ("google-oauth-secret", ("GOCSPX-",), found_at(r"GOCSPX-[\w-]{20,40}")),
    ("google-oauth-token", ("ya29.",), found_at(r"ya29\.[\w.-]{20,500}")),
    ("google-oauth-token", ("1//0",), found_at(r"1//0[\w-]{30,150}")),
    ("azure-client-secret", ("Q~",), found_at(rf"[\w~.-]{{3}}\dQ~[\w~.-]{{31,34}}{_END}", back=4)),
    ("azure-storage-key", ("+ASt",), found_at(r"[A-Za-z0-9+/]{76}\+ASt[A-Za-z0-9+/]{6}==", back=76)),
    ("azure-key", ("JQQJ99",), found_at(rf"[A-Za-z0-9]{{52}}JQQJ99[A-Za-z0-9]{{26}}{_END}", back=52)),
    ("azure-key", ("AzFu",), found_at(r"[\w-]{44}AzFu[\w-]{6}==", back=44)),
    ("azure-devops-token", ("AZDO",), found_at(rf"[A-Za-z0-9]{{76}}AZDO[A-Za-z0-9]{{4}}{_END}", back=76)),
    ("sendgrid-key", ("SG.",), found_at(r"SG\.[\w-]{16,32}\.[\w-]{32,64}")),
    ("twilio-key", ("SK",), found_at(rf"SK[0-9a-f]{{32}}{_END}")),
    ("mailgun-key", ("key-",), found_at(rf"key-[0-9a-f]{{32}}{_END}")),
    ("mailchimp-key", ("-us",), found_at(rf"[0-9a-f]{{32}}-us\d{{1,2}}{_END}", back=32)),
    ("huggingface-token", ("hf_",), found_at(r"hf_[A-Za-z0-9]{30,50}")),
    ("databricks-token", ("dapi",), found_at(r"dapi[0-9a-f]{32}(?:-\d)?")),
    ("digitalocean-token", ("dop_v1_", "doo_v1_", "dor_v1_"), found_at(r"do[a-z]_v1_[0-9a-f]{64}")),
    ("vault-token", ("hvs.", "hvb.", "hvr."), found_at(r"hv[a-z]\.[\w-]{24,400}")),
    ("terraform-token", (".atlasv1.",), found_at(r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,70}", back=14)),
    ("grafana-token", ("glsa_", "glc_"), found_at(r"gl(?:sa|c)_[\w+/]{32,400}={0,2}")),
    ("shopify-token", ("shpat_", "shpca_", "shppa_", "shpss_"), found_at(r"shp[a-z]{2}_[0-9a-fA-F]{32}")),
    ("docker-token", ("dckr_pat_", "dckr_oat_"), found_at(r"dckr_[a-z]{3}_[\w-]{27,60}")),
    ("atlassian-token", ("ATATT3",), found_at(r"ATATT3[\w=-]{60,250}")),
    ("postman-key", ("PMAK-",), found_at(r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}")),
    ("newrelic-key", ("NRAK-",), found_at(r"NRAK-[A-Z0-9]{27}")),
    ("linear-key", ("lin_api_",), found_at(r"lin_api_[A-Za-z0-9]{40}")),
    ("telegram-token", (":AA",), found_at(r"\d{10}:AA[\w-]{33}(?![\w-])", back=10)),
    ("age-key", ("AGE-SECRET-KEY-1",), found_at(r"AGE-SECRET-KEY-1[A-Z0-9]{58}")),
    ("aws-session-token", ("IQoJb3JpZ2luX2Vj",), found_at(r"IQoJb3JpZ2luX2Vj[A-Za-z0-9+/]{100,1500}={0,2}")),
    ("firebase-key", (":APA91b",), found_at(r"AAAA[\w-]{7}:APA91b[\w-]{100,200}", back=11)),
    ("groq-key", ("gsk_",), found_at(r"gsk_[A-Za-z0-9]{48,60}")),
    ("xai-key", ("xai-",), found_at(r"xai-[A-Za-z0-9]{70,100}")),
    ("perplexity-key", ("pplx-",), found_at(r"pplx-[A-Za-z0-9]{40,60}")),
    ("replicate-token", ("r8_",), found_at(rf"r8_[A-Za-z0-9]{{37,40}}{_END}")),
    ("rubygems-key", ("rubygems_",), found_at(r"rubygems_[0-9a-f]{48}")),
    (
        "discord-token",  # starts with the Base64 of a number
        ("MT", "Mj", "Mz", "ND", "NT", "Nj", "Nz", "OD", "OT"),
        found_at(r"[MNO][A-Za-z0-9]{23,25}\.[\w-]{6}\.[\w-]{27,40}"),
    ),
    ("square-token", ("sq0atp-", "sq0csp-"), found_at(r"sq0[a-z]{3}-[\w-]{22,43}")),
    ("square-token", ("EAAA",), found_at(r"(?<![+/])EAAA(?=[\w-]{0,59}\d)[\w-]{60}(?![\w+/=-])")),
    ("cloudflare-key", ("v1.0-",), found_at(r"v1\.0-[0-9a-f]{24}-[0-9a-f]{146}")),
    ("dropbox-token", ("sl.",), found_at(r"sl\.(?:u\.)?[\w-]{120,2000}")),
    ("newrelic-key", ("NRAL",), found_at(rf"[0-9a-f]{{36}}NRAL{_END}", back=36)),
    ("sentry-token", ("sntrys_", "sntryu_"), found_at(r"sntry[a-z]_[\w+/-]{40,400}={0,2}")),
    ("notion-token", ("ntn_",), found_at(rf"ntn_\d{{11}}[A-Za-z0-9]{{35}}{_END}")),
    ("airtable-token", ("pat",), found_at(r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}")),
    ("figma-token", ("figd_",), found_at(r"figd_[\w-]{36,50}")),
    ("supabase-token", ("sbp_",), found_at(r"sbp_[0-9a-f]{40}")),
    ("planetscale-token", ("pscale_",), found_at(r"pscale_[a-z]{2,5}_[\w.-]{32,64}")),
    ("doppler-token", ("dp.",), found_at(r"dp\.[a-z]{2,5}\.(?:[a-z\d_-]{2,35}\.)?[A-Za-z0-9]{40,44}")),
    ("pulumi-token", ("pul-",), found_at(rf"pul-[0-9a-f]{{40}}{_END}")),
    ("heroku-key", ("HRKU-",), found_at(r"HRKU-[\w-]{36,60}")),
    ("braintree-token", ("access_token$",), found_at(r"access_token\$[a-z]{4,12}\$[a-z0-9]{16}\$[0-9a-f]{32}")),
    ("data-protection", ("CfDJ8",), found_at(r"(?<![+/])CfDJ8[\w-]{60,4000}")),  # ASP.NET Core: cookies, tokens
    ("private-key", ("IBADANBgkqhkiG9w0BAQEFAASC",), found_at(rf"MII[A-Za-z0-9+/]{{3}}{_DER}", back=6)),
    ("private-key", ("IBAAKC",), found_at(rf"MII[A-Za-z0-9+/]{{3}}{_DER}", back=6)),
    ("private-key", ("AgEAMB",), found_at(rf"MI[A-Za-z0-9+/]{{2}}AgEAMB[A-Z]GByqGSM49AgEG{_DER}", back=4)),
    ("private-key", ("MHcCAQEEI", "MIGkAgEBBD", "MC4CAQAwBQYDK2Vw"), found_at(_DER)),
    ("jwt", ("eyJ",), found_at(r"eyJ[\w-]{10,4000}\.[\w-]{10,8000}(?:\.[\w-]{1,4000}){0,3}")),
)


_LONGEST_KEY = 20_000
"""Characters of a private key with its headers: RSA of 16,384 bits takes 12,600."""


def private_key(text: str, at: int) -> Iterator[tuple[int, int]]:
    """A PEM block from its first to its last line; of one that is cut off or spread over calls, the Base64."""
    head = compiled(r"-----(BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----").match(text, at)
    if head is None:
        return
    run = compiled(r"[A-Za-z0-9+/=]{30,}")
    if head[1] == "BEGIN":
        last = text.find("-----END ", head.end(), at + _LONGEST_KEY)
        foot = compiled(r"-----END [A-Z0-9 ]{0,40}-----").match(text, last) if last >= 0 else None
        body = text[head.end() : foot.start()] if foot else ""
        if foot and not set(body) & set("(){};<>") and compiled(r"[A-Za-z0-9+/]{16}").search(body):
            yield at, foot.end()
            return
        end = text.find("-----", head.end(), at + _LONGEST_KEY)
        end = end if end >= 0 else at + _LONGEST_KEY
        for line in compiled(r"[^\r\n]*(?:\r\n?|\n|\Z)").finditer(text, head.end(), end):
            if not foot and line.start() > head.end() and not run.search(line[0]):
                return
            yield from (found.span() for found in run.finditer(text, line.start(), line.end()))
    else:
        above = text[max(0, at - _LONGEST_KEY) : at].splitlines(keepends=True)
        for count, row in enumerate(reversed(above)):
            at -= len(row)
            found = [(at + match.start(), at + match.end()) for match in run.finditer(row)]
            if count > 1 and not found:
                return
            yield from found


def putty_key(text: str, at: int) -> Iterator[tuple[int, int]]:
    """The lines of Base64 that follow ``Private-Lines: 8`` in a key file of PuTTY."""
    lines = compiled(r"private-lines: ?\d{1,3}((?:\s|\\[rn]|[\"+/*@$]){1,60}[A-Za-z0-9+/]{20,76}={0,2}){1,200}", re.I)
    if match := lines.match(text, at):
        yield from (
            found.span() for found in compiled(r"[A-Za-z0-9+/]{20,76}={0,2}").finditer(text, at + 16, match.end())
        )


def web_key(text: str, at: int) -> Iterator[tuple[int, int]]:
    """The private numbers of a JSON Web Key, found by its ``kty``."""
    start = text.rfind("{", max(0, at - _LONGEST_KEY), at)
    if start < 0 or text.find("kty", start, at) >= 0:
        return  # no object, or one that was looked at
    end = compiled(r"[^{}]{0,20000}").match(text, at)
    name = r"""(?P<mark>[\"']{1,3})(?:d|dp|dq|qi|p|q|k)(?P=mark)\s{0,5}:\s{0,5}(?P=mark)(?P<secret>[\w-]{20,1400})"""
    yield from (found.span("secret") for found in compiled(name).finditer(text, start, end.end() if end else at))
