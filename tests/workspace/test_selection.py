"""What a person points at becomes a selection, or one sentence that says why it cannot."""

from __future__ import annotations

import os
import re
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ctxreview.errors import SourceError
from ctxreview.model.source import Source, Span
from ctxreview.outline import outline
from ctxreview.workspace.decoding import decode
from ctxreview.workspace.reading import MAX_BYTES, read_source
from ctxreview.workspace.selection import select

CODE = "class A\n{\n    void Größe(string 名) { }\n\n    int x = 1; // 🙂 done\n}\n"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one file, which is the current directory."""
    home = tmp_path / "repo"
    (home / ".git").mkdir(parents=True)
    (home / "A.cs").write_text(CODE, "utf-8")
    monkeypatch.chdir(home)
    return home


def failure(selection: str, root: Path | None = None) -> str:
    """The sentence with which a selection is refused: on one line, ended by a full stop or a question mark."""
    with pytest.raises(SourceError) as raised:
        select(selection, root)
    text = str(raised.value)
    assert "\n" not in text
    assert text.endswith((".", "?"))
    assert raised.value.__cause__ is None
    return text


# --- forms -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "text", "lines"),
    [
        ("A.cs:1", "class A", (1, 1)),
        ("A.cs:1-2", "class A\n{", (1, 2)),
        ("A.cs:3-3", "    void Größe(string 名) { }", (3, 3)),
        ("A.cs:003", "    void Größe(string 名) { }", (3, 3)),
        ("A.cs:6", "}", (6, 6)),
        ("A.cs:4", "", (4, 4)),
        ("./A.cs:1", "class A", (1, 1)),
        ("  A.cs:1\n", "class A", (1, 1)),
        ("A.cs:1:1-1:5", "class", (1, 1)),
        ("A.cs:1:7-1:7", "A", (1, 1)),
        ("A.cs:1:7-2:1", "A\n{", (1, 2)),
        ("A.cs:3:10-3:14", "Größe", (3, 3)),
        ("A.cs:3:23-3:23", "名", (3, 3)),
        ("A.cs:5:19-5:24", "🙂 done", (5, 5)),
        ("A.cs:5:5-5:999", "int x = 1; // 🙂 done", (5, 5)),
        ("A.cs:1:7-1:99999999999999999999", "A", (1, 1)),
        ("A.cs:1:90-1:99", "", (1, 1)),
        ("A.cs:6:9-6:9", "", (6, 6)),
    ],
)
def test_form(repo: Path, form: str, text: str, lines: tuple[int, int]) -> None:
    """Each form selects exactly the text it names; columns count characters and stop at the line's end."""
    selection = select(form)
    assert selection.source.text(selection.span) == text
    assert selection.lines == lines
    assert selection.given == form
    assert selection.source.path == "A.cs"


@pytest.mark.parametrize(
    "name",
    [
        r"C:\x\A.cs",
        "C:/x/A.cs",
        "with space/my file.cs",
        "a:b.cs",
        "a:1:b.cs",
        "12:3-4.cs",
        "-x.cs",
        "Größe.cs",
        "tab\there.cs",
        "line\nbreak.cs",
    ],
)
@pytest.mark.parametrize(("place", "text"), [("2", "two"), ("2-3", "two\nthree"), ("2:1-2:2", "tw")])
def test_path_keeps_its_colons_and_blanks(repo: Path, name: str, place: str, text: str) -> None:
    """Only what is at the very end is the place: drives, colons and blanks stay in the path."""
    file = repo / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("one\ntwo\nthree\n")
    selection = select(f"{name}:{place}")
    assert selection.source.text(selection.span) == text
    assert selection.source.path == name


