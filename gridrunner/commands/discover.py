"""`gridrunner sites discover`: from bare domains to a site list; --recheck: which entries of a list are still true."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from gridrunner.commands.parsing import Command, add_settings, count_of, settings_of
from gridrunner.discovery.rechecking import Standing, describe_entry, domain_of_entry, is_rechecked, stand_of
from gridrunner.discovery.search import Limits, Search
from gridrunner.discovery.words import By, Candidate, Conclusion, Domain
from gridrunner.discovery.writing import write_list
from gridrunner.errors import ExitCode, NothingToRun, UsageError
from gridrunner.run.discovering import Searched, run_searches, take_up
from gridrunner.run.search_journal import SearchJournal, digest_of, open_search_journal
from gridrunner.settings.loading import Settings
from gridrunner.settings.visits import VISITOR_KEYS
from gridrunner.sites.domains import ListedDomain, read_domains
from gridrunner.sites.importing import KINDS
from gridrunner.sites.lists import read_site_lists
from gridrunner.terminal.console import make_console, make_say, warn
from gridrunner.terminal.searching import SearchDisplay, print_ways
from gridrunner.text import count_of as counted

EPILOG = """\
examples:
  gridrunner sites discover example.org example.net            two domains; the list goes to standard output
  gridrunner sites discover tranco.csv --limit 3000 --out found.yaml
                                                               the top of a ranking; again the same command: it goes on
  gridrunner sites discover found-by-others.json --kind sso-monitor --out found.yaml
                                                               pages that others took for logins, looked at first
  gridrunner sites discover --recheck found.yaml --out moved.yaml
                                                               which entries moved or are gone
  gridrunner run --sites found.yaml                            what it is for

of each domain, in order of cost, until a login is seen:
  1. its home page (https, then www., then http)               4. what opens a menu, then what the menu holds
  2. links and buttons that say they lead to a login,          5. /.well-known/change-password, well-known paths and
     in 75 languages; tabs that they open, dialogs                sitemap.xml, asked only behind a path that nobody has
  3. account pages, an account icon without words              6. what robots.txt names
Nothing is filled in and no button is pressed but those that lead on. A domain without a login is a comment in the list
that says why: no account, wall, app only, unreachable, unknown.

exit codes:
  0 every domain has an answer   1 --recheck: entries moved or are gone   2 usage   3 some have none, for faults of ours
  4 no login was found   130 interrupted (the same command goes on)
