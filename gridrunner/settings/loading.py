"""Every setting of a run: its name, meaning and default, and where its value came from.

A setting is one row of SETTINGS. The command line, the environment (GRIDRUNNER_<NAME>) and gridrunner.toml are read by
the same table, so that a setting added there exists everywhere: in `--help`, in `config show`, in errors. Command line
beats environment beats file beats default.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from gridrunner.errors import UsageError
from gridrunner.settings.fleet import FLEET_SETTINGS
from gridrunner.settings.values import BadValue, Setting, parse_duration, parse_shard
from gridrunner.settings.values import flag as _flag
from gridrunner.settings.values import grid_name as _grid_name
from gridrunner.settings.values import one_of as _one_of
from gridrunner.settings.values import path_of as _path
from gridrunner.settings.values import whole as _whole

CONFIG_FILE = "gridrunner.toml"

NOT_SETTINGS = frozenset({"OWNER", "BROWSER_BINARY", "CHROMEDRIVER"})
"""GRIDRUNNER_ variables that are read elsewhere: `grid.hubs.processes` and `browser.binaries`."""


class Origin(StrEnum):
    """Where a value came from."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    COMMAND_LINE = "command line"


SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="sites",
        parse=str,
        default=(),
        is_list=True,
        metavar="LIST",
        help="site list: .yaml, .csv or .txt (one URL a line); repeatable; - is standard input",
    ),
    Setting(
        name="grid",
        parse=str,
        default=("local",),
        is_list=True,
        metavar="WHERE",
        help="local (browsers of this machine, no Java), docker, aws, or the URL of a Selenium Grid hub; repeatable",
    ),
    Setting(
        name="grid-name",
        parse=_grid_name,
        default="gridrunner",
        metavar="NAME",
        help="which grid of this name docker means; everything made for it is marked with it (default gridrunner)",
    ),
    Setting(
        name="hub-image",
        parse=str,
        default=None,
        metavar="IMAGE",
        help="image of docker's hubs; default: the one of docker/build.sh; selenium/hub works as well",
    ),
    Setting(
        name="node-image",
        parse=str,
        default=None,
        metavar="IMAGE",
        help="image of docker's nodes; default: the one of docker/build.sh; selenium/node-chrome works as well",
    ),
    Setting(
        name="hub-ca",
        parse=_path,
        default=None,
        metavar="FILE",
        help="certificates (PEM) of the authority that signed those of https hubs; default: the usual ones",
    ),
    Setting(
        name="slots",
        parse=_whole(1),
        default=None,
        metavar="N",
        help="browser sessions at once; default: the machine's cores for local, all slots of the hubs otherwise",
    ),
    Setting(
        name="contexts-per-session",
        parse=_whole(1),
        default=None,
        metavar="N",
        help="visits at once in one session, each in a context of its own; default: 2 on this machine, 1 on hubs",
    ),
    Setting(
        name="browser",
        parse=_one_of("headless-shell", "chromium", "chrome"),
        default=None,
        metavar="NAME",
        help="headless-shell (default where there is one: four times as fast), chromium or chrome",
    ),
    Setting(
        name="isolation",
        parse=_one_of("context", "session"),
        default="context",
        metavar="KIND",
        help="context: a fresh browser context a site in a reused session; session: a fresh session a site",
    ),
    Setting(
        name="probe",
        parse=_path,
        default=(),
        is_list=True,
        metavar="FILE.js",
        help="a probe of your own: a JavaScript function run on every page after the built-in ones; repeatable",
    ),
    Setting(
        name="extension",
        parse=_path,
        default=(),
        is_list=True,
        metavar="DIR",
        help="an unpacked browser extension, loaded into every session (needs --browser chromium); repeatable",
    ),
    Setting(
        name="try-insertion",
        parse=_flag,
        default=False,
        help="put a button at each insertion point, click it, look at it on a phone's width, take it out; adds a check",
    ),
    Setting(
        name="dismiss-walls",
        parse=_flag,
        default=False,
        help="answer cookie walls before a page is judged, refusing where it can be refused (default: see past them)",
    ),
    Setting(
        name="checks",
        parse=str,
        default=(),
        is_list=True,
        metavar="PATH",
        help="pytest files or folders with checks; default: the shipped login-form detection suite; repeatable",
    ),
    Setting(
        name="keyword",
        short="-k",
        parse=str,
        default=None,
        metavar="EXPR",
        help="checks whose names match, as in pytest",
    ),
    Setting(
        name="mark",
        short="-m",
        parse=str,
        default=None,
        metavar="EXPR",
        help="checks with matching marks, as in pytest",
    ),
    Setting(
        name="select",
        parse=str,
        default=(),
        is_list=True,
        metavar="EXPR",
        help="only sites that match tag:NAME, locale:CODE or id:GLOB; repeatable (any of them)",
    ),
    Setting(
        name="shard",
        parse=parse_shard,
        default=None,
        metavar="I/N",
        help="only the I-th of N parts of the plan, cut by expected duration; merge the runs with `gridrunner merge`",
    ),
    Setting(
        name="plan",
        parse=_path,
        default=None,
        metavar="FILE",
        help="a plan that `gridrunner plan --out` wrote: every machine of a matrix holds the same",
    ),
    Setting(
        name="retries",
        parse=_whole(0),
        default=1,
        metavar="N",
        help="further attempts of a site that failed, each in a fresh session (default 1)",
    ),
    Setting(
        name="visit-timeout",
        parse=parse_duration,
        default=30.0,
        metavar="TIME",
        help="bound of one visit (default 30s)",
    ),
    Setting(
        name="deadline",
        parse=parse_duration,
        default=None,
        metavar="TIME",
        help="bound of the whole run; what is not reached then is owed (exit 3); default: none",
    ),
    Setting(
        name="max-failures",
        parse=_whole(1),
        default=None,
        metavar="N",
        help="stop after this many failed sites; default: none",
    ),
    Setting(
        name="resume",
        parse=_path,
        default=None,
        metavar="RUN",
        help="go on with a run that was interrupted: only what it still owes",
    ),
    Setting(
        name="last-failed",
        parse=_flag,
        default=False,
        help="only the sites that failed or were not reached in the newest run under --out",
    ),
    Setting(
        name="out",
        parse=_path,
        default=Path("runs"),
        metavar="DIR",
        help="where run folders are made (default runs/)",
    ),
    Setting(name="junit", parse=_path, default=None, metavar="FILE", help="write the JUnit file here as well"),
    Setting(
        name="json",
        parse=_path,
        default=None,
        metavar="FILE",
        help="write totals, verdicts, timings and the exit code here as JSON; - is standard output",
    ),
    Setting(
        name="ci",
        parse=_one_of("auto", "github", "gitlab", "jenkins", "none"),
        default="auto",
        metavar="NAME",
        help="whose annotations, summary and attachments: auto (default: by the environment), github, gitlab, jenkins, none",
    ),
    Setting(
        name="baseline",
        parse=_path,
        default=None,
        metavar="RUN|FILE",
        help="an earlier run folder, or its --json: exit 1 only for what is newly broken since",
    ),
    Setting(
        name="fetch",
        parse=_one_of("lean", "all"),
        default="lean",
        metavar="WHAT",
        help="lean (default): first attempts fetch no media, fonts and known trackers; all: everything",
    ),
    Setting(
        name="screenshots",
        parse=_one_of("failed", "all", "none"),
        default="failed",
        metavar="WHICH",
        help="keep screenshots of failed sites (default), of all, or none",
    ),
    Setting(
        name="capture",
        parse=_one_of("failed", "all", "none"),
        default="none",
        metavar="WHICH",
        help="keep the pages of failed sites, or of all, for replay: RUN/captured.yaml (default: none)",
    ),
    Setting(
        name="history",
        parse=_path,
        default=Path("runs/history.sqlite"),
        metavar="FILE",
        help="durations and outcomes of earlier runs, for planning (default runs/history.sqlite)",
    ),
    Setting(name="dry-run", parse=_flag, default=False, help="check everything and print the plan; visit nothing"),
    Setting(
        name="quiet",
        short="-q",
        parse=_flag,
        default=False,
        help="plain lines instead of the live display, results only",
    ),
    Setting(
        name="verbose", short="-v", parse=_flag, default=False, help="log what sessions, hubs and the dispatcher do"
    ),
    Setting(
        name="color",
        parse=_one_of("auto", "always", "never"),
        default="auto",
        metavar="WHEN",
        help="auto (default), always or never; NO_COLOR is honoured",
    ),
    *FLEET_SETTINGS,
)

