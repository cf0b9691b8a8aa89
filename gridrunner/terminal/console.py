"""Where people read: standard error, and lines on it."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console

Say = Callable[[str], None]


def make_console(color: str) -> Console:
    """Standard error, coloured as --color says: auto, always or never."""
    force = {"always": True, "never": False}.get(color)
    return Console(stderr=True, force_terminal=force, no_color=color == "never" or None)


def make_say(console: Console) -> Say:
    """Lines about what a grid does."""
    return lambda text: console.print(text, markup=False, highlight=False, soft_wrap=True)


def warn(console: Console, text: str) -> None:
    """A warning, as one line of a log."""
    console.print(f"warning: {text}", style="yellow", markup=False, highlight=False, soft_wrap=True)
