"""From the command line, the environment and gridrunner.toml to typed settings: the door that every command comes
through.

Command line beats environment beats file beats default. Behind the door nothing is looked up by name, and no default is
chosen again.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from gridrunner.errors import UsageError
from gridrunner.settings.archive import ArchiveSettings
from gridrunner.settings.checks import CheckSettings
from gridrunner.settings.dispatch import DispatchOptions
from gridrunner.settings.egress import Egress, read_egresses, require_egress
from gridrunner.settings.fleet import FleetSettings
from gridrunner.settings.grid import LOCAL_LANES, GridSettings, Isolation
from gridrunner.settings.output import OutputSettings
from gridrunner.settings.selection import SelectionSettings
from gridrunner.settings.store import StoreSettings
from gridrunner.settings.table import BY_KEY, HIDDEN, PARTS, SETTINGS, default_of
from gridrunner.settings.values import ENV_PREFIX, BadSetting
from gridrunner.settings.visits import VisitOptions

CONFIG_FILE = "gridrunner.toml"

OTHER_VARIABLES = ("OWNER", "BROWSER_BINARY", "CHROMEDRIVER", "SANDBOX", "FUZZ")
OTHER_PREFIXES = ("AGENT_", "TEST_")
"""GRIDRUNNER_ variables that are not settings: of `grid.hubs.processes`, `browser.binaries`, the images, the agents of
a fleet, and the project's own tests."""

CLOSE_ENOUGH = 0.6
"""difflib's own default: `SLOTZ` is answered with `SLOTS`, `WORKERS` with nothing."""


class Origin(StrEnum):
    """Where a value came from."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    COMMAND_LINE = "command line"


class Value(Struct, frozen=True, kw_only=True):
    """A setting's value with its origin; `where` names the file or variable it was read from."""

    value: Any
    origin: Origin = Origin.DEFAULT
    where: str = ""


class Settings(Struct, frozen=True, kw_only=True):
    """All settings, by part. `values` keeps, by key, what was given and where; `notes` are sentences on what resolving
    changed, for the user.
    """

    selection: SelectionSettings = SelectionSettings()
    checks: CheckSettings = CheckSettings()
    grid: GridSettings = GridSettings()
    visits: VisitOptions = VisitOptions()
    archive: ArchiveSettings = ArchiveSettings()
    dispatch: DispatchOptions = DispatchOptions()
    fleet: FleetSettings = FleetSettings()
    store: StoreSettings = StoreSettings()
    output: OutputSettings = OutputSettings()
    egresses: tuple[Egress, ...] = ()
    values: Mapping[str, Value] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def is_given(self, key: str) -> bool:
        """Whether the user said something about a setting, wherever."""
        return key in self.values


def load_settings(arguments: Mapping[str, Any], env: Mapping[str, str], folder: Path) -> Settings:
    """Join the command line (`arguments`: key to text, list of texts or True; absent or None: not given), the
    environment and `folder`/gridrunner.toml.

    Raises UsageError with every mistake, each naming its origin.
    """
    mistakes: list[str] = []
    values: dict[str, Value] = {}
    path = folder / CONFIG_FILE
    table = _read_file(path, mistakes)
    tables = table.pop("egress", {})
    egresses = read_egresses(tables, env, mistakes, path.name) if isinstance(tables, dict) else []
    if not isinstance(tables, dict):
        mistakes.append(f"{path.name}: egress: write tables, [egress.NAME]; which one all sites take is for --egress")
    for key, given in table.items():
        _take(values, mistakes, key, given, Origin.FILE, str(path.name))
    for variable, text in env.items():
        if not variable.startswith(ENV_PREFIX) or text == "":
            continue
        key = variable.removeprefix(ENV_PREFIX).lower()
        setting = BY_KEY.get(key) if variable.isupper() else None
        if setting is not None:
            parts = [part.strip() for part in text.split(",")] if setting.is_list else text
            _take(values, mistakes, key, parts, Origin.ENVIRONMENT, variable)
        elif not _is_read_elsewhere(variable):
            mistakes.append(f"{variable}: {_describe_unknown(key, ENV_PREFIX, str.upper)}")
    for key, given in arguments.items():
        if given is not None and key in BY_KEY:
            _take(values, mistakes, key, given, Origin.COMMAND_LINE, "--" + BY_KEY[key].name)
    if mistakes:
        raise UsageError("; ".join(mistakes), hint="`gridrunner config show` lists every setting and its origin")
    settings = replace(_build(values), egresses=tuple(egresses))
    require_egress(settings.visits.egress, egresses)
    return _resolve(settings, cores=os.cpu_count() or 1)


