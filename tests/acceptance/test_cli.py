"""What the command line promises whatever a command does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gridrunner.cli import main
from gridrunner.commands.table import COMMANDS
from gridrunner.settings.table import PARTS

ROOT = Path(__file__).parents[2]

INTERRUPTED_IN_EXEC = """
import sys
from gridrunner import cli
from gridrunner.commands import sites
from gridrunner.commands.parsing import Command

def check(arguments):
    exec("import os, signal\\nos.kill(os.getpid(), signal.SIGINT)\\nfor _ in range(1000): pass")

sites.CHECK = Command(configure=sites.CHECK.configure, execute=check)
sys.exit(cli.main(["sites", "check", "a.yaml"]))
"""


def test_ctrl_c_in_exec_d_code_ends_with_130_and_not_by_the_signal(tmp_path: Path) -> None:
    (tmp_path / "interrupted.py").write_text(INTERRUPTED_IN_EXEC)
    ended = subprocess.run(
        [sys.executable, "-m", "interrupted"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (130, "gridrunner: interrupted\n")


def test_every_command_of_the_table_is_loaded_and_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for words in COMMANDS:
        with pytest.raises(SystemExit) as ended:
            main([*words.split(), "--help"])
        assert ended.value.code == 0
        assert f"usage: gridrunner {words}" in capsys.readouterr().out


def test_help_groups_the_options_of_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    text = capsys.readouterr().out
    assert all(f"\n{part.title}:\n" in text for part in PARTS)


def test_a_command_loads_only_what_it_needs() -> None:
    code = (
        "import sys\nfrom gridrunner.commands.table import make_parser\n"
        "make_parser().parse_args(['sites', 'check', 'a'])\n"
        "print([name for name in ('boto3', 'docker', 'selenium', 'pytest') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_knows_commands_and_options(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "--visit-timeout" in script
    assert "serve" in script
