from __future__ import annotations

from gridrunner.grid.drivers.aws.metering import Meter, SeenInstance
from gridrunner.grid.drivers.protocol import InstanceUse


def sighting(
    name: str, *, age_s: float | None = None, is_spot: bool | None = True, kind: str = "c6i.large"
) -> SeenInstance:
    return SeenInstance(id=name, kind=kind, is_spot=is_spot, age_s=age_s)


def test_instances_count_from_their_launch_but_not_from_before_the_run() -> None:
    meter = Meter(started_s=1000)
    meter.note(1000, [sighting("old", age_s=5000)])
    meter.note(1100, [sighting("old"), sighting("new", age_s=40)])
    meter.note(1600, [sighting("old"), sighting("new")])
    assert meter.total() == (InstanceUse(kind="c6i.large", is_spot=True, count=2, minutes=round((600 + 540) / 60, 2)),)


def test_an_instance_that_was_interrupted_counts_until_it_was_seen_last_and_at_least_a_minute() -> None:
    meter = Meter(started_s=0)
    meter.note(10, [sighting("a")])
    meter.note(200, [sighting("b")])
    meter.note(400, [sighting("b")])
    assert meter.total() == (InstanceUse(kind="c6i.large", is_spot=True, count=2, minutes=round((60 + 200) / 60, 2)),)


def test_kinds_and_markets_are_kept_apart_and_unknown_ones_take_the_fleets() -> None:
    meter = Meter(started_s=0, is_mostly_spot=False)
    meter.note(
        0, [sighting("a"), sighting("b", is_spot=False), sighting("c", is_spot=None), sighting("d", kind="c5.large")]
    )
    assert [(use.kind, use.is_spot, use.count) for use in meter.total()] == [
        ("c5.large", True, 1),
        ("c6i.large", False, 2),
        ("c6i.large", True, 1),
    ]
