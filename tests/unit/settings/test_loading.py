"""Settings: where values come from, which wins, and what is said of bad ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridrunner.errors import UsageError
from gridrunner.settings.grid import Isolation
from gridrunner.settings.loading import Origin, Settings, describe_settings, load_settings
from gridrunner.settings.table import SETTINGS
from gridrunner.settings.visits import Screenshots


def origin_of(settings: Settings, key: str) -> Origin:
    return settings.values[key].origin if key in settings.values else Origin.DEFAULT


def test_command_line_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    (tmp_path / "gridrunner.toml").write_text('retries = 3\nslots = 3\nscreenshots = "all"\n')
    settings = load_settings({"slots": "1"}, {"GRIDRUNNER_SLOTS": "2", "GRIDRUNNER_RETRIES": "2"}, tmp_path)
    assert (settings.grid.slots, settings.dispatch.retries) == (1, 2)
    assert (settings.visits.screenshots, settings.visits.visit_timeout_s) == (Screenshots.ALL, 30.0)
    origins = [origin_of(settings, key) for key in ("slots", "retries", "screenshots", "visit_timeout")]
    assert origins == [Origin.COMMAND_LINE, Origin.ENVIRONMENT, Origin.FILE, Origin.DEFAULT]


def test_lists_come_whole_from_each_source(tmp_path: Path) -> None:
    (tmp_path / "gridrunner.toml").write_text('sites = ["a.yaml", "b.csv"]\n')
    assert load_settings({}, {}, tmp_path).selection.sites == ("a.yaml", "b.csv")
    assert load_settings({}, {"GRIDRUNNER_SITES": "c.txt, d.txt"}, tmp_path).selection.sites == ("c.txt", "d.txt")
    assert load_settings({"sites": ["e.txt"]}, {"GRIDRUNNER_SITES": "c.txt"}, tmp_path).selection.sites == ("e.txt",)


def test_every_mistake_is_named_with_its_origin(tmp_path: Path) -> None:
    (tmp_path / "gridrunner.toml").write_text('retrys = 3\nslots = "many"\n')
    with pytest.raises(UsageError) as caught:
        load_settings({"shard": "9/8"}, {"GRIDRUNNER_ISOLATION": "contxt"}, tmp_path)
    message = str(caught.value)
    assert "gridrunner.toml: retrys: there is no such setting; did you mean retries?" in message
    assert "gridrunner.toml: 'many': slots takes a whole number of 1 or more" in message
    assert "GRIDRUNNER_ISOLATION: 'contxt': isolation takes one of context, session; did you mean context?" in message
    assert "--shard: '9/8': shard takes I/N with 1 <= I <= N, such as 2/8" in message


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("GRIDRUNNER_SLOTZ", r"GRIDRUNNER_SLOTZ: there is no such setting; did you mean GRIDRUNNER_SLOTS\?"),
        ("GRIDRUNNER_slots", r"GRIDRUNNER_slots: there is no such setting; did you mean GRIDRUNNER_SLOTS\?"),
        ("GRIDRUNNER_VISIT_TIME", r"did you mean GRIDRUNNER_VISIT_TIMEOUT\?"),
        ("GRIDRUNNER_XYZ", "GRIDRUNNER_XYZ: there is no such setting$"),
    ],
)
def test_misspelt_variable_is_a_mistake_as_it_is_in_the_file(tmp_path: Path, variable: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_settings({}, {variable: "4"}, tmp_path)


def test_variables_of_others_and_empty_ones_are_no_settings(tmp_path: Path) -> None:
    env = {"GRIDRUNNER_CHROMEDRIVER": "/bin/true", "GRIDRUNNER_AGENT_POLL_S": "2", "GRIDRUNNER_SLOTS": ""}
    assert load_settings({}, env, tmp_path).values == {}


def test_broken_file_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "gridrunner.toml").write_text("slots = \n")
    with pytest.raises(UsageError, match=r"gridrunner\.toml: cannot be read"):
        load_settings({}, {}, tmp_path)


def test_what_follows_from_other_settings_is_resolved_once(tmp_path: Path) -> None:
    given = load_settings({"slots": "5"}, {}, tmp_path).grid
    assert (given.slots, given.browsers, given.lanes_here, given.lanes_on_hubs) == (5, 5, 2, 1)
    left_out = load_settings({}, {}, tmp_path).grid
    assert left_out.slots is None
    assert left_out.browsers >= 1
    lanes = load_settings({"contexts_per_session": "3"}, {}, tmp_path).grid
    assert (lanes.lanes(is_local=True), lanes.lanes(is_local=False)) == (3, 3)
    alone = load_settings({"isolation": "session", "contexts_per_session": "3"}, {}, tmp_path).grid
    assert (alone.lanes_here, alone.lanes_on_hubs) == (1, 1)


def test_an_extension_gets_a_session_per_site_and_that_is_said(tmp_path: Path) -> None:
    settings = load_settings({"extension": ["product"]}, {}, tmp_path)
    assert settings.grid.isolation is Isolation.SESSION
    assert settings.notes == ("--extension: a session for each site, because extensions run in no other context",)


def test_every_setting_is_described_with_its_origin(tmp_path: Path) -> None:
    rows = describe_settings(load_settings({"shard": "2/8"}, {}, tmp_path))
    assert [row[0] for row in rows] == [setting.name for setting in SETTINGS]
    assert ("shard", "2/8", "command line --shard") in rows
    assert ("grid", "local", "default") in rows
    assert ("keyword", "-", "default") in rows


def test_a_secret_is_shown_nowhere(tmp_path: Path) -> None:
    settings = load_settings({"notify": ["slack://hunter2/x"]}, {}, tmp_path)
    assert settings.output.notify == ("slack://hunter2/x",)
    assert ("notify", "…", "command line --notify") in describe_settings(settings)
    with pytest.raises(UsageError) as refused:
        load_settings({"notify": ["hunter2"]}, {}, tmp_path)
    assert "hunter2" not in str(refused.value)
