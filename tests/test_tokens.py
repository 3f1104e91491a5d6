"""Tokens are counted as OpenAI does where its ranks are at hand, and estimated, without a network, elsewhere."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxreview.tokens import ESTIMATE, estimate, tokenizer
from ctxreview.tokens import ranks as published

METHOD = """\
    /// <summary>Updates one record; the row stays locked until the transaction completes.</summary>
    public async Task<bool> UpdateRecordAsync(int id, string status, CancellationToken cancellation = default)
    {
        using var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled);
        var record = await _context.Records.Where(r => r.Id == id && !r.IsDeleted).FirstOrDefaultAsync(cancellation);
        if (record is null)
        {
            _logger.LogWarning("Record {Id} was not found after {Elapsed} ms", id, stopwatch.ElapsedMilliseconds);
            return false;
        }

        record.Status = status;
        record.Total = Math.Round(record.Lines.Sum(l => l.Quantity * l.Price), 2);
        await _context.SaveChangesAsync(cancellation);
        scope.Complete();
        return true;
    }
"""

NO_NETWORK = """
import socket, sys
def refuse(*args, **kwargs):
    print("NETWORK", args, file=sys.stderr)
    raise OSError("no network here")
socket.getaddrinfo = socket.create_connection = socket.socket.connect = refuse
from ctxreview.tokens import tokenizer
for model in (None, "gpt-4o", "gpt-4", "gpt-99", "claude-sonnet-4-5", "qwen2.5-coder"):
    counter = tokenizer(model)
    print(counter.name, counter.count("var record = context.Records.Find(id);"))
print("tiktoken" in sys.modules)
"""


def cache_file(directory: Path, encoding: str) -> Path:
    """Where tiktoken would keep the encoding's ranks in that directory."""
    return directory / published.RANKS[encoding].file


def run_without_network(cache: Path) -> subprocess.CompletedProcess[str]:
    """Asks for several tokenizers in a process in which every use of a socket fails and is reported."""
    env = {**os.environ, "TIKTOKEN_CACHE_DIR": str(cache), "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", NO_NETWORK], env=env, capture_output=True, text=True, timeout=30, check=True
    )


@pytest.fixture(scope="module")
def real_ranks() -> Path:
    """A cache directory of this machine that holds the ranks of ``o200k_base``."""
    directory = published.cache_directory()
    if directory is None or not cache_file(directory, "o200k_base").is_file():
        pytest.skip("no ranks of o200k_base in tiktoken's cache (set TIKTOKEN_CACHE_DIR to a directory that has them)")
    return directory


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory as tiktoken's cache."""
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    return tmp_path


# --- which tokenizer ---------------------------------------------------------------------------------------


def test_an_empty_cache_means_the_estimate_and_no_network(tmp_path: Path) -> None:
    """Without ranks every model gets the estimate, no socket is touched and tiktoken is not even imported."""
    run = run_without_network(tmp_path)
    lines = run.stdout.split("\n")
    assert [line.split(" ")[0] for line in lines[:6]] == ["estimate"] * 6
    assert lines[6] == "False"
    assert "NETWORK" not in run.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"IQ== 0\nIg== 1\n", b"<html>proxy error</html>", b"\x00" * 100_000])
def test_a_damaged_cache_file_stays_and_means_the_estimate(tmp_path: Path, content: bytes) -> None:
    """Empty, truncated and foreign files are neither used nor deleted, and nothing goes to the network for others."""
    damaged = [cache_file(tmp_path, name) for name in ("o200k_base", "cl100k_base")]
    for file in damaged:
        file.write_bytes(content)
    run = run_without_network(tmp_path)
    assert {line.split(" ")[0] for line in run.stdout.split("\n")[:6]} == {"estimate"}
    assert "NETWORK" not in run.stderr
    assert [file.read_bytes() for file in damaged] == [content, content]


