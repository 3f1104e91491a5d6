"""Whatever a server sends, memory and time are bounded, and what is said is one sentence."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ctxreview.llm.providers.addresses import is_address, is_this_machine
from ctxreview.llm.providers.bounds import (
    MOST_ANSWER,
    MOST_ERROR,
    MOST_EVENT,
    MOST_VALUES,
    UnsoundError,
    _events,
    _sound,
)
from tests.llm.providers.test_faults import APIS, Desk, desk, server, whole
from tests.llm.providers.test_network import KEY, environment, local, run
from tests.samples import EXAMPLE, QUERY, READ_ONLY
from tests.servers import (
    JSON,
    SSE,
    Answer,
    Flood,
    Told,
    chunk,
    error,
    events,
    flooding,
    message,
    proxying,
    response,
    serving,
)

__all__ = ["desk", "server"]

OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
PAGE = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"
WRONG = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n\r\n"
MUCH = b"x" * 2**16
TOO_MUCH = "sent more than any answer has, and was not read to the end: ask again, or check --base-url."
GARBLED = "sent something that its API does not define: ask again, or check --base-url."
MOST_RESIDENT = 300 * 2**10
"""KiB."""

TELLS_ITS_MEMORY = """
import atexit, pathlib, sys
atexit.register(lambda: print(pathlib.Path("/proc/self/status").read_text(), file=sys.stderr))
from ctxreview.__main__ import main
main()
"""


def measured(folder: Path, *arguments: str, **variables: str) -> tuple[int, str, int]:
    """Status, standard error and the most memory (KiB, resident) of the command as a process."""
    done = subprocess.run(
        [sys.executable, "-c", TELLS_ITS_MEMORY, *arguments],
        capture_output=True, encoding="utf-8", cwd=EXAMPLE, env=environment(folder, **variables), timeout=120, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    said, _, status = done.stderr.partition("Name:")
    peak = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    assert peak
    return done.returncode, said + done.stdout, int(peak[1])


FLOODS = {
    "one line": ("responses", Flood(OK + b"\r\ndata: ", MUCH), TOO_MUCH),
    "one event of many lines": ("chat", Flood(OK + b"\r\n", b"data: x\n" * 2**13), TOO_MUCH),
    "text": ("anthropic", Flood(OK + b"\r\n" + events(*message("a", stop=None))[0], events(*message("é" * 2**12, stop=None))[-1]), TOO_MUCH),
    "keep-alives": ("local", Flood(OK + b"\r\n", b": alive\n\n" * 2**13), TOO_MUCH),
    "error body": ("responses", Flood(WRONG + b'{"error": {"message": "', MUCH), "rejected the request"),
    "no stream": ("anthropic", Flood(PAGE + b'{"a": "', MUCH), TOO_MUCH),
    "compressed": ("chat", Flood(OK + b"content-encoding: gzip\r\n\r\n", zlib.compress(b"\0" * 2**26, wbits=31)),
                   "compressed its answer, which was not asked for: turn that off there, or check --base-url."),
}  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
@pytest.mark.parametrize("name", FLOODS)
def test_memory(tmp_path: Path, name: str) -> None:
    """A flood is left before the process has 300 MB, with one sentence."""
    api, flood, says = FLOODS[name]
    with flooding(flood) as server:
        url = server.url + APIS[api].base
        status, said, peak = measured(
            tmp_path,
            "review",
            QUERY,
            *APIS[api].options,
            "--base-url",
            url,
            "--model",
            "m-1",
            **{APIS[api].variable: KEY},
        )
    assert (status, says in said) == (2, True), said
    assert peak < MOST_RESIDENT


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
def test_memory_of_other_questions(tmp_path: Path) -> None:
    """Also a list of models is bounded; ``doctor`` does not read what comes when it knocks."""
    with flooding(Flood(PAGE + b'{"data": [', b"[]," * 2**14)) as server:
        for command in (local(server.url), ["doctor", "--provider", "local", "--base-url", f"{server.url}/v1"]):
            status, said, peak = measured(tmp_path, *command)
            assert (status, TOO_MUCH in said, peak < MOST_RESIDENT) == (2, True, True), said


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
def test_memory_of_the_most_that_is_read(tmp_path: Path, server: Told) -> None:
    """An event as large as one may be, of wide characters, and with as many values, is read within 300 MB."""
    wide = "data: " + json.dumps({"x": "\U0001f600" + "x" * (MOST_EVENT - 100)}, ensure_ascii=False) + "\n\n"
    many = b"data: " + json.dumps({"output": [[]] * (MOST_VALUES // 3 - 10)}).encode() + b"\n\n"
    server.answers["/v1/responses"] = [Answer((wide.encode(), many, *whole("responses").pieces))]
    command = ["review", QUERY, "--base-url", f"{server.url}/v1", "--model", "m-1"]
    status, said, peak = measured(tmp_path, *command)
    assert (status, peak < MOST_RESIDENT) == (0, True), (peak, said)


SLOW = {
    "status line": Flood(b"HTTP/1.1 2", b"", 0.05),
    "headers, byte by byte": Flood(OK + b"x: ", b"y", 0.05),
    "1xx without end": Flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.001),
    "early hints without end": Flood(b"", b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n", 0.001),
    "body, byte by byte": Flood(OK + b"\r\ndata: ", b"y", 0.05),
    "error, byte by byte": Flood(WRONG, b"y", 0.05),
    "chunk extension, byte by byte": Flood(OK + b"transfer-encoding: chunked\r\n\r\n1;", b"y", 0.05),
    "trailers, byte by byte": Flood(OK + b"transfer-encoding: chunked\r\n\r\n0\r\n", b"y", 0.05),
    "chunks of one byte": Flood(OK + b"transfer-encoding: chunked\r\n\r\n", b"1\r\n:\r\n", 0.001),
}


@pytest.mark.parametrize(
    ("api", "name"),
    [(("responses", "local", "anthropic")[n % 3], name) for n, name in enumerate(SLOW)]
    + [("local", "headers, byte by byte"), ("anthropic", "body, byte by byte")],
)
def test_total_time(desk: Desk, name: str, api: str) -> None:
    """``total_seconds`` is kept in each phase of an answer, though bytes keep coming."""
    with serving() as server:  # the SDK is read once, which takes its time
        server.answers[APIS[api].path] = [whole(api)]
        desk.review(api, server.url, READ_ONLY)
    with flooding(SLOW[name]) as server:
        started = time.monotonic()
        done = desk.review(api, server.url, CTXREVIEW_TOTAL_SECONDS="1.5")
        took = time.monotonic() - started
    assert (done.status, done.out) == (2, "")
    assert "did not finish within 1.5 s: select less" in done.err
    assert took < 30
    assert server.asked == 1


RESOLVER = """
import socket, sys, time
real = socket.getaddrinfo
def slow(host, *more, **named):
    if host == "names.test":
        time.sleep(60)
        host = "127.0.0.1"
    return real(host, *more, **named)
