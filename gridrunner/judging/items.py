"""The hooks of a pytest run that has a recorded run: one test for each check and site, named, ordered and tagged.

Invariant: a check on a site that was not observed, because of a fault, is an error of ours and never a failure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Generator

import pytest

from gridrunner.errors import GridrunnerError
from gridrunner.foreign import write_inside
from gridrunner.judging.source import RunSource
from gridrunner.model import Status

SITE_FIXTURE = "gridrunner_site_id"
"""The fixture that is parametrised; a test is a check when this is among the fixtures it needs."""

OBSERVATION_FIXTURES = frozenset({"observation", "detection", "facts"})
"""A live check that needs one of these needs a visit without a fault as well."""

LIVE_MARK = "live"

TAG = "gridrunner"
"""The attribute of a report that carries what only the process of the test knows: check, site, attempt, and for a
failed phase its status and message."""


PICTURE_PROPERTY = "screenshot"
"""The property of a failed live check that names its picture, below the run folder."""

NAME_LIMIT = 100

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")


class SiteNotOpened(Exception):
    """The browser works and the site of a live check did not open: the site's failure, though the setup raised it."""


_GAP = pytest.StashKey[str]()  # of an item: why its site was not observed


class RunPlugin:
    """The hooks of a pytest run with a recorded run: one item for each check and site, in plan order, site by site.

    `load` is called once, before collecting, and not at all in the controller of pytest-xdist.
    """

    def __init__(self, load: Callable[[], RunSource]) -> None:
        self._load = load
        self._source: RunSource | None = None

    @property
    def source(self) -> RunSource:
        """What is judged; loaded on first use. Raises pytest.UsageError for a run folder that cannot be read."""
        if self._source is None:
            try:
                self._source = self._load()
            except GridrunnerError as error:
                raise pytest.UsageError(f"--gridrunner-run: {error}") from error
        return self._source

    def pytest_configure(self, config: pytest.Config) -> None:
        """Makes itself known to the fixtures."""
        config.stash[PLUGIN_KEY] = self

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Reads the run before anything is collected, so that a broken run folder is one line and not a traceback."""
        is_controller = session.config.pluginmanager.has_plugin("dsession")
        if not is_controller:
            _ = self.source

    @pytest.hookimpl(trylast=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One item per site; last, so that the site id ends the test id whatever else is parametrised."""
        if SITE_FIXTURE in metafunc.fixturenames:
            ids = list(self.source.sites)
            metafunc.parametrize(SITE_FIXTURE, ids, ids=ids, indirect=True)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leaves out what is not asked for, and groups the rest by site: facts are read once and let go."""
        source = self.source
        position = {site: index for index, site in enumerate(source.sites)}
        kept: list[tuple[int, pytest.Item]] = []
        left_out: list[pytest.Item] = []
        for item in items:
            site = site_of(item)
            if site is None:
                kept.append((-1, item))
                continue
            check = check_of(item, site)
            is_chosen = source.checks is None or check in source.checks
            if is_chosen and (not source.judged or (check, site) not in source.judged):
                kept.append((position[site], item))
            else:
                left_out.append(item)
        if left_out:
            config.hook.pytest_deselected(items=left_out)
        kept.sort(key=lambda pair: pair[0])
        items[:] = [item for _, item in kept]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Stops a check on a site that was not observed; a setup that fails is an error in pytest's words too."""
        site = site_of(item)
        if site is None or (is_live(item) and not OBSERVATION_FIXTURES.intersection(_fixture_names(item))):
            return
        if (gap := self.source.explain_gap(site)) is not None:
            item.stash[_GAP] = gap
            pytest.fail(gap, pytrace=False)
        if (wall := self.source.explain_wall(site)) is not None:
            pytest.skip(wall)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Tags the report with check, site, attempt and blame, as pytest-xdist's controller will see them."""
        report = yield
        site = site_of(item)
        if site is None:
            return report
        error = None if call.excinfo is None else call.excinfo.value
        if _GAP in item.stash and error is not None:  # no xfail mark makes this an expected failure
            report.outcome = "failed"
            report.__dict__.pop("wasxfail", None)
        tag: dict[str, str | int] = {
            "check": check_of(item, site),
            "site": site,
            "attempt": self.source.attempt_of(site),
        }
        if report.outcome == "failed":
            tag["status"] = _blame(report.when, error).value
            tag["message"] = _first_line(error) if error is not None else ""
            if call.when == "call" and (picture := self._keep_picture(item, site)):
                report.user_properties.append((PICTURE_PROPERTY, picture))
        setattr(report, TAG, tag)
        return report

    def _keep_picture(self, item: pytest.Item, site: str) -> str:
        """What the browser of a failed live check shows, as evidence of the run; "" where it gives no picture."""
        driver = getattr(item, "funcargs", {}).get("driver")
        if driver is None:
            return ""
        name = f"evidence/{site}/{_NOT_IN_NAMES.sub('-', check_of(item, site).partition('::')[2])[:NAME_LIMIT]}.png"
        try:
            write_inside(self.source.folder, name, driver.get_screenshot_as_png())
        except Exception:  # noqa: BLE001 - whatever the browser or the check made of it: the failure itself is what counts
            return ""
        return name


PLUGIN_KEY = pytest.StashKey[RunPlugin]()
"""Where the fixtures find the hooks, and through them what is judged."""


def _blame(phase: str | None, error: BaseException | None) -> Status:
    """FAILED for an expectation that the site did not meet, ERROR for a check that broke.

    A report that another plugin failed without an exception (XPASS(strict), soft assertions) is an expectation's.
    """
    if isinstance(error, SiteNotOpened):
        return Status.FAILED
    is_expectation = error is None or isinstance(error, AssertionError | pytest.fail.Exception)
    return Status.FAILED if phase == "call" and is_expectation else Status.ERROR


def _first_line(error: BaseException) -> str:
    """The first line of what an expectation said; other exceptions with their type before it."""
    text = (error.msg or "") if isinstance(error, pytest.fail.Exception) else str(error)
    line = next((line for line in text.splitlines() if line.strip()), "")
    if isinstance(error, AssertionError | pytest.fail.Exception | SiteNotOpened):
        return line or "assertion failed"
    return f"{type(error).__name__}: {line}" if line else type(error).__name__


def site_of(item: pytest.Item) -> str | None:
    """The site id that the item is parametrised with; None for a test that is not a check."""
    callspec = getattr(item, "callspec", None)
    return None if callspec is None else callspec.params.get(SITE_FIXTURE)


def check_of(item: pytest.Item, site: str) -> str:
    """The id of the check: `<file>::<function>` or `<file>::<Class>::<function>`, the site id taken out; parameters
    of the check's own stay (`func[a]`).
    """
    name = item.nodeid.partition("::")[2]
    alone = f"[{site}]"
    own = name.removesuffix(alone) if name.endswith(alone) else name.removesuffix(f"-{site}]") + "]"
    return f"{item.path.name}::{own}"


def is_live(item: pytest.Item) -> bool:
    """True for a check that is marked `live` or asks for `driver`."""
    return "driver" in _fixture_names(item) or item.get_closest_marker(LIVE_MARK) is not None


def _fixture_names(item: pytest.Item) -> Collection[str]:
    names: Collection[str] = getattr(item, "fixturenames", ())
    return names
