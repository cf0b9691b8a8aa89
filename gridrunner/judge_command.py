"""`gridrunner judge RUN`: the recorded observations of a run judged again, without a browser."""

from __future__ import annotations

from pathlib import Path

from gridrunner.config import RunConfig
from gridrunner.judging import judge_run
from gridrunner.preparing import make_selection
from gridrunner.results.events import Judged
from gridrunner.results.journal import JOURNAL_NAME, JournalWriter
from gridrunner.results.record import exit_code_of, load_run
from gridrunner.results.render import render_run
from gridrunner.results.terminal import print_run_summary
from gridrunner.run import make_console


def execute_judge(config: RunConfig, folder: Path) -> int:
    """Judge the newest observation of every site, journal what the checks say, render the run folder anew.

    Returns the exit code of the run with its new verdicts. Raises RunFolderError, UsageError, NothingToRun.
    """
    console = make_console(config)
    before = load_run(folder)
    with JournalWriter(folder / JOURNAL_NAME, before.header) as journal:
        results = judge_run(folder, selection=make_selection(config))
        for result in results:
            journal.write(Judged(result=result))
    record = load_run(folder)
    render_run(folder, record=record, junit_copy=config["junit"])
    print_run_summary(record, folder, console)
    return exit_code_of(record)