@pytest.mark.parametrize(
    ("selection", "says"),
    [
        ("A.cs", "'A.cs' is not a selection: write PATH:LINE"),
        ("", "'' is not a selection"),
        (":3", "':3' is not a selection"),
        ("A.cs:", "is not a selection"),
        ("A.cs:x", "is not a selection"),
        ("A.cs:-3", "is not a selection"),
        ("A.cs:1,3", "is not a selection"),
        ("A.cs:1:2", "A.cs:1: cannot be read"),
        (r"C:\x\Missing.cs:3", r"^C:\\x\\Missing\.cs: cannot be read \(No such file"),
        ("Missing.cs:1", r"^Missing\.cs: cannot be read .*check the path"),
        ("A.cs/B.cs:1", r"^A\.cs/B\.cs: cannot be read \(Not a directory\)"),
        ("x" * 300 + ".cs:1", "cannot be read .*name too long"),
        ("a\0b.cs:1", "cannot be read"),
        (".:1", r"^\.: is a folder; name a file"),
        ("A.cs:0", "lines are counted from 1"),
        ("A.cs:0-2", "lines are counted from 1"),
        ("A.cs:0:1-1:1", "lines are counted from 1"),
        ("A.cs:1:0-1:3", "columns are counted from 1"),
        ("A.cs:1:3-2:0", "columns are counted from 1"),
        ("A.cs:3-2", "reversed; write 2-3"),
        ("A.cs:3:1-2:9", "reversed; write 2-3"),
        ("A.cs:1:5-1:3", "ends before it starts"),
        ("A.cs:7", r"^A\.cs:7: A\.cs has 6 lines; line 7 is past its end"),
        ("A.cs:2-700", "line 700 is past its end"),
        ("A.cs:1:1-7:1", "line 7 is past its end"),
    ],
)
@pytest.mark.parametrize("rooted", [False, True])
def test_refusal(repo: Path, selection: str, says: str, rooted: bool) -> None:
    """Each wrong selection is refused with one sentence about what is wrong, with and without a root."""
    assert re.search(says, failure(selection, repo if rooted else None))


# --- files -------------------------------------------------------------------------------------------------

