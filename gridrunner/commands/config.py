"""`gridrunner config show`: every setting, its value and where the value came from."""

from __future__ import annotations

import argparse

from rich.table import Table

from gridrunner.commands.parsing import Command, add_all_settings, settings_of
from gridrunner.errors import ExitCode
from gridrunner.settings.loading import describe_settings
from gridrunner.terminal.console import make_printer


def show_settings(arguments: argparse.Namespace) -> int:
    """Print the table."""
    table = Table("setting", "value", "from", box=None, pad_edge=False)
    for row in describe_settings(settings_of(arguments)):
        table.add_row(*row)
    make_printer().print(table, markup=False)
    return ExitCode.OK


SHOW = Command(configure=add_all_settings, execute=show_settings)
