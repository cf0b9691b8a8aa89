"""What the steps of a site type is in no archive."""

from __future__ import annotations

from gridrunner import codec
from gridrunner.archive.scrubbing import Scrubber
from gridrunner.archive.typed import typed_by, without_typed
from gridrunner.model import Site, Step, StepKind

STEPS = (
    Step(kind=StepKind.FILL, target="#user", value="ada@postbox.example"),
    Step(kind=StepKind.CLICK, target="#next"),
    Step(kind=StepKind.IDENTIFY, target="ada@postbox.example"),
    Step(kind=StepKind.FILL, target="#pin", value="12"),
)
SITE = Site(id="bank", url="https://bank.example/login?user=ada%40postbox.example", steps=STEPS)


def test_every_typed_text_is_known() -> None:
    assert typed_by(SITE) == ("ada@postbox.example", "ada@postbox.example", "12")


def test_a_site_is_kept_without_what_its_steps_type() -> None:
    kept = without_typed(SITE, Scrubber(b"k" * 32, typed_by(SITE)))
    assert b"postbox" not in codec.encode(kept)
    assert [(step.kind, step.target) for step in kept.steps][:2] == [(step.kind, step.target) for step in STEPS][:2]
    assert kept.steps[3] == STEPS[3]  # too short to be looked for, and to say anything
