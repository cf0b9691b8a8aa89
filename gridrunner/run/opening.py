"""What the steps of a run share, made before the first of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from rich.console import Console

from gridrunner.browser.user_probes import UserProbe
from gridrunner.judging.protocol import Selection
from gridrunner.run.choosing import GridChoice, choose_grid
from gridrunner.run.notifying import Notifier, make_notifier
from gridrunner.run.publishing import Publisher, make_publisher
from gridrunner.run.selecting import EXTENSION_PROBE, has_probe, make_selection, read_user_probes
from gridrunner.settings.loading import Settings
from gridrunner.terminal.console import Say, make_console, make_say, warn

if TYPE_CHECKING:
    from gridrunner.run.storing import StoreSession


class Run(Struct, frozen=True, kw_only=True):
    """One execution of `gridrunner run`. `history` is the file that it is planned with and remembered in; `store` is
    None without --store.
    """

    settings: Settings
    env: Mapping[str, str]
    command: tuple[str, ...]
    console: Console
    publisher: Publisher
    choice: GridChoice
    probes: tuple[UserProbe, ...]
    selection: Selection
    store: StoreSession | None
    history: Path
    notifier: Notifier

    def say(self, text: str) -> None:
        """A line where people read."""
        make_say(self.console)(text)

    def warn(self, text: str) -> None:
        """A warning where people read."""
        warn(self.console, text)


def open_run(settings: Settings, env: Mapping[str, str], command: tuple[str, ...]) -> Run:
    """Check what can be checked without reading a list. Raises GridrunnerError for what the user can mend."""
    console = make_console(settings.output.color)
    publisher = make_publisher(settings.output, env)
    notifier = make_notifier(() if settings.output.dry_run else settings.output.notify, env)
    choice = choose_grid(settings, env)
    probes = read_user_probes(settings.visits.probe_files, settings.visits.extensions)
    store = _open_store(settings, env, make_say(console))
    for folder in settings.visits.extensions:
        if not has_probe(folder):
            warn(
                console,
                f"--extension {folder}: it has no {EXTENSION_PROBE}, so nothing of it is compared with the list",
            )
    for note in settings.notes:
        console.print(note, markup=False, highlight=False)
    return Run(
        settings=settings,
        env=env,
        command=command,
        console=console,
        publisher=publisher,
        choice=choice,
        probes=probes,
        selection=make_selection(settings.checks, settings.visits),
        store=store,
        history=store.history if store is not None else settings.store.history,
        notifier=notifier,
    )


def _open_store(settings: Settings, env: Mapping[str, str], say: Say) -> StoreSession | None:
    if settings.store.url is None or settings.output.dry_run:
        return None
    from gridrunner.run.storing import open_store  # noqa: PLC0415 - boto3 takes half a second, and most runs need none

    return open_store(
        settings.store,
        settings.fleet.file,
        env,
        say,
        out=settings.output.out,
        has_own_history=settings.is_given("history"),
    )
