"""`sites import --out`: an edited list is not overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridrunner.cli import main


def test_an_edited_list_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = tmp_path / "urls.txt", tmp_path / "mine.yaml"
    source.write_text("https://a.example/\n")
    words = ["sites", "import", str(source), "--out", str(target)]
    assert main(words) == 0
    assert main(words) == 0  # the same text again
    edited = target.read_text() + "    expect: {login: true}\n"
    target.write_text(edited)
    assert main(words) == 2
    assert "is there already, and holds something else" in capsys.readouterr().err
    assert target.read_text() == edited
    assert main([*words, "--force"]) == 0
    assert target.read_text() != edited
