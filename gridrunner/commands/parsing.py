"""What every command's parser is made of: parsers that load their command when it is called, and options of
settings.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec import Struct

from gridrunner.settings.loading import Settings, load_settings
from gridrunner.settings.table import BY_KEY, PARTS
from gridrunner.settings.values import BadSetting, Setting, parse_duration

EXIT_CODES = """\
exit codes:
  0 all passed   1 a site failed a check   2 usage or configuration   3 the grid failed or the run is incomplete
  4 nothing to run, or nothing took part   130 interrupted (go on with --resume RUN)
"""


class Command(Struct, frozen=True, kw_only=True):
    """One command: `configure` adds its arguments to a parser, `execute` carries it out and returns the exit code."""

    execute: Callable[[argparse.Namespace], int]
    configure: Callable[[argparse.ArgumentParser], None] = lambda _parser: None
    epilog: str = ""


class Parser(argparse.ArgumentParser):
    """argparse, but a mistyped option is answered by its own command and with the option that was meant, and a command
    (`source`, as `module:NAME`) is imported when its own arguments are parsed.
    """

    def __init__(self, *, source: str = "", **options: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options)
        self._source = source

    def load(self) -> None:
        """Import the command and let it add its arguments; once."""
        if not self._source:
            return
        module, _, name = self._source.partition(":")
        self._source = ""
        command: Command = getattr(import_module(module), name)
        command.configure(self)
        self.epilog = command.epilog or None
        self.set_defaults(execute=command.execute)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse as argparse does, but complain here of what is left over."""
        self.load()
        parsed, rest = super().parse_known_args(args, namespace)
        if rest:
            words = [word.partition("=")[0] for word in rest if word.startswith("-")]
            close = [
                name for word in words for name in difflib.get_close_matches(word, self._option_string_actions, 1, 0.75)
            ]
            hint = f"; did you mean {', '.join(close)}?" if close else f"; {self.prog} --help lists what there is"
            self.exit(2, f"{self.prog}: error: unrecognized arguments: {' '.join(rest)}{hint}\n")
        return parsed, rest

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """As argparse has it; a slip of a command is answered with the command that was meant."""
        choices = list(action.choices or ())
        if isinstance(action, argparse._SubParsersAction) and value not in choices:  # noqa: SLF001 - it has no public name
            close = difflib.get_close_matches(str(value), choices, 1)
            hint = f"did you mean {close[0]}?" if close else f"one of {', '.join(choices)}"
            self.exit(2, f"{self.prog}: error: {value}: there is no such command; {hint}\n")
        super()._check_value(action, value)


def add_setting(target: Any, setting: Setting) -> None:
    """The option of a setting, in a parser or a group of it; not given, it leaves the value to environment, file and
    default.
    """
    if setting.short and setting.short_value is not None:
        stands_for = f"--{setting.name} {setting.short_value}"
        target.add_argument(
            setting.short, dest=setting.key, action="store_const", const=setting.short_value, help=stands_for
        )
    names = [setting.short] if setting.short and setting.short_value is None else []
    names.append(f"--{setting.name}")
    text = setting.help.replace("%", "%%")  # argparse formats it
    if setting.is_flag:
        target.add_argument(*names, dest=setting.key, action="store_true", default=None, help=text)
        return
    action = "append" if setting.is_list else "store"
    target.add_argument(*names, dest=setting.key, action=action, default=None, metavar=setting.metavar, help=text)


def add_settings(parser: argparse.ArgumentParser, *keys: str) -> None:
    """The options of these settings, among the command's own."""
    for key in keys:
        add_setting(parser, BY_KEY[key])


def add_all_settings(parser: argparse.ArgumentParser, *, but: Iterable[str] = ()) -> None:
    """The options of every setting, grouped by part."""
    for part in PARTS:
        group = parser.add_argument_group(part.title)
        for row in part.rows:
            if row.key not in but:
                add_setting(group, row)


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The settings that a command line, the environment and gridrunner.toml come to. Raises UsageError."""
    return load_settings(vars(arguments), os.environ, Path.cwd())


def count_of(text: str) -> int:
    """A whole number of 1 or more, for arguments that are not settings."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"takes a whole number of 1 or more, not {text}")
    return int(text)


def duration_of(text: str) -> float:
    """Seconds, for arguments that are not settings."""
    try:
        return parse_duration(text)
    except BadSetting as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def say(text: str) -> None:
    """A line for the user, on standard error."""
    print(text, file=sys.stderr)
