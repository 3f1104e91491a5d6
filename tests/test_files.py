"""Files as a stranger's checkout may have them, read and written: pipes, devices, links, and what has no end."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ctxreview import file_access as files

MOST = 1000
SCRIPT = Path(sys.executable).parent / "ctxreview"
pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with a name are a thing of POSIX")


def refused(path: Path, within: Path | None = None) -> str:
    """Why a file is not read; that takes no time."""
    began = time.monotonic()
    with pytest.raises(OSError) as caught:
        files.contents(path, MOST, within)
    assert time.monotonic() - began < 2
    return caught.value.strerror or ""


def test_a_regular_file_is_read_to_the_last_byte_of_the_limit(tmp_path: Path) -> None:
    """As many bytes as the limit has are read, one more is refused, and an empty file is empty."""
    file = tmp_path / "a"
    for size in (0, 1, MOST):
        file.write_bytes(b"x" * size)
        assert files.contents(file, MOST) == b"x" * size
    file.write_bytes(b"x" * (MOST + 1))
    assert refused(file) == "it has more than 1,000 bytes"


def test_pipes_devices_sockets_and_folders_are_not_read(tmp_path: Path) -> None:
    """None of them is waited for; also where a link leads to one."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "linked").symlink_to("pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        for name in ("pipe", "zero", "linked", "socket"):
            assert refused(tmp_path / name) == "it is a pipe or a device", name
    assert refused(tmp_path) == "it is a folder"


def test_a_link_is_followed_within_the_folder_and_not_out_of_it(tmp_path: Path) -> None:
    """What a link leads to is read where it is in the folder; the folder's own name may be a link."""
    home, other = tmp_path / "home", tmp_path / "home-other"
    home.mkdir()
    other.mkdir()
    (tmp_path / "alias").symlink_to("home")
    (other / "secret").write_bytes(b"secret")
    (home / "a").write_bytes(b"a")
    (home / "in").symlink_to("a")
    (home / "out").symlink_to("../home-other/secret")
    (home / "folder").symlink_to("../home-other")
    (home / "nowhere").symlink_to("gone")
    (home / "round").symlink_to("round")
    assert files.contents(home / "in", MOST, home) == b"a"
    assert files.contents(tmp_path / "alias" / "in", MOST, home) == b"a"
    assert refused(home / "out", home) == f"it points outside {home}"
    assert refused(home / "folder" / "secret", tmp_path / "alias") == f"it points outside {home}"
    assert files.contents(home / "out", MOST) == b"secret"
    with pytest.raises(FileNotFoundError):
        files.contents(home / "nowhere", MOST, home)
    assert refused(home / "round", home)


def test_what_a_name_stands_for_may_change_while_it_is_opened(tmp_path: Path) -> None:
    """A file that is swapped for a pipe, a device or a link, and back, is read as the file or not at all."""
    name, stop = tmp_path / "a", threading.Event()
    name.write_bytes(b"file")
    os.mkfifo(tmp_path / "pipe")

    def swap() -> None:
        while not stop.is_set():
            for target in (None, "/dev/zero", None, str(tmp_path / "pipe")):
                fresh = tmp_path / "fresh"
                if target is None:
                    fresh.write_bytes(b"file")
                elif target == "/dev/zero":
                    fresh.symlink_to(target)
                else:
                    os.link(target, fresh)
                fresh.replace(name)
                fresh.unlink(missing_ok=True)  # two names of one file are left as they are

    swapping = threading.Thread(target=swap)
    swapping.start()
    read = refused_times = 0
    try:
        end = time.monotonic() + 1
        while time.monotonic() < end:
            try:
                file = files.opened(name)
            except OSError:
                refused_times += 1
                continue
            try:
                assert files.taken(file, MOST) == b"file"
            finally:
                os.close(file)
            read += 1
    finally:
        stop.set()
        swapping.join()
    assert read and refused_times


# --- what a person names -----------------------------------------------------------------------------------


