"""The part of a plan that one CI machine runs. Owns the cut; the invariant: for one plan and one n, the shards are
disjoint and their union is the plan, whichever machine computes them.

The cut is static (machines of a CI matrix do not talk), so it is longest-processing-time first: at most 4/3 - 1/(3n)
of the best cut (Graham 1969). The sites of a public domain stay together, because two machines do not know when the
other asks. Expected durations decide the cut, and the plan's hash does not cover those: until all shards of a plan have
run, they are cut by what the history said when the first of them began, and machines that plan from different histories
must share a plan file. Each shard's plan carries a fingerprint of the whole cut, so that a merge
can name those that do not.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Collection, Iterable

from msgspec import Struct
from msgspec.structs import replace

from gridrunner import codec
from gridrunner.errors import UsageError
from gridrunner.model import Plan, PlannedSite
from gridrunner.planning.domains import find_domain

_FINGERPRINT_LENGTH = 16  # of a sha256 in hex: 64 bits, enough against accidents


def cut_shards(plan: Plan, count: int, private_hosts: Collection[str] = ()) -> tuple[tuple[str, ...], ...]:
    """The site ids of each of `count` shards, each in plan order; hosts of `private_hosts` are no domain's. Ties go by
    id and to the lower shard. Raises UsageError for a count below 1. With fewer domains than shards some are empty.
    """
    if count < 1:
        raise UsageError(f"cannot cut a plan into {count} shards", hint="--shard takes I/N with 1 <= I <= N")
    loads = [(0.0, index) for index in range(count)]
    shard_of: dict[str, int] = {}
    groups: dict[str, list[PlannedSite]] = {}
    for planned in plan.sites:
        domain = find_domain(planned.site.url, private_hosts)
        groups.setdefault(f"site {planned.site.id}" if domain is None else f"domain {domain}", []).append(planned)
    sized = [(sum(planned.expected_s for planned in group), group) for group in groups.values()]
    for seconds, group in sorted(sized, key=lambda entry: (-entry[0], min(planned.site.id for planned in entry[1]))):
        load_s, index = heapq.heappop(loads)
        for planned in group:
            shard_of[planned.site.id] = index
        heapq.heappush(loads, (load_s + seconds, index))
    shards: list[list[str]] = [[] for _ in range(count)]
    for planned in plan.sites:
        shards[shard_of[planned.site.id]].append(planned.site.id)
    return tuple(tuple(shard) for shard in shards)


def cut_shard(plan: Plan, index: int, count: int, private_hosts: Collection[str] = ()) -> Plan:
    """`plan` as the machine `index` (from 1) of `count` runs it: the same sites, checks and hash, with `shard`,
    `shard_sites` and `cut` set. Raises UsageError for an index outside 1..count.
    """
    if not 1 <= index <= max(count, 0):
        raise UsageError(f"there is no shard {index}/{count}", hint="--shard takes I/N with 1 <= I <= N")
    shards = cut_shards(plan, count, private_hosts)
    cut = hashlib.sha256(codec.encode([plan.hash, shards])).hexdigest()[:_FINGERPRINT_LENGTH]
    return replace(plan, shard=(index, count), shard_sites=shards[index - 1], cut=cut)


class ShardRun(Struct, frozen=True, kw_only=True):
    """A run that the history knows: when it began, of which plan (by its hash), which shard of it, None for all."""

    started: str
    plan: str
    shard: tuple[int, int] | None = None


def find_round_start(runs: Iterable[ShardRun], plan: str, count: int) -> str | None:
    """When the round of the shards of `plan` into `count` began that is not over yet; None where there is none. A round
    is over once every shard of it has run. What ran since it began must not cut the shards that are still to come.
    """
    begun: str | None = None
    seen: set[int] = set()
    for run in sorted(runs, key=lambda run: run.started):
        if run.plan != plan or run.shard is None or run.shard[1] != count:
            continue
        begun = begun or run.started
        seen.add(run.shard[0])
        if len(seen) == count:
            begun, seen = None, set()
    return begun
