"""The journal of a search: answers are there again, a cut line is dropped, one process writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridrunner.discovery.search import Limits, Search
from gridrunner.discovery.words import By, Candidate, Domain, Looked, LookUp, Place, Seen
from gridrunner.errors import RunFolderError, UsageError
from gridrunner.model import Outcome
from gridrunner.run.discovering import take_up
from gridrunner.run.search_journal import Line, digest_of, open_search_journal

VISIT = Line(
    domain="a.example",
    ask=Candidate(by=By.HOME, url="https://a.example/"),
    answer=Seen(outcome=Outcome.OBSERVED, url="https://a.example/"),
)
LOOK_UP = Line(
    domain="a.example",
    ask=LookUp(url="https://a.example/robots.txt", groups=(("/none", "/login"),)),
    answer=Looked(requests=3, places=(Place(path="/none", status=404),)),
)


def write(path: Path, *lines: Line) -> None:
    with open_search_journal(path, is_fresh=False) as journal:
        for line in lines:
            journal.write(line)


def test_answers_are_there_again(tmp_path: Path) -> None:
    path = tmp_path / "found.journal.jsonl"
    write(path, VISIT)
    write(path, LOOK_UP)
    with open_search_journal(path, is_fresh=False) as journal:
        assert journal.answered == {"a.example": [VISIT, LOOK_UP]}
        assert journal.written == ""
        journal.note_list("the list")
    with open_search_journal(path, is_fresh=False) as journal:
        assert journal.written == digest_of("the list")


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_line_that_was_cut_is_dropped(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "found.journal.jsonl"
    write(path, VISIT, LOOK_UP)
    path.write_bytes(path.read_bytes()[:-cut])
    write(path, LOOK_UP)
    with open_search_journal(path, is_fresh=False) as journal:
        assert journal.answered == {"a.example": [VISIT, LOOK_UP]}


def test_a_fresh_one_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "found.journal.jsonl"
    write(path, VISIT)
    with open_search_journal(path, is_fresh=True) as journal:
        assert journal.answered == {}


def test_two_do_not_write_one(tmp_path: Path) -> None:
    path = tmp_path / "found.journal.jsonl"
    with (
        open_search_journal(path, is_fresh=False),
        pytest.raises(UsageError, match="another gridrunner is searching"),
        open_search_journal(path, is_fresh=False),
    ):
        pass


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"format":2}\n', "has format 2; this gridrunner reads up to 1"),
        ('{"format":1}\nodd\n{}\n', ":2: this is no line of a search"),
        ("odd\n", ":1: this is no line of a search"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "found.journal.jsonl"
    path.write_text(text)
    with pytest.raises(RunFolderError) as caught, open_search_journal(path, is_fresh=False):
        pass
    assert message in str(caught.value)


def test_no_journal_keeps_nothing(tmp_path: Path) -> None:
    with open_search_journal(None, is_fresh=False) as journal:
        journal.write(VISIT)
    assert list(tmp_path.iterdir()) == []


def test_a_search_is_taken_up_where_its_answers_end(tmp_path: Path) -> None:
    path = tmp_path / "found.journal.jsonl"
    write(path, VISIT, LOOK_UP)  # the second is no answer to what is asked next
    search = Search(Domain(name="a.example", starts=("https://a.example/",)), Limits())
    with open_search_journal(path, is_fresh=False) as journal:
        take_up([search], journal)
    assert isinstance(search.ask, LookUp)
    assert search.ask != LOOK_UP.ask