def test_a_pipe_that_a_person_names_is_read(tmp_path: Path) -> None:
    """What another program writes into a pipe is waited for; where none has it open, that is an error and not a wait."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="it is a pipe without a writer"):
        files.given(pipe, MOST)

    def slowly() -> None:
        with pipe.open("wb", buffering=0) as out:
            for n in range(3):
                time.sleep(0.1)
                out.write(b"%d" % n)

    writing = threading.Thread(target=slowly)
    writing.start()
    time.sleep(0.3)  # it has the pipe open
    assert files.given(pipe, MOST) == b"012"
    writing.join()
    reading, own = os.pipe()
    os.write(own, b"own")
    os.close(own)
    assert files.given(f"/dev/fd/{reading}", MOST) == b"own"
    os.close(reading)
    with pytest.raises(OSError, match="it has more than 1,000 bytes"):
        files.given("/dev/zero", MOST)


# --- writing -----------------------------------------------------------------------------------------------


def test_a_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    """What was there stays for who reads it; mode stays, a new file has that of new files, and nothing is left over."""
    file = tmp_path / "out"
    before = os.umask(0o027)
    try:
        files.write(file, b"new")
        assert (file.read_bytes(), file.stat().st_mode & 0o7777) == (b"new", 0o640)
        for mode in (0o600, 0o664, 0o755):
            file.chmod(mode)
            with file.open("rb") as reader:
                files.write(file, b"again")
                assert reader.read() in (b"new", b"again")
            assert (file.read_bytes(), file.stat().st_mode & 0o7777) == (b"again", mode)
    finally:
        os.umask(before)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_links_with_names_that_were_foreseen_lead_nowhere(tmp_path: Path) -> None:
    """A file, pipe or link that is there under the name that a part might have is left as it is."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    for name in ("out.part", ".out.part", "out.tmp", ".ctxreview-.part", "out~"):
        (tmp_path / name).symlink_to("victim")
    (tmp_path / "kept.part").write_bytes(b"mine")
    os.mkfifo(tmp_path / "other.part")
    for name in ("out", "kept", "other"):
        files.write(tmp_path / name, b"new")
        assert (tmp_path / name).read_bytes() == b"new"
    assert victim.read_bytes() == (tmp_path / "kept.part").read_bytes() == b"mine"


def test_of_a_link_the_file_is_replaced(tmp_path: Path) -> None:
    """A link stays a link, over several links and folders; one that leads nowhere is an error, and nothing is made."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "real").write_bytes(b"old")
    (tmp_path / "one").symlink_to("folder/two")
    (tmp_path / "folder" / "two").symlink_to("real")
    files.write(tmp_path / "one", b"new")
    assert (tmp_path / "folder" / "real").read_bytes() == b"new"
    assert (tmp_path / "one").is_symlink() and (tmp_path / "folder" / "two").is_symlink()
    (tmp_path / "nowhere").symlink_to("gone")
    (tmp_path / "round").symlink_to("round")
    with pytest.raises(OSError, match="it is a link to gone, which does not exist"):
        files.write(tmp_path / "nowhere", b"new")
    with pytest.raises(OSError):
        files.write(tmp_path / "round", b"new")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["folder", "nowhere", "one", "real", "round", "two"]


def test_devices_and_pipes_are_written_and_stay_what_they_are(tmp_path: Path) -> None:
    """Neither is replaced by a file, nor a link to one; a pipe without a reader and a full device are errors."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "null").symlink_to(os.devnull)
    began = time.monotonic()
    for path in (pipe, Path("/dev/full")):
        with pytest.raises(OSError):
            files.write(path, b"new")
    files.write(os.devnull, b"new")
    files.write(tmp_path / "null", b"new")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        with pytest.raises(OSError):
            files.write(tmp_path / "socket", b"new")
    assert time.monotonic() - began < 5
    read: list[bytes] = []
    reading = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reading.start()
    new = b"x" * 300_000  # more than a pipe holds
    while True:
        try:
            files.write(pipe, new)
            break
        except OSError as error:  # the reader is not there yet
            assert "without a reader" in str(error.strerror)
            time.sleep(0.01)
    reading.join()
    assert read == [new]
    assert pipe.is_fifo() and Path("/dev/full").is_char_device() and Path(os.devnull).is_char_device()
    assert (tmp_path / "null").is_symlink()


