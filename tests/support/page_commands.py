"""The files and commands of a page of documentation, as a user types them into one shell.

A fenced block whose info string has a second word is a file of that name. A `console` block holds commands after `$ `;
the lines below a command are what it says, where `…` stands for anything.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

MARK = "@@@ command {number} is over @@@"
ANYTHING = "…"


class PageFile(Struct, frozen=True):
    """A file that the reader is told to make."""

    name: str
    text: str


class PageCommand(Struct, frozen=True):
    """A command and what the page says that it prints."""

    text: str
    says: tuple[str, ...]


def read_page(page: Path) -> list[PageFile | PageCommand]:
    """Files and commands in the order of the page."""
    blocks = re.findall(
        r"^```(\w+)(?: ([\w./-]+))?\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    parts: list[PageFile | PageCommand] = []
    for language, name, text in blocks:
        if name:
            parts.append(PageFile(name, text))
        elif language == "console":
            parts += [_read_command(said) for said in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]]
    return parts


def _read_command(text: str) -> PageCommand:
    lines = text.splitlines()
    last = next(number for number, line in enumerate(lines) if not line.endswith("\\"))
    return PageCommand("\n".join(lines[: last + 1]), tuple(lines[last + 1 :]))


def run_page(
    parts: list[PageFile | PageCommand],
    folder: Path,
    env: Mapping[str, str],
    *,
    replace: Callable[[str], str],
    timeout_s: float,
) -> list[tuple[PageCommand, str]]:
    """Do all of it in one bash in `folder`; each command with what it printed. `replace` changes what this machine
    needs otherwise, such as a port. What the commands left running is ended.
    """
    script: list[str] = []
    commands: list[PageCommand] = []
    for part in parts:
        if isinstance(part, PageFile):
            parent = shlex.quote(str(Path(part.name).parent))
            script.append(f"mkdir -p {parent}; printf %s {shlex.quote(replace(part.text))} > {shlex.quote(part.name)}")
        else:
            mark = MARK.format(number=len(commands))
            script.append(f"{replace(part.text)}\n__code=$?; printf '\\n%s\\n' '{mark}'; (exit $__code)")
            commands.append(part)
    stdout = _run_shell("\n".join(script), folder, env, timeout_s=timeout_s)
    printed: list[tuple[PageCommand, str]] = []
    for number, command in enumerate(commands):
        said, mark, stdout = stdout.partition(MARK.format(number=number))
        assert mark, f"the shell ended in `{command.text}`, which printed:\n{said}"
        printed.append((command, said))
    return printed


def _run_shell(script: str, folder: Path, env: Mapping[str, str], *, timeout_s: float) -> str:
    shell = subprocess.Popen(
        ["bash", "--noprofile", "--norc", "-s"],
        cwd=folder,
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        stdout, _ = shell.communicate(script, timeout=timeout_s)
    finally:
        with contextlib.suppress(ProcessLookupError):  # nothing is left of the shell's group
            os.killpg(shell.pid, signal.SIGKILL)
        shell.wait()
    return stdout


def says_it(command: PageCommand, printed: str) -> bool:
    """Whether what was printed is what the page shows, wherever its lines are wrapped."""
    shown = " ".join(command.says)
    pattern = r".*?".join(re.escape(" ".join(part.split())) for part in shown.split(ANYTHING))
    return re.search(pattern, " ".join(printed.split()), re.DOTALL) is not None
