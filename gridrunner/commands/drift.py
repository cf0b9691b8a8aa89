"""`gridrunner drift`: did the site change, or did we break it?"""

from __future__ import annotations

import argparse
from pathlib import Path

from gridrunner.commands.parsing import Command
from gridrunner.errors import ExitCode, NothingToRun, UsageError
from gridrunner.run.drifting import find_drifts, read_drift_run
from gridrunner.terminal.drift import render_drift, render_drift_markdown
from gridrunner.text import count_of


def drift_command(arguments: argparse.Namespace) -> int:
    """Tell each site's drift; 1 only where the change broke something. Raises UsageError, RunFolderError."""
    live = read_drift_run(arguments.live)
    reference = read_drift_run(arguments.reference) if arguments.reference is not None else None
    found = [site for folder in arguments.replays for site in find_drifts(live, read_drift_run(folder), reference)]
    if not found:
        raise NothingToRun("the replays have no site in common with the run", hint="gridrunner drift LIVE REPLAY")
    for line in render_drift(found, is_verbose=arguments.is_verbose):
        print(line)
    broken = sum(site.is_broken for site in found)
    code = ExitCode.FAILED if broken else ExitCode.OK
    what = f"your change broke {count_of(broken, 'site')}" if broken else "your change broke no site"
    print(f"\n{what} (exit {int(code)})")
    if arguments.markdown is not None:
        try:
            arguments.markdown.write_text(render_drift_markdown(found), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"--markdown {arguments.markdown}: cannot be written: {error.strerror}") from error
    return code


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("live", type=Path, metavar="LIVE", help="the folder of a live run: what the sites say now")
    parser.add_argument(
        "replays", type=Path, nargs="+", metavar="REPLAY", help="folders of runs with --replay: what your version says"
    )
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="RUN",
        help="what the version before said of the recorded pages: the run that recorded them, or a replay of it; "
        "default: LIVE, where it is the run that recorded",
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write it there as well, for a comment")
    parser.add_argument("--verbose", dest="is_verbose", action="store_true", help="name sites that did not change too")


DRIFT = Command(configure=_configure, execute=drift_command)
