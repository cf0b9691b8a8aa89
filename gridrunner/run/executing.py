"""A run from its settings to its exit code: the list of its steps.

What the user can have got wrong is found before the first browser starts. From then on everything is in the journal
first, and every other file of the run folder is rendered from it.
"""

from __future__ import annotations

from collections.abc import Mapping

from gridrunner.settings.loading import Settings


def execute_run(settings: Settings, env: Mapping[str, str], command: tuple[str, ...]) -> int:
    """Run, from the settings to the exit code. Raises GridrunnerError for what the user can mend."""
    from gridrunner.run import steps  # noqa: PLC0415 - imported while the process of the checks starts

    run = steps.open_run(settings, env, command)
    with steps.prepare_work(run) as work:
        if settings.output.dry_run:
            return steps.show_plan(run, work)
        with steps.open_folder(run, work):
            steps.clear_the_way()
            with steps.open_grids(run, work) as grids, steps.open_journal(run, work) as journal:
                stopped_by = steps.visit_and_judge(run, work, grids, journal)
                record = steps.close_journal(run, work, grids, journal, stopped_by)
            return steps.finish_run(run, work, record)
