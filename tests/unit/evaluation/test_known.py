"""Saved facts scored again, and the failures that a file declares, through the command as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gridrunner.cli import main
from gridrunner.evaluation.known import compare_misses, read_known
from tests.support.page_facts import login, page, signup, whole


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    """A login that is found, one that is labelled with other fields, and a sign-up."""

    def line(page_id: str, kind: str, content: dict[str, Any], **labels: list[str]) -> str:
        return json.dumps(
            {"id": page_id, "site": page_id, "language": "en", "kind": kind, "login_present": kind == "login",
             "labels": labels, "facts": whole(content)}
        )  # fmt: skip

    lines = [
        line("right", "login", page(login()), username=["#e1"], password_current=["#e2"], submit=["#e4"]),
        line("wrong", "login", page(login()), username=["#e3"], password_current=["#e2"]),
        line("signup", "signup", page(signup()), password_new=["#e3", "#e4"]),
    ]
    path = tmp_path / "facts.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def evaluate(*arguments: object) -> int:
    return main(["evaluate", *map(str, arguments)])


def test_facts_are_scored_again(facts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    predictions = tmp_path / "predictions.jsonl"
    assert evaluate("--from-facts", facts, "--predictions", predictions) == 0
    rows = {line.split("  ")[0]: line.split() for line in capsys.readouterr().out.splitlines()}
    assert "(1/2)" in rows["username top-1"]
    assert "(2/2)" in rows["password_current top-1"]
    assert "(2/2)" in rows["login recall"]
    claims = [json.loads(line)["login_present"] for line in predictions.read_text().splitlines()]
    assert claims == [True, True, False]


def test_declared_failures_are_counted_exactly(facts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = tmp_path / "known.txt"
    assert evaluate("--from-facts", facts, "--write-known", known) == 0
    assert read_known(known) == {("username", "wrong")}
    assert evaluate("--from-facts", facts, "--known", known) == 0
    known.write_text("# nobody has looked at these\nlogin right # mended since\n")
    capsys.readouterr()
    assert evaluate("--from-facts", facts, "--known", known) == 1
    said = capsys.readouterr().err
    assert f"{known}: username is worse than declared on wrong: fix it, or declare it" in said
    assert f"{known}: login is better than declared on right: take it out of the file" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("username\n", "known.txt:1: takes a figure and a page id"),
        ("a b\n\na b\n", "known.txt:3: a b is declared twice"),
    ],
)
def test_broken_list_of_failures_is_named(
    facts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    known = tmp_path / "known.txt"
    known.write_text(text)
    assert evaluate("--from-facts", facts, "--known", known) == 2
    assert said in capsys.readouterr().err


def test_what_cannot_be_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "facts.jsonl"
    broken.write_text('{"id": "a"}\n')
    assert evaluate("--from-facts", broken) == 2
    assert "facts.jsonl:1: not a line that" in capsys.readouterr().err
    assert evaluate("--from-facts", tmp_path / "none.jsonl") == 2
    assert "none.jsonl: no saved facts" in capsys.readouterr().err
    assert evaluate("--from-facts", broken, "--known", tmp_path / "none.txt") == 2
    assert "--write-known makes one" in capsys.readouterr().err


def test_changes_say_how_many_there_are() -> None:
    changes = compare_misses(frozenset(), frozenset(("login", f"p{number:02}") for number in range(25)))
    (line,) = changes.describe(Path("k"))
    assert line.startswith("k: login is worse than declared on p00, p01, ")
    assert line.endswith(", p19 and 5 more: fix it, or declare it")
