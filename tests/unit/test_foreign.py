"""What comes through the door is a regular file of bounded size, and no name leads out of its folder."""

from __future__ import annotations

import gzip
import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridrunner.foreign import find_inside, open_file, read_file, read_gzip, unpack_gzip, write_inside
from tests.support.sample_runs import fuzz

MOST = 1000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder, beside which there is a secret."""
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "file").write_text("data", encoding="utf-8")
    return folder


def test_files_are_read_whole_through_links_that_stay_inside(folder: Path) -> None:
    (folder / "link").symlink_to("inner/file")
    assert read_file(folder / "link", most_bytes=4, within=folder) == b"data"
    assert find_inside(folder, "inner/file") == folder / "inner" / "file"
    assert find_inside(folder, "inner/./new") == folder / "inner" / "new"


@pytest.mark.parametrize(
    "name", ["../secret", "inner/../../secret", "/etc/hostname", "", ".", "a\0b", "inner/out", "out/secret"]
)
def test_no_name_leads_out(folder: Path, name: str) -> None:
    (folder / "inner" / "out").symlink_to("../../secret")
    (folder / "out").symlink_to("..")
    with pytest.raises(OSError, match=r"leads out of|does not name anything"):
        find_inside(folder, name)


@fuzz(300)
@given(name=st.text(alphabet="./a\\\0é ", max_size=12))
def test_whatever_a_name_holds_it_stays_inside_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    try:
        path = find_inside(folder, name)
    except OSError:
        return
    assert os.path.realpath(path).startswith(os.path.realpath(folder) + os.sep)


def test_links_that_lead_out_are_not_read(folder: Path) -> None:
    (folder / "link").symlink_to("../secret")
    with pytest.raises(OSError, match="leads out of"):
        open_file(folder / "link", within=folder)


def test_what_is_no_file_is_named_and_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket"))
        for name, kind in [("pipe", "pipe"), ("inner", "folder"), ("socket", "socket"), ("/dev/zero", "device")]:
            with pytest.raises(OSError, match=f"is a {kind}, not a file"):
                read_file(folder / name, most_bytes=MOST)


def test_size_is_bounded_also_where_the_file_system_tells_none(folder: Path) -> None:
    (folder / "large").write_bytes(b"x" * (MOST + 1))
    with pytest.raises(OSError, match="at most 0 MiB are read"):
        read_file(folder / "large", most_bytes=MOST)
    with pytest.raises(OSError, match="at most 0 MiB are read"):
        read_file("/proc/self/maps", most_bytes=10)


def test_a_gzip_is_bounded_by_what_it_unpacks_to(folder: Path) -> None:
    (folder / "good.gz").write_bytes(gzip.compress(b"data"))
    assert read_gzip(folder / "good.gz", most_bytes=MOST) == b"data"
    with pytest.raises(OSError, match="unpacks to more"):
        unpack_gzip(gzip.compress(bytes(50 << 20)), most_bytes=MOST)
    with pytest.raises(OSError, match="was cut"):
        unpack_gzip(gzip.compress(b"data")[:-4], most_bytes=MOST)
    with pytest.raises(OSError, match="is not gzip"):
        unpack_gzip(b"plain", most_bytes=MOST)


def test_what_is_written_replaces_links_and_follows_none(folder: Path, tmp_path: Path) -> None:
    (folder / "inner" / "file").unlink()
    (folder / "inner" / "file").symlink_to("../../secret")
    write_inside(folder, "inner/file", b"new")
    write_inside(folder, "made/here/file", b"new", mode=0o600)
    assert (folder / "made" / "here" / "file").stat().st_mode & 0o077 == 0
    assert (folder / "inner" / "file").read_bytes() == (folder / "made" / "here" / "file").read_bytes() == b"new"
    (folder / "out").symlink_to("..")
    with pytest.raises(OSError, match="leads out of"):
        write_inside(folder, "out/secret", b"new")
    assert (tmp_path / "secret").read_text(encoding="utf-8") == "secret"
