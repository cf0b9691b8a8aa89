"""The steps of a run, by name, in the order in which `gridrunner.run.executing` takes them."""

from __future__ import annotations

from gridrunner.errors import ExitCode
from gridrunner.planning.domains import find_longest_chain
from gridrunner.planning.plan import owed_sites
from gridrunner.run.finishing import finish_run
from gridrunner.run.hubs import make_hubs, open_grids
from gridrunner.run.journaling import close_journal, open_folder, open_journal
from gridrunner.run.opening import Run, open_run
from gridrunner.run.prepare import Work, prepare_work
from gridrunner.run.selecting import private_hosts_of
from gridrunner.run.visiting import clear_the_way, visit_and_judge
from gridrunner.terminal.plan import print_plan


def show_plan(run: Run, work: Work) -> int:
    """What --dry-run prints, once the hubs were looked at as well; returns the exit code."""
    make_hubs(run, work, ())
    mine = private_hosts_of(run.settings.visits)
    chain = find_longest_chain(owed_sites(work.rest), run.settings.dispatch.host_delay_s, mine)
    print_plan(work.rest, slots=run.settings.grid.visits_at_once, chain=chain)
    return ExitCode.OK


__all__ = [
    "clear_the_way",
    "close_journal",
    "finish_run",
    "open_folder",
    "open_grids",
    "open_journal",
    "open_run",
    "prepare_work",
    "show_plan",
    "visit_and_judge",
]
