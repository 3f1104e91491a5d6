"""Answers of a run with many questions, kept as they come: what was answered is paid, whatever happens before its review is finished.

An answer is in the store before anybody looks at it, and goes in the moment its review is kept. One that cannot be used stays as a failure,
and so does a refusal: the same question is not paid again unless somebody asks for that.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from ctxreview.errors import ProviderError, ReplyError, StoreError
from ctxreview.llm.store import answer_key, clean, stored_answer
from ctxreview.llm.store_file import Change, open_to_read
from ctxreview.model.review import Completion, Prompt, Usage

FINAL = frozenset({"length", "content_filter", "refusal"})
"""The rows of the table of faults that the same question would end in again, for the same money."""
FORM = "form"
"""The fault of an answer in a form that cannot be used."""


class Answer(NamedTuple):
    """An answer whose review is not kept yet, or how it failed: then ``fault`` is not ``""``; the fields are columns."""

    key: str
    at: str
    provider: str
    model: str
    reply: str
    prompt_tokens: int | None = None
    reply_tokens: int | None = None
    cost: float | None = None
    fault: str = ""
    sentence: str = ""


def answer_of(key: str, given: Completion) -> Answer:
    """An answer as it is kept, without any secret."""
    return Answer(key, _now(), given.provider, given.model, _without_secrets(given.text), *given.usage)


def fault_of(key: str, provider: str, model: str, fault: str, sentence: str) -> Answer:
    """A failure as it is kept."""
    return Answer(key, _now(), provider, model, "", fault=fault, sentence=clean(sentence))


def _without_secrets(reply: str) -> str:
    """A reply as it is kept: where it is JSON, each of its texts is rid of secrets, and not the text that they are in."""
    try:
        return json.dumps(clean(json.loads(reply)))
    except (ValueError, RecursionError):
        made: str = clean(reply)
        return made


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def kept(given: Answer) -> Change:
    """Keep an answer or a failure in the place of an earlier one."""
    marks = ", ".join("?" * len(given))
    return lambda db: db.execute(f"INSERT OR REPLACE INTO answer ({', '.join(given._fields)}) VALUES ({marks})", given)


def unusable(keys: Sequence[str], sentence: str) -> Change:
    """Keep that the answer to the first of some questions cannot be used, nor those to the others, which asked for it once more."""
    said = clean(sentence)

    def change(db: sqlite3.Connection) -> None:
        db.execute("UPDATE answer SET fault = ?, sentence = ?, reply = '' WHERE key = ?", (FORM, said, keys[0]))
        db.executemany("DELETE FROM answer WHERE key = ?", [(key,) for key in keys[1:]])

    return change


def waiting_answer(key: str) -> Answer | None:
    """The answer or failure that is kept of a question. Raises :class:`StoreError` when the file cannot be read."""
    with open_to_read() as db:
        row = db.execute(f"SELECT {', '.join(Answer._fields)} FROM answer WHERE key = ?", (key,)).fetchone()
    found = Answer(*row) if row is not None else None
    sound = found is not None and all(isinstance(text, str) for text in (*found[:5], *found[-2:]))
    return found if sound else None


def settled(*, failures: bool = True) -> set[str]:
    """The keys of all questions that have an answer; with ``failures`` also of those that failed and are not asked again by themselves.

    Raises :class:`StoreError` when the file cannot be read.
    """
    with open_to_read() as db:
        asked = "SELECT key FROM review WHERE key <> '' UNION SELECT key FROM answer WHERE fault = '' OR ?"
        return {key for (key,) in db.execute(asked, (failures,)) if isinstance(key, str)}


def noted(
    ask: Callable[[Prompt], Completion], provider: str, address: str, model: str, keep: Callable[[Answer], None]
) -> Callable[[Prompt], Completion]:
    """``ask``, whose answers, and failures that would be the same again, are kept before they are given."""

    def asked(prompt: Prompt) -> Completion:
        key = answer_key(prompt, provider, address, model)
        try:
            given = ask(prompt)
        except ProviderError as error:
            if error.key in FINAL:
                keep(fault_of(key, provider, model, error.key, str(error)))
            raise
        keep(answer_of(key, given))
        return given

    return asked


def answer_from_store(
    ask: Callable[[Prompt], Completion],
    provider: str,
    address: str,
    model: str,
    say: Callable[[str], None],
    *,
    failures: bool = False,
) -> Callable[[Prompt], Completion]:
    """``ask``, unless the same prompt was answered by the same model before: then that answer, and a word about it.

    With ``failures`` it raises what is kept of a question that failed, which is asked otherwise. A store that cannot be read is told and
    done without.
    """

    def asked(prompt: Prompt) -> Completion:
        key = answer_key(prompt, provider, address, model)
        try:
            found = _found(key)
        except StoreError as error:
            say(str(error))
            found = None
        if found is None or (isinstance(found, Answer) and not failures):
            return ask(prompt)
        if isinstance(found, Answer):
            sentence = f"{found.sentence} That was on {found.at[:10]}; use --retry-failed to ask again."
            raise ReplyError(sentence) if found.fault == FORM else ProviderError(sentence, found.fault)
        given, at = found
        say(f"Answered from the store: {given.model} answered the same prompt on {at[:10]}. Use --fresh to ask again.")
        return given

    return asked


def _found(key: str) -> tuple[Completion, str] | Answer | None:
    """The answer to a question and when it was given, or how it failed."""
    review = stored_answer(key)
    waiting = None if review is not None else waiting_answer(key)
    if waiting is not None and waiting.fault:
        return waiting
    row = review or waiting
    if row is None:
        return None
    number = (review.answered_from or review.id) if review is not None else None
    usage = Usage(row.prompt_tokens, row.reply_tokens, row.cost)
    return Completion(row.reply, row.provider, row.model, usage, number), row.at
