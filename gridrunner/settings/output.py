"""Where results go, and how much is said on the way."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from gridrunner.settings.values import BadSetting, Part, Setting, flag, one_of, path_of

CI_SYSTEMS = ("github", "gitlab", "jenkins")


def _receiver(text: str) -> str:
    if not re.match(r"[a-z][a-z0-9+.-]*://.", text, re.IGNORECASE):
        raise BadSetting("takes a URL of Apprise, such as slack://…, mailtos://… or jsons://host/path")
    return text


class OutputSettings(Struct, frozen=True, kw_only=True):
    """Files and the terminal. `json` "-" is standard output; `metrics` is a file, a port or HOST:PORT."""

    out: Path = Path("runs")
    junit: Path | None = None
    json: Path | None = None
    ci: str = "auto"
    baseline: Path | None = None
    notify: tuple[str, ...] = ()
    metrics: str | None = None
    dry_run: bool = False
    quiet: bool = False
    verbose: bool = False
    color: str = "auto"


ROWS = (
    Setting(
        name="out",
        parse=path_of,
        metavar="DIR",
        help="where run folders are made (default runs/)",
    ),
    Setting(name="junit", parse=path_of, metavar="FILE", help="write the JUnit file here as well"),
    Setting(
        name="json",
        parse=path_of,
        metavar="FILE",
        help="write totals, verdicts, timings and the exit code here as JSON; - is standard output",
    ),
    Setting(
        name="ci",
        parse=one_of("auto", *CI_SYSTEMS, "none"),
        metavar="NAME",
        help="CI system to write annotations and summaries for: auto (default), github, gitlab, jenkins or none",
    ),
    Setting(
        name="baseline",
        parse=path_of,
        metavar="RUN|FILE",
        help="an earlier run folder, or its --json: exit 1 only for what is newly broken since",
    ),
    Setting(
        name="notify",
        parse=_receiver,
        metavar="URL",
        is_list=True,
        is_secret=True,
        help="tell what is new since earlier runs, in one message, by Slack, Teams, mail, a webhook: a URL of Apprise "
        "(pip install gridrunner[notify])",
    ),
    Setting(
        name="metrics",
        parse=str,
        metavar="FILE|PORT",
        help="figures for Prometheus while it runs: a file for the node exporter, a port of this machine, or HOST:PORT",
    ),
    Setting(name="dry-run", parse=flag, help="check everything and print the plan; visit nothing"),
    Setting(
        name="quiet",
        short="-q",
        parse=flag,
        help="plain lines instead of the live display, and only results",
    ),
    Setting(name="verbose", short="-v", parse=flag, help="log what sessions, hubs and the dispatcher do"),
    Setting(
        name="color",
        parse=one_of("auto", "always", "never"),
        metavar="WHEN",
        help="auto (default), always or never; NO_COLOR is honoured",
    ),
)

PART = Part(name="output", title="output", defaults=OutputSettings(), rows=ROWS)
