"""`gridrunner judge RUN`: the recorded observations of a run judged again, without a browser."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from msgspec.structs import replace

from gridrunner.commands.parsing import EXIT_CODES, Command, add_settings, settings_of
from gridrunner.judging.process import judge_run
from gridrunner.results.journal.events import Judged
from gridrunner.results.journal.extending import owe_checks
from gridrunner.results.journal.lines import JOURNAL_NAME, JournalWriter
from gridrunner.results.journal.locking import locked_run
from gridrunner.results.record import load_run
from gridrunner.run.publishing import make_publisher
from gridrunner.run.seals import renew_seal
from gridrunner.run.selecting import select_again
from gridrunner.terminal.console import make_console


def judge_command(arguments: argparse.Namespace) -> int:
    """Judge the newest observation of every site, journal what the checks say, render the run folder anew. Without
    --checks, -k and -m the checks are those of the run; new ones become part of what it owes.

    Returns the exit code of the run with its new verdicts. Raises RunFolderError, UsageError, NothingToRun.
    """
    settings, folder = settings_of(arguments), arguments.run
    publisher = make_publisher(settings.output, os.environ)
    before = load_run(folder)
    selection = select_again(settings.checks, before)
    with locked_run(folder):
        results = judge_run(folder, selection=selection)
        header = owe_checks(
            folder,
            before.plan,
            before.header,
            [result.check for result in results],
            seal=lambda plan: renew_seal(before.header, plan, os.environ),
        )
        with JournalWriter(folder / JOURNAL_NAME, header) as journal:
            for result in results:
                journal.write(Judged(result=result))
            record = load_run(folder)
            if before.ended is not None:  # judging again does not change why the visits ended
                record = record.ended_by(before.ended)
                journal.write(replace(before.ended, exit_code=publisher.exit_code_of(record)))
    console = make_console(settings.output.color)
    return publisher.publish(folder, console, record=record, junit_copy=settings.output.junit)


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder")
    add_settings(parser, "checks", "keyword", "mark", "junit", "json", "ci", "baseline")


JUDGE = Command(configure=_configure, execute=judge_command, epilog=EXIT_CODES)
