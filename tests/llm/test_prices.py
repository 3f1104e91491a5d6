"""What asking costs: the table, the dry run, and limits that hold before anything is sent."""

from __future__ import annotations

import datetime
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ctxreview.errors import BudgetError, ConfigError, ProviderError
from ctxreview.llm import prices, store
from ctxreview.llm.prices import Account, Limits, Price
from ctxreview.llm.providers import DEFAULT_MODELS
from ctxreview.model.review import Completion, Prompt, Tokens, Usage
from tests.llm.test_store import KEY, RESPONSES, SECRET, UNSAFE, asking, run
from tests.servers import Answer, Told, delta, events, response, serving

OWN = """currency = "USD"
[[price]]
host = "127.0.0.1"
models = ["m-1"]
prompt = 10.0
reply = 100.0
read = 2026-01-02
source = "our contract"
"""
PROMPT = Prompt("s", "u", {}, Tokens(1000, 16_000, "estimate"))
DEAR = Price("127.0.0.1", ("m-1",), 10.0, 100.0, "2026-01-02", "our contract", up_to=5000)


@pytest.fixture
def server() -> Iterator[Told]:
    """A server that answers the incident with what it used."""
    used = {"input_tokens": 2000, "output_tokens": 300, "total_tokens": 2300}
    with serving() as told:
        told.answers[RESPONSES] = [Answer(events(delta(UNSAFE), response("completed", UNSAFE, usage=used)))]
        yield told


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's configuration folder, with a table of prices in it."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "ctxreview"
    folder.mkdir()
    (folder / prices.FILE).write_text(OWN)
    prices.table.cache_clear()
    return folder


# --- the table ---------------------------------------------------------------------------------------------


def test_every_shipped_price_has_a_day_and_a_source() -> None:
    """Each row names the maker's own page and the day it was read; no model has two prices at one address."""
    rows = tomllib.loads(prices.SHIPPED.read_text("utf-8"))["price"]
    assert all(row["source"].startswith("https://") and isinstance(row["read"], datetime.date) for row in rows)
    assert all(row["prompt"] > 0 and row["reply"] > 0 for row in rows)
    named = [(row["host"], model) for row in rows for model in row["models"]]
    assert len(named) == len(set(named))


def test_the_models_asked_by_default_have_prices() -> None:
    """Who chooses no model can be told what it costs."""
    at = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}
    assert all(prices.price(at[name], model) for name, model in DEFAULT_MODELS.items())


@pytest.mark.parametrize(
    ("address", "model"),
    [
        ("https://api.openai.com/v1", "gpt-99"),
        ("https://api.openai.com/v1", "gpt-6.2-sol-2026-11-17"),
        ("https://gateway.example/v1", "gpt-6.2-sol"),
        ("https://api.openai.com.evil.example/v1", "gpt-6.2-sol"),
        ("nonsense", "gpt-6.2-sol"),
    ],
)
def test_what_is_not_in_the_table_has_no_price(address: str, model: str) -> None:
    """Another model, a dated one, or the same name at another address: unknown, and never zero."""
    assert prices.price(address, model) is None


def test_a_price_ends_where_its_source_ends_it() -> None:
    """Beyond the largest prompt that it was given for, a price is not known."""
    assert DEAR.cost(5000, 1000) == pytest.approx(0.15)
    assert DEAR.cost(5001, 1000) is None


def test_the_users_table_comes_first(user: Path) -> None:
    """A user's rows add models and override shipped ones."""
    (user / prices.FILE).write_text(OWN.replace("127.0.0.1", "api.openai.com").replace("m-1", "gpt-6.2-sol"))
    found = prices.price("https://api.openai.com/v1", "gpt-6.2-sol")
    assert found
    assert (found.prompt, found.reply, found.source) == (10.0, 100.0, "our contract")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"USD"', '"EUR"'),
        ("prompt = 10.0\n", ""),
        ("prompt = 10.0", "prompt = -1"),
        ("prompt = 10.0", 'prompt = "10"'),
        ("prompt = 10.0", "prompt = nan"),
        ("2026-01-02", '"yesterday"'),
        ("read", "raed"),
        ("[[price]]", "[price]"),
        ("[[price]]", "[[price"),
    ],
)
def test_a_wrong_table_is_one_sentence(user: Path, before: str, after: str) -> None:
    """A user's table that is none is named with what is wrong, instead of a cost that is."""
    assert before in OWN
    (user / prices.FILE).write_text(OWN.replace(before, after))
    with pytest.raises(ConfigError, match=r"prices\.toml: is not a valid price table \(.+\); each"):
        prices.price("https://127.0.0.1", "m-1")


