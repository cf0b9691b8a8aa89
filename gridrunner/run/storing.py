"""What a run and a merge do with a store in S3 (`--store`): the plan agreed on, the run claimed, put there, remembered."""

from __future__ import annotations

import re
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from gridrunner.aws.clients import Aws
from gridrunner.errors import ExitCode, GridFault, GridrunnerError, UsageError
from gridrunner.grid.drivers.aws.fleet import read_fleet
from gridrunner.model import Plan
from gridrunner.results.history import KEPT_RUNS, open_history
from gridrunner.results.journal.planfile import PLAN_NAME, read_plan_head
from gridrunner.results.record import RunRecord, load_run
from gridrunner.results.store.keys import Claim, StoreUrl, describe_lost, find_lost, parse_store
from gridrunner.results.store.s3 import RunStore, Say
from gridrunner.settings.loading import Origin, RunConfig, Value
from gridrunner.text import count_of

IN_THE_FLEET = "fleet"
"""`--store fleet`: the bucket that terraform made for the fleet."""

HISTORY_COPY = "history-of-store.sqlite"
"""Under --out: the copy of the store's history that this run plans with."""

_PIPELINES = (("GITHUB_RUN_ID", "github"), ("CI_PIPELINE_ID", "gitlab"), ("BUILD_TAG", "jenkins"))
"""Variables that name a pipeline, the same for all its jobs and for jobs that are run again (GitHub's "Default environment
variables", GitLab's "Predefined CI/CD variables", Jenkins' "Pipeline environment")."""


@dataclass(slots=True)
class StoreSession:
    """One run's dealings with a store. `place` is "" until the run is claimed."""

    store: RunStore
    config: RunConfig
    has_own_history: bool
    _named_group: str
    _group: str = ""
    _place: str = field(default="")

    def agree(self, plan: Plan) -> Plan:
        """The plan of the group, before it is cut to a shard. Raises as `RunStore.agree_on_plan`."""
        self._group = self._named_group or plan.hash[:12]
        return self.store.agree_on_plan(self._group, plan)

    def begin(self, run: str, plan: Plan) -> None:
        """Claim a place for the run, before anything is visited: what is not permitted is found out here."""
        self._group = self._group or self._named_group or plan.hash[:12]
        claim = Claim(
            run=run,
            plan=plan.hash,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            shard=plan.shard,
            machine=socket.gethostname(),
        )
        self._place = self.store.claim(self._group, claim)

    def finish(self, record: RunRecord, folder: Path, code: ExitCode, say: Say) -> ExitCode:
        """Put the run into the store, and remember it in the store's history; the exit code, which is 3 when the run
        could not be put there: then it is complete in its folder, and `gridrunner store push` puts it there later.
        """
        try:
            self.store.put_run(self._place, folder, say, is_small=code == ExitCode.INTERRUPTED)
        except GridrunnerError as error:
            say(f"store: {error}")
            if error.hint:
                say(f"  {error.hint}")
            say(
                f"store: nothing is lost: the run is complete in {folder}. Put it there with: gridrunner store push "
                f"{folder} --store {self.store.url.text} --store-group {self._group}"
            )
            return code if code == ExitCode.INTERRUPTED else ExitCode.INCOMPLETE
        if record.plan.shard is None and not self.has_own_history:
            remember_run(self.store, record, self.config["history"], say)
        return code


def open_store(config: RunConfig, env: Mapping[str, str]) -> StoreSession | None:
    """The store that --store names, looked at before anything is visited; None without. The session's `config` plans
    with the store's history, unless --history names another. Raises AwsRefused, AwsFault and UsageError.
    """
    if config["store"] is None:
        return None
    store = make_store(config)
    store.check()
    has_own_history = config.origin_of("history").origin is not Origin.DEFAULT
    if not has_own_history:
        path = config["out"] / HISTORY_COPY
        store.pull_history(path)
        config = replace(config, values={**config.values, "history": Value(value=path, where="--store")})
    return StoreSession(
        store=store,
        config=config,
        has_own_history=has_own_history,
        _named_group=config["store_group"] or store.url.group or find_pipeline(env),
    )


