"""`gridrunner store …` on the command line: runs in S3, for the rare times when neither `run` nor `merge` does."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gridrunner.commands.parsing import add_setting, parser_of
from gridrunner.errors import ExitCode
from gridrunner.settings.loading import SETTINGS, RunConfig, load_config

EXAMPLES = """\
examples:
  gridrunner run --sites sites.yaml --shard 2/8 --store s3://bucket/ci     every shard puts its run there
  gridrunner merge s3://bucket/ci --out merged                             names shards that died; exit 3 then
  gridrunner store push runs/20261126-101500-ab12 --store s3://bucket/ci   a run whose upload was refused
  gridrunner store list --store s3://bucket/ci --store-group github-4711   what there is of a pipeline
"""

_SHARED = frozenset({"store", "store_group", "fleet"})


def add_store_commands(commands: Any) -> None:
    """`store push|list`."""
    store = parser_of(commands, "store", "runs that shards put into S3 (`run --store`)", epilog=EXAMPLES)
    inner = store.add_subparsers(title="commands", metavar="COMMAND", required=True)
    push = _command(inner, "push", "put run folders there whose own upload was refused; overwrites nothing", _push)
    push.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="run folders")
    _command(inner, "list", "the groups of runs, or with --store-group its runs, complete or not", _list)


def _command(
    inner: Any, name: str, description: str, function: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    parser = parser_of(inner, name, description, function, EXAMPLES)
    for setting in SETTINGS:
        if setting.key in _SHARED:
            add_setting(parser, setting)
    return parser


def _push(arguments: argparse.Namespace) -> int:
    from gridrunner.run.storing import push_runs

    return push_runs(arguments.runs, _config(arguments), os.environ, _say)


def _list(arguments: argparse.Namespace) -> int:
    from gridrunner.run.storing import list_runs

    for line in list_runs(_config(arguments)):
        print(line)
    return ExitCode.OK


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _config(arguments: argparse.Namespace) -> RunConfig:
    return load_config({key: value for key, value in vars(arguments).items() if key in _SHARED}, os.environ, Path.cwd())
