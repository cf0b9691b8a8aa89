"""What every command's parser is made of."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable
from typing import Any

from gridrunner.settings.values import Setting


class _Parser(argparse.ArgumentParser):
    """argparse, but a mistyped option is answered by its own command and with the option that was meant."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        found, rest = super().parse_known_args(args, namespace)
        if rest:
            words = [word.partition("=")[0] for word in rest if word.startswith("-")]
            close = [
                name for word in words for name in difflib.get_close_matches(word, self._option_string_actions, 1, 0.75)
            ]
            hint = f"; did you mean {', '.join(close)}?" if close else f"; {self.prog} --help lists what there is"
            self.error(f"unrecognized arguments: {' '.join(rest)}{hint}")
        return found, rest


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
        _Parser(prog=name, **options) if commands is None else commands.add_parser(name, help=description, **options)
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
