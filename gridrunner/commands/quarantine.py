"""`gridrunner history propose-quarantine`: what could be put into quarantine and what could leave it, as YAML or as a
patch. Nothing is changed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from gridrunner.commands.parsing import Command, add_settings, count_of, say, settings_of
from gridrunner.errors import ExitCode
from gridrunner.foreign import read_file
from gridrunner.results.history.proposals import WELL_RUNS, Proposal, propose_quarantines, propose_releases
from gridrunner.results.history.standing import judge_trails
from gridrunner.results.history.trails import make_trails
from gridrunner.run.histories import open_shared_history
from gridrunner.run.remembering import RUNS_LOOKED_AT
from gridrunner.settings.loading import Settings
from gridrunner.sites.lists import read_site_lists
from gridrunner.sites.quarantining import patch_list, write_quarantine
from gridrunner.text import count_of as words_of
from gridrunner.text import make_line, replace_unprintable

QUARANTINE_DAYS = 14
"""Days until a proposed quarantine ends: long enough to look at it, short enough to be looked at again."""

MOST_LIST_BYTES = 64 << 20

EXAMPLES = """\
examples:
  gridrunner history propose-quarantine                                        entries to copy into site lists
  gridrunner history propose-quarantine --sites sites.yaml > quarantine.patch  a patch for `git apply`
"""


def propose_quarantine(arguments: argparse.Namespace) -> int:
    """Print proposals: with --sites a patch of those lists, else YAML. Raises UsageError, NothingToRun."""
    settings = settings_of(arguments)
    with open_shared_history(settings, say) as history:
        runs = history.entries(newest=RUNS_LOOKED_AT)
    trails = make_trails(runs)
    proposals = propose_quarantines(trails, judge_trails(trails, len(runs)), are_broken_wanted=arguments.broken)
    releases = propose_releases(trails, well_runs=arguments.well)
    until = datetime.now(UTC).date() + timedelta(days=arguments.days)
    counts = f"{words_of(len(proposals), 'site')} to put in quarantine, {len(releases)} to release; nothing was changed"
    if settings.selection.sites:
        patch, left_out = _make_patches(settings, proposals, releases, until)
        print(patch, end="")
        for site in left_out:
            say(f"{make_line(site)}: in none of these YAML lists, or not written in plain lines: change it by hand")
        say(counts)
    else:
        print(_make_yaml(counts, proposals, releases, until))
    return ExitCode.OK


def _make_yaml(counts: str, proposals: Sequence[Proposal], releases: Sequence[Proposal], until: date) -> str:
    lines = [f"# {counts}. Put each `quarantine` into the site's entry, with an owner who answers for it."]
    lines.append("sites:" if proposals else "sites: []")
    for proposal in proposals:
        lines += [f"  - id: {_plain(proposal.site)}", *write_quarantine(proposal.reason, until, "    ")]
    lines.append("release:" if releases else "release: []")
    lines += [f"  - {_plain(release.site)}  # {release.reason}" for release in releases]
    return "\n".join(lines)


def _plain(text: str) -> str:
    return replace_unprintable(make_line(text))


def _make_patches(
    settings: Settings, proposals: Sequence[Proposal], releases: Sequence[Proposal], until: date
) -> tuple[str, list[str]]:
    """The patch of all lists, and the sites that it leaves out."""
    reasons = {proposal.site: proposal.reason for proposal in proposals}
    leaving = {release.site for release in releases}
    places: dict[str, dict[int, str]] = {}
    for site in read_site_lists(settings.selection.sites, sys.stdin.buffer).sites:
        if site.source is not None and (site.id in reasons or site.id in leaving):
            places.setdefault(site.source.file, {})[site.source.line] = site.id
    patches = []
    patched: set[str] = set()
    for file, sites in places.items():
        if Path(file).suffix not in {".yaml", ".yml"}:
            continue
        text = read_file(file, most_bytes=MOST_LIST_BYTES).decode()
        for line, name in sites.items():
            if patch_list(file, text, *_split({line: name}, reasons), until):
                patched.add(name)
        patches.append(patch_list(file, text, *_split(sites, reasons), until))
    patch = "".join(f"{patch}\n" for patch in patches if patch)
    return patch, [site for site in (*reasons, *leaving) if site not in patched]


def _split(sites: Mapping[int, str], reasons: Mapping[str, str]) -> tuple[dict[int, str], list[int]]:
    wanted = {line: reasons[site] for line, site in sites.items() if site in reasons}
    return wanted, [line for line, site in sites.items() if site not in reasons]


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--broken", action="store_true", help="propose sites that are broken for three runs as well")
    well = f"runs that passed at first until a quarantine can go (default {WELL_RUNS})"
    parser.add_argument("--well", type=count_of, default=WELL_RUNS, metavar="N", help=well)
    days = f"days until a proposed quarantine ends (default {QUARANTINE_DAYS})"
    parser.add_argument("--days", type=count_of, default=QUARANTINE_DAYS, metavar="N", help=days)
    add_settings(parser, "sites", "history", "store", "fleet")


PROPOSE = Command(configure=_configure, execute=propose_quarantine, epilog=EXAMPLES)