_BY_KEY: Mapping[str, Setting] = {setting.key: setting for setting in SETTINGS}


class Value(Struct, frozen=True, kw_only=True):
    """A setting's value with its origin; `where` names the file or variable it was read from."""

    value: Any
    origin: Origin = Origin.DEFAULT
    where: str = ""


class RunConfig(Struct, frozen=True):
    """All settings of a run. `config["slots"]` is a value; `origin_of` says where it came from."""

    values: Mapping[str, Value] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        """The value of a setting by its key. Raises KeyError for what is no setting."""
        found = self.values.get(key)
        return found.value if found is not None else _BY_KEY[key].default

    def origin_of(self, key: str) -> Value:
        """The value of a setting with its origin."""
        return self.values.get(key, Value(value=_BY_KEY[key].default))


def load_config(arguments: Mapping[str, Any], env: Mapping[str, str], folder: Path) -> RunConfig:
    """Join the command line (`arguments`: key to text, list of texts or True; absent or None: not given), the
    environment and `folder`/gridrunner.toml.

    Raises UsageError with every mistake, each naming its origin.
    """
    mistakes: list[str] = []
    values: dict[str, Value] = {}
    path = folder / CONFIG_FILE
    for key, given in _read_file(path, mistakes).items():
        _take(values, mistakes, key, given, Origin.FILE, str(path.name))
    for setting in SETTINGS:
        text = env.get(setting.variable)
        if text is not None and text != "":
            given = [part.strip() for part in text.split(",")] if setting.is_list else text
            _take(values, mistakes, setting.key, given, Origin.ENVIRONMENT, setting.variable)
    for key, given in arguments.items():
        if given is not None and key in _BY_KEY:
            _take(values, mistakes, key, given, Origin.COMMAND_LINE, "--" + _BY_KEY[key].name)
    if mistakes:
        raise UsageError("; ".join(mistakes), hint="`gridrunner config show` lists every setting and its origin")
    return RunConfig(values)


