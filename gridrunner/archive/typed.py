"""What the steps of a site type, which an archive must not hold; pure."""

from __future__ import annotations

from msgspec.structs import replace

from gridrunner.archive.scrubbing import Scrubber
from gridrunner.model import Site, Step, StepKind


def typed_by(site: Site) -> tuple[str, ...]:
    """Every text that a step of the site types."""
    return tuple(text for step in site.steps if (text := _text_of(step)))


def without_typed(site: Site, scrubber: Scrubber) -> Site:
    """A site as an archive keeps it: what its steps type is replaced, as it is in its traffic."""
    steps = tuple(
        replace(
            step,
            value=None if step.value is None else scrubber.scrub_typed(step.value),
            target=scrubber.scrub_typed(step.target) if step.kind is StepKind.IDENTIFY else step.target,
        )
        for step in site.steps
    )
    return replace(site, steps=steps, url=scrubber.scrub_url(site.url), source=None)


def _text_of(step: Step) -> str:
    return (step.target if step.kind is StepKind.IDENTIFY else step.value) or ""
