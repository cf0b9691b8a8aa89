"""A corpus is somebody's: its manifest is read as what it says it is, and none of its names leads out of it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import pytest

from gridrunner.errors import UsageError
from gridrunner.evaluation.corpus import Corpus, CorpusServer
from gridrunner.evaluation.saved import read_facts
from gridrunner.foreign import MOST_PAGE_BYTES


def write_corpus(folder: Path, *entries: dict[str, Any]) -> Path:
    (folder / "pages").mkdir(parents=True)
    (folder / "pages" / "a.html").write_text("<p>page", encoding="utf-8")
    (folder / "manifest.json").write_text(json.dumps(entries), encoding="utf-8")
    return folder


def fetch(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_pages_are_served_and_nothing_else_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    names = ["pages/a.html", "../secret", str(tmp_path / "secret"), "pages/link", "pages/none", "/dev/zero", "pages"]
    folder = write_corpus(
        tmp_path / "corpus", *({"id": f"p{number}", "file": name} for number, name in enumerate(names))
    )
    (folder / "pages" / "link").symlink_to(tmp_path / "secret")
    corpus = Corpus(folder)
    with CorpusServer(corpus) as server:
        answers = [fetch(server.url(page)) for page in corpus.pages]
    assert answers == [(200, b"<p>page")] + [(404, b"")] * 6


def test_a_page_of_a_zip_is_bounded_by_what_it_unpacks_to(tmp_path: Path) -> None:
    path = tmp_path / "corpus.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("manifest.json", json.dumps([{"id": "bomb", "file": "bomb.html"}]))
        packed.writestr("bomb.html", bytes(MOST_PAGE_BYTES + 1))
    corpus = Corpus(path)
    with pytest.raises(OSError, match="unpacks to more than 64 MiB"):
        corpus.read("bomb.html")


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"id": "../x", "file": "pages/a.html"},
        {"id": "a/b", "file": "pages/a.html"},
        {"id": "", "file": "pages/a.html"},
        {"id": 5, "file": "pages/a.html"},
        {"id": "a", "file": ["pages/a.html"]},
        {"id": "a", "file": "pages/a.html", "username": "#css"},
        {"id": "a", "file": "pages/a.html", "login_present": "yes"},
    ],
)
def test_a_manifest_of_another_shape_is_named(tmp_path: Path, entry: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="no labelled corpus: "):
        Corpus(write_corpus(tmp_path / "corpus", entry))


@pytest.mark.parametrize("manifest", [b"", b"null", b"5", b"[" * 1_000_000, b"\xff", b'{"a": 1}', b"[]"])
def test_a_manifest_that_is_none_is_named(tmp_path: Path, manifest: bytes) -> None:
    folder = write_corpus(tmp_path / "corpus")
    (folder / "manifest.json").write_bytes(manifest)
    with pytest.raises(UsageError, match=r"no labelled corpus: |names no page"):
        Corpus(folder)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b'{"id": 5}',
        b'{"id": "a", "labels": [], "facts": {}}',
        b'{"id": "a", "labels": {"username": 5}, "facts": {}}',
        b'{"id": "a", "labels": {}, "facts": {"frames": 5}}',
        b'{"id": "a", "labels": {}, "facts": {"frames": [{"page": 5, "fields": {}}]}}',
        b'{"id": "a", "labels": {}, "facts": ' + b"[" * 1_000_000,
    ],
)
def test_facts_of_another_shape_are_named_with_their_line(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "facts.jsonl"
    path.write_bytes(line + b"\n")
    with pytest.raises(UsageError, match=r"facts\.jsonl:1: "):
        list(read_facts(path))