# --- after the call ----------------------------------------------------------------------------------------


def test_the_real_cost_is_in_the_usage(server: Told, user: Path) -> None:
    """After the call the cost is that of the tokens which the provider counted, in the report and in the store."""
    found = json.loads(run(*asking(server)).stdout)
    assert found["usage"] == {"prompt_tokens": 2000, "reply_tokens": 300, "cost": pytest.approx(0.05)}
    kept = store.stored_review(None)
    assert kept
    assert kept.cost == pytest.approx(0.05)
    assert "2,000 sent, 300 received; $0.0500" in run(*asking(server, "--fresh")[:-2], "text", "--fresh").stdout


def test_an_unknown_price_is_an_unknown_cost(server: Told) -> None:
    """Without a price the tokens are told and the cost is not."""
    assert json.loads(run(*asking(server)).stdout)["usage"]["cost"] is None


# --- before the call ---------------------------------------------------------------------------------------


def test_dry_run(server: Told, user: Path, tmp_path: Path) -> None:
    """A dry run says who would be asked, how much it is, what it costs, what was replaced and left out; nothing is sent."""
    (tmp_path / "A.cs").write_text(
        f'class A\n{{\n    void M()\n    {{\n        var key = "{SECRET}";\n        lock (_g) {{ Tell(); }}\n    }}\n    void Tell() {{ _n++; }}\n}}\n'
    )
    place = ["review", "A.cs:6", "--base-url", f"{server.url}/v1", "--model", "m-1", "--dry-run"]
    found = json.loads(run(*place, "--format", "json", folder=tmp_path).stdout)
    size = found["tokens"]["prompt"]
    assert found["schema"] == "ctxreview.dry-run/1"
    assert found["provider"] == {"name": "openai", "model": "m-1", "endpoint": f"{server.url}/v1"}
    assert found["tokens"]["reply_expected"] == prices.EXPECTED_REPLY
    assert found["cost"]["expected"] == pytest.approx((size * 10 + prices.EXPECTED_REPLY * 100) / 1e6)
    assert found["cost"]["at_most"] > found["cost"]["expected"]
    assert (found["cost"]["price_read"], found["cost"]["source"]) == ("2026-01-02", "our contract")
    assert sum(found["redacted"].values()) == 1
    assert found["visibility"]["not_seen"]
    assert SECRET not in json.dumps(found)
    text = run(*place, folder=tmp_path).stdout
    for part in (
        "Nothing was sent.",
        "endpoint: http://127.0.0.1",
        "tokens expected",
        "our contract",
        "secrets replaced: 1",
    ):
        assert part in text
    assert server.asked == []
    assert store.stored_review(None) is None


def test_dry_run_of_an_unknown_price(server: Told) -> None:
    """Where the price is unknown the dry run says unknown."""
    assert json.loads(run(*asking(server, "--dry-run")).stdout)["cost"] is None
    assert "cost: unknown" in run(*asking(server, "--dry-run")[:-2], "text", "--dry-run").stdout


def test_dry_run_shows_no_password(server: Told) -> None:
    """Name and password in an address are not shown, and neither is the key."""
    done = run("review", "src/RecordService.cs:31", "--base-url", "https://me:hunter2@llm.example:8443/v1", "--dry-run")
    assert "endpoint: https://llm.example:8443/v1\n" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr
    assert KEY not in done.stdout + done.stderr


def test_dry_run_without_a_model() -> None:
    """With nobody to ask it says that, and still what the prompt holds; a list gives a document a line."""
    done = run("review", "src/RecordService.cs:31", "--provider", "none", "--dry-run")
    assert done.stdout.startswith("Nothing was sent. No model is configured.\n")
    both = run("review", "src/RecordService.cs:31", "src/RecordService.cs:73", "--provider", "none", "--dry-run")
    assert [json.loads(line)["provider"] for line in both.stdout.splitlines()] == [None, None]


