"""`gridrunner completion SHELL`: the completion script of a shell, made from the parsers themselves."""

from __future__ import annotations

import argparse

import shtab

from gridrunner.commands.parsing import Command, Parser
from gridrunner.commands.table import make_parser
from gridrunner.errors import ExitCode

EXAMPLES = """\
examples:
  eval "$(gridrunner completion bash)"                                   in ~/.bashrc
  gridrunner completion zsh > "${fpath[1]}/_gridrunner"
"""

FILES = {"FILE", "FILE.js", "LIST", "PATH", "XML", "RUN|FILE", "URL|RUN"}
FOLDERS = {"DIR", "RUN"}


def print_completion(arguments: argparse.Namespace) -> int:
    """Print the script. The whole tree of commands is loaded for it."""
    parser = make_parser()
    _load_all(parser)
    print(shtab.complete(parser, arguments.shell))
    return ExitCode.OK


def _load_all(parser: Parser) -> None:
    parser.load()
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way, and shtab goes the same
        if isinstance(action.choices, dict):
            for inner in action.choices.values():
                _load_all(inner)
        elif action.metavar in FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        elif action.metavar in FOLDERS:
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=shtab.SUPPORTED_SHELLS, help="which shell")


COMPLETION = Command(configure=_configure, execute=print_completion, epilog=EXAMPLES)
