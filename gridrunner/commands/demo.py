"""`gridrunner demo`: the demo list out of the package, run with whatever else a run can be given."""

from __future__ import annotations

import argparse
import os
import sys

from msgspec.structs import replace

from gridrunner.commands.parsing import EXIT_CODES, Command, add_all_settings, say, settings_of
from gridrunner.errors import ExitCode
from gridrunner.judging.child import started_ahead
from gridrunner.run.executing import execute_run
from gridrunner.settings.loading import Settings
from gridrunner.sites.demo import find_demo_list

NEXT = "next     `gridrunner init` writes a list, a check and a detector of your own to begin with"


def demo_command(arguments: argparse.Namespace) -> int:
    """Run the demo list: replica login pages in more than twenty languages, served by the run itself."""
    arguments.sites = [str(find_demo_list())]
    settings = _waive_sandbox(settings_of(arguments))
    command = ("run", "--sites", arguments.sites[0], *sys.argv[2:])
    with started_ahead():
        code = execute_run(settings, os.environ, command)
    if code == ExitCode.OK and not settings.output.quiet:
        say(NEXT)
    return code


def _waive_sandbox(settings: Settings) -> Settings:
    """The pages of the demo list are this project's own: root may open them without a sandbox, where there is none."""
    if settings.is_given("no_sandbox") or os.geteuid() != 0:
        return settings
    return replace(settings, grid=replace(settings.grid, no_sandbox=True))


def _configure(parser: argparse.ArgumentParser) -> None:
    add_all_settings(parser, but=("sites", "plan", "resume"))


DEMO = Command(configure=_configure, execute=demo_command, epilog=EXIT_CODES)
