"""Checks of the demo extension's own, beside the comparison that gridrunner makes: what it must never do to a page.

gridrunner run --sites sites/demo.yaml --extension sites/extension-demo --checks sites/extension-demo/test_marks.py
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gridrunner.model import Expectation, ExpectedLogin, Observation, Outcome


@pytest.fixture
def marks(observation: Observation) -> Mapping[str, Any]:
    """What `gridrunner-probe.js` read from the page."""
    if observation.outcome is not Outcome.OBSERVED:
        pytest.skip(f"the visit ended {observation.outcome}")
    result = observation.probes["extension-demo"]
    if "error" in result:
        pytest.skip(result["error"])
    found: Mapping[str, Any] = result["value"]
    return found


def test_the_extension_looked(observation: Observation) -> None:
    if observation.outcome is not Outcome.OBSERVED:
        pytest.skip(f"the visit ended {observation.outcome}")
    assert "error" not in observation.probes["extension-demo"], observation.probes["extension-demo"]["error"]


def test_nothing_is_marked_where_there_is_no_login(marks: Mapping[str, Any], expect: Expectation) -> None:
    if expect.login is not ExpectedLogin.NO:
        pytest.skip("the site list does not say that there is no login form")
    assert not marks["login"], f"{marks['password']} is marked on a page without a login form"


@pytest.mark.usefixtures("marks")
def test_the_page_was_not_disturbed(observation: Observation) -> None:
    kinds = {event.kind for event in observation.events}
    assert "crash" not in kinds
    assert "extension" not in " ".join(event.text for event in observation.events if event.kind == "console-error")
