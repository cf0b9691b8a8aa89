"""A hostile page, captured by one command and replayed by another, runs nothing on the way (attack F2, end to end)."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from tests.support.command_line import CommandLine
from tests.support.hostile_dom import DOM_VECTORS, vector_page
from tests.support.own_sites import LOGIN
from tests.support.page_server import PageServer
from tests.support.run_folders import read_cases

pytestmark = pytest.mark.browser

WAYS = list(DOM_VECTORS)[:6]
"""Those by which copies ran code in 2026-11."""


def test_a_hostile_page_is_captured_and_replayed_and_runs_nothing(project: CommandLine) -> None:
    heard: list[str] = []

    def hear(handler: Any) -> None:
        heard.append(handler.path.partition("?")[2])
        with contextlib.suppress(OSError):  # the page that asked may be closed by now
            handler.reply(200, "", Content_type="text/plain")

    pages: dict[str, Any] = {"/ran": hear}
    with PageServer(pages) as server:
        plain = f"<script>fetch('{server.url('/ran')}?plain')</script>"
        pages["/hostile"] = LOGIN + vector_page(WAYS, server.url("/ran")) + plain
        captured = project.run("sites", "capture", server.url("/hostile"), "--out", "copies")
        assert captured.code == 0, captured.words
        assert "plain" in heard  # the page itself runs its scripts, so that what they build is there to be copied
        heard.clear()
        # Its address is opened, so that it is the copy alone which says nothing
        opened = ("--allow-private", f"127.0.0.1:{server.port}")
        ended = project.run("run", "--sites", "copies.yaml", "--slots", "1", "--screenshots", "all", *opened)
        assert ended.code == 0, ended.words
        assert heard == []
    assert set(read_cases(project.run_folder / "junit.xml").values()) <= {"passed", "skipped"}
    assert project.left_behind() == []