TEXT = "class Größe\n{\n    int x; // “quoted” – é\n}\n"


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        pytest.param(TEXT.encode(), "utf-8", id="utf-8"),
        pytest.param(b"\xef\xbb\xbf" + TEXT.encode(), "utf-8-sig", id="utf-8 with BOM"),
        pytest.param(b"\xff\xfe" + TEXT.encode("utf-16-le"), "utf-16-le", id="utf-16-le with BOM"),
        pytest.param(b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16-be", id="utf-16-be with BOM"),
        pytest.param(TEXT.encode("utf-16-le"), "utf-16-le", id="utf-16-le"),
        pytest.param(TEXT.encode("utf-16-be"), "utf-16-be", id="utf-16-be"),
        pytest.param(b"\xff\xfe\0\0" + TEXT.encode("utf-32-le"), "utf-32-le", id="utf-32-le with BOM"),
        pytest.param(b"\0\0\xfe\xff" + TEXT.encode("utf-32-be"), "utf-32-be", id="utf-32-be with BOM"),
        pytest.param(TEXT.encode("cp1252"), "cp1252", id="cp1252"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encoding(raw: bytes, encoding: str, newline: str) -> None:
    """A file's text is the same whatever it is encoded in, without its mark, and its codec is remembered."""
    codec = "utf-8" if encoding == "utf-8-sig" else encoding
    source = decode(raw.replace("\n".encode(codec), newline.encode(codec)), "A.cs")
    assert source.encoding == encoding
    assert source.data.decode() == TEXT.replace("\n", newline)
    assert source.newline == newline
    assert source.line_count == 4
    assert [source.line(n) for n in range(1, 5)] == TEXT.splitlines()


def test_bytes_of_no_code_page() -> None:
    """Bytes that are neither UTF-8 nor cp1252 are read as Latin-1: no byte sequence without zeros is refused."""
    source = decode(b"// \x81\n", "A.cs")
    assert (source.encoding, source.line(1)) == ("latin-1", "// \x81")


def test_mixed_line_ends() -> None:
    """Each of the three line ends ends one line, also where they are side by side."""
    source = decode(b"a\r\nb\nc\rd\n\re\r\n\nf", "A.cs")
    assert [source.line(n) for n in range(1, source.line_count + 1)] == ["a", "b", "c", "d", "", "e", "", "f"]
    assert source.newline == "\r\n"


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        pytest.param(b"", "is empty", id="nothing"),
        pytest.param(b" \r\n\t\n", "is empty", id="blanks"),
        pytest.param(b"\xef\xbb\xbf", "is empty", id="only a BOM"),
        pytest.param(b"\xff\xfe\n\0", "is empty", id="only a line end in UTF-16"),
        pytest.param(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0", "is a binary file", id="executable"),
        pytest.param(b"\0" * 64, "is a binary file", id="zeros"),
        pytest.param(b"class A { }\n\0", "is a binary file", id="one zero in text"),
        pytest.param(b"\xff\xfea\0b", "has a UTF-16-LE byte order mark but is not valid", id="half a character"),
        pytest.param(
            b"\xff\xfe\x00\xd8a\0",
            "has a UTF-16-LE byte order mark but is not valid",
            id="half a surrogate pair",
        ),
        pytest.param(
            b"\xfe\xff\xd8\x00\0a",
            "has a UTF-16-BE byte order mark but is not valid",
            id="the same, big-endian",
        ),
        pytest.param(
            b"\xef\xbb\xbf\xff",
            "has a UTF-8-SIG byte order mark but is not valid",
            id="BOM before other bytes",
        ),
    ],
)
def test_unreadable_contents(repo: Path, raw: bytes, says: str) -> None:
    """Empty, binary and damaged files are refused by name with the reason."""
    (repo / "B.cs").write_bytes(raw)
    text = failure("B.cs:1")
    assert text.startswith("B.cs: ")
    assert says in text


def test_large_file(repo: Path) -> None:
    """A file over 2 MiB is refused by its size alone; one of exactly 2 MiB is read."""
    with (repo / "Large.cs").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert "2,097,153 bytes; files over 2,097,152 are not read" in failure("Large.cs:1")
    (repo / "Large.cs").write_bytes(b"x" * MAX_BYTES)
    assert select("Large.cs:1").span == Span(0, MAX_BYTES)


def test_pipe(repo: Path) -> None:
    """A named pipe is refused instead of waited for."""
    os.mkfifo(repo / "Pipe.cs")
    assert "is a pipe or a device" in failure("Pipe.cs:1")


def test_changed_file_is_read_again(repo: Path) -> None:
    """A file that changes between two selections is read anew."""
    assert select("A.cs:1").source.line(1) == "class A"
    (repo / "A.cs").write_text("class Changed { }\n")
    assert select("A.cs:1").source.line(1) == "class Changed { }"


# --- roots -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "shown"),
    [
        (".git/", "src/deep/A.cs"),
        (".git", "src/deep/A.cs"),
        ("Shop.sln", "src/deep/A.cs"),
        ("Shop.slnx", "src/deep/A.cs"),
        ("src/Shop.csproj", "deep/A.cs"),
        ("src/deep/Shop.csproj", "A.cs"),
    ],
)
def test_root_is_found(tmp_path: Path, mark: str, shown: str) -> None:
    """Paths are shown from the nearest repository, solution or project; ``.git`` may be a file (a worktree)."""
    file = tmp_path / "src" / "deep" / "A.cs"
    file.parent.mkdir(parents=True)
    file.write_text(CODE, "utf-8")
    if mark.endswith("/"):
        (tmp_path / mark).mkdir()
    else:
        (tmp_path / mark).touch()
    assert read_source(file).path == shown