socket.getaddrinfo = slow
sys.argv = ["ctxreview", *sys.argv[1:]]
from ctxreview.__main__ import main
raise SystemExit(main())
"""


@pytest.mark.parametrize("api", ["local", "anthropic"])
def test_total_time_of_a_name_that_is_looked_up(tmp_path: Path, api: str) -> None:
    """``total_seconds`` is kept while a name server does not answer, which no socket's time limit ends."""
    (tmp_path / "A.cs").write_text("class A { void M() { lock (this) { N(); } } }\n", "utf-8")
    keys = {"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k", "CTXREVIEW_TOTAL_SECONDS": "1.5"}
    command = [sys.executable, "-c", RESOLVER, "review", "A.cs:1", "--provider", api, "--model", "m-1"]
    started = time.monotonic()
    done = subprocess.run(
        [*command, "--base-url", "http://names.test:9/v1"],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path), **keys},
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "did not finish within 1.5 s" in done.stderr
    assert time.monotonic() - started < 30


def test_total_time_of_doctor() -> None:
    """A server that drips headers does not hold ``doctor`` for longer than it knocks."""
    from ctxreview.cli.doctor import KNOCK_SECONDS
    from ctxreview.errors import ProviderError
    from ctxreview.llm.providers import Endpoint, ping

    assert KNOCK_SECONDS <= 5
    with flooding(SLOW["headers, byte by byte"]) as server:
        started = time.monotonic()
        with pytest.raises(ProviderError, match=r"did not finish within 3 s"):
            ping(Endpoint("local", "m-1", server.url), 3.0)
        assert time.monotonic() - started < 15


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (b"transfer-encoding: chunked\r\n\r\n1;", "dropped the connection before the answer was whole: ask again."),
        (b"x: ", "dropped the connection before the answer was whole: ask again."),
        (
            b"transfer-encoding: chunked\r\n\r\n0\r\nx: ",
            "dropped the connection before the answer was whole: ask again.",
        ),
    ],
)
def test_endless_framing(desk: Desk, head: bytes, says: str) -> None:
    """A header, trailer or chunk extension without end is not read for long."""
    with flooding(Flood(OK + head, MUCH)) as server:
        done = desk.review("responses", server.url)
    assert (done.status, says in done.err, server.asked) == (2, True, 1), done.err


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x-unknown"])
def test_compressed(desk: Desk, server: Told, encoding: str) -> None:
    """Nothing compressed is asked for, or unpacked; an error that is compressed is told by its status."""
    server.answers["/v1/responses"] = [Answer(whole("responses").pieces, headers={"content-encoding": encoding})]
    done = desk.review("responses", server.url)
    assert (done.status, "compressed its answer, which was not asked for" in done.err) == (2, True)
    assert [{k.lower(): v for k, v in h.items()}["accept-encoding"] for h in server.headers] == ["identity"]
    server.answers["/v1/responses"] = [error(401, {}, **{"content-encoding": encoding})]
    assert "did not accept the key" in desk.review("responses", server.url).err
    server.answers["/v1/responses"] = [Answer(whole("responses").pieces, headers={"content-encoding": "Identity"})]
    assert desk.review("responses", server.url).status == 0


