"""Submitted batches: how they stand, what became of one that was being made when a process died, and their answers into the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ctxreview.errors import ConfigError, ProviderError
from ctxreview.llm import answers, batches, prices, store
from ctxreview.llm.answers import FINAL, Answer
from ctxreview.llm.batches import Submitted
from ctxreview.llm.providers import Endpoint, address, resolve_url
from ctxreview.llm.providers.engines import MOST_LISTED, Engine, Item, Standing, engine
from ctxreview.model.review import Completion
from ctxreview.review.endpoints import endpoint_of
from ctxreview.review.keeping import keep_days

EACH_WRITE = 100
"""Answers that are written together."""

DAY = 86_400.0
"""Seconds by which the clocks of this machine and of a server may differ."""


class Known(NamedTuple):
    """A submitted batch with the server that has it."""

    row: Submitted
    endpoint: Endpoint
    engine: Engine


def known(row: Submitted, base_url: str | None) -> Known:
    """The server that a batch was submitted to, as settings and environment name it now, or ``base_url`` does.

    Raises :class:`ConfigError` where that is another one, or has no key.
    """
    endpoint = endpoint_of(row.provider, row.model, base_url)
    if endpoint is None or batches.address_digest(address(endpoint)) != row.address:
        raise ConfigError(
            f"{row.named} was submitted to another address at {row.host}: give that with --base-url, as it was given then."
        )
    at = resolve_url(endpoint)
    return Known(row, at, engine(at))


def settled(one: Known) -> Known:
    """A batch whose id is not known, once it is found at its server, or is certainly not there.

    It is known by our name, or where the server keeps none by its first result. Raises :class:`ProviderError`.
    """
    row = one.row
    if row.state != "sending":
        return one
    # Also those that were fetched: they may have had the same questions, when nobody answered these.
    batch, sure = _found(one, {other.batch for other in batches.submitted(batches.STATES)})
    if batch:
        store.record([batches.became(row, "open", batch)], keep_days())
        return one._replace(row=row._replace(batch=batch, state="open"))
    if sure and datetime.now(UTC) > datetime.fromisoformat(row.until):
        store.record([batches.became(row, "none")], keep_days())
        return one._replace(row=row._replace(state="none"))
    return one


def _found(one: Known, taken: set[str]) -> tuple[str, bool]:
    """The id of a batch, and whether it is sure that there is none where it is ``""``."""
    row, listed, unsure = one.row, 0, False
    began = datetime.fromisoformat(row.at).timestamp()
    for standing in one.engine.standings():
        listed += 1
        if standing.made < began - DAY:
            return "", not unsure
        if standing.name == row.id:
            return standing.batch, True
        if standing.name or one.engine.named or standing.batch in taken or standing.total != row.size:
            continue
        first = _first_key(one.engine, standing)
        if first is None:
            unsure = True  # it may be this one: its results will tell
        elif first in row.selections:
            return standing.batch, True
    return "", not unsure and listed < MOST_LISTED


def _first_key(of: Engine, standing: Standing) -> str | None:
    """A question of a batch that may be ours, ``""`` where it has none any more, ``None`` where that cannot be seen yet."""
    if not standing.ended:
        return None
    try:
        with closing(_items(of, standing)) as items:
            return next((item.key for item in items if item is not None), "")
    except ProviderError as error:
        return "" if error.key == "gone" else None


def _items(of: Engine, standing: Standing) -> Any:
    """What became of the questions, as what can be closed before its end."""
    return of.results(standing)


class Failure(NamedTuple):
    """A question without an answer that can be used."""

    selection: str
    key: str
    fault: str
    sentence: str


class Fetched(NamedTuple):
    """What came of a batch: answers that are in the store now, and failures.

    ``damaged`` are lines that could not be read, ``foreign`` those about something else or for the second time. ``cost`` is in US dollars,
    ``None`` where it is unknown of some. ``whole`` says that nothing more can come.
    """

    standing: Standing
    answered: int
    failures: list[Failure]
    damaged: int
    foreign: int
    cost: float | None
    whole: bool


def fetch(one: Known, standing: Standing) -> Fetched:
    """Bring the answers of a batch that ended into the store; as often as wanted, since what is there already stays.

    Raises :class:`ProviderError` where they cannot be read to the end; what was read until then is in the store.
    """
    selections, there = one.row.selections, answers.settled()
    left = dict.fromkeys(selections)
    failures: list[Failure] = []
    damaged = foreign = 0
    costs: list[float | None] = []
    new: list[Answer] = []
    try:
        # How much is read is by what was asked, and not by what the server says that there is.
        with closing(_items(one.engine, standing._replace(total=one.row.size))) as items:
            for item in items:
                if item is None or item.key not in left:
                    damaged, foreign = damaged + (item is None), foreign + (item is not None)
                    continue
                del left[item.key]
                kept = _kept(one, item)
                if isinstance(item.given, ProviderError):
                    failures.append(Failure(selections[item.key], item.key, item.given.key, str(item.given)))
                else:
                    costs.append(kept.cost if kept is not None else None)
                if kept is not None and item.key not in there:
                    new.append(kept)
                if len(new) == EACH_WRITE:
                    _write(new)
                if not left:
                    break
    finally:
        _write(new)
    read = len(selections) - len(left)
    answered = read - len(failures)
    whole = not left or (not damaged and read >= min(standing.done, len(selections)))
    why = standing.why or "Nothing was said of this question in the results."
    failures += (Failure(selections[key], key, "missing", why) for key in left)
    if whole:
        store.record([batches.became(one.row, "ended")], keep_days())
    cost = None if None in costs else sum(cost for cost in costs if cost is not None)
    return Fetched(standing, answered, failures, damaged, foreign, cost, whole)


def _write(new: list[Answer]) -> None:
    if new:
        store.record([answers.kept(answer) for answer in new], keep_days())
        new.clear()


def _kept(one: Known, item: Item) -> Answer | None:
    """What is kept of what became of a question, ``None`` where it is to be asked again."""
    at, given = one.endpoint, item.given
    if isinstance(given, Completion):
        price = prices.batch_rate(at.provider, at.base_url or "", given.model, at.model)
        sent, got, _ = given.usage
        cost = price.cost(sent, got) if price and sent is not None and got is not None else None
        return answers.answer_of(item.key, given._replace(usage=given.usage._replace(cost=cost)))
    if given.key in FINAL:
        return answers.fault_of(item.key, at.provider, at.model, given.key, str(given))
    return None


def forget(row: Submitted) -> None:
    """Have the questions of a batch asked again, whatever becomes of it."""
    store.record([batches.became(row, "none")], keep_days())


def chosen(rows: Sequence[Submitted], ids: Sequence[str]) -> list[Submitted]:
    """The batches with these ids, the provider's or ours; all for none. Raises :class:`ConfigError` for one that is not there."""
    by_id: Mapping[str, Submitted] = {name: row for row in rows for name in (row.id, row.batch) if name}
    for one in ids:
        if one not in by_id:
            raise ConfigError(f"There is no submitted batch {one!r}; ctxreview batch status lists them.")
    return list(dict.fromkeys(by_id[one] for one in ids)) if ids else list(rows)


class Unreachable(NamedTuple):
    """A submitted batch whose server cannot be asked, and why."""

    row: Submitted
    error: ConfigError


def each_known(rows: Sequence[Submitted], base_url: str | None) -> Iterator[Known | Unreachable]:
    """Each batch with its server."""
    for row in rows:
        try:
            yield known(row, base_url)
        except ConfigError as error:
            yield Unreachable(row, error)
