"""The plan of a run folder on disk. Owns plan.json and its format number; the invariant: a plan that is read back owes
what its hash says.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from gridrunner import codec
from gridrunner.errors import RunFolderError, refuse_newer
from gridrunner.foreign import MOST_FILE_BYTES, read_file
from gridrunner.model import Plan
from gridrunner.planning.plan import plan_hash
from gridrunner.results.journal.files import NewerFormatError, write_atomically
from gridrunner.sites.values import BadEntry, read_id, read_url
from gridrunner.text import make_line

PLAN_NAME = "plan.json"

PLAN_FORMAT = 1
"""The newest format that this version reads, and the one it writes."""


MOST_CASES = 100_000_000
"""Results that a plan owes: a hundred times the largest that was tried (a million, 2026-11-26)."""


class PlanHead(Struct, frozen=True, kw_only=True):
    """What tells plans apart, without their sites: `shard` is (i, n) or None, `cut` as in a plan."""

    hash: str
    shard: tuple[int, int] | None = None
    shard_sites: tuple[str, ...] | None = None
    cut: str = ""


class _PlanFile(Struct, frozen=True, kw_only=True):
    plan: Plan
    format: int


class _PlanHeadFile(Struct, frozen=True, kw_only=True):
    plan: PlanHead
    format: int


def write_plan(path: Path, plan: Plan) -> None:
    """Write `plan` to `path`, whole or not at all. Raises RunFolderError when it cannot be written."""
    write_atomically(path, encode_plan(plan))


def encode_plan(plan: Plan) -> bytes:
    """What `write_plan` writes."""
    return codec.encode(_PlanFile(plan=plan, format=PLAN_FORMAT)) + b"\n"


def read_plan(path: Path, *, within: Path | None = None) -> Plan:
    """The plan in `path`, which lies in the folder `within` (None: wherever the user says). Raises RunFolderError when
    it is missing, damaged, of a newer format, owes something else than its hash says, or has a site that no list may
    have.
    """
    return decode_plan(_read(path, within), str(path))


def decode_plan(data: bytes, name: str) -> Plan:
    """The plan in `data`, which came from `name`. Raises as `read_plan`."""
    plan = _decode(data, name, _PlanFile).plan
    if plan_hash(plan) != plan.hash:
        raise RunFolderError(
            f"{name} was changed after it was planned: its hash {plan.hash[:12]} does not fit its sites and checks",
            hint="plan again with `gridrunner plan`",
        )
    _require_sound(plan, name)
    return plan


def _require_sound(plan: Plan, name: str) -> None:
    """A plan may come from anywhere, and its hash is not a signature: what a list may not hold, it may not either."""
    if len(plan.sites) * len(plan.checks) > MOST_CASES:
        raise RunFolderError(f"{name} is not a plan: it owes {len(plan.sites) * len(plan.checks):,} results")
    for planned in plan.sites:
        try:
            read_id(planned.site.id)
            read_url(planned.site.url)
        except BadEntry as error:
            raise RunFolderError(
                f"{name} is not a plan that gridrunner made: site {make_line(planned.site.id, 60)!r}: {error}",
                hint="plan again with `gridrunner plan`",
            ) from error


def _read(path: Path, within: Path | None) -> bytes:
    try:
        return read_file(path, most_bytes=MOST_FILE_BYTES, within=within)
    except OSError as error:
        raise RunFolderError(f"{path} cannot be read: {error.strerror}") from error


def read_plan_head(path: Path, *, within: Path | None = None) -> PlanHead:
    """Hash and shard of the plan in `path` in little memory; the hash is not checked. Raises as `read_plan`."""
    return _decode(_read(path, within), str(path), _PlanHeadFile).plan


T = TypeVar("T", _PlanFile, _PlanHeadFile)


def _decode(data: bytes, name: str, kind: type[T]) -> T:
    try:
        try:
            decoded = codec.decode(data, kind)
        except codec.DecodeError:
            _require_format(name, codec.read_format(data))
            raise
    except codec.BrokenJsonError as error:
        raise RunFolderError(f"{name} is not a plan: {error}", hint="plan again with `gridrunner plan`") from error
    _require_format(name, decoded.format)
    return decoded


def _require_format(name: str, number: int) -> None:
    refuse_newer(NewerFormatError, f"{name} has plan format", number, PLAN_FORMAT)