@pytest.mark.parametrize("api", ["responses", "local", "anthropic"])
def test_redirects(desk: Desk, server: Told, api: str) -> None:
    """A server that redirects forever is asked once."""
    path = APIS[api].path
    server.answers[path] = [Answer((b"",), 307, JSON, {"location": path})]
    done = desk.review(api, server.url)
    assert (done.status, len(server.asked)) == (2, 1)
    assert "redirects elsewhere, where code is not sent unasked" in done.err


def test_an_error_of_a_megabyte_is_told_by_its_status(desk: Desk, server: Told) -> None:
    """What is cut off is not looked at for long, and a secret at the cut is not shown in part."""
    quoted = json.dumps({"error": {"message": "exceeds " * (MOST_ERROR // 9)}}).encode()
    for body in (quoted, b"<" * MOST_ERROR, b"exceeds " * MOST_ERROR, b'{"error": ' * 9000):
        server.answers["/v1/responses"] = [Answer((body,), 400, JSON)]
        started = time.monotonic()
        done = desk.review("responses", server.url)
        assert (done.status, "rejected the request" in done.err, len(done.err) < 600) == (2, True, True), done.err[:900]
        assert time.monotonic() - started < 15


# --- what is not an answer -------------------------------------------------------------------------------------

LONG = b"1" * 100_000
DEEP = b"[" * 100_000


@pytest.mark.parametrize(
    ("api", "data"),
    [
        *((api, DEEP) for api in ("responses", "chat", "anthropic", "local")),
        ("anthropic", b'{"a":' * 100_000),
        ("responses", LONG),
        ("chat", b'{"usage": -' + LONG + b"}"),
        ("local", b"[" + b"0," * 10**6 + b"0]"),
    ],
)
def test_json_that_cannot_be_read(desk: Desk, server: Told, tmp_path: Path, api: str, data: bytes) -> None:
    """JSON that nests without end, or has numbers without end, is one sentence: in an event, and in an error."""
    path = APIS[api].path
    if api == "chat":
        server.answers["/v1/responses"] = [error(404, {})]
    server.answers[path] = [Answer((b"event: message_start\ndata: " + data + b"\n\n",))]
    done = desk.review(api, server.url)
    assert (done.status, GARBLED in done.err) == (2, True), done.err
    server.answers[path] = [Answer((b'{"error": ' + data + b"}",), 429, JSON)]
    done = desk.review(api, server.url, CTXREVIEW_RETRIES="1")
    assert (done.status, "is limiting requests" in done.err) == (2, True), done.err
    server.answers["/v1/models"] = [Answer((data,), kind=JSON)]
    if api == "local":
        asked = run(tmp_path, *local(server.url))
        assert (asked.returncode, GARBLED in asked.stderr) == (2, True), asked.stderr


@pytest.mark.parametrize(
    ("api", "status"),
    [
        (("responses", "local", "anthropic")[n % 3], s)
        for n, s in enumerate([204, 299, 304, 418, 399, 599, 600, 799, 999])
    ],
)
def test_any_status(desk: Desk, server: Told, api: str, status: int) -> None:
    """A status that nobody has defined is a sentence too."""
    server.answers[APIS[api].path] = [Answer((b"{}",), status, JSON, {"retry-after": "nan"})]
    done = desk.review(api, server.url, CTXREVIEW_RETRIES="1")
    assert (done.status, done.out, done.err.rstrip().endswith(".")) == (2, "", True), done.err


@pytest.mark.parametrize(
    "wait", ["nan", "inf", "-inf", "1e400", "-5", "9" * 5000, "Thu, 99 Foo 99999 99:99:99 GMT", "\x80"]
)
def test_any_wait(desk: Desk, server: Told, wait: str) -> None:
    """What a server asks to wait is a number of seconds, or it is passed over."""
    server.answers["/v1/responses"] = [error(429, {}, **{"retry-after": wait})]
    done = desk.review("responses", server.url, CTXREVIEW_RETRIES="1")
    assert (done.status, "is limiting requests" in done.err) == (2, True), done.err


CHARSETS = ("utf-16", "utf-7", "idna", "undefined", "zlib_codec", "rot13", "no-such", '"', "", "\x80")


@pytest.mark.parametrize(
    ("api", "charset"), [(("responses", "local", "anthropic")[n % 3], c) for n, c in enumerate(CHARSETS)]
)
def test_any_charset(desk: Desk, server: Told, api: str, charset: str) -> None:
    """Events are UTF-8, whatever is said of them; and so is an error."""
    path = APIS[api].path
    server.answers[path] = [Answer(whole(api).pieces, kind=f"{SSE}; charset={charset}")]
    done = desk.review(api, server.url)
    assert done.status == 0, done.err
    server.answers[path] = [Answer((b'{"error": {"message": "no \xff"}}',), 400, f"{JSON}; charset={charset}")]
    done = desk.review(api, server.url, "src/RecordService.cs:73")
    assert (done.status, "rejected the request" in done.err) == (2, True), done.err


def using(api: str, count: Any) -> Answer:
    """A whole answer that counts its tokens so."""
    text = json.dumps({"summary": "Leave it as it is.", "checklist": [], "suggestions": []})
    if api == "anthropic":
        start, *rest = message(text)
        start["message"]["usage"] = {"input_tokens": count, "output_tokens": 1}
        rest[-2]["usage"] = {"output_tokens": count}
        return Answer(events(start, *rest))
    if api == "local":
        used = {"prompt_tokens": count, "completion_tokens": count}
        return Answer(events(chunk(text), chunk(finish="stop"), chunk() | {"choices": [], "usage": used}))
    return Answer(events(response("completed", text, usage={"input_tokens": count, "output_tokens": count})))


@pytest.mark.parametrize("api", ["responses", "local", "anthropic"])
@pytest.mark.parametrize("count", ["many", {}, {"a": 1}, [], -1, 2**63, 2**63 - 1, 10**300, 1.5, True, None, "\ud800"])
def test_usage_that_is_none(desk: Desk, server: Told, api: str, count: Any) -> None:
    """What is not a number of tokens is unknown, and the review is kept all the same."""
    server.answers[APIS[api].path] = [using(api, count)]
    done = desk.review(api, server.url)
    assert done.status == 0, done.err
    used = json.loads(done.out)["usage"]
    coerced = 1 if (api, count) == ("anthropic", True) else None  # by the SDK
    assert (used["prompt_tokens"], used["reply_tokens"]) == (coerced, coerced)
    assert "not kept" not in done.err


@pytest.mark.parametrize("api", ["responses", "local", "anthropic"])
@pytest.mark.parametrize("usage", ["2000", [], -1, True, {"prompt_tokens": []}])
def test_usage_of_another_shape(desk: Desk, server: Told, api: str, usage: Any) -> None:
    """A usage that is not an object at all is unknown, or one sentence."""
    text = json.dumps({"summary": "Leave it as it is.", "checklist": [], "suggestions": []})
    start, *rest = message(text)
    start["message"]["usage"] = rest[-2]["usage"] = usage
    server.answers[APIS[api].path] = [
        Answer(
            {
                "anthropic": events(start, *rest),
                "local": events(chunk(text), chunk(finish="stop") | {"usage": usage}),
                "responses": events(response("completed", text, usage=usage)),
            }[api]
        )
    ]
    done = desk.review(api, server.url)
    assert done.status == 0, done.err
    assert json.loads(done.out)["usage"]["prompt_tokens"] is None


@pytest.mark.parametrize("api", ["responses", "local", "anthropic"])
def test_a_model_of_another_name(desk: Desk, server: Told, api: str) -> None:
    """What no model is called is not taken for its name; half a character is replaced."""
    text = json.dumps({"summary": "\ud800 Leave it.", "checklist": [], "suggestions": []}).replace("\\ud800", "\ud800")
    start, *rest = message(text)
    for name in (["m"], "m" * 10_000, "m\n\x1b[2J", 7):
        start["message"]["model"] = name
        final = response("completed", text)
        final["response"]["model"] = name
        server.answers[APIS[api].path] = [
            Answer(
                {
                    "anthropic": events(start, *rest),
                    "local": events(chunk(text) | {"model": name}, chunk(finish="stop") | {"model": name}),
                    "responses": events(final),
                }[api]
            )
        ]
        done = desk.review(api, server.url, QUERY, "--fresh")
        assert (done.status, json.loads(done.out)["provider"]["model"]) == (0, "m-1"), done.err


# --- addresses ---------------------------------------------------------------------------------------------

NO_ADDRESSES = [
    "http://h:99999/v1", "http://h:0/v1", "http://h:-1/v1", "http://h:x/v1", "http://h:8 0/v1", "http://", "http:///v1",
    "http://[::1/v1", "http://::1]/v1", "http://[zz]/v1", "http://a..b/v1", "http://-/v1", f"http://{'a' * 64}/v1",
    f"http://{'a.' * 200}b/v1", "ftp://h/v1", "h:80/v1", "//h/v1", "file:///etc/passwd", "http://h/v1\n", "http://h\t/v1",
    "http://h/\x1b[2J", "http://h/\u202e", "http://h\\@other/v1", "http://us er@h/v1", "http://%00/v1", "http://h%20/v1",
    "http://[::1]]/v1", "http://u:p@[/v1", "http://h/" + "a" * 10_000, "https://\ud800/v1", "http://ho st/v1", "http://*/v1",
]  # fmt: skip


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_a_base_url_that_is_none(desk: Desk, url: str) -> None:
    """A base URL with a port, host, scheme or character that there cannot be is one sentence."""
    done = desk.review("responses", url.removesuffix("/v1"))
    assert (done.status, done.out) == (2, "")
    assert "is not an http:// or https:// URL: correct --base-url" in done.err


@pytest.mark.parametrize(
    "url", ["http://me:hunter2@h:99999/v1", "http://me:hunter2@[/v1", "http://me:hun/ter2@h/v1", "me:hunter2@h"]
)
def test_each_command_with_such_a_base_url(tmp_path: Path, url: str) -> None:
    """``review``, its plan, ``doctor`` and ``config`` stand it, and do not quote a password in it."""
    for command, status in (
        (["review", QUERY], 2),
        (["review", QUERY, "--dry-run"], 2),
        (["doctor"], 2),
        (["config"], 0),
    ):
        done = run(tmp_path, *command, CTXREVIEW_PROVIDER="openai", CTXREVIEW_BASE_URL=url)
        if "hun/ter2" not in url:
            assert done.returncode == status, done.stderr
        assert "hunter2" not in done.stdout + done.stderr
        assert "ter2" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "url",
    [
        "http://h",
        "https://H.example:8443/v1/",
        "http://[::1]:80/v1",
        "http://me:p%40ss@h/v1",
        "http://bücher.example/v1",
        "http://a_b/v1",
        "http://127.1/",
    ],
)
def test_a_base_url_that_is_one(url: str) -> None:
    """What can be asked is not refused."""
    assert is_address(url)


HERE = [
    "localhost", "LOCALHOST", "localhost.", "foo.localhost", "Foo.Localhost.", "127.0.0.1", "127.0.0.1.", "127.1", "127.255.3.9",
    "0", "0.0.0.0", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "::1", "[::1]", "::", "[::]", "0:0:0:0:0:0:0:1",
    "::ffff:127.0.0.1", "::FFFF:7f00:1", "[::ffff:127.0.0.1]", "::ffff:0.0.0.0", "１２７.0.0.1", "127。0。0。1", "ip6-localhost",
]  # fmt: skip
ELSEWHERE = ["example.com", "localhost.example.com", "notlocalhost", "128.1", "10.0.0.1", "2130706432.5.example", "1.1", "::2", "::ffff:10.0.0.1", "", "..", "127.0.0.1.example.com"]  # fmt: skip


@pytest.mark.parametrize("host", HERE)
def test_this_machine(host: str) -> None:
    """Each spelling of this machine's address is known for one."""
    assert is_this_machine(host)


@pytest.mark.parametrize("host", ELSEWHERE)
def test_another_machine(host: str) -> None:
    """What only looks like it is not."""
    assert not is_this_machine(host)


@pytest.mark.parametrize("spelled", ["0", "127.1", "LocalHost", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433"])
def test_this_machine_is_asked_past_the_proxy(desk: Desk, server: Told, spelled: str) -> None:
    """Code for a server of this machine passes by every proxy, however its address is spelled."""
    server.answers["/v1/responses"] = [whole("responses")]
    with proxying(server.url) as proxy:
        url = server.url.replace("127.0.0.1", spelled)
        done = desk.review("responses", url, HTTP_PROXY=proxy.url, ALL_PROXY=proxy.url, http_proxy=proxy.url)
    assert (done.status, proxy.lines, len(server.asked)) == (0, [], 1), done.err


# --- what goes to a server ---------------------------------------------------------------------------------


def variables_of_the_sdks() -> Iterator[str]:
    """Each name in the installed SDKs' sources that looks like a variable of theirs."""
    import anthropic
    import openai

    for sdk in (openai, anthropic):
        assert sdk.__file__
        for file in Path(sdk.__file__).parent.rglob("*.py"):
            yield from re.findall(r"[\"']((?:AZURE_)?(?:OPENAI|ANTHROPIC)_[A-Z0-9_]+)[\"']", file.read_text("utf-8"))


@pytest.mark.parametrize("api", ["responses", "chat", "anthropic", "local"])
def test_no_variable_of_an_sdk_reaches_another_server(tmp_path: Path, server: Told, api: str) -> None:
    """Of all that the SDKs read from their environment only the key reaches a server that is not the maker's."""
    names = {n for n in variables_of_the_sdks() if not n.endswith(("_BASE_URL", "_LOG", "_API_KEY"))}
    assert {
        "OPENAI_ORG_ID",
        "OPENAI_PROJECT_ID",
        "OPENAI_ADMIN_KEY",
        "ANTHROPIC_CUSTOM_HEADERS",
        "ANTHROPIC_AUTH_TOKEN",
    } <= names
    secrets = dict.fromkeys(names, "sentinel-7d1") | {
        name: "x-sentinel-7d1: sentinel-7d1\nAuthorization: sentinel-7d1" for name in names if "HEADERS" in name
    }
    if api == "chat":
        server.answers["/v1/responses"] = [error(404, {})]
    server.answers[APIS[api].path] = [whole(api)]
    url = server.url + APIS[api].base
    command = ["review", QUERY, *APIS[api].options, "--base-url", url, "--model", "m-1"]
    done = run(tmp_path, *command, **secrets | {APIS[api].variable: KEY})
    assert done.returncode == 0, done.stderr
    assert server.asked
    assert "sentinel" not in json.dumps([server.headers, server.asked, server.got]).lower()
    told = run(
        tmp_path,
        "doctor",
        *APIS[api].options,
        "--base-url",
        url,
        "--model",
        "m-1",
        **secrets | {APIS[api].variable: KEY},
    ).stdout
    assert "not sent: OPENAI_CUSTOM_HEADERS, OPENAI_ORG_ID, OPENAI_PROJECT_ID, ANTHROPIC_CUSTOM_HEADERS" in told
    assert "sentinel" not in told


def test_the_makers_own_host_gets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the maker's own address an account and headers go along, and ``doctor`` names them."""
    import openai

    from ctxreview.llm.providers import Endpoint, resolve_url, variables
    from ctxreview.llm.providers.wire import client, http_client

    for name in ("OPENAI_CUSTOM_HEADERS", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "x-own: org-1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    for url, gets in (
        (None, True),
        ("https://eu.api.openai.com/v1", True),
        ("https://api.openai.com.evil.example/v1", False),
        ("http://api.openai.com/v1", False),
    ):
        endpoint = resolve_url(Endpoint("openai", "m-1", url, KEY))
        with http_client(endpoint, openai.OpenAIError) as http:
            sdk = client(openai.OpenAI, endpoint, http)
            assert ("x-own" in sdk.default_headers, sdk.organization) == (gets, "x-own: org-1" if gets else None)
        used, kept_back = variables(endpoint)
        assert ("OPENAI_ORG_ID" in used, "OPENAI_ORG_ID" in kept_back, "HTTPS_PROXY" in used) == (
            gets,
            not gets,
            url != "http://api.openai.com/v1",
        )


# --- without docstrings ------------------------------------------------------------------------------------


def test_without_docstrings(tmp_path: Path) -> None:
    """``python -OO`` leaves docstrings out; what the rules say of themselves is read from their sources then."""
    for arguments in (["explain", "no-tracking-write"], ["lint", "--list"], ["context", QUERY], ["--help"]):
        said = []
        for flags in ([], ["-OO"]):
            done = subprocess.run(
                [sys.executable, *flags, "-m", "ctxreview", *arguments],
                capture_output=True, encoding="utf-8", cwd=EXAMPLE, env=environment(tmp_path), timeout=120, check=False,
            )  # fmt: skip
            assert (done.returncode, done.stderr) == (0, "")
            said.append(done.stdout)
        assert said[0] == said[1] or arguments == ["--help"]


def test_the_bounds() -> None:
    """The bounds are those that the documentation names."""
    assert (MOST_ANSWER, MOST_ERROR) == (64 * 2**20, 2**20)


def test_events_are_cut_apart_the_same_wherever_the_network_cuts() -> None:
    """Every way of ending a line, a mark of byte order, comments and unknown fields: what an SDK gets is the same."""
    text = (
        b'\xef\xbb\xbf: hi\r\n\r\nevent: a\r\ndata: {"x": 1}\r\n\r\nid: 3\rdata: 2\rdata:3\r\rretry: 5\n\ndata\n\nfoo: x\n\n'
        b"data: [DONE]\n\n: data\n\ndata: last"
    )
    wanted = [
        b'event: a\ndata: {"x": 1}\n\n',
        b"data: 2\ndata:3\n\n",
        b"data\n\n",
        b"data: [DONE]\n\n",
        b"data: last\n\n",
    ]
    chance = random.Random(0)
    for _ in range(500):
        cuts = [0, *sorted(chance.randrange(len(text) + 1) for _ in range(chance.randrange(12))), len(text)]
        pieces = [text[a:b] for a, b in pairwise(cuts)]
        assert b"".join(_events(pieces)) == b"".join(wanted)


def test_what_is_sound() -> None:
    """Marks of structure and digits count where they are structure and numbers, and not within texts."""
    for text in (
        b'{"a": "' + b'[\\"' * 10**6 + b'"}',
        b'{"a": "' + b"1" * 10**5 + b'"}',
        b"[" * 100 + b"]" * 100,
        b"[DONE]",
    ):
        assert _sound(text) == text
    for text in (b"[" * 101, b'{"a":' * 101, b"1" * 400, b'["' + b'","' * 20_000 + b'"]', b'"\\\\"' + b"[" * 101):
        with pytest.raises(UnsoundError):
            _sound(text)
