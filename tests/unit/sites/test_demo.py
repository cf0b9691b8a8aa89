"""The demo list is found, and is a list that serves its own pages."""

from __future__ import annotations

import pytest

from gridrunner.errors import UsageError
from gridrunner.sites import demo
from tests.support.site_lists import read


def test_the_demo_list_serves_its_own_pages() -> None:
    lists = read(demo.find_demo_list())
    assert len(lists.sites) > 50
    assert [replay.folder.resolve() for replay in lists.replays] == [demo.find_demo_pages().resolve()]


def test_a_list_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "DEMO_LIST", "gone.yaml")
    with pytest.raises(UsageError, match="not where it was installed"):
        demo.find_demo_list()
