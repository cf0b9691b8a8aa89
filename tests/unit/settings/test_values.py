"""What the values of settings may be, and what is said of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridrunner.settings.table import SETTINGS
from gridrunner.settings.values import (
    BadSetting,
    Setting,
    flag,
    grid_name,
    one_of,
    parse_duration,
    parse_pause,
    parse_shard,
    parse_share,
    path_of,
    whole,
)

PARSERS = {row.name: row.parse for row in SETTINGS}


@pytest.mark.parametrize("text", ["1", "true", " Yes ", "ON"])
def test_words_for_yes(text: str) -> None:
    assert flag(text) is True


@pytest.mark.parametrize("text", ["0", "false", " No", "off"])
def test_words_for_no(text: str) -> None:
    assert flag(text) is False


def test_other_words_are_refused_with_what_is_taken() -> None:
    with pytest.raises(BadSetting, match="takes true or false"):
        flag("maybe")
    with pytest.raises(BadSetting, match=r"takes one of never, always; did you mean always\?"):
        one_of("never", "always")("allways")
    with pytest.raises(BadSetting, match=r"takes one of never, always$"):
        one_of("never", "always")("x")
    with pytest.raises(BadSetting, match="takes a path"):
        path_of("")
    for text in ("-1", "1.5", "", "2"):
        with pytest.raises(BadSetting, match="takes a whole number of 3 or more"):
            whole(3)(text)


def test_numbers_words_and_paths() -> None:
    assert whole(3)(" 3 ") == 3
    assert one_of("never", "always")("never") == "never"
    assert path_of("runs/x") == Path("runs/x")


@pytest.mark.parametrize("text", ["team-a", "0", "a" * 32])
def test_names_of_grids(text: str) -> None:
    assert grid_name(text) == text


@pytest.mark.parametrize("text", ["", "-a", "Team", "a_b", "a" * 33, "a\n"])
def test_names_that_docker_or_aws_would_not_take(text: str) -> None:
    with pytest.raises(BadSetting, match="up to 32 of a-z"):
        grid_name(text)


@pytest.mark.parametrize(
    ("setting", "text", "value"),
    [
        ("scale", "auto", "auto"),
        ("scale", "12", 12),
        ("store", "fleet", "fleet"),
        ("store", "s3://my-runs/team/a/", "s3://my-runs/team/a"),
        ("store-group", "pipeline-17.2", "pipeline-17.2"),
    ],
)
def test_settings_of_a_fleet_and_its_store(setting: str, text: str, value: object) -> None:
    assert PARSERS[setting](text) == value


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        *(("scale", text) for text in ("0", "many", "1.5", "-1")),
        *(
            ("store", text)
            for text in ("my-runs", "s3://", "s3://a", "s3://My-Runs/x", "https://s3/x", "s3://runs/a?b")
        ),
        *(("store-group", text) for text in ("", "a/b", ".a", "a" * 101)),
    ],
)
def test_what_such_settings_do_not_take(setting: str, text: str) -> None:
    with pytest.raises(BadSetting, match="takes "):
        PARSERS[setting](text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30", 30.0), ("30s", 30.0), ("1.5m", 90.0), ("2h", 7200.0), ("500ms", 0.5)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "-3", "0", "ten", "3 days", "1e3"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(BadSetting, match="takes a duration above zero"):
        parse_duration(text)


def test_shard() -> None:
    assert parse_shard("2/8") == (2, 8)
    for text in ("0/8", "9/8", "2", "a/b", "2/8/9"):
        with pytest.raises(BadSetting):
            parse_shard(text)


def test_a_pause_may_be_none() -> None:
    assert [parse_pause(text) for text in ("0", "0s", " 0.0 m ", "1.5s", "2")] == [0.0, 0.0, 0.0, 1.5, 2.0]
    with pytest.raises(BadSetting, match="takes a duration"):
        parse_pause("-1s")


def test_shares() -> None:
    assert [parse_share(text) for text in ("0%", "5%", "2.5 %", "100%")] == [0.0, 0.05, 0.025, 1.0]
    for text in ("5", "101%", "-1%", "half", ""):
        with pytest.raises(BadSetting, match="takes a share from 0% to 100%"):
            parse_share(text)


def test_a_row_knows_its_names() -> None:
    row = Setting(name="visit-timeout", parse=parse_duration, help="")
    assert (row.key, row.attribute, row.variable) == ("visit_timeout", "visit_timeout_s", "GRIDRUNNER_VISIT_TIMEOUT")
    assert Setting(name="dry-run", parse=flag, help="").is_flag
