"""`gridrunner store push` and `list`: runs in S3, for the rare times when neither `run` nor `merge` does."""

from __future__ import annotations

import argparse
import os
import socket
from pathlib import Path

from gridrunner.commands.parsing import Command, add_settings, say, settings_of
from gridrunner.errors import ExitCode
from gridrunner.results.journal.planfile import PLAN_NAME, read_plan_head
from gridrunner.results.record import load_run
from gridrunner.results.store.keys import Claim
from gridrunner.run.storing import find_pipeline, make_store
from gridrunner.text import count_of

EXAMPLES = """\
examples:
  gridrunner run --sites sites.yaml --shard 2/8 --store s3://bucket/ci     every shard puts its run there
  gridrunner merge s3://bucket/ci --out merged                             names shards that died; exit 3 then
  gridrunner store push runs/20261126-101500-ab12 --store s3://bucket/ci   a run whose upload was refused
  gridrunner store list --store s3://bucket/ci --store-group github-4711   what there is of a pipeline
"""


def push_runs(arguments: argparse.Namespace) -> int:
    """Put run folders into the store that could not be put there at their end. Returns 0; raises as `RunStore` does."""
    settings = settings_of(arguments)
    store = make_store(settings.store.url, settings.fleet.file)
    for folder in arguments.runs:
        record = load_run(folder)
        head = read_plan_head(folder / PLAN_NAME)
        group = settings.store.group or store.url.group or find_pipeline(os.environ) or head.hash[:12]
        claim = Claim(
            run=record.header.run,
            plan=head.hash,
            started=record.header.started,
            shard=head.shard,
            machine=socket.gethostname(),
        )
        store.put_run(store.claim(group, claim), folder, say)
    return ExitCode.OK


def list_runs(arguments: argparse.Namespace) -> int:
    """Print the groups of the store, or of --store-group its runs, a line each."""
    settings = settings_of(arguments)
    store = make_store(settings.store.url, settings.fleet.file)
    group = settings.store.group or store.url.group
    if not group:
        for name in store.groups():
            print(name)
        return ExitCode.OK
    for run in store.runs(group):
        began = f" began {run.claim.started} on {run.claim.machine}" if run.claim else ""
        state = f"complete, {count_of(len(run.files), 'file')}" if run.is_complete else "no journal"
        print(f"{run.place}{began}: {state}")
    return ExitCode.OK


def _configure_list(parser: argparse.ArgumentParser) -> None:
    add_settings(parser, "store", "store_group", "fleet")


def _configure_push(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="run folders")
    _configure_list(parser)


PUSH = Command(configure=_configure_push, execute=push_runs, epilog=EXAMPLES)
LIST = Command(configure=_configure_list, execute=list_runs, epilog=EXAMPLES)
