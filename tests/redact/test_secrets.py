"""No secret of the corpus reaches the wire, the store or the screen; ordinary literals are left as they are."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ctxreview.redact import redact
from tests import CORPUS
from tests.llm.test_store import RESPONSES, answer, run
from tests.secret_samples import CARRIERS, Leak, Maker, leaks
from tests.servers import Told, error, serving

LEAKS = leaks()
LITERALS = [
    line for line in (CORPUS / "literals.txt").read_text("utf-8").split("\n") if line and not line.startswith("== ")
]
TELLING = 12
"""So many characters of a secret are enough to know that it was seen; of a short one, all."""


def pieces(hidden: str) -> list[str]:
    """Every run of characters by which a secret would be known."""
    return [hidden[at : at + TELLING] for at in range(max(1, len(hidden) - TELLING + 1))]


def assert_hidden(found: tuple[Leak, ...] | list[Leak], *texts: str | bytes) -> None:
    """No piece of any secret is in the texts, as it is or as JSON writes it."""
    together = "\n".join(t if isinstance(t, str) else t.decode("utf-8", "replace") for t in texts)
    for leak in found:
        for hidden in leak.hidden:
            for form in {hidden, json.dumps(hidden)[1:-1], hidden.replace("&", "&amp;")}:
                assert not [p for p in pieces(form) if p in together], (leak.name, leak.source)


def in_a_method(source: str) -> str:
    """A class whose method has these statements under a lock."""
    body = "\n".join(f"            {line}" if not line.startswith("-----") else line for line in source.split("\n"))
    return (
        "using System;\n\npublic class Orders\n{\n    private readonly object _gate = new();\n    private int _n;\n\n"
        f"    public void Ship(int id)\n    {{\n        lock (_gate)\n        {{\n{body}\n            _n++;\n        }}\n    }}\n}}\n"
    )


# --- each on its own ----------------------------------------------------------------------------------------


def test_the_corpus_is_large_enough() -> None:
    """More than sixty secrets; each key format twice, ten connection-string dialects, all kinds of PEM blocks."""
    names = [leak.name for leak in LEAKS]
    formats = [name for name, _ in Maker().formats()]
    assert len(set(formats)) >= 60
    assert all(names.count(name) == 2 for name in formats)
    assert (
        len({name for name in names if name in ("sql server", "postgresql", "mysql", "mongodb", "redis", "oracle")})
        == 6
    )
    assert sum("PRIVATE " + "KEY" in leak.source for leak in LEAKS) >= 14
    assert len({hidden for leak in LEAKS for hidden in leak.hidden}) >= len(LEAKS)


@pytest.mark.parametrize("leak", LEAKS, ids=[f"{n}-{leak.name}" for n, leak in enumerate(LEAKS)])
def test_a_secret_is_replaced_and_no_line_moves(leak: Leak) -> None:
    """In its method, every part of the secret is gone, it is counted, and each line keeps its number."""
    text = in_a_method(leak.source)
    redacted = redact(text)
    assert_hidden([leak], redacted.text)
    assert redacted.kinds
    assert [*map(len, redacted.text.split("\n")[:11])] == [*map(len, text.split("\n")[:11])]
    assert redacted.text.count("\n") == text.count("\n")
    assert redacted.text.endswith(text[-36:])


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_format_is_known_wherever_it_stands(carrier: str) -> None:
    """A key that can be told on its own needs no telling name, in any kind of literal or comment."""
    for name, value in Maker(7).formats():
        leak = Leak(name, carrier.replace("{}", value), (value,))
        assert_hidden([leak], redact(leak.source).text)


# --- by the command, as people run it ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def reviewed_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with every secret of the corpus in the methods of one class."""
    folder = tmp_path_factory.mktemp("leaky")
    for number, start in enumerate(range(0, len(LEAKS), 50)):
        source = "\n".join(leak.source for leak in LEAKS[start : start + 50])
        (folder / f"Orders{number}.cs").write_text(in_a_method(source).replace("class Orders", f"class Orders{number}"))
    return folder


