"""Which sites, which checks and which probes the settings name. Nothing is started or written."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from gridrunner.browser.reach import read_place
from gridrunner.browser.user_probes import UserProbe
from gridrunner.errors import NothingToRun, UsageError
from gridrunner.judging.protocol import SHIPPED_CHECKS, Selection
from gridrunner.model import Site
from gridrunner.results.record import RunRecord
from gridrunner.run.shelf import list_runs, read_card
from gridrunner.settings.checks import Blocked, CheckSettings
from gridrunner.settings.selection import SelectionSettings
from gridrunner.settings.visits import VisitOptions
from gridrunner.sites.lists import SiteLists, read_site_lists
from gridrunner.sites.selection import select_sites
from gridrunner.text import count_of

DETECTOR_CHECKS = "test_your_detector.py"
"""Of the suite's extras (`dom_probes/suite/extras`): compares the answers of the user's own probes."""

INSERTION_CHECKS = "test_insertion.py"
"""Of the suite's extras: judges what --try-insertion did."""

EXTENSION_PROBE = "gridrunner-probe.js"
"""A file of this name in the folder of an extension is run as a probe: it says what the extension did on the page."""


MOST_REMEMBERED = 100
"""Runs that --last-failed looks back over."""

NAMES_SHOWN = 5


class Selected(Struct, frozen=True, kw_only=True):
    """The sites of a command line and the folders of replica pages that their lists ask for."""

    sites: tuple[Site, ...]
    replays: tuple[Path, ...]


def has_probe(extension: Path) -> bool:
    """Whether the extension says itself what it did on a page."""
    return (extension / EXTENSION_PROBE).is_file()


def make_selection(checks: CheckSettings, visits: VisitOptions) -> Selection:
    """Which checks the settings name, and those that other settings ask for."""
    asked = {
        DETECTOR_CHECKS: bool(visits.probe_files) or any(map(has_probe, visits.extensions)),
        INSERTION_CHECKS: visits.try_insertion,
    }
    return Selection(
        paths=checks.paths,
        extras=tuple(name for name, is_asked in asked.items() if is_asked),
        keyword=checks.keyword,
        mark=checks.mark,
        fails_blocked=checks.blocked is Blocked.FAIL,
    )


def select_again(checks: CheckSettings, record: RunRecord) -> Selection:
    """Which checks judge `record` again: those that the settings name, or else the run's own; what a setting of the run
    asked for, as well. Raises UsageError for checks of the run that are not where they were.
    """
    files = {check.partition("::")[0] for check in record.plan.checks}
    extras = tuple(name for name in (DETECTOR_CHECKS, INSERTION_CHECKS) if name in files)
    header = record.header
    is_named = bool(checks.paths or checks.keyword or checks.mark)
    if not is_named and header.checks:
        lost = [path for path in header.checks if path != SHIPPED_CHECKS and not Path(path.partition("::")[0]).exists()]
        if lost:
            raise UsageError(
                f"the run was judged with checks that are not here: {', '.join(lost)}",
                hint="judge from the folder in which the run was made, or name the checks: --checks PATH",
            )
    if not is_named:
        checks = replace(checks, paths=header.checks, keyword=header.keyword, mark=header.mark)
    return Selection(
        paths=checks.paths,
        extras=extras,
        keyword=checks.keyword,
        mark=checks.mark,
        fails_blocked=checks.blocked is Blocked.FAIL,
    )


def select_from_lists(selection: SelectionSettings, out: Path) -> Selected:
    """Read the lists and keep what --select and --last-failed leave; `out` is where earlier runs are.

    Raises SiteListError with every mistake, UsageError without lists, NothingToRun when nothing is left.
    """
    sources = selection.sites
    if not sources and selection.last_failed:
        sources = _lists_of_newest(out)
    if not sources:
        raise UsageError(
            "no site list",
            hint="name one: gridrunner run --sites LIST; `gridrunner demo` runs the shipped one, `gridrunner init` "
            "writes a first one of yours",
        )
    lists = read_site_lists(sources, sys.stdin.buffer)
    sites = select_sites(lists.sites, selection.select)
    if not sites:
        raise NothingToRun(
            f"--select leaves none of the {len(lists.sites)} sites",
            hint="`gridrunner sites check LIST` shows tags and locales",
        )
    if selection.last_failed:
        sites = keep_last_failed(sites, out)
    return Selected(sites=sites, replays=_replay_folders(lists))


