"""`gridrunner report RUN`: the files of a run folder rendered again."""

from __future__ import annotations

import argparse
from pathlib import Path

from gridrunner.commands.parsing import Command
from gridrunner.errors import ExitCode, OutputLost
from gridrunner.results.record import load_run
from gridrunner.results.reports.earlier import make_earlier
from gridrunner.results.reports.protocol import ReportRequest
from gridrunner.results.reports.render import write_reports
from gridrunner.terminal.console import make_printer


def report_command(arguments: argparse.Namespace) -> int:
    """Render report.html, junit.xml and summary.md again; returns 0, whatever the run came to. Raises RunFolderError,
    OutputLost.
    """
    folder = arguments.run
    since = arguments.since
    request = ReportRequest(
        record=load_run(folder),
        folder=folder,
        earlier=make_earlier(load_run(since), since, folder) if since is not None else None,
        strict_junit=arguments.strict_junit,
        console=make_printer(),
    )
    for problem in write_reports(request):
        raise OutputLost(problem, hint="free space, and render the reports again")
    return ExitCode.OK


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder")
    since = "an earlier run: what it saw stands beside the sites that failed, as the report of a run has it by itself"
    parser.add_argument("--since", type=Path, metavar="RUN", help=since)
    parser.add_argument(
        "--strict-junit",
        action="store_true",
        help="junit.xml valid against Jenkins' junit-10.xsd, for readers that check it: what a case's properties would "
        "hold stands in its system-out",
    )


REPORT = Command(configure=_configure, execute=report_command)
