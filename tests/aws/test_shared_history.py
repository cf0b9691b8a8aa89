"""One history in a store, written by shards and pipelines at once: nothing lost, nothing doubled, whoever dies."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace

from gridrunner.aws.clients import Aws
from gridrunner.model import Verdict
from gridrunner.results.history.entries import RunEntry, SiteEntry, VisitEntry
from gridrunner.results.history.file import open_history
from gridrunner.results.history.packing import pack_entry
from gridrunner.results.store.keys import parse_store
from gridrunner.results.store.s3 import RunStore
from gridrunner.results.store.shelf import EntryShelf
from gridrunner.run.shelving import prune_store, put_entry, sync_history
from tests.support.command_line import CommandLine
from tests.support.moto_server import REGION, MotoServer
from tests.support.shard_runs import plan_sites, write_shard

_NUMBERS = itertools.count(1)
SHARDS = 8
ROOT = Path(__file__).parents[2]


@pytest.fixture
def make_store(aws_env: MotoServer) -> Callable[[], RunStore]:
    """Stores of one bucket of the test's own, each as another machine has it."""
    bucket = f"gridrunner-history-{next(_NUMBERS)}"
    aws_env.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return lambda: RunStore(parse_store(f"s3://{bucket}/ci"), Aws(REGION))


def make_shard(pipeline: str, number: int) -> RunEntry:
    names = [f"site-{number}-{place}" for place in range(3)]
    return RunEntry(
        run=f"{pipeline}-run-{number}",
        started=f"2026-11-2{pipeline[-1]}T01:00:0{number}+00:00",
        plan="p",
        group=pipeline,
        shard=(number, SHARDS),
        sites=tuple([SiteEntry(name, (VisitEntry(1.0, "observed"),), Verdict.PASSED, "passed") for name in names]),
    )


def read_history(store: RunStore, path: Path) -> list[RunEntry]:
    def refuse(problem: str) -> None:
        raise AssertionError(problem)

    sync_history(store, path, refuse)
    with open_history(path, refuse) as history:
        return history.entries()


DIES = """
import sys
from gridrunner.aws.clients import Aws
from gridrunner.results.history.packing import unpack_entry
from gridrunner.results.store.keys import parse_store
from gridrunner.results.store.bucket import Bucket
from gridrunner.results.store.s3 import RunStore
from gridrunner.run.shelving import put_entry

class Stuck(Bucket):
    def swap(self, *given):
        print("about to write", flush=True)
        sys.stdin.read()

url, aws = parse_store(sys.argv[1]), Aws(sys.argv[2])
store = RunStore(url, aws)
store.objects = Stuck(url, aws)
put_entry(store, unpack_entry(open(sys.argv[3], "rb").read()))
"""


def test_eight_shards_and_two_pipelines_at_once_one_killed(make_store: Callable[[], RunStore], tmp_path: Path) -> None:
    entries = [make_shard(pipeline, number) for pipeline in ("p-1", "p-2") for number in range(1, SHARDS + 1)]
    doomed, others = entries[4], [*entries[:4], *entries[5:]]
    (tmp_path / "entry").write_bytes(pack_entry(doomed))
    url = f"s3://{make_store().url.bucket}/{make_store().url.prefix}"
    arguments = [sys.executable, "-c", DIES, url, REGION, str(tmp_path / "entry")]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True, start_new_session=True
    ) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "about to write\n"
        with ThreadPoolExecutor(len(others)) as pool:
            assert all(pool.map(lambda entry: put_entry(make_store(), entry), others))
        killed.kill()
    first, second = read_history(make_store(), tmp_path / "one.sqlite")
    assert (first.run, first.missing, len(first.sites)) == ("p-1", 1, 21)
    assert (second.run, second.missing, len(second.sites)) == ("p-2", 0, 24)

    assert put_entry(make_store(), doomed)  # its job is run again, and so is another, which was there already
    assert not put_entry(make_store(), entries[0])
    first, second = read_history(make_store(), tmp_path / "one.sqlite")  # a copy that knows most of it
    everything = [f"site-{number}-{place}" for number in range(1, SHARDS + 1) for place in range(3)]
    assert [site.site for site in first.sites] == everything
    assert second.missing == 0


def test_a_resumed_run_takes_its_own_place_and_only_what_knows_more_does(
    make_store: Callable[[], RunStore], tmp_path: Path
) -> None:
    whole = replace(make_shard("p-1", 1), shard=None, group="")
    begun = replace(whole, sites=whole.sites[:1])
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda entry: put_entry(make_store(), entry), [begun, whole] * 4))
    assert read_history(make_store(), tmp_path / "copy.sqlite") == [whole]


def test_what_is_no_entry_is_said_and_costs_nothing_else(make_store: Callable[[], RunStore], tmp_path: Path) -> None:
    store = make_store()
    entry = replace(make_shard("p-1", 1), shard=None)
    put_entry(store, entry)
    assert store.objects.swap("history/runs/20261101000000_bad.json.gz", b"no gzip", None)
    said: list[str] = []
    sync_history(store, tmp_path / "copy.sqlite", said.append)
    assert ["cannot be read: is not gzip" in text for text in said] == [True]
    with open_history(tmp_path / "copy.sqlite", said.append) as history:
        assert history.entries() == [entry]


def test_prune_removes_from_the_store_what_is_old(make_store: Callable[[], RunStore]) -> None:
    store = make_store()
    for number in range(1, 5):
        put_entry(store, make_shard("p-1", number))
    assert prune_store(store, "2026-11-21T01:00:03+00:00") == 2
    assert [name[:14] for name in EntryShelf(store).names()] == ["20261121010003", "20261121010004"]


def test_commands_read_import_and_prune_the_history_of_a_store(
    make_store: Callable[[], RunStore], project: CommandLine, tmp_path: Path
) -> None:
    store = make_store()
    where = ("--store", store.url.text)
    for number in (1, 2):
        write_shard(project.folder / f"run-{number}", plan_sites(4), (1, 1))
        journal = project.folder / f"run-{number}" / "journal.jsonl"
        journal.write_text(journal.read_text().replace("run-1", f"run-{number}").replace("11-24", f"11-2{number}"))
    nothing = project.run("history", "show", *where)
    assert (nothing.code, "there is no history yet" in nothing.words) == (4, True)
    imported = project.run("history", "import", "run-1", "run-2", "nowhere", *where)
    assert (imported.code, imported.stdout) == (2, "2 runs imported\n")
    assert "not imported: " in imported.stderr
    assert project.run("history", "show", *where).stdout.startswith("2 runs, 4 sites, 8 visits")
    pruned = project.run("history", "prune", "--keep", "1", *where)
    assert (pruned.code, pruned.stdout) == (0, "1 run forgotten\n")
    (project.folder / "runs" / "history-of-store.sqlite").unlink()
    assert project.run("history", "show", *where).stdout.startswith("1 run, 4 sites, 4 visits")
