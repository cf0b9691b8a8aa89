"""Runs and history in S3: conditional writes on moto's S3, several writers at once, nothing overwritten."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from gridrunner.aws.clients import Aws, AwsRefused
from gridrunner.errors import UsageError
from gridrunner.results.store.keys import Claim, describe_lost, find_lost, parse_store
from gridrunner.results.store.s3 import RunStore
from tests.support.moto_server import REGION, MotoServer
from tests.support.shard_runs import plan_sites, write_shard

_NUMBERS = itertools.count(1)
STARTED = "2026-11-26T08:00:00+00:00"


@pytest.fixture
def make_store(aws_env: MotoServer) -> Callable[[], RunStore]:
    """Stores of one bucket of the test's own, each as another machine has it."""
    bucket = f"gridrunner-test-{next(_NUMBERS)}"
    aws_env.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return lambda: RunStore(parse_store(f"s3://{bucket}/ci"), Aws(REGION))


@pytest.fixture
def store(make_store: Callable[[], RunStore]) -> RunStore:
    return make_store()


def claim(run: str, shard: tuple[int, int] | None, plan: str = "p") -> Claim:
    return Claim(run=run, plan=plan, started=STARTED, shard=shard, machine="ci-2")


@pytest.mark.parametrize(
    ("text", "bucket", "prefix", "group"),
    [
        ("s3://bucket", "bucket", "", ""),
        ("s3://bucket/a/b/", "bucket", "a/b", ""),
        ("s3://bucket/a/runs/gh-1", "bucket", "a", "gh-1"),
        ("s3://bucket/runs/gh-1/", "bucket", "", "gh-1"),
    ],
)
def test_urls_name_bucket_prefix_and_group(text: str, bucket: str, prefix: str, group: str) -> None:
    url = parse_store(text)
    assert (url.bucket, url.prefix, url.group) == (bucket, prefix, group)


@pytest.mark.parametrize("text", ["s3://", "s3:/bucket", "s3://Bucket", "s3://b/x?y", "https://bucket"])
def test_what_is_no_s3_url_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_store(text)


def test_nothing_is_overwritten_and_the_same_again_is_fine(store: RunStore) -> None:
    assert store.objects.put_new("x.json", b"one")
    assert store.objects.put_new("x.json", b"one")
    assert not store.objects.put_new("x.json", b"two")
    stored = store.objects.get("x.json")
    assert stored is not None
    assert stored[0] == b"one"
    assert store.objects.get("y.json") is None


def test_the_first_shard_puts_the_plan_and_all_others_take_it(make_store: Callable[[], RunStore]) -> None:
    plan = plan_sites(4)
    assert make_store().agree_on_plan("g", plan) == plan
    assert make_store().agree_on_plan("g", plan) == plan
    with pytest.raises(UsageError, match="group g has plan"):
        make_store().agree_on_plan("g", plan_sites(5))


def test_a_run_goes_there_and_comes_back_byte_for_byte(store: RunStore, tmp_path: Path) -> None:
    plan = plan_sites(4)
    folder = write_shard(tmp_path / "run-1", plan, (1, 2), {"site-1": "no login"})
    place = store.claim("g", claim("run-1", (1, 2)))
    assert place == "runs/g/1-of-2/run-1"
    files = store.put_run(place, folder, lambda _: None)
    (stored,) = store.runs("g")
    assert stored.is_complete
    (fetched,) = store.fetch([stored], tmp_path / "fetched")
    originals = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {path.relative_to(fetched): path.read_bytes() for path in fetched.rglob("*") if path.is_file()} == originals
    assert files == len(originals)
    assert store.groups() == ["g"]


def test_a_run_that_was_put_half_is_put_again_where_it_was(store: RunStore, tmp_path: Path) -> None:
    folder = write_shard(tmp_path / "run-1", plan_sites(2), (1, 1))
    place = store.claim("g", claim("run-1", None))
    store.objects.put_new(f"{place}/plan.json", folder / "plan.json")
    assert store.claim("g", claim("run-1", None)) == place
    store.put_run(place, folder, lambda _: None)


def test_a_resumed_run_gets_a_place_of_its_own(store: RunStore, tmp_path: Path) -> None:
    folder = write_shard(tmp_path / "run-1", plan_sites(2), (1, 1))
    first = store.claim("g", claim("run-1", None))
    store.put_run(first, folder, lambda _: None)
    with (folder / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"event":"decision","text":"resumed","at_s":0.0}\n')
    with pytest.raises(AwsRefused, match="nothing was overwritten"):
        store.put_run(first, folder, lambda _: None)
    again = Claim(run="run-1", plan="p", started="2026-11-26T09:00:00+00:00")
    assert store.claim("g", again) == f"{first}.2"


def test_a_shard_without_a_complete_run_is_lost_until_it_is_run_again(store: RunStore, tmp_path: Path) -> None:
    plan = plan_sites(4)
    store.put_run(store.claim("g", claim("a", (1, 2))), write_shard(tmp_path / "a", plan, (1, 2)), lambda _: None)
    store.claim("g", claim("b", (2, 2)))
    (lost,) = find_lost(store.runs("g"))
    assert describe_lost(lost) == (
        f"shard 2/2: run b began {STARTED} on ci-2 and left no journal: it died, or it still runs"
    )
    store.put_run(store.claim("g", claim("c", (2, 2))), write_shard(tmp_path / "c", plan, (2, 2)), lambda _: None)
    assert find_lost(store.runs("g")) == []


def test_a_bucket_that_is_not_there_is_named(aws_env: MotoServer) -> None:
    with pytest.raises(AwsRefused, match="there is no such bucket"):
        RunStore(parse_store("s3://no-such-bucket-here/x"), Aws(REGION)).check()