def test_a_reader_that_goes_has_a_part(tmp_path: Path) -> None:
    """What is cut short says so."""
    reading, writing = os.pipe()

    def short() -> None:
        os.read(reading, 10)
        os.close(reading)

    reader = threading.Thread(target=short)
    reader.start()
    with pytest.raises(files.CutShortError):
        files.write(f"/dev/fd/{writing}", b"x" * 1_000_000)
    reader.join()
    os.close(writing)


def test_descriptors_go_on_where_the_shell_is(tmp_path: Path) -> None:
    """``/dev/fd/N`` and links to it are written as they are open: appended, and not from the first byte on."""
    (tmp_path / "log").write_bytes(b"first\n")
    (tmp_path / "stream").symlink_to("/proc/self/fd")
    with (tmp_path / "log").open("ab") as log:
        files.write(f"/dev/fd/{log.fileno()}", b"second\n")
        files.write(tmp_path / "stream" / str(log.fileno()), b"third\n")
    assert (tmp_path / "log").read_bytes() == b"first\nsecond\nthird\n"
    with pytest.raises(OSError):
        files.write("/dev/fd/987654", b"x")


def test_a_file_that_changes_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    """Where it is no longer as it was seen, it stays as it is, and nothing is left over."""
    file = tmp_path / "out"
    file.write_bytes(b"old")
    seen = file.stat()
    file.write_bytes(b"older")
    with pytest.raises(OSError, match="it changed while it was being written"):
        files.write(file, b"new", seen)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"older"]


# --- the commands ------------------------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with a file that has a finding."""
    root = tmp_path / "checkout"
    (root / ".git").mkdir(parents=True)
    (root / "A.cs").write_text("class A {\n  void M() {\n    lock (this) { Work(); }\n  }\n}\n")
    return root


def run(root: Path, script: str) -> subprocess.CompletedProcess[str]:
    """A line of the shell in the checkout, where ``$C`` is the command; it ends in time."""
    place = {**os.environ, "C": str(SCRIPT), "COLUMNS": "200"}
    return subprocess.run(
        ["bash", "-c", script], cwd=root, env=place, capture_output=True, text=True, timeout=120, check=False
    )


def refusal(done: subprocess.CompletedProcess[str], says: str) -> None:
    """Status 2 and one sentence."""
    assert done.returncode == 2, done
    assert done.stderr.count("\n") == 1 and re.search(says, done.stderr), done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("$C context --selections /dev/zero", "/dev/zero: cannot be read .*more than 67,108,864 bytes"),
        ("$C guard A.cs:3 --suggestion /dev/zero", "/dev/zero: cannot be read .*more than 67,108,864 bytes"),
        ("$C guard A.cs:3 --suggestion - < /dev/zero", "-: has more than 67,108,864 bytes"),
        ("$C guard A.cs:3 --suggestion - <&-", "-: standard input is closed"),
        ("$C context --selections - <&-", "-: standard input is closed"),
        ("mkfifo p; $C context --selections p", "p: cannot be read .*a pipe without a writer"),
        ("$C context --selections .", r"\.: cannot be read .*it is a folder"),
        ("mkfifo p.cs; $C context p.cs:1", "p.cs: is a pipe or a device"),
        ("ln -s /dev/zero z.cs; $C context z.cs:1", "z.cs: is a pipe or a device"),
        ("mkfifo b; $C lint --baseline b", "b: cannot be read .*a pipe without a writer"),
        ("$C lint --baseline /dev/zero", "/dev/zero: cannot be read .*more than"),
        ("mkfifo p; $C context A.cs:3 -o p", "p: cannot be written .*a pipe without a reader"),
        ("$C context A.cs:3 -o /dev/full", "/dev/full: cannot be written .*No space left"),
        ("ln -s gone l; $C context A.cs:3 -o l", "l: cannot be written .*a link to gone, which does not exist"),
    ],
)
def test_a_sentence_and_no_wait(checkout: Path, script: str, says: str) -> None:
    """Endless, absent and unread streams are one sentence with status 2, in bounded memory."""
    refusal(run(checkout, f"ulimit -v 1500000; {script}"), says)