def test_the_estimate_comes_at_once(cache: Path) -> None:
    """Finding out that there are no ranks waits for nothing."""
    start = time.perf_counter()
    assert tokenizer("gpt-4o") is ESTIMATE
    assert time.perf_counter() - start < 5


def test_a_cache_that_is_switched_off_means_the_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty TIKTOKEN_CACHE_DIR makes tiktoken download each time, so it is not asked."""
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    assert tokenizer() is ESTIMATE


def test_the_cache_is_looked_for_where_tiktoken_keeps_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The two variables win in tiktoken's order, and without them it is a directory among the temporary files."""
    monkeypatch.setenv("DATA_GYM_CACHE_DIR", str(tmp_path / "gym"))
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "tiktoken"))
    assert published.cache_directory() == tmp_path / "tiktoken"
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR")
    assert published.cache_directory() == tmp_path / "gym"
    monkeypatch.delenv("DATA_GYM_CACHE_DIR")
    assert published.cache_directory() == Path(tempfile.gettempdir()) / "data-gym-cache"


@pytest.mark.parametrize("name", ["o200k_base", "cl100k_base"])
def test_the_table_says_what_tiktoken_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Address, hash and pattern of each encoding are those of the tiktoken that is installed."""
    openai_public = pytest.importorskip("tiktoken_ext.openai_public")
    asked: list[tuple[str, str]] = []

    def ranks(url: str, expected_hash: str) -> dict[bytes, int]:
        asked.append((url, expected_hash))
        return {}

    monkeypatch.setattr(openai_public, "load_tiktoken_bpe", ranks)
    pattern = openai_public.ENCODING_CONSTRUCTORS[name]()["pat_str"]
    ours = published.RANKS[name]
    ((url, sha256),) = asked
    assert (hashlib.sha1(url.encode()).hexdigest(), sha256) == (ours.file, ours.sha256)
    assert ours.pattern == pattern


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        (None, "o200k_base"),
        ("gpt-4o", "o200k_base"),
        ("GPT-4o-2024-05-13", "o200k_base"),
        ("gpt-5-mini", "o200k_base"),
        ("o3", "o200k_base"),
        ("gpt-99-turbo", "o200k_base"),
        ("openai/gpt-4.1", "o200k_base"),
        ("ft:gpt-4o:acme::1", "o200k_base"),
        ("gpt-oss-20b", "o200k_harmony"),
        ("gpt-4", "cl100k_base"),
        ("gpt-35-turbo-16k", "cl100k_base"),
        ("text-davinci-003", None),
        ("claude-sonnet-4-5", None),
        ("anthropic/claude-opus-4", None),
        ("us.anthropic.claude-3-5-haiku-20241022-v1:0", None),
        ("qwen2.5-coder:7b", None),
        ("llama3.3", None),
    ],
)
def test_a_model_has_the_encoding_of_its_maker(model: str | None, encoding: str | None) -> None:
    """OpenAI's models get the encoding of tiktoken's table, new ones the current one, all others none."""
    assert published.encoding_of(model) == encoding


def test_the_ranks_are_used_where_they_are(real_ranks: Path, cache: Path) -> None:
    """With the ranks in the cache the count is exact and carries the encoding's name; Claude's is still estimated."""
    shutil.copy(cache_file(real_ranks, "o200k_base"), cache)
    counter = tokenizer()
    assert counter.name == "o200k_base"
    assert counter.count("hello world") == 2
    assert counter.count("") == 0
    assert tokenizer("claude-sonnet-4-5") is ESTIMATE
    assert tokenizer("gpt-4") is ESTIMATE  # its ranks are another file


def test_the_older_encoding_is_used_where_it_is(real_ranks: Path, cache: Path) -> None:
    """A model of the older encoding is counted with it when its ranks are there."""
    ranks = cache_file(real_ranks, "cl100k_base")
    if not ranks.is_file():
        pytest.skip("no ranks of cl100k_base in tiktoken's cache")
    shutil.copy(ranks, cache)
    assert tokenizer("gpt-4").name == "cl100k_base"
    assert tokenizer("gpt-4").count("hello world") == 2


def test_the_count_is_what_tiktoken_counts(real_ranks: Path) -> None:
    """Ordinary source is counted to the token as tiktoken itself would."""
    tiktoken = pytest.importorskip("tiktoken")
    encoding = tiktoken.get_encoding("o200k_base")
    for text in (METHOD, METHOD.replace("\n", "\r\n"), Path(__file__).read_text("utf-8"), "中文 😀 ünïcode\t\x00"):
        assert tokenizer().count(text) == len(encoding.encode(text, disallowed_special=()))


def test_ranks_that_arrive_later_are_found(real_ranks: Path, cache: Path) -> None:
    """A file that was damaged is examined again once it has changed."""
    file = cache_file(cache, "o200k_base")
    file.write_bytes(b"damaged")
    assert tokenizer() is ESTIMATE
    shutil.copy(cache_file(real_ranks, "o200k_base"), file)
    assert tokenizer().name == "o200k_base"


# --- counting ----------------------------------------------------------------------------------------------


def test_special_tokens_in_source_are_text(real_ranks: Path) -> None:
    """The spelling of a special token inside the code is counted as the text that it is."""
    assert tokenizer().count('var end = "<|endoftext|>";') > 5
    assert estimate('var end = "<|endoftext|>";') > 5


@pytest.mark.parametrize("character", ["a", " ", "\n", "(", "/", "é", "中", "\x00", "😀"])
def test_a_megabyte_of_one_character_is_counted_in_bounded_time(real_ranks: Path, character: str) -> None:
    """Runs on which tiktoken gives up or takes hours are counted in pieces."""
    text = character * 1_000_000
    start = time.perf_counter()
    assert tokenizer().count(text) > 5_000
    assert time.perf_counter() - start < 30


@given(st.text(alphabet="ab1 \n\t(é\r", min_size=0, max_size=200), st.sampled_from(["a", " ", "\n", "é", "1("]))
def test_cutting_loses_nothing(text: str, run: str) -> None:
    """The pieces of a text are the text, and no piece holds a run much longer than the limit."""
    long = text + run * 2500 + text
    pieces = list(published.short_pieces(long))
    assert "".join(pieces) == long
    assert max(len(max(piece.split(), key=len, default="")) for piece in pieces) < 2 * published._LONGEST_RUN


def test_ordinary_source_is_not_cut() -> None:
    """Nothing is lost to cutting where no line is longer than source has it."""
    assert list(published.short_pieces(METHOD * 100)) == [METHOD * 100]


# --- the estimate ------------------------------------------------------------------------------------------


def test_the_estimate_of_a_method_is_close() -> None:
    """A method of ordinary shape is within the error that the documentation states; o200k_base says 175 tokens."""
    assert 175 * 0.96 <= estimate(METHOD) <= 175 * 1.1


def test_the_estimate_is_close_to_the_ranks(real_ranks: Path) -> None:
    """What the test above takes for the true count is what the ranks say."""
    assert tokenizer().count(METHOD) == 175


def test_the_estimate_of_nothing_is_nothing() -> None:
    """An empty text has no tokens."""
    assert estimate("") == 0


@given(st.text(max_size=300))
def test_the_estimate_takes_any_text(text: str) -> None:
    """Whatever the text, lone surrogates included, the estimate is a number that is not negative."""
    assert 0 <= estimate(text) <= 4 * len(text) + 1


@pytest.mark.parametrize("character", ["a", " ", "\n", "(", "=\r\n", "é", "\ud800", "a0"])
def test_the_estimate_of_a_megabyte_is_fast(character: str) -> None:
    """A megabyte of one character takes well under a second; a 5,000-line file some milliseconds."""
    text = character * (1_000_000 // len(character))
    start = time.perf_counter()
    assert estimate(text) > 0
    assert time.perf_counter() - start < 30
