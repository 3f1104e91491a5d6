"""Finished reviews on their way into the store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from ctxreview.config import number
from ctxreview.errors import ReplyError, StoreError
from ctxreview.llm import store
from ctxreview.llm.answers import Answer, kept, unusable
from ctxreview.llm.providers import Endpoint, resolve_url
from ctxreview.llm.store_file import Change, open_store
from ctxreview.model.review import Completion, Prompt, Review, Usage
from ctxreview.prompt.asking import Provider

Keep = Callable[[store.Row], None]
"""Keeps the row of a review, and returns when it is in the store."""
Fail = Callable[[tuple[tuple[str, ...], str]], None]
"""Keeps that the answers to some questions cannot be used, by their keys, with the sentence that says why."""


def keep_review(value: Review, endpoint: Endpoint | None, keep: Keep) -> None:
    """Have a finished review of ``endpoint`` kept, or one whose reply was brought; with ``keep_days`` 0 nothing is."""
    if keep_days() == 0:
        return
    # What was answered to a prompt with secrets in it is found by its number alone: a key would be a digest of them.
    known = key_of(value.prompt, endpoint) if endpoint is not None and value.bare is None else ""
    keep(store.row_of(columns(value, known)))


def key_of(prompt: Prompt, endpoint: Endpoint) -> str:
    """By what the store knows a question to ``endpoint``."""
    at = resolve_url(endpoint)
    return store.answer_key(prompt, at.provider, at.base_url or "", at.model)


def keep_days() -> int:
    """For how many days reviews are kept."""
    days = number("keep_days")
    return store.KEEP_DAYS if days is None else int(days)


@contextmanager
def failures_kept(asks: Provider | None, endpoint: Endpoint | None, fail: Fail | None) -> Iterator[Provider | None]:
    """``asks``, of which ``fail`` keeps where its answers cannot be used within the block."""
    if asks is None or endpoint is None or fail is None:
        yield asks
        return
    keys: list[str] = []

    def asked(prompt: Prompt) -> Completion:
        keys.append(key_of(prompt, endpoint))
        return asks(prompt)

    try:
        yield asked
    except ReplyError as error:
        if keys:
            fail((tuple(keys), str(error)))
        raise


class Keeper:
    """Writes what a run keeps; of several things that come at once, all together. Where that cannot be done, the person is told.

    The store stays open from the second time until :meth:`close`.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._open = ExitStack()
        self._times = 0
        self._waiting: list[tuple[Change, bool]] = []
        self._adding = threading.Lock()
        self._writing = threading.Lock()

    def begin(self) -> None:
        """Say, before anything is asked, where nothing can be kept: then the same run asks and pays for everything again."""
        if keep_days() == 0:
            return
        try:
            with open_store():
                pass
        except StoreError as error:
            self._say(f"{error} Nothing of this run is kept: the same run again asks and pays for everything again.")

    def review(self, row: store.Row) -> None:
        """Return when the row of a finished review is in the store, or when the person knows that it is not."""
        self._write(store.kept(row), True)

    def answer(self, given: Answer) -> None:
        """Return when an answer is in the store, or cannot be kept."""
        self._write(kept(given), False)

    def failed(self, given: tuple[tuple[str, ...], str]) -> None:
        """Return when it is kept that answers cannot be used."""
        self._write(unusable(*given), False)

    def _write(self, change: Change, told: bool) -> None:
        with self._adding:
            self._waiting.append((change, told))
        with self._writing:  # whoever has it writes for all that wait
            with self._adding:
                waiting, self._waiting = self._waiting, []
            if not waiting:
                return
            try:
                self._times += 1
                if self._times == 2:
                    self._open.enter_context(open_store())
                store.record([change for change, _ in waiting], keep_days())
            except StoreError as error:
                for _ in range(sum(told for _, told in waiting)):
                    self._say(f"This review was not kept. {error}")

    def close(self) -> None:
        """Nothing comes any more."""
        with self._writing:
            self._open.close()


def columns(value: Review, key: str) -> dict[str, Any]:
    """A finished review for which a model was asked, as the columns of the store."""
    from hashlib import sha256

    from ctxreview.guard.check import worst
    from ctxreview.reports.document import context_document
    from ctxreview.reports.json_text import clean, dumps
    from ctxreview.reports.shown import reviewed

    context, usage = value.context, value.usage or Usage(None, None)
    first, last = context.selection.lines
    seen = dumps(context_document(context))
    made = reviewed([value])
    return {
        "key": key,
        "repository": str(context.selection.source.root),
        "selection": f"{context.path}:{first}-{last}",
        "question": value.question,
        "context_digest": sha256(seen.encode()).hexdigest(),
        "provider": value.provider,
        "model": value.model,
        "system": value.prompt.system,
        "user": value.prompt.user,
        "reply": clean(_as_json(value.reply)),
        "document": made.documents[0],
        "verdict": worst([g.verdict for g in value.suggestions]) if value.suggestions else "",
        "prompt_tokens": usage.prompt_tokens,
        "reply_tokens": usage.reply_tokens,
        "cost": usage.cost,
        "answered_from": value.from_store,
        "shown": made.shown,
        "source_digest": sha256(context.selection.source.data).hexdigest(),
    }


def _as_json(reply: str) -> object:
    """The object that a reply is; the text of one in Markdown."""
    import json

    from ctxreview.prompt.limits import unfenced

    try:
        return json.loads(unfenced(reply))
    except ValueError:
        return reply
