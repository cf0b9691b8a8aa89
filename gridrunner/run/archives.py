"""What a run does with an archive: the one that it makes, or the one that it asks instead of sites."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gridrunner.archive.reading import Archive
from gridrunner.archive.writing import ArchiveWriter
from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.tab_settings import Traffic
from gridrunner.browser.traffic import Recording, Replaying
from gridrunner.errors import NothingToRun, UsageError
from gridrunner.model import Facts, Observation, Site
from gridrunner.run.opening import Run
from gridrunner.run.selecting import Selected, select_from_lists
from gridrunner.settings.loading import Settings
from gridrunner.sites.selection import select_sites
from gridrunner.terminal.console import Say
from gridrunner.text import count_of

NO_NETWORK = ("MAP * ~NOTFOUND",)
"""The resolver rules of a replay: what no archive can answer, such as a web socket, leads nowhere."""

RANDOM_SEED = 20_261_130
"""Of V8's `Math.random`, the same in recordings and replays: a page draws the same numbers again, without a script of
ours in it. V8 takes any but 0."""

NAMED = 5
"""Sites that a note names."""


def select_work(settings: Settings, say: Say) -> Selected:
    """The sites of a run: those of its lists, and of a replay those that its archive holds. Raises as
    `select_from_lists`; UsageError for what is no archive.
    """
    path = settings.archive.replay
    if path is None:
        return select_from_lists(settings.selection, settings.output.out)
    if settings.archive.record is not None:
        raise UsageError("--record and --replay: a replay has no traffic to record", hint="leave one of them out")
    with Archive(path) as archive:
        if not archive.visits:
            raise NothingToRun(f"{path}: the archive holds no visit", hint="gridrunner run --record ARCHIVE makes one")
        if archive.torn or not archive.layout.is_finished:
            say(
                f"note: {path}: its run was ended before it was finished; {count_of(len(archive.visits), 'site')} in it"
            )
        if not settings.selection.sites:
            sites = tuple(archive.read_visit(visit).site for visit in archive.visits.values())
            return Selected(sites=_select(sites, settings), replays=())
        held = set(archive.visits)
    selected = select_from_lists(settings.selection, settings.output.out)
    sites = tuple(site for site in selected.sites if site.id in held)
    absent = [site.id for site in selected.sites if site.id not in held]
    if not sites:
        raise NothingToRun(
            f"{path}: the archive holds none of the {count_of(len(absent), 'site')}",
            hint="gridrunner run --record ARCHIVE makes one",
        )
    if absent:
        more = f" and {len(absent) - NAMED} more" if len(absent) > NAMED else ""
        say(
            f"note: {count_of(len(absent), 'site', 'are')} not in {path} and left to live runs: "
            f"{', '.join(absent[:NAMED])}{more}"
        )
    return Selected(sites=sites, replays=())


def _select(sites: tuple[Site, ...], settings: Settings) -> tuple[Site, ...]:
    chosen = select_sites(sites, settings.selection.select)
    if not chosen:
        raise NothingToRun(f"--select leaves none of the {len(sites)} sites in the archive")
    return chosen


def hosts_of(sites: Iterable[Site]) -> frozenset[str]:
    """The hosts of sites that are not asked: no visit has to wait for their sake."""
    return frozenset(site.url.partition("://")[2].partition("/")[0].partition(":")[0].lower() for site in sites)


@contextmanager
def open_traffic(run: Run, folder: Path) -> Iterator[Traffic | None]:
    """What is done with the traffic of a run's visits; None: nothing. A recording is finished with the block, however
    it ends. Raises UsageError, OutputLost.
    """
    asked = run.settings.archive
    if asked.replay is not None:
        with Archive(asked.replay) as archive:
            yield Replaying(archive)
        return
    if asked.record is None:
        yield None
        return
    shard = run.settings.selection.shard
    warc = f"data-{shard[0]}-of-{shard[1]}" if shard else "data"
    writer = ArchiveWriter(asked.record, run=folder.name, warc=warc)
    store = EvidenceStore(run_folder=folder)

    def read_facts(observation: Observation) -> Facts | None:
        return store.read_facts(observation.facts_path) if observation.facts_path is not None else None

    try:
        yield Recording(writer, read_facts)
    finally:
        writer.finish()
    run.say(f"archive: {asked.record}")
