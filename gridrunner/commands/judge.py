"""`gridrunner judge RUN`: the recorded observations of a run judged again, without a browser."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gridrunner.commands.run import make_console
from gridrunner.judging.process import judge_run
from gridrunner.results.journal.events import Judged
from gridrunner.results.journal.lines import JOURNAL_NAME, JournalWriter
from gridrunner.results.record import load_run
from gridrunner.run.publishing import make_publisher
from gridrunner.run.selecting import select_again
from gridrunner.settings.loading import RunConfig


def execute_judge(config: RunConfig, folder: Path, env: Mapping[str, str]) -> int:
    """Judge the newest observation of every site, journal what the checks say, render the run folder anew.

    Returns the exit code of the run with its new verdicts. Raises RunFolderError, UsageError, NothingToRun.
    """
    console = make_console(config)
    publisher = make_publisher(config, env)
    before = load_run(folder)
    with JournalWriter(folder / JOURNAL_NAME, before.header) as journal:
        results = judge_run(folder, selection=select_again(config, before.plan.checks))
        for result in results:
            journal.write(Judged(result=result))
    return publisher.publish(folder, console, junit_copy=config["junit"])
