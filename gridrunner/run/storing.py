"""What a run does with a store in S3 (`--store`): the plan agreed on, the run claimed, put there, remembered."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gridrunner.aws.clients import Aws
from gridrunner.errors import ExitCode, GridrunnerError, UsageError
from gridrunner.grid.drivers.aws.fleet import read_fleet
from gridrunner.model import Plan
from gridrunner.results.history.entries import RunEntry
from gridrunner.results.history.packing import make_entry
from gridrunner.results.record import RunRecord
from gridrunner.results.store.keys import Claim, StoreUrl, parse_store
from gridrunner.results.store.s3 import RunStore, Say
from gridrunner.run.remembering import remember_entry
from gridrunner.run.shelving import HISTORY_COPY, put_entry, sync_history
from gridrunner.settings.store import StoreSettings

IN_THE_FLEET = "fleet"
"""`--store fleet`: the bucket that terraform made for the fleet."""

_PIPELINES = (("GITHUB_RUN_ID", "github"), ("CI_PIPELINE_ID", "gitlab"), ("BUILD_TAG", "jenkins"))
"""Variables that name a pipeline, the same for all its jobs and for jobs that are run again (GitHub's "Default
environment variables", GitLab's "Predefined CI/CD variables", Jenkins' "Pipeline environment")."""


@dataclass(slots=True)
class StoreSession:
    """One run's dealings with a store. `history` is the file that the run is planned with and remembered in: a copy of
    the store's, unless the user names one. `group` and `place` are "" until the run is claimed.
    """

    store: RunStore
    history: Path
    has_own_history: bool
    named_group: str
    group: str = ""
    place: str = ""

    def agree(self, plan: Plan) -> Plan:
        """The plan of the group, before it is cut to a shard. Raises as `RunStore.agree_on_plan`."""
        self.group = self.named_group or plan.hash[:12]
        return self.store.agree_on_plan(self.group, plan)

    def begin(self, run: str, plan: Plan) -> None:
        """Claim a place for the run, before anything is visited: what is not permitted is found out here."""
        self.group = self.group or self.named_group or plan.hash[:12]
        claim = Claim(
            run=run,
            plan=plan.hash,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            shard=plan.shard,
            machine=socket.gethostname(),
        )
        self.place = self.store.claim(self.group, claim)

    def finish(
        self, record: RunRecord, folder: Path, code: ExitCode, say: Say, *, is_remembered: bool = True
    ) -> ExitCode:
        """Put the run into the store, and unless it is not to be (`is_remembered`) remember it there; the exit code,
        which is 3 when the run could not be put there: then it is complete in its folder, and `gridrunner store push`
        puts it there later.
        """
        try:
            self.store.put_run(self.place, folder, say, is_small=code == ExitCode.INTERRUPTED)
        except GridrunnerError as error:
            say(f"store: {error}")
            if error.hint:
                say(f"  {error.hint}")
            say(
                f"store: nothing is lost: the run is complete in {folder}. Put it there with: gridrunner store push "
                f"{folder} --store {self.store.url.text} --store-group {self.group}"
            )
            return code if code == ExitCode.INTERRUPTED else ExitCode.INCOMPLETE
        if is_remembered and not self.has_own_history:
            entry = make_entry(record, place=self.store.objects.show(self.place), group=self.group)
            remember_in_store(self.store, entry, self.history, say)
        return code


def open_store(
    settings: StoreSettings,
    fleet_file: Path | None,
    env: Mapping[str, str],
    say: Say,
    *,
    out: Path,
    has_own_history: bool,
) -> StoreSession:
    """The store that the settings name, looked at before anything is visited. Unless the user names a history, the run
    is planned with the store's, of which a copy is kept under `out`. Raises AwsRefused, AwsFault and UsageError.
    """
    store = make_store(settings.url, fleet_file)
    store.check()
    history = settings.history
    if not has_own_history:
        history = out / HISTORY_COPY
        sync_history(store, history, say)
    return StoreSession(
        store=store,
        history=history,
        has_own_history=has_own_history,
        named_group=settings.group or store.url.group or find_pipeline(env),
    )


def make_store(url_text: str | None, fleet_file: Path | None) -> RunStore:
    """The store of --store, in the region of --fleet where one is named. Raises UsageError, AwsRefused."""
    if url_text is None:
        raise UsageError("which store?", hint="--store s3://bucket/prefix, or --store fleet with --fleet FILE")
    fleet = read_fleet(fleet_file) if fleet_file is not None else None
    if url_text == IN_THE_FLEET:
        if fleet is None or not fleet.bucket:
            raise UsageError(
                "--store fleet: --fleet names no fleet with a bucket", hint="write --store s3://bucket/prefix"
            )
        url = StoreUrl(bucket=fleet.bucket)
    else:
        url = parse_store(url_text)
    return RunStore(url, Aws(fleet.region if fleet is not None else None))


def find_pipeline(env: Mapping[str, str]) -> str:
    """A name of the CI pipeline that all its jobs share; "" outside of CI."""
    for variable, system in _PIPELINES:
        if env.get(variable):
            return f"{system}-{re.sub(r'[^A-Za-z0-9._-]', '-', env[variable])}"[:100]
    return ""


def remember_in_store(store: RunStore, entry: RunEntry, path: Path, say: Say) -> None:
    """Add a run to the store's history, and to the copy of it at `path`; what goes wrong is said, and costs nothing
    else.
    """
    try:
        put_entry(store, entry)
    except GridrunnerError as error:
        say(f"warning: the history was not updated: {error}")
    remember_entry(path, entry, say)
