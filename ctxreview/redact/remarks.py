"""Passwords in comments, and in lines that have nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctxreview.redact.lines import is_in_block_comment
from ctxreview.redact.password_names import (
    PASSWORD_WORDS,
    is_password_name,
    password_name_at,
)
from ctxreview.redact.values import (
    compiled,
    is_jumbled,
    is_placeholder,
    looks_random,
    mixes,
    stands_out,
)


def password_in_comment(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``the password is ...`` in a comment, in one of many languages; ``log in as admin / ...``."""
    before = text[max(text.rfind("\n", 0, at) + 1, at - 500) : at]
    if not compiled(r"(?<!:)//|/\*|^\s*\*|<!--|^\s*(?:#|--)").search(before) and not is_in_block_comment(text, at):
        return
    word = compiled(r"(?i)(?:mot de passe|mật khẩu|[\w-]{0,30})").match(text, at)
    end = word.end() if word else at
    if is_password_name(text[at:end]) or text[at:end].lower().startswith(tuple(PASSWORD_WORDS)):
        window = text[end : end + 120].partition("\n")[0]
        told = compiled(rf"(?P<for>(?:\s\w{{1,20}}){{0,4}}?){_LINK}{_TOLD}", re.IGNORECASE).match(
            text, end, end + len(window)
        )
        if told and (word_in := _password_word(told["word"], strict=False)) and (not told["for"] or _is_mixed(word_in)):
            yield told.start("word"), told.start("word") + len(word_in)
            return
        if (
            (told := compiled(rf"\s{{1,3}}[\"'`“「]?{_TOLD}").match(text, end, end + len(window)))
            and (word_in := _password_word(told["word"], strict=False))
            and _is_spelled_oddly(word_in)
        ):
            yield told.start("word"), told.start("word") + len(word_in)
            return
        words = compiled(r"(?<=[\s\"'`“「：:=])[^\s\"'`“”「」：]{6,80}")
    else:
        window = text[end : end + 80].partition("\n")[0]
        words = compiled(r"(?<=\s/\s)[^\s\"'`]{6,80}|(?<=\w[/:])[^\s\"'`/]{6,80}(?=[\s.]|$)")
    for told in words.finditer(window):
        if found := _password_word(told[0], strict=True):
            yield end + told.start(), end + told.start() + len(found)
            return


_LINK = (
    r"(?:\s{0,3}(?:[:=：＝—–-]{1,2}|(?:is|was|ist|lautet|est|es|é|è|e|jest|to|är|er|on|je|set to|changed to)\b|是|为|為|は|는|은|가)"
    r"|(?<=[是为為は는은가])(?=\s{0,3}[\"'`“「]))\s{0,3}[\"'`“「]?"
)
"""What stands between the word for a password and the password itself; some languages write it as the end of that word."""
_TOLD = r"(?P<word>[^\s\"'`“”「」]{6,80})"


def _is_mixed(word: str) -> bool:
    """Letters of both cases and digits: what a sentence gives that speaks of more than the password."""
    return len(word) >= 8 and re.match(r"(?=.*[a-z])(?=.*[A-Z]).*\d", word) is not None


def _is_spelled_oddly(word: str) -> bool:
    """A mixed word with a digit in place of a letter, as in ``Wint3r-Sonne``: what stands right after the word for a password."""
    return _is_mixed(word) and re.search(r"[a-z]\d[a-z]", word) is not None


def _password_word(word: str, strict: bool) -> str:
    """The word without the punctuation or tag after it, if it can be a password; ``strict``: if it can be nothing else."""
    word = word.partition("</")[0] or word
    word = word.rstrip(".,;:)。、") if word[-1] in ".,;:)。、" else word
    if len(word) < 6 or is_placeholder(word) or ("@" in word[1:-1] and re.search(r"@[\w-]+\.\w", word)):
        return ""
    return word if stands_out(word) or (not strict and mixes(word)) else ""


def password_line(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``password: ...`` as the whole of a line: of YAML, of a file of settings or environment, or in a comment."""
    if (named := password_name_at(text, at)) is None:
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
    comment = compiled(r"//|\*|#|--").search(before) is not None or is_in_block_comment(text, at)
    if told.endswith((";", ",", "{", ")", "(")) and not stands_out(told.rstrip(";,")):
        return
    told = told.rstrip(",;")
    if "://" in told or is_placeholder(told) or compiled(r"[\w.]+\(|=>|==|\w+\.\w+$").search(told):
        return
    if (
        stands_out(told)
        or is_jumbled(told)
        or (comment and mixes(told))
        or (comment and len(told) >= 16 and looks_random(told))
    ):
        word = told
    if word:
        yield value.start("secret"), value.start("secret") + len(word)
