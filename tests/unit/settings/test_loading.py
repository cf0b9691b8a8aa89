"""Settings: where values come from, which wins, and what is said of bad ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridrunner.errors import UsageError
from gridrunner.settings.loading import SETTINGS, Origin, describe_config, load_config
from gridrunner.settings.values import BadValue, parse_duration, parse_shard


def test_command_line_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    (tmp_path / "gridrunner.toml").write_text('retries = 3\nslots = 3\nscreenshots = "all"\n')
    config = load_config({"slots": "1"}, {"GRIDRUNNER_SLOTS": "2", "GRIDRUNNER_RETRIES": "2"}, tmp_path)
    assert (config["slots"], config["retries"], config["screenshots"], config["visit_timeout"]) == (1, 2, "all", 30.0)
    origins = [config.origin_of(key).origin for key in ("slots", "retries", "screenshots", "visit_timeout")]
    assert origins == [Origin.COMMAND_LINE, Origin.ENVIRONMENT, Origin.FILE, Origin.DEFAULT]


def test_lists_come_whole_from_each_source(tmp_path: Path) -> None:
    (tmp_path / "gridrunner.toml").write_text('sites = ["a.yaml", "b.csv"]\n')
    assert load_config({}, {}, tmp_path)["sites"] == ("a.yaml", "b.csv")
    assert load_config({}, {"GRIDRUNNER_SITES": "c.txt, d.txt"}, tmp_path)["sites"] == ("c.txt", "d.txt")
    assert load_config({"sites": ["e.txt"]}, {"GRIDRUNNER_SITES": "c.txt"}, tmp_path)["sites"] == ("e.txt",)


def test_every_mistake_is_named_with_its_origin(tmp_path: Path) -> None:
    (tmp_path / "gridrunner.toml").write_text('retrys = 3\nslots = "many"\n')
    with pytest.raises(UsageError) as caught:
        load_config({"shard": "9/8"}, {"GRIDRUNNER_ISOLATION": "contxt"}, tmp_path)
    message = str(caught.value)
    assert "gridrunner.toml: retrys is no setting; did you mean retries?" in message
    assert "gridrunner.toml: 'many': slots takes a whole number of 1 or more" in message
    assert "GRIDRUNNER_ISOLATION: 'contxt': isolation takes one of context, session; did you mean context?" in message
    assert "--shard: '9/8': shard takes I/N with 1 <= I <= N, such as 2/8" in message


def test_broken_file_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "gridrunner.toml").write_text("slots = \n")
    with pytest.raises(UsageError, match=r"gridrunner\.toml: cannot be read"):
        load_config({}, {}, tmp_path)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30", 30.0), ("30s", 30.0), ("1.5m", 90.0), ("2h", 7200.0), ("500ms", 0.5)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "-3", "0", "ten", "3 days", "1e3"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(BadValue, match="takes a duration above zero"):
        parse_duration(text)


def test_shard() -> None:
    assert parse_shard("2/8") == (2, 8)
    for text in ("0/8", "9/8", "2", "a/b", "2/8/9"):
        with pytest.raises(BadValue):
            parse_shard(text)


def test_every_setting_is_described_with_its_origin(tmp_path: Path) -> None:
    rows = describe_config(load_config({"shard": "2/8"}, {}, tmp_path))
    assert [row[0] for row in rows] == [setting.name for setting in SETTINGS]
    assert ("shard", "2/8", "command line --shard") in rows
    assert ("grid", "local", "default") in rows
