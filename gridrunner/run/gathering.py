"""The runs that a merge names: folders of this machine, and those of stores, downloaded for as long as it takes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from gridrunner.errors import GridFault, GridrunnerError, UsageError
from gridrunner.results.history.entries import RunEntry
from gridrunner.results.history.packing import make_entry
from gridrunner.results.record import RunRecord
from gridrunner.results.store.keys import describe_lost, find_lost, parse_store
from gridrunner.results.store.s3 import RunStore
from gridrunner.run.remembering import is_replay, read_runs
from gridrunner.run.shelf import leave_out_shelf
from gridrunner.run.shelving import HISTORY_COPY, put_entry, sync_history
from gridrunner.run.storing import find_pipeline, make_store
from gridrunner.terminal.console import Say
from gridrunner.text import count_of


class Gathered(Struct, frozen=True, kw_only=True):
    """Runs to merge: folders here (fetched ones among them), what is known to be lost, and the stores they came
    from.
    """

    folders: tuple[Path, ...]
    lost: tuple[str, ...] = ()
    stores: tuple[RunStore, ...] = ()


@contextmanager
def gather_runs(
    names: Sequence[str], wanted_group: str | None, fleet_file: Path | None, env: Mapping[str, str], say: Say
) -> Iterator[Gathered]:
    """The runs that `gridrunner merge` names: folders, and s3:// URLs whose runs are downloaded for the block.

    Raises GridFault (exit 3) when a store holds claims and not one run; UsageError when it holds nothing, or several
    groups and none is chosen.
    """
    folders = leave_out_shelf([Path(name) for name in names if not name.startswith("s3://")])
    urls = [name for name in names if name.startswith("s3://")]
    lost: list[str] = []
    stores = []
    with tempfile.TemporaryDirectory(prefix="gridrunner-merge-") as scratch:
        for number, name in enumerate(urls):
            url = parse_store(name)
            store = make_store(name, fleet_file)
            group = url.group or _choose_group(store, wanted_group or find_pipeline(env))
            runs = store.runs(group)
            complete = [run for run in runs if run.is_complete]
            lost += [describe_lost(run) for run in find_lost(runs)]
            if not complete and runs:
                raise GridFault(f"{name}: not one run of group {group} is complete: {'; '.join(lost[:5])}")
            if not complete:
                raise UsageError(f"{name}: group {group} has no run", hint="gridrunner store list --store URL")
            say(f"store: {count_of(len(complete), 'run')} of group {group} from {store.url.text}")
            folders += store.fetch(complete, Path(scratch) / str(number))
            stores.append(store)
        yield Gathered(folders=tuple(folders), lost=tuple(lost), stores=tuple(stores))


def _choose_group(store: RunStore, wanted: str) -> str:
    if wanted:
        return wanted
    groups = store.groups()
    if len(groups) == 1:
        return groups[0]
    if not groups:
        raise UsageError(f"{store.url.text}: holds no run", hint="gridrunner run --store puts runs there")
    raise UsageError(
        f"{store.url.text}: holds {len(groups)} groups of runs: {', '.join(groups[-8:])}",
        hint=f"choose one: gridrunner merge {store.url.text}/runs/{groups[-1]} --out DIR",
    )


def remember_in_stores(gathered: Gathered, say: Say) -> Callable[[RunRecord], None]:
    """Adds a merged run to the history of every store that it came from, in place of its shards."""

    def remember(record: RunRecord) -> None:
        entry = make_entry(record)
        if is_replay(record):
            return
        for store in gathered.stores:
            try:
                put_entry(store, entry)
            except GridrunnerError as error:
                say(f"warning: the history was not updated: {error}")

    return remember


def read_stored_runs(gathered: Gathered, say: Say) -> list[RunEntry]:
    """The newest runs of the history of the stores; one that cannot be read is warned of and has none."""
    with tempfile.TemporaryDirectory(prefix="gridrunner-history-") as scratch:
        copy = Path(scratch) / HISTORY_COPY
        for store in gathered.stores:
            try:
                sync_history(store, copy, say)
            except GridrunnerError as error:
                say(f"warning: the history was not read: {error}")
        return read_runs(copy, say)
