"""How long which instances worked for a run, by looking at the groups now and then. Pure: sightings bring times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec import Struct

from gridrunner.grid.drivers.protocol import InstanceUse
from gridrunner.planning.constants import LEAST_BILLED_S


class SeenInstance(Struct, frozen=True, kw_only=True):
    """One instance at one moment. `is_spot` None: EC2 did not say. `age_s`: seconds since its launch, if known."""

    id: str
    kind: str
    is_spot: bool | None = None
    age_s: float | None = None


@dataclass(slots=True)
class _Use:
    kind: str
    is_spot: bool | None
    from_s: float
    to_s: float


@dataclass(slots=True)
class Meter:
    """Takes sightings in order of time; `is_mostly_spot` decides for instances of which EC2 did not say."""

    started_s: float
    is_mostly_spot: bool = True
    _uses: dict[str, _Use] = field(default_factory=dict)

    def note(self, at_s: float, instances: Iterable[SeenInstance]) -> None:
        """These instances run at `at_s`."""
        for instance in instances:
            use = self._uses.get(instance.id)
            if use is None:
                # Seen first now; it is charged from its launch, but not from before the run began.
                from_s = at_s - instance.age_s if instance.age_s is not None else at_s
                self._uses[instance.id] = _Use(instance.kind, instance.is_spot, max(self.started_s, from_s), at_s)
            else:
                use.to_s = max(use.to_s, at_s)

    def total(self) -> tuple[InstanceUse, ...]:
        """What was used, by kind and market."""
        groups: dict[tuple[str, bool], list[float]] = {}
        for use in self._uses.values():
            is_spot = self.is_mostly_spot if use.is_spot is None else use.is_spot
            groups.setdefault((use.kind, is_spot), []).append(max(LEAST_BILLED_S, use.to_s - use.from_s))
        return tuple(
            InstanceUse(kind=kind, is_spot=is_spot, count=len(spans), minutes=round(sum(spans) / 60, 2))
            for (kind, is_spot), spans in sorted(groups.items())
        )
