"""Archives that are written, killed, read again and made up."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from msgspec.structs import replace

from gridrunner.archive.reading import Archive
from gridrunner.archive.records import make_metadata, make_response
from gridrunner.archive.scrubbing import Kept
from gridrunner.archive.traffic import Answer, Asked, Exchange, Heard, Place, Seen
from gridrunner.archive.writing import ArchiveWriter, RecordLimits, make_url_key
from gridrunner.errors import UsageError
from gridrunner.model import Site, Step, StepKind

SITE = Site(id="shop", url="https://shop.example/login")
LIBRARY = b"var library = 1;" * 200


def hear(url: str, body: bytes, content_type: str = "text/html", **more: object) -> Heard:
    asked = Asked(method="GET", url=url, kind="Document")
    return replace(Heard(asked=asked, status=200, headers=(("Content-Type", content_type),), body=body), **more)


def write(path: Path, *, sites: int = 2, limits: RecordLimits | None = None) -> ArchiveWriter:
    writer = ArchiveWriter(path, limits=limits)
    for number in range(sites):
        site = replace(SITE, id=f"shop-{number}", url=f"https://shop-{number}.example/")
        visit = writer.begin_visit(site, 1)
        visit.keep(hear("https://cdn.example/library.js", LIBRARY, "text/javascript", number=2))
        visit.keep(hear(site.url, b"<p>shop %d</p>" % number, number=1))
        visit.keep(Heard(asked=Asked(method="GET", url=f"{site.url}gone"), number=3, error="net::ERR_CONNECTION_RESET"))
        visit.finish(Seen(outcome="observed"))
    return writer


def answers_of(path: Path, site: str) -> list[Answer | str]:
    with Archive(path) as archive:
        return [archive.read_answer(exchange) for exchange in archive.read_visit(archive.visits[site]).exchanges]


def test_what_was_kept_is_read_again_in_the_order_of_the_requests(tmp_path: Path) -> None:
    write(tmp_path / "a.wacz").finish()
    page, library, gone = answers_of(tmp_path / "a.wacz", "shop-1")
    assert isinstance(page, Answer)
    assert isinstance(library, Answer)
    assert (page.status, page.body) == (200, b"<p>shop 1</p>")
    assert library.body == LIBRARY
    assert gone == "there is no answer in the archive"


def test_the_same_body_is_kept_once_across_sites(tmp_path: Path) -> None:
    write(tmp_path / "one.wacz", sites=1).finish()
    write(tmp_path / "many.wacz", sites=40).finish()
    with Archive(tmp_path / "many.wacz") as archive:
        records = [record for _, record in archive.scan() if record.uri == "https://cdn.example/library.js"]
    assert [record.kind for record in records if record.kind != "request"] == ["response"] + ["revisit"] * 39


def test_it_is_a_wacz_that_says_what_is_in_it(tmp_path: Path) -> None:
    write(tmp_path / "a.wacz").finish()
    with zipfile.ZipFile(tmp_path / "a.wacz") as packed:
        package = json.loads(packed.read("datapackage.json"))
        index = packed.read("indexes/index.cdx").splitlines()
        assert packed.testzip() is None
        assert {entry["path"]: entry["bytes"] for entry in package["resources"]} == {
            name: packed.getinfo(name).file_size
            for name in ("archive/data.warc.gz", "indexes/index.cdx", "pages/pages.jsonl", "gridrunner/visits.jsonl")
        }
    assert index == sorted(index)
    assert len(index) == 4


def test_a_run_that_was_killed_leaves_every_finished_visit(tmp_path: Path) -> None:
    path = tmp_path / "a.wacz"
    writer = write(path, sites=3)
    whole = path.read_bytes()
    with Archive(path) as archive:
        assert list(archive.visits) == ["shop-0", "shop-1", "shop-2"]
        assert not archive.layout.is_finished
    for cut in range(1, 2000, 97):
        (tmp_path / "cut.wacz").write_bytes(whole[:-cut])
        with Archive(tmp_path / "cut.wacz") as archive:
            assert set(archive.visits) <= {"shop-0", "shop-1", "shop-2"}
            assert "shop-0" in archive.visits
            assert archive.torn == "" or "cut at byte" in archive.torn
            for visit in archive.places:
                answers = [archive.read_answer(one) for one in archive.read_visit(visit).exchanges if one.answer]
                assert all(isinstance(answer, Answer) for answer in answers)
    writer.abandon()


def test_a_site_and_an_archive_have_their_bounds(tmp_path: Path) -> None:
    writer = ArchiveWriter(tmp_path / "a.wacz", limits=RecordLimits(site_bytes=100, site_requests=3))
    visit = writer.begin_visit(SITE, 1)
    for number in range(5):
        visit.keep(hear(f"https://shop.example/{number}", b"x" * 60, number=number))
    visit.finish(Seen())
    writer.finish()
    with Archive(tmp_path / "a.wacz") as archive:
        kept = archive.read_visit(archive.visits["shop"])
    assert [exchange.is_whole for exchange in kept.exchanges] == [True, False, False]
    assert kept.lacks == {
        "body beyond the limit of a site or of the archive": 2,
        "request beyond the limit of a site": 2,
    }


def test_what_steps_type_is_not_in_the_archive(tmp_path: Path) -> None:
    steps = (
        Step(kind=StepKind.FILL, target="#user", value="ada-lovelace-1815"),
        Step(kind=StepKind.IDENTIFY, target="ada@postbox.example"),
    )
    writer = ArchiveWriter(tmp_path / "a.wacz")
    visit = writer.begin_visit(replace(SITE, steps=steps), 1)
    visit.keep(hear("https://shop.example/?u=ada-lovelace-1815", b"<p>ada-lovelace-1815, ada@postbox.example"))
    visit.finish(Seen())
    writer.finish()
    with Archive(tmp_path / "a.wacz") as archive:
        everything = b"".join(record.body + record.uri.encode() for _, record in archive.scan())
        kept = archive.read_visit(archive.visits["shop"]).site
    assert b"lovelace" not in everything
    assert b"postbox" not in everything
    assert [step.value or step.target for step in kept.steps] == ["xxx-xxxxxxxx-0000", "xxx@xxxxxxx.xxxxxxx"]


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.wacz").write_bytes(b"mine")
    with pytest.raises(UsageError, match="there is a file already"):
        ArchiveWriter(tmp_path / "a.wacz")
    assert (tmp_path / "a.wacz").read_bytes() == b"mine"


def test_keys_of_the_index() -> None:
    assert make_url_key("https://www.Shop.example/A?b=1") == "example,shop)/a?b=1"
    assert make_url_key("http://shop.example:8080") == "example,shop:8080)/"


# ---------------------------------------------------------------------------------------------------- made up by others


def make_zip(path: Path, entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as packed:
        for name, data in entries.items():
            packed.writestr(name, data)
    return path


@pytest.mark.parametrize("name", ["../out.warc.gz", "/etc/passwd", "archive/../../x.warc.gz", "a\\b"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="leads out of it"):
        Archive(make_zip(tmp_path / "a.wacz", {name: b"x"}))


def test_a_warc_that_is_packed_once_more_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.wacz", {"archive/data.warc.gz": b"0" * 10_000_000}, zipfile.ZIP_DEFLATED)
    with pytest.raises(UsageError, match="packed once more"):
        Archive(path)


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x03\x04", b"PK\x03\x04" + b"\0" * 40, b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.wacz").write_bytes(data)
    with pytest.raises(UsageError, match=r"a\.wacz: it"):
        Archive(tmp_path / "a.wacz")


def test_a_folder_a_pipe_and_nothing_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.wacz", Path("/dev/zero")):
        with pytest.raises(UsageError, match="cannot be read"):
            Archive(path)


def test_a_bomb_is_refused_by_its_place(tmp_path: Path) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    zeros = b"\0" * (1 << 20)
    bomb = b"".join(packer.compress(zeros) for _ in range(70)) + packer.flush()
    path = tmp_path / "a.warc.gz"
    path.write_bytes(bomb)
    with Archive(path) as archive:
        assert archive.visits == {}
        assert "unpacks to more than 64 MiB" in archive.torn
        assert "unpacks to more than" in archive.read(Place("a.warc.gz", 0, len(bomb))).problem


def test_a_body_that_has_not_its_digest_is_not_served(tmp_path: Path) -> None:
    kept = Kept(asked=Asked(method="GET", url="https://a.example/"), status=200, body=b"forged")
    forged = make_response(kept, date="2026-11-30T00:00:00.000Z", page="p", digest="sha256:" + "0" * 64, original=None)
    path = tmp_path / "a.warc.gz"
    path.write_bytes(forged)
    exchange = Exchange("GET", "https://a.example/", answer=Place("a.warc.gz", 0, len(forged)))
    with Archive(path) as archive:
        assert "payload digest failed" in str(archive.read_answer(exchange))


@pytest.mark.parametrize("place", [("b.warc.gz", 0, 10), ("a.warc.gz", -1, 10), ("a.warc.gz", 0, 1 << 40)])
def test_a_place_outside_is_not_read(tmp_path: Path, place: tuple[str, int, int]) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(make_metadata("urn:x", "text/plain", b"x", date="2026-11-30T00:00:00.000Z"))
    with Archive(path) as archive:
        assert "is not in the archive" in archive.read(Place(*place)).problem


def test_a_visit_of_another_shape_is_named(tmp_path: Path) -> None:
    content_type = "application/json; profile=gridrunner-visit"
    path = tmp_path / "a.warc.gz"
    path.write_bytes(make_metadata("urn:x", content_type, b'{"site": 7}', date="2026-11-30T00:00:00.000Z"))
    with pytest.raises(UsageError, match=r"the visit at a\.warc\.gz:0 is damaged"):
        Archive(path)


def test_a_zip_whose_list_lies_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wacz"
    write(path, sites=1).finish()
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x05\x06")
    struct.pack_into("<I", data, at + 12, 200 << 20)
    path.write_bytes(data)
    with pytest.raises(UsageError, match="its list of files has 200 MiB"):
        Archive(path)