def test_results_go_where_they_are_sent(checkout: Path) -> None:
    """Process substitution, devices and links get the result; a foreseen name does not get it."""
    expected = run(checkout, "$C context A.cs:3").stdout
    assert expected
    assert run(checkout, "$C context A.cs:3 -o >(cat); sleep 0.5").stdout == expected
    assert run(checkout, "$C context A.cs:3 -o /dev/stdout").stdout == expected
    assert (
        run(checkout, "echo first > log; $C context A.cs:3 -o /dev/stdout >> log; cat log").stdout
        == f"first\n{expected}"
    )
    assert run(checkout, "$C context A.cs:3 -o /dev/null; test -c /dev/null && echo device").stdout == "device\n"
    script = "echo mine > victim; ln -s victim out.part; ln -s real link; : > real; $C context A.cs:3 -o out; $C context A.cs:3 -o link"
    assert run(checkout, script).returncode == 0
    assert (checkout / "victim").read_text() == "mine\n"
    assert (checkout / "out").read_text() == (checkout / "real").read_text() == expected
    assert (checkout / "link").is_symlink()
    assert run(checkout, "$C context --selections <(echo A.cs:3)").stdout.startswith('{"schema"')
    script = "echo mine > victim; ln -sf victim b.part; $C lint --baseline b --write-baseline; $C lint --baseline b --write-baseline"
    assert run(checkout, script).returncode == 0
    assert (checkout / "victim").read_text() == "mine\n"
    assert '"rule": "lock-target"' in (checkout / "b").read_text()


# --- modules that are in the checkout ----------------------------------------------------------------------


def first_modules(folder: Path) -> set[str]:
    """What Python has imported before the first line of a module that it is told to run."""
    folder.mkdir()
    (folder / "probe.py").write_text("import sys\nprint(*sys.modules)")
    done = subprocess.run([sys.executable, "-m", "probe"], cwd=folder, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_modules_of_the_checkout_are_not_imported(checkout: Path, tmp_path: Path) -> None:
    """Modules with the names of the standard library's and of libraries are left alone, however the command is started."""
    early = first_modules(tmp_path / "clean")
    libraries = ("typer", "click", "rich", "tree_sitter", "tree_sitter_c_sharp", "platformdirs", "pathspec", "tiktoken", "jinja2",
                 "msgspec", "pyperclip", "ahocorasick_rs", "openai", "anthropic", "httpx2", "shellingham", "regex")  # fmt: skip
    trap = f"open({str(tmp_path / 'sprung')!r}, 'a').write(__name__ + ' ')\nraise ImportError(__name__)\n"
    for name in {*sys.stdlib_module_names, *libraries, "sitecustomize"} - {"__future__"}:
        (checkout / f"{name}.py").write_text(trap)
    (checkout / "New.cs").write_text("class N { void M() { lock (this) { } } }\n")

    def tried(command: str) -> str:
        done = run(
            checkout,
            f"{command} lint A.cs; {command} doctor --provider none >&2",
        )
        sprung = (tmp_path / "sprung").read_text() if (tmp_path / "sprung").exists() else ""
        (tmp_path / "sprung").unlink(missing_ok=True)
        assert sprung or "lock-target" in done.stdout, done
        return sprung

    python = f"'{sys.executable}'"
    assert tried("$C") == tried(f"{python} -P -m ctxreview") == tried(f"PYTHONSAFEPATH=1 {python} -m ctxreview") == ""
    assert set(tried(f"{python} -m ctxreview").split()) <= early  # Python's own start cannot be changed from here
    # An empty entry of PYTHONPATH is looked in from the start on, also by the few lines that pip writes as the console script.
    for name in early | {"sitecustomize", "usercustomize", "re", "enum", "copyreg"}:
        (checkout / f"{name}.py").unlink(missing_ok=True)
    assert (
        tried(f"{python} -m ctxreview")
        == tried("PYTHONPATH=: $C")
        == tried(f"PYTHONPATH=: {python} -m ctxreview")
        == ""
    )
