"""What a run lost, by names: what it owed beside what it reports, and beside what an undisturbed run reports. Pure.

Totals prove nothing: a case that is lost and another that is doubled add up to the right number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

SHOWN_NAMES = 3
"""Of each kind, in a line for people."""

Case = tuple[str, str]
"""(check, site)."""

Attempt = tuple[str, str, int]
"""(check, site, attempt): what the journal has one result of, or several that say the same (a judge that died in the
middle of its round is asked again, and a later line replaces an earlier one).
"""


class Damage(Struct, frozen=True, kw_only=True):
    """What became of one run, each thing by its name. `changed` are cases with another verdict than the undisturbed run
    gave, `broken` what a command may never do (a traceback, an exit code that is not in its list).
    """

    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def is_none(self) -> bool:
        """Whether nothing is wrong."""
        return not any(self.by_kind().values())

    def by_kind(self) -> Mapping[str, tuple[str, ...]]:
        """The names by what is wrong with them."""
        return {name: getattr(self, name) for name in self.__struct_fields__}

    def describe(self) -> str:
        """`nothing`, or what it is, by the first names of each kind."""
        return "; ".join(_shorten(kind, names) for kind, names in self.by_kind().items() if names) or "nothing"


class Hits(Struct, frozen=True, kw_only=True):
    """How often harms were tried and what came of it: `hit` those that met somebody, `missed` those that found nobody
    there, `missing` those that this machine cannot do.
    """

    hit: Counter[str]
    missed: Counter[str]
    missing: Counter[str]

    @classmethod
    def none(cls) -> Hits:
        """Nothing was tried."""
        return cls(hit=Counter(), missed=Counter(), missing=Counter())

    def note(self, name: str, met: int | None) -> None:
        """A harm met so many; None: it cannot be done here."""
        if met is None:
            self.missing[name] += 1
        elif met:
            self.hit[name] += 1
        else:
            self.missed[name] += 1

    def add(self, other: Hits) -> None:
        """Those of another run as well."""
        self.hit.update(other.hit)
        self.missed.update(other.missed)
        self.missing.update(other.missing)


def find_damage(
    *,
    owed: Collection[Case],
    reported: Sequence[tuple[Case, str]],
    undisturbed: Mapping[Case, str],
    judged: Iterable[tuple[Attempt, str]] = (),
) -> Damage:
    """`owed` is what the plan says, `reported` every case of the report with its verdict, as often as it stands there,
    `judged` the results of the journal, errors of ours left out.
    """
    times = Counter(case for case, _ in reported)
    said: dict[Attempt, str] = {}
    changed = {
        f"{_name(case)} {undisturbed.get(case, 'nothing')} -> {verdict}"
        for case, verdict in reported
        if undisturbed.get(case) != verdict
    }
    for attempt, status in judged:
        if said.setdefault(attempt, status) != status:
            check, site, number = attempt
            changed.add(f"{check}[{site}] attempt {number} {said[attempt]} -> {status}")
    return Damage(
        lost=tuple(sorted(_name(case) for case in set(owed) - set(times))),
        doubled=tuple(sorted(_name(case) for case, count in times.items() if count > 1)),
        changed=tuple(sorted(changed)),
    )


def _shorten(kind: str, names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return f"{kind} {', '.join(names[:SHOWN_NAMES])}{more}"


def _name(case: Case) -> str:
    return f"{case[0]}[{case[1]}]"