def list_named_replays(selection: SelectionSettings) -> tuple[Path, ...]:
    """The folders of replica pages that the lists of the settings ask for. Raises SiteListError."""
    return _replay_folders(read_site_lists(selection.sites, sys.stdin.buffer)) if selection.sites else ()


def _replay_folders(lists: SiteLists) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(replay.folder.resolve() for replay in lists.replays))


def _lists_of_newest(out: Path) -> tuple[str, ...]:
    """The lists of the newest run under `out`, as far as they are still there."""
    runs = list_runs(out)
    card = read_card(runs[-1]) if runs else None
    return tuple(name for name in card.lists if Path(name).is_file()) if card is not None else ()


def keep_last_failed(sites: Sequence[Site], out: Path) -> tuple[Site, ...]:
    """Of `sites` those that failed, were lost or not reached in the newest run under `out` that planned them, as
    pytest's `--lf` remembers: a run of some sites forgets nothing of the others. Raises UsageError without a run,
    NothingToRun where none is left.
    """
    runs = list_runs(out)
    if not runs:
        raise UsageError(f"--last-failed: there is no run under {out}", hint="run without --last-failed first")
    chosen = {site.id for site in sites}
    open_ids = set(chosen)
    wanted: set[str] = set()
    elsewhere: list[str] = []
    known: set[str] = set()
    for card in filter(None, map(read_card, reversed(runs[-MOST_REMEMBERED:]))):
        wanted |= open_ids.intersection(card.red)
        elsewhere += [name for name in card.red if name not in chosen and name not in known]
        known.update(card.red, card.green)
        open_ids -= {*card.red, *card.green}
        if not open_ids:
            break
    if not wanted:
        others = list(dict.fromkeys(elsewhere))
        named = ", ".join(others[:NAMES_SHOWN]) + (", …" if len(others) > NAMES_SHOWN else "")
        raise NothingToRun(
            f"--last-failed: nothing failed of the {count_of(len(sites), 'site')} chosen, each in the newest run that "
            "had it" + (f"; failed were {named}, which are in none of these lists" if others else ""),
            hint="`gridrunner runs list` shows the runs",
        )
    return tuple(site for site in sites if site.id in wanted)


def read_user_probes(paths: Sequence[Path], extensions: Sequence[Path] = ()) -> tuple[UserProbe, ...]:
    """The probes of --probe under their file names, and those of extensions under the names of their folders.

    Raises UsageError for what cannot be read or is named twice.
    """
    probes: dict[str, UserProbe] = {}
    for folder in extensions:
        file = folder / EXTENSION_PROBE
        if has_probe(folder):
            name = folder.resolve().name
            probes[name] = UserProbe(name=name, source=file.read_text(encoding="utf-8").strip().rstrip(";"))
    for path in paths:
        try:
            source = path.read_text(encoding="utf-8").strip().rstrip(";")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--probe {path}: cannot be read: {error}") from error
        if not source:
            raise UsageError(f"--probe {path}: is empty", hint="write a JavaScript function that returns JSON")
        if path.name in probes:
            raise UsageError(f"--probe {path}: there is another probe of that name", hint="rename one of the files")
        probes[path.name] = UserProbe(name=path.name, source=source)
    return tuple(probes.values())


def private_hosts_of(visits: VisitOptions) -> frozenset[str]:
    """The names of --allow-private: opening a host to pages says that it is one's own. What cannot be read is
    refused where browsers are prepared (`browser.reach.find_places`).
    """
    hosts = set()
    for text in visits.allow_private:
        with contextlib.suppress(ValueError):
            hosts.add(read_place(text).host)
    return frozenset(hosts)
