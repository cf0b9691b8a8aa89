"""`gridrunner run`: plan, visit, judge, report. Its steps are in `gridrunner.run.executing`."""

from __future__ import annotations

import argparse
import os
import sys

from gridrunner.commands.parsing import EXIT_CODES, Command, add_all_settings, settings_of
from gridrunner.commands.table import EXAMPLES
from gridrunner.judging.child import started_ahead
from gridrunner.run.executing import execute_run


def run_command(arguments: argparse.Namespace) -> int:
    """Run, from the command line to the exit code. The process of the checks starts while the rest is imported."""
    settings = settings_of(arguments)
    with started_ahead():
        return execute_run(settings, os.environ, tuple(sys.argv[1:]))


RUN = Command(configure=add_all_settings, execute=run_command, epilog=EXAMPLES + EXIT_CODES)