def _read_file(path: Path, mistakes: list[str]) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        mistakes.append(f"{path.name}: cannot be read: {error}")
        return {}
    known = {}
    for key, value in found.items():
        setting = _BY_KEY.get(key.replace("-", "_"))
        if setting is None:
            close = difflib.get_close_matches(key, [setting.key for setting in SETTINGS], 1)
            mistakes.append(f"{path.name}: {key} is no setting" + (f"; did you mean {close[0]}?" if close else ""))
        else:
            known[setting.key] = value
    return known


def _take(values: dict[str, Value], mistakes: list[str], key: str, given: Any, origin: Origin, where: str) -> None:
    setting = _BY_KEY[key]
    parts: Sequence[Any] = given if isinstance(given, list | tuple) else [given]
    if len(parts) != 1 and not setting.is_list:
        mistakes.append(f"{where}: {setting.name} takes one value, not {len(parts)}")
        return
    try:
        parsed = [setting.parse(_as_text(part)) for part in parts]
    except BadValue as error:
        mistakes.append(f"{where}: {given!r}: {setting.name} {error}")
        return
    values[key] = Value(value=tuple(parsed) if setting.is_list else parsed[0], origin=origin, where=where)


def _as_text(given: Any) -> str:
    if isinstance(given, bool):
        return "true" if given else "false"
    return str(given)


def describe_config(config: RunConfig) -> list[tuple[str, str, str]]:
    """Every setting as (name, value, origin) for `gridrunner config show`, in the order of SETTINGS."""
    rows = []
    for setting in SETTINGS:
        found = config.origin_of(setting.key)
        rows.append((setting.name, _show(found.value), f"{found.origin} {found.where}".strip()))
    return rows


def _show(value: Any) -> str:
    if value is None or value == ():
        return "-"
    if isinstance(value, tuple) and all(isinstance(part, int) for part in value):
        return "/".join(map(str, value))
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return _as_text(value)
