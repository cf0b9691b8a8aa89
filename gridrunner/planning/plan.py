"""A plan: what a run owes, under a hash. Owns the hash's definition; the invariant: same debt, same hash, on every
machine and whatever is known of durations.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from gridrunner import codec
from gridrunner.errors import NothingToRun, UsageError
from gridrunner.model import Plan, PlannedSite, Site
from gridrunner.planning.durations import DEFAULT_VISIT_S, ExpectedDuration, percentile

_HASH_FORMAT = 1

LATER_FIELDS = ("visitor",)
"""What sites could not say when the format of the hash was set: where they do not, plans keep their hash."""

EARLY_PERCENTILE = 90.0
"""An unknown site queues as if it took the 90th percentile of the known: behind the sites that surely are long, before
the bulk."""


def make_plan(sites: Sequence[Site], checks: Sequence[str], durations: Mapping[str, ExpectedDuration]) -> Plan:
    """The plan that owes each of `checks` on each of `sites`, in the order of the site list.

    `durations` is keyed by site id; a missing one counts as `DEFAULT_VISIT_S`. Seconds are rounded to milliseconds, so
    that a plan read from a file cuts the same shards. Raises NothingToRun for no site or no check, UsageError for a
    site id or check that occurs twice.
    """
    if not sites:
        raise NothingToRun("the selection leaves no site", hint="look at --select, --shard and the site lists")
    if not checks:
        raise NothingToRun("the selection leaves no check", hint="look at --checks, -k and -m")
    _refuse_repeats("site", [site.id for site in sites])
    _refuse_repeats("check", checks)
    planned = tuple(PlannedSite(site=site, expected_s=_expected_s(durations, site)) for site in sites)
    return Plan(hash=hash_debt(sites, checks), sites=planned, checks=tuple(checks))


def hash_debt(sites: Sequence[Site], checks: Sequence[str]) -> str:
    """The sha256 (hex) over canonical JSON of what is owed: checks and sites as sets, all of a site but the line it was
    written on and its quarantine. Order, durations and files do not change it; a URL, a step or an expectation does.
    """
    owed = {
        "format": _HASH_FORMAT,
        "checks": sorted(checks),
        "sites": [_describe_site(site) for site in sorted(sites, key=lambda site: site.id)],
    }
    return hashlib.sha256(codec.encode(owed)).hexdigest()


def plan_hash(plan: Plan) -> str:
    """The hash that `plan` ought to carry: compare it with `plan.hash` after reading a plan from a file."""
    return hash_debt([planned.site for planned in plan.sites], plan.checks)


def owed_sites(plan: Plan) -> tuple[PlannedSite, ...]:
    """The sites that this machine visits: the shard's, or all, in plan order."""
    if plan.shard_sites is None:
        return plan.sites
    mine = frozenset(plan.shard_sites)
    return tuple(planned for planned in plan.sites if planned.site.id in mine)


def order_sites(sites: Sequence[PlannedSite], early: frozenset[str] = frozenset()) -> list[PlannedSite]:
    """`sites` longest first; those of `early` at the place of the 90th percentile of the others. Ties keep their
    order.
    """
    known_s = [planned.expected_s for planned in sites if planned.site.id not in early]
    early_s = percentile(known_s, EARLY_PERCENTILE) if known_s else 0.0

    def place_s(planned: PlannedSite) -> float:
        return max(planned.expected_s, early_s) if planned.site.id in early else planned.expected_s

    return sorted(sites, key=place_s, reverse=True)


def _describe_site(site: Site) -> dict[str, Any]:
    described: dict[str, Any] = codec.to_plain(site)
    del described["source"], described["quarantine"]
    for name in LATER_FIELDS:
        if described[name] is None:
            del described[name]
    return described


def _expected_s(durations: Mapping[str, ExpectedDuration], site: Site) -> float:
    duration = durations.get(site.id)
    return round(duration.expected_s if duration is not None else DEFAULT_VISIT_S, 3)


def _refuse_repeats(what: str, names: Sequence[str]) -> None:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise UsageError(f"{what} planned twice: {', '.join(repeated[:5])}", hint=f"each {what} needs its own name")
