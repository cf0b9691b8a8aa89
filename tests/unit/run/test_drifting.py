"""Which runs belong together, and what differs between them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridrunner.errors import UsageError
from gridrunner.model import Detection, Element, Form, FormKind, Observation, Outcome, Verdict
from gridrunner.results.verdicts.drift import Drift
from gridrunner.run.drifting import DriftRun, find_drifts
from gridrunner.terminal.drift import render_drift, render_drift_markdown


def visit(field: str, *, of: str = "", missing: tuple[str, ...] = ()) -> Observation:
    form = Form(kind=FormKind.LOGIN, score=0.9, login_score=0.9, username=Element(selector=field))
    return Observation(
        site="shop",
        attempt=1,
        outcome=Outcome.OBSERVED,
        detection=Detection(login_present=True, confidence=0.9, forms=(form,)),
        probes={"archive": {"of": of, "missing": dict.fromkeys(missing, 1)}} if of else {},
    )


def make_run(
    name: str, verdict: Verdict, field: str = "#user", *, of: str = "", missing: tuple[str, ...] = ()
) -> DriftRun:
    seen = visit(field, of=of, missing=missing)
    return DriftRun(folder=Path(name), name=name, verdicts={"shop": verdict}, visits={"shop": seen}, replayed=of)


NIGHT = make_run("night", Verdict.PASSED)
REPLAY = make_run("replay", Verdict.FAILED, "#other", of="night", missing=("GET https://shop.example/new",))
TODAY = make_run("today", Verdict.FAILED, "#third")


def test_the_run_that_recorded_is_the_reference() -> None:
    (shop,) = find_drifts(NIGHT, REPLAY, None)
    assert (shop.drift, shop.live, shop.is_broken) == (Drift.BROKE, None, True)
    assert shop.ours == ("username is #other, and was #user",)
    assert shop.missing == ("GET https://shop.example/new",)


def test_a_live_run_of_today_needs_the_version_before() -> None:
    with pytest.raises(UsageError, match="replays the archive of run night, and today is run today"):
        find_drifts(TODAY, REPLAY, None)
    (shop,) = find_drifts(TODAY, REPLAY, NIGHT)
    assert shop.drift is Drift.BROKE
    assert shop.theirs == ("username is #third, and was #other",)


def test_a_replay_by_the_version_before_is_a_reference_as_well() -> None:
    before = make_run("replay-before", Verdict.FAILED, of="night")
    (shop,) = find_drifts(NIGHT, REPLAY, before)
    assert shop.drift is Drift.SITE
    assert not shop.is_broken


def test_runs_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(UsageError, match="is no replay"):
        find_drifts(NIGHT, TODAY, None)
    with pytest.raises(UsageError, match="neither recorded the archive"):
        find_drifts(NIGHT, REPLAY, TODAY)


def test_it_is_told_on_the_terminal_and_in_a_comment() -> None:
    drifts = find_drifts(TODAY, REPLAY, NIGHT)
    lines = list(render_drift(drifts))
    assert lines[0] == "1 site: 1 your change broke it"
    assert "  shop: passed before, failed now; live: failed" in lines
    assert "    not in the archive: GET https://shop.example/new" in lines
    comment = render_drift_markdown(drifts)
    assert "**your change broke it** (1)" in comment
    assert "username is" in comment


def test_what_did_not_change_is_named_when_asked() -> None:
    same = find_drifts(NIGHT, make_run("replay", Verdict.PASSED, of="night"), None)
    assert list(render_drift(same)) == ["1 site: nothing changed"]
    assert "  shop: passed before, passed now" in list(render_drift(same, is_verbose=True))