def test_repository_wins_over_nearer_project(tmp_path: Path) -> None:
    """A repository is the root even where a project lies nearer to the file."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "Shop.csproj").touch()
    (tmp_path / "src" / "A.cs").write_text(CODE, "utf-8")
    assert read_source(tmp_path / "src" / "A.cs").path == "src/A.cs"


def test_root_option(repo: Path) -> None:
    """A given root wins over the one that would be found."""
    (repo / "sub").mkdir()
    (repo / "sub" / "B.cs").write_text(CODE, "utf-8")
    assert select("sub/B.cs:1").source.path == "sub/B.cs"
    assert select("sub/B.cs:1", repo / "sub").source.path == "B.cs"
    assert select("sub/B.cs:1", Path("sub")).source.path == "B.cs"


def test_path_from_the_root(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From another directory a relative path is looked up there first, then in the given root."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert "cannot be read" in failure("A.cs:1")
    assert select("A.cs:1", repo).source.path == "A.cs"
    Path("A.cs").write_text("class Mine { }")
    assert "is outside" in failure("A.cs:1", repo)


def test_file_outside_the_root(repo: Path, tmp_path: Path) -> None:
    """A file outside of the given root is refused, and the sentence names the root."""
    (tmp_path / "B.cs").write_text(CODE, "utf-8")
    for path in ("../B.cs", str(tmp_path / "B.cs")):
        text = failure(f"{path}:1", repo)
        assert f"{path}: is outside {repo.resolve()}" in text
        assert "--root" in text


def test_link_out_of_the_root(repo: Path, tmp_path: Path) -> None:
    """A link that leads out of the repository is refused and called what it is."""
    (tmp_path / "Secret.cs").write_text(CODE, "utf-8")
    (repo / "Link.cs").symlink_to(tmp_path / "Secret.cs")
    (repo / "folder").symlink_to(tmp_path)
    for path in ("Link.cs", "folder/Secret.cs"):
        assert "is a link that points outside" in failure(f"{path}:1", repo)
    assert "is a link that points outside" in failure("Link.cs:1")


def test_link_within_the_root(repo: Path) -> None:
    """A link within the repository is followed, and the file is shown under its own name."""
    (repo / "Link.cs").symlink_to("A.cs")
    assert select("Link.cs:1").source.path == "A.cs"


@pytest.mark.parametrize("target", ["Loop.cs", "Gone.cs"])
def test_broken_link(repo: Path, target: str) -> None:
    """A link to itself or to nothing is refused like a missing file."""
    (repo / "Loop.cs").symlink_to(target)
    assert failure("Loop.cs:1").startswith("Loop.cs: cannot be read")


def test_linked_repository(repo: Path, tmp_path: Path) -> None:
    """A repository that is reached through a link is a repository like any other."""
    (tmp_path / "link").symlink_to(repo)
    assert select(f"{tmp_path / 'link' / 'A.cs'}:1").source.path == "A.cs"
    assert select(f"{tmp_path / 'link' / 'A.cs'}:1", tmp_path / "link").source.path == "A.cs"


# --- lines, columns and offsets ----------------------------------------------------------------------------

texts = st.lists(
    st.one_of(st.text(max_size=12), st.sampled_from(["\n", "\r\n", "\r", "\n\r", "é", "🙂", "\f", "\u2028", "{", "a"])),
    max_size=30,
).map("".join)


def split(text: str) -> list[str]:
    """The lines of a text by the definition: what ends with ``\\r\\n``, ``\\n`` or ``\\r``, and the rest."""
    return re.findall(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+", text)


def source_of(text: str) -> Source:
    """A source with that text."""
    return Source("A.cs", text.encode("utf-8", "replace"))


@given(texts)
def test_lines_are_those_of_the_definition(text: str) -> None:
    """Lines with their ends are the file, and each line is its text without the end."""
    source = source_of(text)
    lines = split(source.data.decode())
    assert source.line_count == max(1, len(lines))
    assert [source.line(n) for n in range(1, len(lines) + 1)] == [line.rstrip("\r\n") for line in lines]
    starts = [*source.starts[: len(lines)], len(source.data)]
    assert [source.text(Span(a, b)) for a, b in pairwise(starts)] == lines


@given(texts)
def test_offset_to_line(text: str) -> None:
    """Each character is on the line that splitting the text at its line ends puts it on."""
    source = source_of(text)
    offset = 0
    for number, line in enumerate(split(source.data.decode()), 1):
        for character in line:
            assert source.line_of(offset) == number
            offset += len(character.encode())


@given(texts, st.data())
def test_lines_of_line_span(text: str, data: st.DataObject) -> None:
    """A range of lines is the span from its first character to its last, and leads back to the same lines."""
    source = source_of(text)
    last = data.draw(st.integers(1, source.line_count))
    first = data.draw(st.integers(1, last))
    assume(first == last or source.line(last))
    span = source.line_span(first, last)
    assert source.lines_of(span) == (first, last)
    assert source.text(span).startswith(source.line(first))
    assert source.text(span).endswith(source.line(last))
    assert not source.text(span).endswith(("\r", "\n"))


@given(texts, st.data())
def test_columns_stay_on_character_borders(text: str, data: st.DataObject) -> None:
    """Any pair of carets selects whole characters, exactly those between them."""
    assume(text.strip() and "\0" not in text and not text.startswith("\ufeff"))
    source = source_of(text)
    decoded = source.data.decode()
    assume(decoded.strip())
    lines = split(decoded)
    l1 = data.draw(st.integers(1, len(lines)))
    l2 = data.draw(st.integers(l1, len(lines)))
    c1 = data.draw(st.integers(1, 20))
    c2 = data.draw(st.integers(c1 if l1 == l2 else 1, 25))
    selection = selected(source, f"A.cs:{l1}:{c1}-{l2}:{c2}")
    bare = [line.rstrip("\r\n") for line in lines]
    start = sum(map(len, lines[: l1 - 1])) + min(c1 - 1, len(bare[l1 - 1]))
    end = sum(map(len, lines[: l2 - 1])) + min(c2, len(bare[l2 - 1]))
    assert source.data[selection.start : selection.end].decode() == decoded[start : max(start, end)]


def selected(source: Source, form: str) -> Span:
    """The span that ``form`` selects in a real file with the source's bytes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "A.cs")
        file.write_bytes(source.data)
        selection = select(str(file.parent / form), Path(folder))
        assert selection.source.data == source.data
        return selection.span


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_refused(raw: bytes) -> None:
    """Whatever a file holds becomes valid UTF-8 or one sentence."""
    try:
        source = decode(raw, "A.cs")
    except SourceError as error:
        assert str(error).startswith("A.cs: ")
    else:
        assert source.data.decode().strip()
        assert source.line_count >= 1


