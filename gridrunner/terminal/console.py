"""Where people read: standard error, and lines on it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import TextIO

from rich.console import Console

Say = Callable[[str], None]

UNWRAPPED = 10_000
"""Columns of a file or a pipe: no line of ours is as long."""


def make_console(color: str) -> Console:
    """Standard error, coloured as --color says: auto, always or never."""
    force = {"always": True, "never": False}.get(color)
    return Console(
        stderr=True, force_terminal=force, no_color=color == "never" or None, width=width_for(sys.stderr, os.environ)
    )


def make_printer(*, stderr: bool = False) -> Console:
    """Standard output (or error), for tables and lines of a command."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=width_for(stream, os.environ))


def width_for(stream: TextIO | None, env: Mapping[str, str]) -> int | None:
    """The width to lay lines out for: a terminal's own, or what COLUMNS says (None); a log's lines are as long as they
    are, so that grep finds whole words.
    """
    if env.get("COLUMNS") or (stream is not None and stream.isatty()):
        return None
    return UNWRAPPED


def make_say(console: Console) -> Say:
    """Lines about what a grid does."""
    return lambda text: console.print(text, markup=False, highlight=False, soft_wrap=True)


def warn(console: Console, text: str) -> None:
    """A warning, as one line of a log."""
    console.print(f"warning: {text}", style="yellow", markup=False, highlight=False, soft_wrap=True)