def make_store(config: RunConfig) -> RunStore:
    """The store of --store, in the region of --fleet where one is named. Raises UsageError, AwsRefused."""
    fleet = read_fleet(config["fleet"]) if config["fleet"] is not None else None
    if config["store"] == IN_THE_FLEET:
        if fleet is None or not fleet.bucket:
            raise UsageError(
                "--store fleet: --fleet names no fleet with a bucket", hint="write --store s3://bucket/prefix"
            )
        url = StoreUrl(bucket=fleet.bucket)
    else:
        url = parse_store(config["store"])
    return RunStore(url, Aws(fleet.region if fleet is not None else None))


def find_pipeline(env: Mapping[str, str]) -> str:
    """A name of the CI pipeline that all its jobs share; "" outside of CI."""
    for variable, system in _PIPELINES:
        if env.get(variable):
            return f"{system}-{re.sub(r'[^A-Za-z0-9._-]', '-', env[variable])}"[:100]
    return ""


def remember_run(store: RunStore, record: RunRecord, path: Path, say: Say) -> None:
    """Add a run to the store's history; what goes wrong is said, and costs nothing else."""

    def add(copy: Path) -> None:
        history, warning = open_history(copy)
        if history is None:
            say(f"warning: {warning}")
            return
        with history:
            history.add_run(record)
            history.prune(keep=KEPT_RUNS)
            if history.warning:
                say(f"warning: {history.warning}")

    try:
        store.update_history(path, add)
    except GridrunnerError as error:
        say(f"warning: the history was not updated: {error}")


# ---------------------------------------------------------------------------------------------------------------- merging


class Gathered(Struct, frozen=True, kw_only=True):
    """Runs to merge: folders here (fetched ones among them), what is known to be lost, and the stores they came from."""

    folders: tuple[Path, ...]
    lost: tuple[str, ...] = ()
    stores: tuple[RunStore, ...] = ()


@contextmanager
def gather_runs(names: Sequence[str], config: RunConfig, env: Mapping[str, str], say: Say) -> Iterator[Gathered]:
    """The runs that `gridrunner merge` names: folders, and s3:// URLs whose runs are downloaded for the block.

    Raises GridFault (exit 3) when a store holds claims and not one run; UsageError when it holds nothing, or several
    groups and none is chosen.
    """
    folders = [Path(name) for name in names if not name.startswith("s3://")]
    urls = [name for name in names if name.startswith("s3://")]
    lost: list[str] = []
    stores = []
    with tempfile.TemporaryDirectory(prefix="gridrunner-merge-") as scratch:
        for number, name in enumerate(urls):
            url = parse_store(name)
            store = make_store(replace(config, values={**config.values, "store": Value(value=name)}))
            group = url.group or _choose_group(store, config["store_group"] or find_pipeline(env))
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
    """Adds a merged run to the history of every store that it came from."""

    def remember(record: RunRecord) -> None:
        with tempfile.TemporaryDirectory(prefix="gridrunner-history-") as scratch:
            for store in gathered.stores:
                remember_run(store, record, Path(scratch) / HISTORY_COPY, say)

    return remember


# ------------------------------------------------------------------------------------------------------- gridrunner store


def push_runs(folders: Sequence[Path], config: RunConfig, env: Mapping[str, str], say: Say) -> int:
    """Put run folders into the store that could not be put there at their end. Returns 0; raises as `RunStore` does."""
    store = make_store(_require_store(config))
    for folder in folders:
        record = load_run(folder)
        head = read_plan_head(folder / PLAN_NAME)
        group = config["store_group"] or store.url.group or find_pipeline(env) or head.hash[:12]
        claim = Claim(
            run=record.header.run,
            plan=head.hash,
            started=record.header.started,
            shard=head.shard,
            machine=socket.gethostname(),
        )
        store.put_run(store.claim(group, claim), folder, say)
    return ExitCode.OK


def list_runs(config: RunConfig) -> list[str]:
    """The groups of the store, and of --store-group its runs, a line each."""
    store = make_store(_require_store(config))
    group = config["store_group"] or store.url.group
    if not group:
        return store.groups()
    runs = store.runs(group)
    lines = []
    for run in runs:
        began = f" began {run.claim.started} on {run.claim.machine}" if run.claim else ""
        state = f"complete, {count_of(len(run.files), 'file')}" if run.is_complete else "no journal"
        lines.append(f"{run.place}{began}: {state}")
    return lines


def _require_store(config: RunConfig) -> RunConfig:
    if config["store"] is None:
        raise UsageError("which store?", hint="--store s3://bucket/prefix, or --store fleet with --fleet FILE")
    return config
