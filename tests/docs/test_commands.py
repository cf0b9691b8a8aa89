"""Every `gridrunner` command that a page shows is one that the parser takes, and every command has its row."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from gridrunner.commands.table import COMMANDS, make_parser

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
OPTIONS_OF_OTHERS = re.compile(r"\s(?:#|\||>|<|&|;)(?:\s|$).*|;.*|\s2?>.*")


def list_commands(page: Path) -> list[list[str]]:
    """The words of each command in code blocks of the page; `…` and what follows in brackets left out."""
    text = re.sub(r"\\\n\s*", "", page.read_text(encoding="utf-8"))
    commands = []
    for line in re.findall(r"^(?: {4,}|\$ )(?:export \w+=\S+ +)?(gridrunner [a-z].*)$", text, re.MULTILINE):
        words = shlex.split(OPTIONS_OF_OTHERS.sub("", line).replace("…", "RUN"))
        commands.append(words[1:])
    return commands


COMMANDS_SHOWN = [(page, words) for page in PAGES for words in list_commands(page)]


@pytest.mark.parametrize(("page", "words"), COMMANDS_SHOWN, ids=lambda value: str(getattr(value, "name", "")))
def test_the_parser_takes_it(page: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        make_parser().parse_args(words)
    except SystemExit:
        pytest.fail(f"{page.name}: gridrunner {shlex.join(words)}\n{capsys.readouterr().err[-300:]}", pytrace=False)


def test_pages_show_commands() -> None:
    assert len(COMMANDS_SHOWN) > 50


def test_every_command_has_its_row() -> None:
    table = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)
    named = " ".join(rows)
    missing = [name for name in COMMANDS if not all(re.search(rf"\b{word}\b", named) for word in name.split())]
    assert missing == []
