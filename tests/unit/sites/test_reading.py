"""Sources as a whole: files that are not there, not text, too large, or not UTF-8; and what format a text has."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import pytest

from gridrunner.errors import SiteListError
from gridrunner.sites import reading
from gridrunner.sites.lists import read_site_lists
from gridrunner.sites.reading import ListKind, place_of, sniff_kind
from tests.support.site_lists import mistakes_of, read

NOT_A_LIST = "not a site list; give a YAML, CSV or text file"

BINARY = {
    "PNG": (b"\x89PNG\r\n\x1a\n\0\0", f"this is a PNG image, {NOT_A_LIST}"),
    "JPEG": (b"\xff\xd8\xff\xe0", f"this is a JPEG image, {NOT_A_LIST}"),
    "zip": (b"PK\x03\x04abc", f"this is a zip archive (an .xlsx or .ods spreadsheet is one, too), {NOT_A_LIST}"),
    "gzip": (b"\x1f\x8b\x08", f"this is gzip data, {NOT_A_LIST}"),
    "PDF": (b"%PDF-1.7", f"this is a PDF document, {NOT_A_LIST}"),
    "UTF-16 LE": ("\ufeffhttps://a".encode("utf-16-le"), "the file is UTF-16; save it as UTF-8"),
    "UTF-16 BE": ("\ufeffhttps://a".encode("utf-16-be"), "the file is UTF-16; save it as UTF-8"),
    "UTF-32": ("\ufeffhttps://a".encode("utf-32-le"), "the file is UTF-32; save it as UTF-8"),
    "bare UTF-16 LE": (
        "https://a.example/".encode("utf-16-le"),
        "the file is UTF-16 without a byte order mark; save it as UTF-8",
    ),
    "bare UTF-16 BE": (
        "https://a.example/".encode("utf-16-be"),
        "the file is UTF-16 without a byte order mark; save it as UTF-8",
    ),
    "zeros": (b"\0" * 100, f"this is binary data, {NOT_A_LIST}"),
    "late NUL": (b"#" * 300 + b"\nab\0", "2:3: a NUL byte: this is binary data; a site list is plain text"),
    "bell": (b"https://a.example/\r\nx\x07", "2:2: unprintable character U+0007; a site list is plain text"),
    "Latin-1": (b"\xef\xbb\xbf# a\n# caf\xc3\xa9 caf\xe9\n", "2:11: byte 0xe9 is not UTF-8; save the file as UTF-8"),
}


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("suffix", [".txt", ".yaml", ".csv"])
def test_not_text(tmp_path: Path, name: str, suffix: str) -> None:
    path = tmp_path / f"list{suffix}"
    data, mistake = BINARY[name]
    path.write_bytes(data)
    separator = ":" if mistake[0].isdigit() else ": "
    assert mistakes_of(path) == [f"{path}{separator}{mistake}"]


@pytest.mark.parametrize(
    ("suffix", "right"),
    [
        ("yaml", "write 'version: 1' and at least one entry under 'sites'"),
        ("csv", "write a header line with a url column, and one site per line"),
        ("txt", "write one URL per line"),
    ],
)
@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b" \r\n\t"])
def test_empty_file(tmp_path: Path, suffix: str, right: str, data: bytes) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(data)
    assert mistakes_of(path) == [f"{path}: the list is empty; {right}"]


def test_comments_alone_are_an_empty_list(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"# nothing\n")
    assert mistakes_of(path) == [f"{path}: the list is empty; write 'version: 1' and at least one entry under 'sites'"]


def test_missing_file_and_its_neighbour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "demo.yaml").touch()
    (tmp_path / "demo.json").touch()
    monkeypatch.chdir(tmp_path)
    assert mistakes_of("dmo.yaml", "other.txt", "no/demo.yaml", "demo.yaml/x.csv") == [
        "dmo.yaml: no such file; did you mean 'demo.yaml'?",
        "other.txt: no such file; check the path",
        "no/demo.yaml: no such file; check the path",
        "demo.yaml/x.csv: cannot be read: Not a directory; check the path and its permissions",
    ]


def test_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lists.yaml").mkdir()
    assert mistakes_of("lists.yaml") == ["lists.yaml: this is a folder; name a .yaml, .csv or .txt file"]
    (tmp_path / "lists.yaml" / "b.csv").touch()
    assert mistakes_of("lists.yaml") == ["lists.yaml: this is a folder; name a list in it, such as 'lists.yaml/b.csv'"]


def test_unknown_suffix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.json", "b"):
        (tmp_path / name).write_text("https://a.example/", encoding="utf-8")
    right = "name it .yaml, .yml, .csv or .txt, or pipe it to --sites -"
    assert mistakes_of("a.json", "b") == [
        f"a.json: unknown kind of site list '.json'; {right}",
        f"b: a site list needs a suffix; {right}",
    ]


@pytest.mark.parametrize("name", ["\0.yaml", "x" * 300 + ".yaml", ""])
def test_impossible_name(name: str) -> None:
    assert len(mistakes_of(name)) == 1


def test_file_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.yaml"
    path.touch()

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert mistakes_of(path) == [f"{path}: cannot be read: Permission denied; check the path and its permissions"]


class EndlessLine(io.RawIOBase):
    """A stream whose one line never ends; `given` counts its bytes."""

    given = 0

    def read(self, size: int = -1) -> bytes:
        assert size > 0
        self.given += size
        return b"a" * size


def test_endless_line_is_given_up_early() -> None:
    stream = EndlessLine()
    with pytest.raises(SiteListError) as caught:
        read_site_lists(["-"], stream)  # type: ignore[arg-type]
    assert caught.value.mistakes == ("<stdin>:1: the line is longer than 1 MiB; write one site per line or entry",)
    assert stream.given <= 2 << 20


@pytest.mark.parametrize("suffix", ["yaml", "csv", "txt"])
def test_line_of_50_mb_is_one_mistake_in_little_memory(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    with path.open("wb") as file:
        file.write(b"https://a.example/\n")
        file.write(b"https://a.example/" + b"x" * 50_000_000)
    tracemalloc.start()
    try:
        mistakes = mistakes_of(path)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert mistakes == [f"{path}:2: the line is longer than 1 MiB; write one site per line or entry"]
    assert peak_bytes < 8 << 20


@pytest.mark.parametrize("length", [(1 << 20) - 1, 1 << 20])
def test_line_at_the_limit_is_read(length: int) -> None:
    lists = read("-", stdin=b"https://a.example/\n#" + b"x" * (length - 1) + b"\nhttps://b.example/")
    assert [(site.id, site.source.line) for site in lists.sites if site.source] == [("a.example", 1), ("b.example", 3)]


def test_size_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 3 << 20)
    line = b"#" * 1000 + b"\n"
    assert mistakes_of("-", stdin=line * 4000) == [
        "<stdin>: the list is larger than 3 MiB; split it into several files"
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", ListKind.TEXT),
        ("https://a.example/", ListKind.TEXT),
        ("a.example:80", ListKind.TEXT),
        ("# url,id\nhttps://a.example/", ListKind.TEXT),
        ("url", ListKind.CSV),
        ('\n"ID";"URL"\n', ListKind.CSV),
        ("id\turl", ListKind.CSV),
        ("version: 1", ListKind.YAML),
        ("# x\n---\n", ListKind.YAML),
        ("sites:\n", ListKind.YAML),
        ("- url: x", ListKind.YAML),
        ("{sites: []}", ListKind.YAML),
        ('"version": 1', ListKind.YAML),
    ],
)
def test_sniff_kind(text: str, kind: ListKind) -> None:
    assert sniff_kind(text) is kind


@pytest.mark.parametrize(
    ("position", "place"), [(0, (1, 1)), (1, (1, 2)), (3, (2, 1)), (5, (3, 1)), (7, (4, 1)), (8, (4, 2))]
)
def test_place_of(position: int, place: tuple[int, int]) -> None:
    assert place_of("a\r\nb\nc\rde", position) == place
