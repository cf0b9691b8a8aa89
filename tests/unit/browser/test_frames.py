"""Facts of a page with frames: what is left out when time is up."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from gridrunner.browser.frames import FRAMES_RESERVE_S, collect_facts
from gridrunner.browser.page_state import PageFrame
from gridrunner.browser.port import DeadlinePassed

BOX = {"x": 0, "y": 0, "width": 300, "height": 200}


class FakePage:
    """A top frame with `children`, whose owners do not answer from the `stuck_from`th on."""

    main_frame = "top"

    def __init__(self, children: int, *, stuck_from: int) -> None:
        self.asked, self._stuck_from = 0, stuck_from
        known = [PageFrame(id="top", parent=None, url="http://top.example/")]
        known += [PageFrame(id=f"f{number}", parent="top", url="http://f.example/") for number in range(children)]
        self.state = SimpleNamespace(frames={frame.id: frame for frame in known})

    def run_at_owner(self, _source: str, frame: PageFrame, *, deadline: float) -> int:
        del deadline
        number = int(frame.id.removeprefix("f"))
        self.asked += 1
        if number >= self._stuck_from:
            raise DeadlinePassed
        return number

    def run_installed(self, *_arguments: Any, **_options: Any) -> dict[str, Any]:
        return {"url": "http://f.example/", "title": "", "viewport": [1, 1]}


def top_with(children: int) -> SimpleNamespace:
    owners = [{"box": BOX, "visible": True, "selector": f"#f{number}"} for number in range(children)]
    return SimpleNamespace(top={"url": "http://top.example/", "title": "Top", "viewport": [1, 1], "frames": owners})


def urls_of(facts: Any) -> list[str]:
    return [frame["frame_id"] for frame in facts["frames"]]


def test_frames_that_do_not_answer_in_time_cost_no_other_facts() -> None:
    page = FakePage(4, stuck_from=2)
    facts = collect_facts(page, top_with(4), deadline=time.monotonic() + 60)  # type: ignore[arg-type]
    assert urls_of(facts) == ["top", "f0", "f1"]
    assert facts["title"] == "Top"


@pytest.mark.parametrize("left_s", [FRAMES_RESERVE_S, 0.0, -1.0])
def test_no_frame_is_asked_when_time_is_nearly_up(monkeypatch: pytest.MonkeyPatch, left_s: float) -> None:
    monkeypatch.setattr("gridrunner.browser.frames.time.monotonic", lambda: 1000.0)
    page = FakePage(4, stuck_from=9)
    facts = collect_facts(page, top_with(4), deadline=1000.0 + left_s)  # type: ignore[arg-type]
    assert urls_of(facts) == ["top"]
    assert page.asked == 0
