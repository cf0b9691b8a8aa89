"""The exit code of a command is that of its verdict, whatever its standard streams are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gridrunner import cli
from gridrunner.commands import sites
from gridrunner.commands.parsing import Command
from gridrunner.terminal.streams import UnbreakableWriter
from tests.support.sample_runs import every_events, every_plan, write_run

FULL = Path("/dev/full")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that is incomplete: exit 3."""
    return write_run(tmp_path / "run", every_plan(), every_events())


@pytest.fixture
def command(run: Path, tmp_path: Path) -> str:
    """A merge that says much on both streams and ends in 3."""
    return f"{sys.executable} -m gridrunner merge {run} --json - --out {tmp_path / 'merged'}"


STREAMS = {
    "as usual": "",
    "output closed": ">&-",
    "errors closed": "2>&-",
    "input closed": "<&-",
    "all closed": "<&- >&- 2>&-",
    "output full": ">/dev/full",
    "errors full": "2>/dev/full",
    "both full": ">/dev/full 2>&1",
    "output unread": "| true",
    "output read in part": "| head -c 5 >/dev/null",
    "errors unread": "2>&1 >/dev/null | true",
    "both unread": "2>&1 | true",
    "both read in part": "2>&1 | head -1 >/dev/null",
}


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")
@pytest.mark.parametrize("streams", STREAMS.values(), ids=STREAMS.keys())
def test_exit_code_and_files_are_those_of_the_verdict(command: str, tmp_path: Path, streams: str) -> None:
    shell = f"{command} {streams}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, timeout=60, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (3, False)
    assert {path.name for path in (tmp_path / "merged").iterdir()} >= {"report.html", "junit.xml", "summary.md"}


def test_output_on_a_full_disk_is_told_on_the_other_stream(command: str) -> None:
    done = subprocess.run(["bash", "-c", f"{command} >/dev/full"], capture_output=True, timeout=60, check=False)
    assert b"standard output could not be written: No space left on device" in done.stderr


def test_a_name_that_is_no_utf8_can_be_said(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/l\xff.yaml"
    done = subprocess.run(
        [sys.executable, "-m", "gridrunner", "sites", "check", name], capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (2, False)
    assert rb"l\udcff.yaml" in done.stderr


def _raise(_arguments: object) -> int:
    raise IndexError("nobody thought of this")


def test_a_defect_is_no_verdict(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sites, "CHECK", Command(configure=sites.CHECK.configure, execute=_raise))
    assert cli.main(["sites", "check", "x"]) == 3
    assert "a defect of gridrunner, and no verdict" in capsys.readouterr().err


def test_what_was_written_before_the_stream_broke_has_arrived() -> None:
    reader, writer = os.pipe()
    raw = UnbreakableWriter(writer)
    assert raw.write(b"first") == 5
    assert os.read(reader, 100) == b"first"
    os.close(reader)
    assert (raw.write(b"second"), raw.write(b"third")) == (6, 5)
    assert isinstance(raw.problem, BrokenPipeError)
    os.close(writer)


def test_a_file_that_cannot_be_written_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "list.txt").write_text("https://a.example/\n", encoding="utf-8")
    assert cli.main(["sites", "import", str(tmp_path / "list.txt"), "--out", str(tmp_path / "none" / "list.yaml")]) == 3
    assert capsys.readouterr().err == f"gridrunner: {tmp_path}/none/list.yaml: No such file or directory\n"
