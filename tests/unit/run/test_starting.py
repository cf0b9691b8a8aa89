"""The starter project: what is written, what is left alone, and that it is well-formed."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest
import yaml

from gridrunner.cli import main
from gridrunner.errors import UsageError
from gridrunner.run.starting import FILES, write_starter
from gridrunner.settings.loading import load_settings


def test_everything_is_written_and_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "new" / "project"
    assert main(["init", str(folder)]) == 0
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {
        *FILES,
        ".gitignore",
    }
    monkeypatch.chdir(folder)
    assert main(["sites", "check", "sites.yaml"]) == 0
    settings = load_settings({}, {}, folder)
    assert settings.checks.paths == ("default", "checks")
    assert all(path.is_file() for path in settings.visits.probe_files)
    tomllib.loads((folder / "gridrunner.toml").read_text())
    ast.parse((folder / "checks" / "test_own.py").read_text())
    workflow = yaml.safe_load((folder / ".github" / "workflows" / "gridrunner.yml").read_text())
    assert list(workflow["jobs"]) == ["gridrunner"]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "sites.yaml").write_text("mine")
    (tmp_path / ".gitignore").write_text("mine")
    with pytest.raises(UsageError, match=r"1 file of a starter project is there already: sites\.yaml"):
        write_starter(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"sites.yaml", ".gitignore"}
    (tmp_path / "sites.yaml").unlink()
    assert ".gitignore" not in write_starter(tmp_path)
    assert (tmp_path / ".gitignore").read_text() == "mine"