PARTS = range(-(-len(LEAKS) // 50))


def part(number: int) -> list[Leak]:
    """The leaks in the file of this number."""
    return LEAKS[number * 50 : number * 50 + 50]


@pytest.fixture
def server() -> Iterator[Told]:
    """A server that answers every question."""
    with serving() as told:
        yield told


def kept_bytes() -> bytes:
    """All bytes of the store's files, the write-ahead log included."""
    folder = Path(os.environ["CTXREVIEW_STATE_DIR"])
    return b"".join(file.read_bytes() for file in sorted(folder.glob("*"))) if folder.exists() else b""


def asked(server: Told) -> str:
    """All that the server was sent."""
    return "\n".join(json.dumps(body, ensure_ascii=False) for _, body in server.asked)


def quoting(found: list[Leak]) -> str:
    """A reply that quotes the secrets everywhere, as a model that was told them elsewhere might."""
    words = "\n".join(leak.source for leak in found)
    item = {
        "id": "shared-state",
        "answer": "yes",
        "evidence": [{"path": "A.cs", "line": 1, "quote": words}],
        "note": words,
    }
    edit = {"path": "A.cs", "start_line": 1, "end_line": 1, "original": words, "replacement": words}
    suggestion = {"title": "Use a vault", "rationale": words, "edits": [edit]}
    return json.dumps({"summary": words, "checklist": [item], "suggestions": [suggestion]})


@pytest.mark.parametrize("number", PARTS)
def test_no_secret_reaches_wire_store_or_screen(number: int, server: Told, reviewed_folder: Path) -> None:
    """A review with the secrets in code, question and reply: nothing sent, kept or printed has any of them."""
    found = part(number)
    server.answers[RESPONSES] = [answer(quoting(found))]
    question = found[0].source.replace("\n", " ")
    options = ["--base-url", f"{server.url}/v1", "--model", "m-1", "--budget", "400000", "-m", question]
    place = f"Orders{number}.cs:10"
    for form in ("json", "text", "markdown", "html"):
        done = run("review", place, *options, "--format", form, folder=reviewed_folder)
        assert done.returncode == 0, done.stderr
        assert "[REDACTED:" in done.stdout
        assert_hidden(found, done.stdout, done.stderr, asked(server), kept_bytes())
    assert len(server.asked) == 1
    assert b"[REDACTED:" in kept_bytes()
    for command in (
        ["show", "last"],
        ["show", "last", "--format", "json"],
        ["log"],
        ["log", "Ship"],
        ["comment", "--answer", "It holds a lock."],
    ):
        done = run(*command, folder=reviewed_folder)
        assert done.returncode == 0, done.stderr
        assert_hidden(found, done.stdout, done.stderr)


@pytest.mark.parametrize("number", PARTS)
def test_no_secret_without_a_model_either(number: int, reviewed_folder: Path) -> None:
    """What is printed without asking anybody has none of them: context, prompt, plan, guard and review."""
    found = part(number)
    place, budget = f"Orders{number}.cs:10", ["--budget", "400000"]
    answer_file = reviewed_folder / f"answer{number}.md"
    answer_file.write_text("```csharp\n" + "\n".join(leak.source for leak in found) + "\n```\n")
    for command in (
        ["context", place, *budget],
        ["context", place, "--format", "json", *budget],
        ["prompt", place, *budget],
        ["review", place, "--provider", "none", *budget],
        ["review", place, "--dry-run", "--format", "json", *budget],
        ["guard", place, "--suggestion", answer_file.name, *budget],
        ["guard", place, "--suggestion", answer_file.name, "--format", "json", *budget],
    ):
        done = run(*command, folder=reviewed_folder)
        assert done.returncode in (0, 2), done.stderr
        assert_hidden(found, done.stdout, done.stderr)


ELSEWHERE = """
[Table("{}")]
public class Orders : Base<Options> /* {} */
{
    private const string Connection = "Server=db;User Id=app;Password={};";
    private readonly object _gate = new("{}");
    private int _n;

    /// <summary>See {}.</summary>
    [Description("{}")]
    public void Ship(int id, string key = "{}")
    {
        // The lock keeps {} from being used twice.
        lock (_gates["{}"])
        {
            _db.Orders.Single(x => x.Key == "{}").State = 1;
            _db.Database.ExecuteSqlRaw("SELECT 1 FROM Orders WITH (UPDLOCK) WHERE Key = '{}'");
            _n++;
        }
        _slots["{}"].Wait();
        await Call("{}").Send("{}");
        _slots["{}"].Release();
        using var scope = new TransactionScope(Options["{}"], Level("{}"));
        scope.Complete();
    }

    public int Count(string key = "{}") => _n;
}
"""
CALLER = """
public class Desk
{
    public void Work(Orders orders)
    {
        lock (_desks["{}"])
        {
            orders.Ship(1, "{}"); // {}
        }
    }
}
"""


def test_no_secret_leaves_from_odd_places(server: Told, tmp_path: Path) -> None:
    """Nor does one in a lock's object, an attribute, a default, a comment that is told, SQL, or a caller's file."""
    values = iter([*Maker(11).formats(), *Maker(12).formats()])
    found = []

    def filled(source: str) -> str:
        while "{}" in source:
            name, value = next(values)
            if len(value) < 120:
                found.append(Leak(name, value, (value,)))
                source = source.replace("{}", value, 1)
        return source

    (tmp_path / "Orders.cs").write_text(filled(ELSEWHERE))
    (tmp_path / "Desk.cs").write_text(filled(CALLER))
    server.answers[RESPONSES] = [answer(quoting(found))]
    options = ["--base-url", f"{server.url}/v1", "--model", "m-1"]
    for place in ("Orders.cs:12-24", "Desk.cs:8"):
        for command in (
            ["context", place],
            ["context", place, "--format", "json"],
            ["prompt", place],
            *(["review", place, "--provider", "none", "--format", form] for form in ("text", "json", "html")),
            *(["review", place, *options, "--format", form] for form in ("text", "markdown", "json")),
        ):
            done = run(*command, folder=tmp_path)
            assert done.returncode == 0, done.stderr
            assert_hidden(found, done.stdout, done.stderr)
    assert "Desk.cs" in asked(server)
    assert_hidden(found, asked(server), kept_bytes())


def test_the_number_of_secrets_is_said(reviewed_folder: Path) -> None:
    """Before anything is sent, the plan counts what was replaced, by kind."""
    done = run("review", "Orders0.cs:10", "--dry-run", "--format", "json", "--budget", "400000", folder=reviewed_folder)
    counted = json.loads(done.stdout)["redacted"]
    assert sum(counted.values()) >= 50
    assert counted["aws-access-key"] == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_an_error_that_quotes_secrets_does_not_show_them(status: int, server: Told, reviewed_folder: Path) -> None:
    """A server that echoes key and code in its error gets neither printed nor kept."""
    key = Maker(status).some("abcdefghijklmnopqrstuvwxyz0123456789", 40)
    found = [Leak(name, value, (value,)) for name, value in Maker(status).formats() if len(value) < 150]
    for leak in found[::24]:
        server.answers[RESPONSES] = [error(status, {"error": {"message": f"{leak.source} was sent with Bearer {key}"}})]
        done = run(
            "review", "Orders0.cs:10", "--base-url", f"{server.url}/v1", "--model", "m-1", "--budget", "400000",
            folder=reviewed_folder, OPENAI_API_KEY=key,
        )  # fmt: skip
        assert done.returncode == 2
        assert_hidden([leak, Leak("key", key, (key,))], done.stdout, done.stderr, kept_bytes())


def test_a_reply_in_the_wrong_form_does_not_show_them(server: Told, reviewed_folder: Path) -> None:
    """What a model answers instead of a review is quoted nowhere, and sent back in no repair request."""
    found = part(0)
    server.answers[RESPONSES] = [answer("\n".join(leak.source for leak in found)), answer(quoting(found)[:-20])]
    done = run(
        "review", "Orders0.cs:10", "--base-url", f"{server.url}/v1", "--model", "m-1", "--budget", "400000",
        folder=reviewed_folder,
    )  # fmt: skip
    assert done.returncode == 2
    assert len(server.asked) == 2
    assert_hidden(found, done.stdout, done.stderr, asked(server), kept_bytes())


# --- ordinary literals -------------------------------------------------------------------------------------

PLACES = (
    'var text = "{}";',
    'var text = "x" + "{}";',
    "// {}",
    '[InlineData("{}")]',
    'throw new ArgumentException("{}", nameof(password));',
    'logger.LogInformation("{}", token);',
    'private const string Key = "{}";',
    'var password = config["{}"];',
    'new Claim("token_kind", "{}")',
    'Html.PasswordFor(m => m.Secret, "{}")',
)


@pytest.mark.parametrize("place", PLACES)
def test_ordinary_literals_stay(place: str) -> None:
    """Of more than five hundred ordinary literals at most two in a hundred are taken for secrets, wherever they stand."""
    assert len(set(LITERALS)) >= 500
    wrong = [literal for literal in LITERALS if redact(place.replace("{}", literal, 1)).kinds]
    assert len(wrong) <= 0.02 * len(LITERALS), wrong


def test_under_names_that_say_nothing_hardly_any_is_touched() -> None:
    """Under a plain name it is one in two hundred, and each of them is a password by its form."""
    wrong = [literal for literal in LITERALS if redact(f'var text = "{literal}";').kinds]
    assert wrong == ["username=test&password=test"]
