"""The command that runs one site again keeps what decides what is tested."""

from __future__ import annotations

import pytest

from gridrunner.results.reports.again import FLAGS, VALUED, list_kept_options
from gridrunner.settings import checks, visits
from gridrunner.settings.table import BY_KEY, SETTINGS


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        ("run --sites a.yaml --checks fails.py --slots 4 -q", "--checks fails.py"),
        ("run --probe=my.js --sites a.yaml --retries 0 --extension ext", "--probe=my.js --extension ext"),
        ("run --sites a.yaml -k detector -mslow --junit x.xml --no-sandbox", "-k detector -mslow --no-sandbox"),
        ("run --sites a.yaml --select tag:x --shard 1/2 --last-failed", ""),
        ("run --sites a.yaml --checks", "--checks "),
        ("merge a b --out c", ""),
        ("", ""),
    ],
)
def test_what_is_tested_stays(command: str, kept: str) -> None:
    assert " ".join(list_kept_options(command.split())) == kept


def test_the_options_are_those_of_the_settings() -> None:
    named = {f"--{row.name}" for row in SETTINGS} | {row.short for row in SETTINGS}
    assert (VALUED | FLAGS) - named == set()
    assert {f"--{row.name}" for row in SETTINGS if row.is_flag} & VALUED == set()
    of_no_matter = {"--screenshots", "--capture", "--max-blocked"}
    parts = {f"--{row.name}" for row in (*checks.PART.rows, *visits.PART.rows)}
    assert parts - VALUED - FLAGS == of_no_matter & {f"--{row.name}" for row in BY_KEY.values()}
