"""A run folder has no say in what this machine serves, unless this user's own run wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from gridrunner.errors import UsageError
from gridrunner.results.journal.events import JournalHeader
from gridrunner.run.seals import list_replays, renew_seal, seal_replays

FOLDERS = ("/srv/replicas", "/srv/more")


def sealed(env: dict[str, str], *folders: str) -> JournalHeader:
    return JournalHeader(
        run="run-1", plan="hash", started="", replays=folders, seal=seal_replays("run-1", "hash", folders, env)
    )


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path / "home")}


def test_ones_own_run_serves_what_it_served(env: dict[str, str]) -> None:
    header = sealed(env, *FOLDERS)
    assert list_replays(header, (), env, hint="") == tuple(map(Path, FOLDERS))
    key = Path(env["HOME"]) / ".local" / "state" / "gridrunner" / "key"
    assert (key.stat().st_size, key.stat().st_mode & 0o777) == (32, 0o600)


@pytest.mark.parametrize(
    "change",
    [{"replays": ("/",)}, {"run": "run-2"}, {"plan": "other"}, {"seal": ""}, {"seal": "0" * 64}, {"seal": "é"}],
)
def test_a_seal_holds_for_what_was_sealed_alone(env: dict[str, str], change: dict[str, object]) -> None:
    header = replace(sealed(env, *FOLDERS), **change)
    with pytest.raises(UsageError, match="was not made by this user on this machine"):
        list_replays(header, (), env, hint="")


def test_a_seal_goes_on_with_a_larger_plan_of_ones_own(env: dict[str, str], tmp_path: Path) -> None:
    header = sealed(env, *FOLDERS)
    larger = replace(header, plan="larger", seal=renew_seal(header, "larger", env))
    assert list_replays(larger, (), env, hint="") == tuple(map(Path, FOLDERS))
    others = sealed({"HOME": str(tmp_path / "other")}, *FOLDERS)
    assert renew_seal(others, "larger", env) == ""


def test_the_run_of_another_user_serves_what_the_lists_that_are_named_ask_for(
    env: dict[str, str], tmp_path: Path
) -> None:
    header = sealed({"HOME": str(tmp_path / "other")}, *FOLDERS)
    with pytest.raises(UsageError, match="/srv/more"):
        list_replays(header, [Path(FOLDERS[0])], env, hint="")
    assert list_replays(header, [Path(name) for name in FOLDERS], env, hint="") == tuple(map(Path, FOLDERS))


@pytest.mark.parametrize("home", [{}, {"HOME": "/proc/none"}, {"HOME": "relative"}, {"XDG_STATE_HOME": "/dev/null"}])
def test_without_a_place_for_the_key_nothing_is_sealed(home: dict[str, str]) -> None:
    assert seal_replays("run-1", "hash", FOLDERS, home) == ""
    with pytest.raises(UsageError):
        list_replays(sealed(home, *FOLDERS), (), home, hint="")


def test_a_run_without_replica_pages_needs_no_key(env: dict[str, str]) -> None:
    assert sealed(env).seal == ""
    assert list_replays(sealed(env), (), env, hint="") == ()
    assert not Path(env["HOME"]).exists()
