"""What the trial of an insertion point comes to: the record that the visit made in, a judgement out. Pure.

The record is that of `gridrunner.browser.insertion`. Invariant: a trial that could not be made is never a pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dom_probes.suite.expectations import Judgement, failed, judge_reach, passed, skipped
from gridrunner.model import INSERTION_PROBE, Expectation, ExpectedLogin, Observation

MOST_MOVED_PX = 1.0
"""CSS pixels that anything on the page may move: rounding moves by less, a reflow by more."""

MOST_GAP_PX = 12.0
"""CSS pixels between button and field on a phone: the places of the probe keep 4 to 8."""


def judge_trial(expect: Expectation, observation: Observation) -> Judgement:
    """A button at the insertion point gets its click, moves nothing, survives a phone's width, and leaves no trace."""
    if expect.login is ExpectedLogin.NO:
        return skipped("the site list says that there is no login form")
    if (early := judge_reach(expect, observation)) is not None:
        return early
    trial = observation.probes.get(INSERTION_PROBE)
    if not isinstance(trial, Mapping):
        return skipped("no insertion point was tried: there is none, or the run was made without --try-insertion")
    where = f"a button {trial['side']} {trial['selector']}"
    if not trial["is_tried"]:
        if trial.get("covered_by"):
            return skipped(f"{where} was not clicked: {trial['covered_by']} lies over it")
        return failed(f"{where} cannot be put there: {trial['reason']}")
    problems = list(_problems(trial))
    if problems:
        return failed(f"{where} {'; '.join(problems)}")
    phone = trial["phone"]
    if not phone["is_field_visible"]:
        return passed("on a phone's width the field itself is not shown")
    return passed("" if phone["side"] == trial["side"] else f"on a phone's width it goes to {phone['side']}")


def _problems(trial: Mapping[str, Any]) -> Iterator[str]:
    if not trial["is_clicked"]:
        yield "was clicked, and the click did not arrive"
    elif not trial["is_trusted"]:
        yield "got a click that the browser does not trust"
    if trial["moved_px"] > MOST_MOVED_PX:
        yield f"moves {trial['moved']} by {trial['moved_px']:g} px"
    if not trial["is_gone"]:
        yield "cannot be taken out again"
    elif not trial["is_equal"] and not trial["is_restless"]:
        yield "leaves a trace: the page is another one after it was taken out"
    phone = trial["phone"]
    if phone["is_field_visible"] and not phone["is_visible"]:
        yield f"is lost on a phone's width: {phone['reason']}"
    elif phone["is_field_visible"] and phone["gap_px"] > max(MOST_GAP_PX, trial["gap_px"]):  # below it is the form's
        yield f"stands {phone['gap_px']:g} px from its field on a phone's width"
