"""`--notify`: one message of what is new, by Apprise. Owns the sending; the invariant: nothing that a receiver does or
does not do changes how a run ends, and no address of one is ever shown.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gridrunner.errors import ExitCode, UsageError
from gridrunner.results.history.entries import RunEntry
from gridrunner.results.history.news import find_news, write_body, write_title
from gridrunner.results.record import RunRecord, explain_burnt
from gridrunner.results.verdicts.shortfalls import describe_shortfalls
from gridrunner.terminal.console import Say

if TYPE_CHECKING:
    from apprise import Apprise

PATIENCE_S = 30.0
"""For all receivers together: Apprise waits 4 s for a connection and 4 s for each part of an answer."""


class Notifier:
    """Receivers that can be sent to; made before anything is visited."""

    def __init__(self, apprise: Apprise | None, env: Mapping[str, str]) -> None:
        """Use `make_notifier`. None: no one is told."""
        self._apprise = apprise
        self._env = env

    @property
    def is_wanted(self) -> bool:
        """Whether there is anybody to tell."""
        return self._apprise is not None

    def tell(
        self, runs: Sequence[RunEntry], run: RunEntry, record: RunRecord, code: ExitCode, folder: Path, say: Say
    ) -> None:
        """Tell what is new with `run` after `runs`, if anything is. What goes wrong is said in one line."""
        if self._apprise is None:
            return
        news = find_news(runs, run, explain_incomplete(record, code))
        if not news.is_worth_telling:
            say("notify: nothing is new, so nothing was sent")
            return
        title, body = write_title(news), write_body(news, list_links(self._env, folder, run.place))
        outcome: list[str] = []
        thread = threading.Thread(target=_send, args=(self._apprise, title, body, outcome), daemon=True)
        thread.start()
        thread.join(PATIENCE_S)
        say(outcome[0] if outcome else f"warning: notify: a receiver did not answer within {PATIENCE_S:.0f} s")


def make_notifier(urls: Sequence[str], env: Mapping[str, str]) -> Notifier:
    """What sends to `urls`. Raises UsageError where Apprise is missing or does not know what a URL means."""
    if not urls:
        return Notifier(None, env)
    try:
        import apprise  # noqa: PLC0415 - an extra, and most runs tell nobody
    except ImportError as error:
        raise UsageError("--notify: Apprise is not installed", hint="pip install 'gridrunner[notify]'") from error
    # It logs addresses, and where nothing is set up for that, Python prints it.
    logging.getLogger("apprise").addHandler(logging.NullHandler())
    logging.getLogger("apprise").propagate = False
    receivers = apprise.Apprise()
    for number, url in enumerate(urls, start=1):
        if not receivers.add(url):
            scheme = url.partition(":")[0]
            raise UsageError(
                f"--notify: URL {number} ({scheme}://…) is none that Apprise knows, or lacks a part",
                hint="github.com/caronc/apprise lists the services and their URLs",
            )
    return Notifier(receivers, env)


def _send(apprise: Apprise, title: str, body: str, outcome: list[str]) -> None:
    try:
        is_sent = bool(apprise.notify(title=title, body=body, body_format="text"))
    except Exception as error:  # noqa: BLE001 - a hundred services' code; a run has been made, and its verdict stands
        outcome.append(f"warning: notify: could not be sent: {type(error).__name__}")
    else:
        outcome.append("notify: sent" if is_sent else "warning: notify: a receiver did not take the message")


def explain_incomplete(record: RunRecord, code: ExitCode) -> str:
    """Why the run is not complete; "" when it is."""
    if code is not ExitCode.INCOMPLETE:
        return ""
    reasons = describe_shortfalls(record.digest().shortfalls, record.header.damaged)
    burnt = explain_burnt(record)
    return "; ".join([*([burnt] if burnt else []), *reasons][:3]) or f"exit {int(code)}"


def list_links(env: Mapping[str, str], folder: Path, place: str) -> list[str]:
    """Where the run can be looked at: its job in CI, and its report."""
    links = []
    if env.get("GITHUB_RUN_ID") and env.get("GITHUB_REPOSITORY"):
        server = env.get("GITHUB_SERVER_URL", "https://github.com")
        links.append(f"{server}/{env['GITHUB_REPOSITORY']}/actions/runs/{env['GITHUB_RUN_ID']}")
    links += [env[name] for name in ("CI_PIPELINE_URL", "BUILD_URL") if env.get(name)]
    links.append(f"{place}/report.html" if place.startswith("s3://") else str(folder / "report.html"))
    return links
