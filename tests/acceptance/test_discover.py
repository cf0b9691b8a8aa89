"""From domains to a list: replica home pages of many builds in 35 languages, searched, killed, taken up, rechecked.

The table that it prints (`pytest -s`) is the measurement: found, pages asked as the server counted them, false finds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gridrunner.errors import ExitCode
from gridrunner.model import ExpectedLogin, Site
from gridrunner.sites.lists import read_site_lists
from tests.support.command_line import CommandLine, Ended, Running, open_project
from tests.support.home_pages import Builds, Home, all_homes
from tests.support.home_server import HomeServer
from tests.support.own_sites import Gate

pytestmark = pytest.mark.browser

DISCOVER = ("sites", "discover", "domains.txt", "--out", "found.yaml")
LANES = ("--slots", "2", "--contexts-per-session", "4")

LEAST_HOMES, LEAST_LANGUAGES = 80, 30
LEAST_FOUND, MOST_PAGES = 0.9, 6.0


@dataclass(frozen=True, kw_only=True)
class Discovery:
    ended: Ended
    project: CommandLine
    server: HomeServer
    sites: dict[str, Site]

    def text(self) -> str:
        return (self.project.folder / "found.yaml").read_text(encoding="utf-8")


def write_domains(folder: Path, server: HomeServer) -> Path:
    path = folder / "domains.txt"
    path.write_text("".join(f"{server.url(home)}\n" for home in server.homes.values()))
    return path


def read_found(path: Path) -> dict[str, Site]:
    """The entries of a list by the home that they belong to."""
    found = {}
    for site in read_site_lists([str(path)], BytesIO()).sites:
        host = urlsplit(site.url).hostname or ""
        found[host if host.endswith(".demo.localhost") and host.count(".") == 2 else host.partition(".")[2]] = site
    return found


@pytest.fixture(scope="module")
def discovery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Discovery]:
    """`sites discover` over all homes, once."""
    with open_project(tmp_path_factory.mktemp("discover")) as project, HomeServer(all_homes()) as server:
        write_domains(project.folder, server)
        ended = project.run(*DISCOVER, "--host-delay", "0", *LANES)
        yield Discovery(ended=ended, project=project, server=server, sites=read_found(project.folder / "found.yaml"))


def is_right(home: Home, site: Site) -> bool:
    """Whether an entry leads to the login of the home: by its address, or by steps from a page of it."""
    label, _, path = home.login.rpartition(":")
    parts = urlsplit(site.url)
    is_there = parts.path == path and (parts.hostname or "").removesuffix(home.host) == (f"{label}." if label else "")
    return bool(home.login) and (is_there or bool(site.steps) or parts.path == "/.well-known/change-password")


def test_nine_of_ten_logins_are_found_with_few_pages_and_none_where_there_is_none(discovery: Discovery) -> None:
    homes = discovery.server.homes
    rows: dict[str, list[tuple[bool, bool, int]]] = defaultdict(list)
    for host, home in homes.items():
        site = discovery.sites.get(host)
        has_found = site is not None and is_right(home, site)
        is_false = site is not None and not has_found
        rows[home.build].append((has_found, is_false, discovery.server.asked[host]))
    print(f"\n{'build':18} homes found false  pages each")
    for build, seen in rows.items():
        figures = sum(found for found, _, _ in seen), sum(false for _, false, _ in seen)
        print(f"{build:18} {len(seen):5} {figures[0]:5} {figures[1]:5}  {sum(row[2] for row in seen) / len(seen):.1f}")
    everything = [row for seen in rows.values() for row in seen]
    with_login = sum(1 for home in homes.values() if home.login)
    found, pages = sum(row[0] for row in everything), sum(row[2] for row in everything) / len(everything)
    print(f"{'all':18} {len(everything):5} {found:5} {sum(row[1] for row in everything):5}  {pages:.2f}")
    print(discovery.ended.stderr)
    assert len(homes) >= LEAST_HOMES
    assert len({home.language for home in homes.values()}) >= LEAST_LANGUAGES
    assert found >= LEAST_FOUND * with_login
    assert pages < MOST_PAGES
    assert [build for build, seen in rows.items() if any(false for _, false, _ in seen)] == []
    assert discovery.ended.code == ExitCode.OK


def test_no_domain_is_asked_for_more_than_its_budget(discovery: Discovery) -> None:
    """Redirects come on top: the server counts each, the visitor cannot know them before."""
    moves = {"gate": 6, "back-home": 6}
    most = {host: 12 + moves.get(home.build, 0) for host, home in discovery.server.homes.items()}
    assert {host: count for host, count in discovery.server.asked.items() if count > most[host]} == {}


def test_no_form_is_sent(discovery: Discovery) -> None:
    assert discovery.server.sent == []


def test_what_was_not_found_says_why(discovery: Discovery) -> None:
    reasons = {
        "nothing": "none (no account)",
        "newsletter": "none (no account)",
        "article": "none (no account)",
        "soft": "none (no account)",
        "signup": "none (unknown): the home page says",
        "reset": "none (unknown): the home page says",
        "dead-end": "none (unknown)",
        "wall": "none (wall): blocked by cloudflare",
        "app": "none (app only)",
        "broken": "none (unreachable): HTTP status 500",
    }
    lines = [line for line in discovery.text().splitlines() if ": none (" in line]
    wrong = [
        line for build, reason in reasons.items() for line in lines if f"# {build}-" in line and reason not in line
    ]
    assert wrong == []
    assert all(any(f"# {build}-" in line for line in lines) for build in reasons)


def test_an_entry_says_how_it_was_found(discovery: Discovery) -> None:
    sites = {home.build: discovery.sites.get(host) for host, home in discovery.server.homes.items()}
    text = discovery.text()
    assert "by link 'Sign in'; 2 pages asked" in text
    header, dialog, providers = sites["header"], sites["dialog"], sites["providers"]
    assert header is not None
    assert (header.steps, header.expect.password) == ((), 'input[name="password"]')
    assert dialog is not None
    assert [step.target for step in dialog.steps] == ["login-link"]
    assert providers is not None
    assert (providers.expect.login, set(providers.expect.sso)) == (ExpectedLogin.NO, {"google", "apple"})
    locales = {
        home.language: discovery.sites[host].locale for host, home in discovery.server.homes.items() if home.login
    }
    assert {language: locale for language, locale in locales.items() if locale != language} == {}


def test_the_list_is_read_by_a_run_as_it_stands(discovery: Discovery) -> None:
    builds = {"dialog", "consent", "lazy-menu", "passing", "providers", "subdomain"}
    one_of_each = {discovery.server.homes[host].build: site.id for host, site in discovery.sites.items()}
    ids = sorted(name for build, name in one_of_each.items() if build in builds)
    assert len(ids) == len(builds)
    chosen = [word for name in ids for word in ("--select", f"id:{name}")]
    ended = discovery.project.run("run", "--sites", "found.yaml", *chosen, "--retries", "0")
    assert ended.code == ExitCode.OK, ended.stdout + ended.stderr


def test_the_same_command_asks_nothing_again(discovery: Discovery) -> None:
    before, text = discovery.server.asked.total(), discovery.text()
    ended = discovery.project.run(*DISCOVER, "--host-delay", "0")
    assert ended.code == ExitCode.OK
    assert "answered before" in ended.words
    assert (discovery.server.asked.total(), discovery.text()) == (before, text)


def test_a_kill_and_an_interrupt_lose_the_page_under_way_and_nothing_else(tmp_path: Path) -> None:
    homes = [Builds(language).header_link() for language in ("en", "de", "fr", "es", "it", "pl", "ja", "tr")]
    with open_project(tmp_path) as project, HomeServer(homes) as server:
        write_domains(tmp_path, server)
        arguments = (*DISCOVER, "--slots", "1", "--contexts-per-session", "1")
        journal = tmp_path / "found.yaml.journal.jsonl"
        answers = []
        for count, end in ((6, Running.kill), (10, Running.interrupt)):
            gate = Gate()

            def hold(_host: str, _path: str, count: int = count, gate: Gate = gate) -> None:
                if server.asked.total() >= count:
                    gate.hold()

            server.before = hold
            running = project.start(*arguments)
            assert gate.reached.wait(60)
            end(running)
            code = running.wait().code
            gate.open()
            answers.append(journal.read_text().count('"domain"'))
        assert code == ExitCode.INTERRUPTED
        assert answers == [5, 8]
        assert "# Unfinished: 4 were not searched yet" in (tmp_path / "found.yaml").read_text()
        server.before = lambda _host, _path: None
        ended = project.run(*arguments)
        assert ended.code == ExitCode.OK
        assert journal.read_text().count('"domain"') == 2 * len(homes)
        assert len(read_found(tmp_path / "found.yaml")) == len(homes)


def test_recheck_tells_what_moved_and_what_is_gone(tmp_path: Path) -> None:
    moved, gone, true = Builds("de").header_link(), Builds("fr").nothing(), Builds("es").home_form()
    walled = Builds("it").wall()
    homes = [moved, gone, true, walled]
    with open_project(tmp_path) as project, HomeServer(homes) as server:
        urls = {home.build: server.url(home) for home in homes}
        entries = "".join(
            f"  - {{id: {name}, url: '{urls[name]}{path}', tags: [kept], expect: {{login: true}}}}\n"
            for name, path in (("header", "old/login"), ("nothing", "login"), ("home-form", ""), ("wall", "login"))
        )
        (tmp_path / "old.yaml").write_text(f"version: 1\nsites:\n{entries}")
        ended = project.run("sites", "discover", "--recheck", "old.yaml", "--out", "new.yaml", "--host-delay", "0")
        assert ended.code == ExitCode.FAILED
        lines = dict(line.partition(": ")[::2] for line in ended.stdout.splitlines())
        assert list(lines) == ["old.yaml:3", "old.yaml:4", "old.yaml:6"]
        assert lines["old.yaml:3"].startswith(f"header: moved: the login is at {urls['header']}members/enter now")
        assert lines["old.yaml:4"].startswith("nothing: gone: ")
        assert lines["old.yaml:6"].startswith("wall: untold: wall: ")
        (site,) = read_site_lists([str(tmp_path / "new.yaml")], BytesIO()).sites
        assert (site.id, site.url, site.tags) == ("header", f"{urls['header']}members/enter", ("kept",))


def test_robots_are_respected_where_that_is_asked_for(tmp_path: Path) -> None:
    home = Builds("en").in_robots()
    with open_project(tmp_path) as project, HomeServer([home]) as server:
        ended = project.run("sites", "discover", server.url(home), "--robots", "respect", "--host-delay", "0")
        assert ended.code == ExitCode.NOTHING
        assert "robots.txt forbids /inner/signin" in ended.stdout
        assert "/inner/signin" not in server.paths[home.host]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "no domain and no list"),
        (("shop",), "is no file either"),
        (("shop.example", "--recheck", "old.yaml"), "--recheck takes the lists itself"),
        (("shop.example", "--out", "mine.yaml"), "this search did not write it, or it was edited since"),
        (("shop.example", "--grid", "docker"), "discover brings up no grid"),
        (("shop.example", "--kind", "trancoo"), "invalid choice: 'trancoo'"),
    ],
)
def test_what_cannot_be_meant_is_told_before_anything_is_asked(
    tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    (tmp_path / "mine.yaml").write_text("version: 1\nsites: []\n")
    with open_project(tmp_path) as project:
        ended = project.run("sites", "discover", *arguments)
    assert (ended.code, says in ended.words) == (ExitCode.USAGE, True), ended.stderr