@pytest.mark.parametrize("name", [" lead.cs", "lead.cs ", "  two words .cs", "\tlead.cs"])
def test_blanks_around_a_name(repo: Path, name: str) -> None:
    """A file whose name begins or ends with a blank is selected by it; beside one without, each is what it says."""
    (repo / name).write_text(CODE.replace("class A", "class Odd"), "utf-8")
    assert "class Odd" in select(f"{name}:1").source.line(1)
    assert select(f"{name}:1", repo).source.path == name
    (repo / name.strip()).write_text(CODE.replace("class A", "class Plain"), "utf-8")
    assert "class Odd" in select(f"{name}:1-2").source.line(1)
    assert "class Plain" in select(f"{name.strip()}:1-2").source.line(1)
    assert outline(select(f"{name}:1").source).language == "csharp"


@pytest.mark.parametrize("spelled", ["  A.cs:1", "A.cs:1  \t", "\tA.cs:1:1-1:3\n", "A.cs :1", " A.cs :1-2 "])
def test_stray_blanks_around_a_path(repo: Path, spelled: str) -> None:
    """Blanks around a path that are not part of a file's name are not looked at, from the folder and from the root."""
    assert select(spelled).source.path == "A.cs"
    assert select(spelled, repo).source.path == "A.cs"
    assert failure(spelled.replace("A.cs", "B.cs")).startswith("B.cs: cannot be read")
