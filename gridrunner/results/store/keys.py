"""Names and words of a store in S3: its URL, the claim of a run, and which runs are complete or lost. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from gridrunner.errors import UsageError
from gridrunner.results.journal.lines import JOURNAL_NAME

CLAIM_FORMAT = 1


class StoreUrl(Struct, frozen=True, kw_only=True):
    """Where a store is. `group` "" where the URL names none."""

    bucket: str
    prefix: str = ""
    group: str = ""

    @property
    def text(self) -> str:
        """The store's own URL, without the group."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")


def parse_store(text: str) -> StoreUrl:
    """`s3://bucket/prefix`, or `s3://bucket/prefix/runs/group`. Raises UsageError."""
    match = re.fullmatch(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([^?#\s]*))?", text)
    if match is None:
        raise UsageError(f"{text}: is no S3 URL", hint="write s3://bucket/prefix")
    path = (match[2] or "").strip("/")
    named = re.fullmatch(r"(?:(.*)/)?runs/([^/]+)", path)
    if named is not None:
        return StoreUrl(bucket=match[1], prefix=named[1] or "", group=named[2])
    return StoreUrl(bucket=match[1], prefix=path)


class Claim(Struct, frozen=True, kw_only=True):
    """A run that began: `shard` (i, n) or None, `started` ISO 8601 in UTC, `machine` the name of the machine."""

    run: str
    plan: str
    started: str
    shard: tuple[int, int] | None = None
    machine: str = ""
    format: int = CLAIM_FORMAT

    @property
    def part(self) -> str:
        """`shard 2/8`, or `the run` for a whole one."""
        return f"shard {self.shard[0]}/{self.shard[1]}" if self.shard else "the run"


class StoredRun(Struct, frozen=True, kw_only=True):
    """A run of a group: its place below the prefix, its files, and its claim (None: it is missing or unreadable)."""

    place: str
    files: tuple[str, ...]
    claim: Claim | None

    @property
    def is_complete(self) -> bool:
        """Whether its journal is there, which is put last."""
        return JOURNAL_NAME in self.files

    @property
    def shard_name(self) -> str:
        """`2-of-8`, as the place has it."""
        return self.place.split("/")[-2]


def find_lost(runs: Sequence[StoredRun]) -> list[StoredRun]:
    """Runs that began and left no journal, of shards without a complete run: their part is missing."""
    done = {run.shard_name for run in runs if run.is_complete}
    return [run for run in runs if not run.is_complete and run.shard_name not in done]


def describe_lost(run: StoredRun) -> str:
    """`shard 2/2: run 20261126-… began at … on ci-2 and left no journal: it died, or still runs`."""
    if run.claim is None:
        return f"{run.place}: left no journal"
    where = f" on {run.claim.machine}" if run.claim.machine else ""
    return (
        f"{run.claim.part}: run {run.claim.run} began {run.claim.started}{where} and left no journal: it died, or it "
        "still runs"
    )