def _build(values: Mapping[str, Value]) -> Settings:
    built = {
        part.name: replace(
            part.defaults, **{row.attribute: values[row.key].value for row in part.rows if row.key in values}
        )
        for part in PARTS
    }
    return Settings(**built, values=values)  # type: ignore[arg-type] # the table's test holds rows against the fields


def _resolve(settings: Settings, *, cores: int) -> Settings:
    """Choose, once, what follows from other settings and from this machine. Raises UsageError for contradictions."""
    grid, notes = settings.grid, settings.notes
    if settings.visits.extensions and settings.egresses:
        raise UsageError(
            "--extension: extensions run in a session's first context, which has no proxy of its own",
            hint="remove [egress.…] from gridrunner.toml, or set HTTPS_PROXY for the whole browser",
        )
    isolation = grid.isolation
    if settings.visits.extensions and isolation is Isolation.CONTEXT:
        # Chromium runs extensions in the session's first context alone (156, tried with --load-extension and
        # Extensions.loadUnpacked, 2026-11-24).
        if settings.is_given("isolation"):
            raise UsageError(
                "--extension: extensions do not run in browser contexts of their own",
                hint="leave --isolation out: each site gets a session of its own then",
            )
        isolation = Isolation.SESSION
        notes = (*notes, "--extension: a session for each site, because extensions run in no other context")
    is_shared = isolation is Isolation.CONTEXT
    resolved = replace(
        grid,
        isolation=isolation,
        browsers=grid.slots or cores,
        lanes_here=(grid.contexts_per_session or LOCAL_LANES) if is_shared else 1,
        lanes_on_hubs=(grid.contexts_per_session or 1) if is_shared else 1,
    )
    return replace(settings, grid=resolved, notes=notes)


def _read_file(path: Path, mistakes: list[str]) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        mistakes.append(f"{path.name}: cannot be read: {error}")
        return {}
    known = {}
    for name, value in table.items():
        setting = BY_KEY.get(name.replace("-", "_"))
        if setting is None:
            mistakes.append(f"{path.name}: {name}: {_describe_unknown(name)}")
        else:
            known[setting.key] = value
    return known


def _is_read_elsewhere(variable: str) -> bool:
    name = variable.removeprefix(ENV_PREFIX)
    return name in OTHER_VARIABLES or name.startswith(OTHER_PREFIXES)


def _describe_unknown(key: str, prefix: str = "", spell: Callable[[str], str] = str) -> str:
    close = difflib.get_close_matches(key.lower().replace("-", "_"), BY_KEY, 1, CLOSE_ENOUGH)
    return "there is no such setting" + (f"; did you mean {prefix}{spell(close[0])}?" if close else "")


def _take(values: dict[str, Value], mistakes: list[str], key: str, given: Any, origin: Origin, where: str) -> None:
    setting = BY_KEY[key]
    parts: Sequence[Any] = given if isinstance(given, list | tuple) else [given]
    if len(parts) != 1 and not setting.is_list:
        mistakes.append(f"{where}: {setting.name} takes one value, not {len(parts)}")
        return
    try:
        parsed = [setting.parse(_as_text(part)) for part in parts]
    except BadSetting as error:
        mistakes.append(f"{where}: {HIDDEN if setting.is_secret else repr(given)}: {setting.name} {error}")
        return
    values[key] = Value(value=tuple(parsed) if setting.is_list else parsed[0], origin=origin, where=where)


def _as_text(given: Any) -> str:
    if isinstance(given, bool):
        return "true" if given else "false"
    return str(given)


def describe_settings(settings: Settings) -> list[tuple[str, str, str]]:
    """Every setting as (name, value, origin) for `gridrunner config show`, in the order of the table."""
    rows = []
    for setting in SETTINGS:
        value = settings.values.get(setting.key, Value(value=default_of(setting.key)))
        shown = HIDDEN if setting.is_secret and value.value else show_value(value.value)
        rows.append((setting.name, shown, f"{value.origin} {value.where}".strip()))
    return rows


def show_value(value: object) -> str:
    """A value as a person writes it; `-` for none."""
    if value is None or value in {(), ""}:
        return "-"
    if isinstance(value, tuple) and all(isinstance(part, int) for part in value):
        return "/".join(map(str, value))
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return _as_text(value)
