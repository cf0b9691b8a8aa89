"""`gridrunner init`: a starter project in a folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from gridrunner.commands.parsing import Command
from gridrunner.errors import ExitCode
from gridrunner.run.starting import IGNORED, write_starter

WHAT = {
    "sites.yaml": "what you test: two pages of its own, until you put your sites there",
    "detector.js": "your detector, as a probe; an extension instead: --extension DIR",
    "checks/test_own.py": "a check of your own, beside the shipped ones",
    "gridrunner.toml": "settings, so that `gridrunner run` is all there is to type",
    ".github/workflows/gridrunner.yml": "the same on every change",
    IGNORED[0]: "run folders stay out of the repository",
}


def init_command(arguments: argparse.Namespace) -> int:
    """Write the starter project and say what is what. Raises UsageError where one of its files is there already."""
    folder = arguments.folder
    written = write_starter(folder)
    width = max(map(len, WHAT))
    for name, text in WHAT.items():
        if name in written:
            print(f"{name:<{width}}  {text}")
    if IGNORED[0] not in written:
        print(f"{IGNORED[0]} is there already: put /runs/ into it")
    place = "" if folder == Path() else f"cd {folder} && "
    print(f"next: {place}gridrunner run")
    return ExitCode.OK


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="DIR", help="default: this folder")


INIT = Command(configure=_configure, execute=init_command)