def test_dry_run_counts_nothing_with_the_provider(server: Told) -> None:
    """Counting exactly would send the prompt, so the two exclude each other."""
    done = run(*asking(server, "--dry-run", "--exact-tokens", "--provider", "anthropic"), ANTHROPIC_API_KEY=KEY)
    assert done.returncode == 2
    assert server.asked == []


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        (["--max-cost", "0.01"], r"this would cost about \$0.1\d+, and only \$0.0100 of --max-cost 0.01 are left"),
        (
            ["--max-tokens", "2000"],
            "the prompt has about [\\d,]+ tokens, a reply about 1,500, and only [\\d,]+ of --max-tokens 2,000 are left",
        ),
    ],
)
def test_a_limit_refuses_before_sending(server: Told, user: Path, limit: list[str], says: str) -> None:
    """What does not fit a limit is refused with the numbers, and nothing reaches the server; a dry run says the same."""
    done = run(*asking(server, *limit))
    assert (done.returncode, done.stdout, server.asked) == (2, "", [])
    assert re.search(says, done.stderr)
    planned = json.loads(run(*asking(server, *limit, "--dry-run")).stdout)
    assert planned["refused"] == done.stderr.strip()


def test_an_unknown_price_is_never_within_a_limit(server: Told) -> None:
    """With --max-cost and no price nothing is sent, since it cannot be known."""
    done = run(*asking(server, "--max-cost", "100"))
    assert (done.returncode, server.asked) == (2, [])
    assert "the price of m-1 is unknown, so --max-cost cannot be enforced" in done.stderr


def test_a_limit_also_bounds_the_reply(server: Told, user: Path) -> None:
    """The reply may be as long as what the limit leaves, so that the limit holds whatever the model writes."""
    assert run(*asking(server, "--max-cost", "0.3")).returncode == 0
    asked = server.asked[0][1]["max_output_tokens"]
    assert 1_500 <= asked < 3_000


def test_a_limit_is_for_all_selections(server: Told, user: Path) -> None:
    """What the first selection used is not there for the second, one after the other; an answer from the store uses nothing."""
    several = [*asking(server, "--max-tokens", "5000", "--jobs", "1"), "src/RecordService.cs:73"]
    done = run(*several)
    assert [json.loads(line)["schema"] for line in done.stdout.splitlines()] == [
        "ctxreview.review/1",
        "ctxreview.error/1",
    ]
    assert len(server.asked) == 1
    assert run(*several).returncode == 0
    assert len(server.asked) == 2


@pytest.mark.parametrize("given", [["--max-cost", "0"], ["--max-cost", "nan"], ["--max-tokens", "0"]])
def test_a_limit_that_is_none(server: Told, given: list[str]) -> None:
    """A limit of nothing is a mistake."""
    done = run(*asking(server, *given))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert given[0] in done.stderr


# --- in process --------------------------------------------------------------------------------------------


def counted(limits: Limits, answer: Any) -> Any:
    """A provider whose answers are counted against limits; it takes prompts of 1,000 tokens."""
    return prices.counted(answer, Account(limits), "openai", "https://127.0.0.1/v1", "m-1", 16_000)


def test_a_failed_call_counts_as_the_most(user: Path) -> None:
    """An answer that was cut was paid for all the same: it is counted as all that it can have been."""

    def cut(prompt: Prompt, room: int) -> Completion:
        raise ProviderError("cut")

    ask = counted(Limits(tokens=17_500), cut)
    with pytest.raises(ProviderError):
        ask(PROMPT)
    with pytest.raises(BudgetError, match="only 500 of --max-tokens 17,500 are left"):
        ask(PROMPT)


def test_unknown_usage_counts_as_the_most(user: Path) -> None:
    """A server that does not say what it used is taken to have used what it was allowed."""
    ask = counted(Limits(cost=1.7), lambda prompt, room: Completion("x", "openai", "m-1", Usage(None, None)))
    assert ask(PROMPT).usage == Usage(None, None, None)
    with pytest.raises(BudgetError, match=r"only \$0\.0900 of --max-cost 1\.7 are left"):
        ask(PROMPT)


def test_the_model_that_answered_sets_the_price(user: Path) -> None:
    """When a server answers with another model than was asked, its price counts where it is known."""
    (user / prices.FILE).write_text(OWN + OWN.partition("\n")[2].replace("m-1", "m-2").replace("10.0", "1.0"))
    prices.table.cache_clear()

    def ask(model: str) -> float | None:
        call = counted(Limits(), lambda prompt, room: Completion("x", "openai", model, Usage(1000, 0)))
        cost: float | None = call(PROMPT).usage.cost
        return cost

    assert (ask("m-1"), ask("m-2"), ask("m-3")) == (pytest.approx(0.01), pytest.approx(0.001), pytest.approx(0.01))
