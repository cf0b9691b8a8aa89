"""The hard pages in a real browser: exactly the declared ones are misjudged, so that nothing changes unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridrunner.cli import main
from gridrunner.evaluation.known import read_known
from tests.support.hard_kinds import hard_kinds
from tests.support.hard_pages import all_pages, write_corpus

pytestmark = pytest.mark.browser

KNOWN = Path(__file__).with_name("known_failures.txt")


def test_hard_pages_fail_exactly_as_declared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    code = main(["evaluate", "--corpus", str(corpus), "--known", str(KNOWN), "--jobs", "1"])
    assert code == 0, capsys.readouterr().err


def test_declared_failures_are_of_pages_that_exist() -> None:
    known = {page for _, page in read_known(KNOWN)}
    assert known <= set(all_pages())
    assert 10 * len(known) < len(all_pages())  # most of what is known to be hard is got right


def test_there_are_enough_kinds_languages_and_builds() -> None:
    pages = list(hard_kinds())
    assert len(pages) >= 190
    assert len({language for _, language, _ in pages}) >= 25
    assert len({page.html for _, _, page in pages}) == len(pages)