"""


def discover_command(arguments: argparse.Namespace) -> int:
    """Discover or recheck, from the command line to the exit code."""
    settings = settings_of(arguments)
    limits = Limits(
        pages=arguments.pages, candidates=arguments.candidates, respects_robots=arguments.robots == "respect"
    )
    if arguments.recheck and arguments.sources:
        raise UsageError("--recheck takes the lists itself", hint="leave the domains out: --recheck LIST")
    if arguments.recheck:
        return _recheck(arguments, settings, limits)
    if not arguments.sources:
        raise UsageError("no domain and no list", hint="name one: gridrunner sites discover example.org")
    listed = read_domains(arguments.sources, arguments.kind, arguments.limit, sys.stdin.buffer)
    searches = [Search(_domain_of(domain), limits) for domain in listed]
    title = f"Discovered by `gridrunner sites discover` from {', '.join(arguments.sources)}"
    with _journal_of(arguments) as journal:
        searched = _search(searches, journal, settings)
        conclusions = [search.conclusion for search in searches if search.conclusion is not None]
        _write(write_list(conclusions, asked=len(searches), title=title), arguments.target, journal)
    _sum_up(conclusions, len(searches), arguments.target, settings)
    if (code := _end_of(searched, settings)) is not None:
        return code
    return ExitCode.OK if any(conclusion.found for conclusion in conclusions) else ExitCode.NOTHING


def _recheck(arguments: argparse.Namespace, settings: Settings, limits: Limits) -> int:
    sites = [site for site in read_site_lists(arguments.recheck, sys.stdin.buffer).sites if is_rechecked(site)]
    if not sites:
        raise NothingToRun(
            "no entry of the lists claims a login", hint="`expect: {login: true}` is what --recheck looks at"
        )
    by_name = {site.id: site for site in sites[: arguments.limit]}
    searches = [Search(domain_of_entry(site), limits) for site in by_name.values()]
    with _journal_of(arguments) as journal:
        searched = _search(searches, journal, settings)
        conclusions = [search.conclusion for search in searches if search.conclusion is not None]
        standings = {conclusion.domain: stand_of(by_name[conclusion.domain], conclusion) for conclusion in conclusions}
        for conclusion in conclusions:
            if standings[conclusion.domain] is not Standing.TRUE:
                print(describe_entry(by_name[conclusion.domain], standings[conclusion.domain], conclusion))
        wrong = [found for found in conclusions if standings[found.domain] in {Standing.MOVED, Standing.GONE}]
        if arguments.target is not None:
            title = f"Entries of {', '.join(arguments.recheck)} that are not true any more"
            _write(write_list(wrong, asked=len(wrong), title=title, templates=by_name), arguments.target, journal)
    _tell_standings(standings, settings)
    if (code := _end_of(searched, settings)) is not None:
        return code
    return ExitCode.FAILED if wrong else ExitCode.OK


@contextmanager
def _journal_of(arguments: argparse.Namespace) -> Iterator[SearchJournal]:
    """The journal beside --out. Raises UsageError where a list stands there that was not written by this search."""
    target: Path | None = arguments.target
    path = target.with_name(f"{target.name}.journal.jsonl") if target is not None else None
    with open_search_journal(path, is_fresh=arguments.fresh) as journal:
        if target is not None and target.exists() and not arguments.force:
            text = target.read_text(encoding="utf-8", errors="replace")
            if not journal.written or digest_of(text) != journal.written:
                raise UsageError(
                    f"--out {target}: is there already, and this search did not write it, or it was edited since",
                    hint="name another file, or overwrite it with --force",
                )
        yield journal


def _search(searches: Sequence[Search], journal: SearchJournal, settings: Settings) -> Searched:
    console = make_console(settings.output.color)
    take_up(searches, journal)
    known = sum(1 for search in searches if search.conclusion is not None)
    if known and not settings.output.quiet:
        make_say(console)(f"{known:,} of {counted(len(searches), 'domain', spec=',')} answered before")
    display = SearchDisplay(console, searches, quiet=settings.output.quiet, verbose=settings.output.verbose)
    with display.shown():
        return run_searches(searches, settings, os.environ, journal, display)


def _end_of(searched: Searched, settings: Settings) -> ExitCode | None:
    """The exit code of a search that did not come to its end."""
    if searched.was_interrupted:
        warn(
            make_console(settings.output.color), "interrupted; the same command with --out goes on where this one ended"
        )
        return ExitCode.INTERRUPTED
    return ExitCode.INCOMPLETE if searched.lost else None


def _domain_of(listed: ListedDomain) -> Domain:
    hints = tuple(Candidate(by=By.HINT, url=url, says="the list") for url in listed.hints)
    return Domain(name=listed.name, starts=listed.starts, hints=hints, locale=listed.locale)


def _write(text: str, target: Path | None, journal: SearchJournal) -> None:
    if target is None:
        print(text, end="")
        return
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(target)
        journal.note_list(text)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}", hint="choose another --out") from error


def _sum_up(conclusions: Sequence[Conclusion], asked: int, target: Path | None, settings: Settings) -> None:
    if settings.output.quiet or not conclusions:
        return
    console = make_console(settings.output.color)
    print_ways(conclusions, console)
    pages = sum(conclusion.pages for conclusion in conclusions)
    found = sum(1 for conclusion in conclusions if conclusion.found is not None)
    where = f"; {target}" if target is not None else ""
    make_say(console)(
        f"{found:,} of {counted(asked, 'domain', spec=',')} have a login; {counted(pages, 'page', spec=',')} asked,"
        f" {pages / len(conclusions):.1f} per domain{where}"
    )


def _tell_standings(standings: Mapping[str, Standing], settings: Settings) -> None:
    if not settings.output.quiet:
        counts = (f"{list(standings.values()).count(standing):,} {standing}" for standing in Standing)
        make_say(make_console(settings.output.color))(f"{counted(len(standings), 'entry')}: {', '.join(counts)}")


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "sources",
        nargs="*",
        metavar="DOMAIN|LIST",
        help="domains, addresses of home pages, lists of them, or - for stdin",
    )
    parser.add_argument("--kind", choices=KINDS, default="auto", help="what the lists are (default: auto)")
    parser.add_argument("--limit", type=count_of, metavar="N", help="only the first N domains")
    parser.add_argument(
        "--out",
        dest="target",
        type=Path,
        metavar="FILE",
        help="the list; answers are kept beside it (FILE.journal.jsonl), so that the same command goes on after a kill "
        "(default: standard output, and nothing is kept)",
    )
    parser.add_argument("--fresh", action="store_true", help="forget what was answered before")
    parser.add_argument("--force", action="store_true", help="overwrite --out though it was edited")
    parser.add_argument(
        "--pages",
        type=count_of,
        default=Limits().pages,
        metavar="N",
        help="the most that is asked of a domain (default: 12)",
    )
    parser.add_argument(
        "--candidates",
        type=count_of,
        default=Limits().candidates,
        metavar="N",
        help="ways that its pages show which are tried, each from its beginning (default: 4)",
    )
    parser.add_argument(
        "--robots",
        choices=["respect", "ignore"],
        default="ignore",
        help="respect: do not visit what robots.txt forbids, many logins among it (default: ignore)",
    )
    parser.add_argument(
        "--recheck", action="append", default=[], metavar="LIST", help="visit the entries of a list again; repeatable"
    )
    add_settings(parser, "grid", "slots", "contexts_per_session", "browser", "no_sandbox", "hub_ca")
    add_settings(parser, "visit_timeout", "allow_private")
    add_settings(parser, *VISITOR_KEYS, "egress", "host_delay", "quiet", "verbose", "color")


DISCOVER = Command(configure=_configure, execute=discover_command, epilog=EPILOG)
