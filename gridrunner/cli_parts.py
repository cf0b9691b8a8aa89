"""What every command's parser is made of."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from gridrunner.config import Setting


def parser_of(
    commands: Any,
    name: str,
    description: str,
    function: Callable[[argparse.Namespace], int] | None = None,
    epilog: str | None = None,
) -> argparse.ArgumentParser:
    """A command `name` under `commands` (None: the whole command line) that `function` carries out."""
    options: dict[str, Any] = {
        "description": description[0].upper() + description[1:],
        "epilog": epilog,
        "formatter_class": argparse.RawDescriptionHelpFormatter,
        "allow_abbrev": False,
    }
    parser: argparse.ArgumentParser = (
        argparse.ArgumentParser(prog=name, **options)
        if commands is None
        else commands.add_parser(name, help=description, **options)
    )
    if function is not None:
        parser.set_defaults(command=function)
    return parser


def add_setting(parser: argparse.ArgumentParser, setting: Setting) -> None:
    """The option of a setting; not given, it leaves the value to environment, file and default."""
    names = [setting.short] if setting.short else []
    names.append(f"--{setting.name}")
    if setting.is_flag:
        parser.add_argument(*names, dest=setting.key, action="store_true", default=None, help=setting.help)
        return
    action = "append" if setting.is_list else "store"
    parser.add_argument(
        *names, dest=setting.key, action=action, default=None, metavar=setting.metavar, help=setting.help
    )
