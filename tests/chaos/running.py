"""One run under harms, resumed until it ends, and what became of it."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from tests.chaos.counting import Case, Damage, Hits, find_damage
from tests.chaos.harms import HARMS
from tests.chaos.stage import Stage, open_stage, read_report, read_results
from tests.chaos.world import World
from tests.support.command_line import wait_until
from tests.support.run_folders import owed_cases

MOST_RESUMES = 6
"""A run that was harmed at most three times ends well before that."""

RUN_TIMEOUT_S = 150.0
LEAVING_S = 15.0
"""For what a killed run left to be ended by the next command, or by itself."""

PROGRESS_TIMEOUT_S = 30.0
"""For the pages after which a harm is done: a run that asks for none any more is harmed all the same."""

EXIT_CODES = frozenset({0, 1, 2, 3, 4, 130, -1, -2, -9, -15})
"""Those that docs/reference promises, and the signals that no program hears or that came before it could."""

ENDED = frozenset({0, 1})
"""The exit codes of a run that owes nothing."""


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one run: `codes` are the exit codes of its parts."""

    damage: Damage
    codes: tuple[int, ...]
    took_s: float
    hits: Hits
    verdicts: Mapping[Case, str]
    words: str = ""


def run_once(
    world: World,
    rng: random.Random,
    *,
    sites: int,
    harms: Sequence[str],
    undisturbed: Mapping[Case, str] | None = None,
) -> Outcome:
    """One run with up to three of `harms`, resumed until it owes nothing. Without `undisturbed` it is the run that
    others are compared with.
    """
    hits, broken, codes = Hits.none(), list[str](), list[int]()
    calm = undisturbed is None
    with open_stage(world, random.Random(0.99) if calm else rng, sites) as stage:
        started_s = time.monotonic()
        habits = ["--slots", "2", "--host-delay", "0s", "--visit-timeout", "8s", *stage.grids]
        arguments = ["run", "--sites", str(stage.project.folder / "sites.yaml"), *habits]
        stage.start(*arguments)
        for name in rng.sample(sorted(harms), k=min(len(harms), rng.randint(1, 3))):
            _await_moment(stage, rng, sites)
            hits.note(name, HARMS[name](stage, rng))
        codes.append(_end_part(stage, broken))
        while codes[-1] not in ENDED and len(codes) <= MOST_RESUMES:
            folder = stage.run_folder()
            stage.start(*(["run", "--resume", str(folder), *habits] if folder is not None else arguments))
            codes.append(_end_part(stage, broken))
        took_s = time.monotonic() - started_s
        damage, verdicts = _examine(stage, undisturbed)
        if codes[-1] not in ENDED:
            broken.append(f"not over after {len(codes)} parts")
        words = "" if damage.is_none and not broken else _last_words(stage)
    return Outcome(
        damage=replace(damage, broken=tuple(broken)),
        codes=tuple(codes),
        took_s=took_s,
        hits=hits,
        verdicts=verdicts,
        words=words,
    )


def _await_moment(stage: Stage, rng: random.Random, sites: int) -> None:
    """While it starts, between any two pages, or when all were asked for."""
    pages = rng.randint(0, sites)
    end_s = time.monotonic() + PROGRESS_TIMEOUT_S
    while stage.asked_pages < pages and not stage.running.is_over() and time.monotonic() < end_s:
        threading.Event().wait(0.02)
    threading.Event().wait(rng.uniform(0.0, 0.4))


def _end_part(stage: Stage, broken: list[str]) -> int:
    try:
        code = stage.running.wait(timeout_s=RUN_TIMEOUT_S).code
    except AssertionError as error:  # a traceback, or no end
        broken.append(str(error).strip().splitlines()[-1][:200])
        code = stage.running.poll_code()
    if code not in EXIT_CODES:
        broken.append(f"exit code {code}")
    return code


def _examine(stage: Stage, undisturbed: Mapping[Case, str] | None) -> tuple[Damage, Mapping[Case, str]]:
    """Count what is not as it should be."""
    left: list[str] = []
    try:
        wait_until(lambda: not stage.left_behind(), "nothing is left", timeout_s=LEAVING_S)
    except AssertionError:
        left = stage.left_behind()
    folder = stage.run_folder()
    if folder is None:
        return Damage(lost=("the whole run",), left=tuple(left)), {}
    reported = read_report(folder)
    verdicts = dict(reported)
    damage = find_damage(
        owed=owed_cases(folder),
        reported=reported,
        undisturbed=verdicts if undisturbed is None else undisturbed,
        judged=read_results(folder),
    )
    return replace(damage, left=tuple(left)), verdicts


def _last_words(stage: Stage) -> str:
    """What the parts said, for whoever looks for the cause."""
    files = sorted(stage.project.scratch.glob("err-*"), key=lambda path: path.stat().st_mtime)
    return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in files)
