"""Files as a stranger's checkout may have them, read and written: pipes, devices, links, and what has no end."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from ctxreview import files

MOST = 1000
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
    """What a link leads to is read where it lies in the folder; the folder's own name may be a link."""
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
    assert refused(home / "out", home) == f"it leads out of {home}"
    assert refused(home / "folder" / "secret", tmp_path / "alias") == f"it leads out of {home}"
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
