"""Folders of captured pages: what is added, and that nothing is lost."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from gridrunner.errors import UsageError
from gridrunner.model import Expectation, ExpectedLogin, Site
from gridrunner.sites.captured import Captured, keep_captured, label_of, list_of
from gridrunner.sites.lists import read_site_lists
from gridrunner.sites.replay import ReplayServer

LOGIN = Site(
    id="my.shop_1",
    url="https://shop.example/login",
    locale="de",
    tags=("shop",),
    expect=Expectation(login=ExpectedLogin.YES, username='[name="e"]'),
)


def capture(text: str, site: Site = LOGIN) -> Captured:
    return Captured(site=site, files={"index.html": text.encode(), "facts.json.gz": b"x"}, remarks=("from \n there",))


def test_captured_page_is_a_site_that_can_be_served(tmp_path: Path) -> None:
    kept = keep_captured(capture("<p>one</p>"), tmp_path / "pages")
    assert (kept.id, kept.is_new, kept.list_file) == ("my-shop-1", True, tmp_path / "pages.yaml")
    lists = read_site_lists([str(kept.list_file)], BytesIO())
    (site,) = lists.sites
    assert (site.url, site.locale, site.tags) == ("http://my-shop-1.demo.localhost/", "de", ("captured", "shop"))
    assert site.expect == LOGIN.expect
    assert [each.folder.name for each in lists.replays] == ["pages"]
    with ReplayServer(lists.replays[0].folder) as server:
        assert server.site_names() == ["my-shop-1"]


def test_captures_are_added_and_nothing_is_lost(tmp_path: Path) -> None:
    first = keep_captured(capture("<p>one</p>"), tmp_path / "pages")
    first.list_file.write_text(first.list_file.read_text() + "  # mine\n")
    second = keep_captured(capture("<p>two</p>"), tmp_path / "pages")
    again = keep_captured(capture("<p>two</p>"), tmp_path / "pages")
    assert [first.id, second.id, again.id] == ["my-shop-1", "my-shop-1-2", "my-shop-1-2"]
    assert not again.is_new
    assert "# mine" in first.list_file.read_text()
    assert (first.folder / "index.html").read_text() == "<p>one</p>"
    assert len(read_site_lists([str(first.list_file)], BytesIO()).sites) == 2


def test_list_that_takes_no_entry_is_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    text = "sites:\n  - {id: a, url: https://a.example/}\nversion: 1\n"
    list_of(folder).write_text(text)
    with pytest.raises(UsageError, match="takes no entry at its end"):
        keep_captured(capture("<p>one</p>"), folder)
    assert list_of(folder).read_text() == text
    assert list(folder.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pages", "pages.yaml"]


def test_folder_without_entry_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "pages" / "my-shop-1").mkdir(parents=True)
    (tmp_path / "pages" / "my-shop-1" / "index.html").write_text("somebody's")
    assert keep_captured(capture("<p>one</p>"), tmp_path / "pages").id == "my-shop-1-2"


@pytest.mark.parametrize(
    ("site_id", "label"), [("a", "a"), ("a.b_c", "a-b-c"), ("x" * 90, "x" * 60), ("...", "page"), ("a..-b", "a-b")]
)
def test_label_of_a_host_name(site_id: str, label: str) -> None:
    assert label_of(site_id) == label
