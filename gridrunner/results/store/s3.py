"""Run folders in S3, where several CI machines find them. Owns the keys below a prefix:

    runs/<group>/plan.json                      the plan that all shards of a pipeline share: the first to come puts it
    runs/<group>/<i-of-n>/<run>/claim.json      put before the first visit: a claim without a journal died
    runs/<group>/<i-of-n>/<run>/…               the run folder; journal.jsonl is put last and stands for "complete"
    history/…                                   what is kept of earlier runs (see `shelf`)

The invariant: nothing that is there is ever overwritten by something else: everything is put with `If-None-Match: *`
("Conditional writes", Amazon S3 User Guide). The history alone changes, by `swap`.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from gridrunner import codec
from gridrunner.aws.clients import Aws, AwsFault, AwsRefused, translated
from gridrunner.aws.objects import CONFLICT_PAUSE_S, GONE, RACED, TAKEN, code_of, put_if
from gridrunner.errors import RunFolderError, UsageError
from gridrunner.foreign import MOST_FILE_BYTES, find_inside
from gridrunner.model import Plan
from gridrunner.results.journal.lines import JOURNAL_NAME
from gridrunner.results.journal.planfile import PLAN_NAME, decode_plan, encode_plan
from gridrunner.results.store.keys import Claim, StoredRun, StoreUrl
from gridrunner.text import count_of

CLAIM_NAME = "claim.json"

AT_ONCE = 8
"""Files on their way at once: a small object takes 20 to 50 ms, and evidence is many small ones."""

PUT_TRIES = 10
"""Of an object that others are putting in the same moment."""

MOST_PLACES = 100
"""How often one run may be resumed and stored again."""

_CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".jsonl": "application/jsonlines",
    ".md": "text/markdown; charset=utf-8",
    ".xml": "application/xml",
    ".webp": "image/webp",
    ".png": "image/png",
}

Say = Callable[[str], None]


class RunStore:
    """One store. Every method raises AwsRefused and AwsFault, naming the action that was denied."""

    def __init__(self, url: StoreUrl, aws: Aws) -> None:
        self.url = url
        self._client: Any = aws.client("s3")

    # ---------------------------------------------------------------------------------------------------------- objects

    def key(self, name: str) -> str:
        """The key of `name` below the prefix."""
        return f"{self.url.prefix}/{name}" if self.url.prefix else name

    def show(self, name: str) -> str:
        """`name` as people find it."""
        return f"s3://{self.url.bucket}/{self.key(name)}"

    def check(self) -> None:
        """Look whether the store can be read at all."""
        self.list_names("", most=1)

    def list_names(self, name: str, *, most: int | None = None) -> list[str]:
        """Names below `name`, relative to the prefix."""
        start = self.key(name)
        keys: list[str] = []
        with translated("s3:ListBucket", self.show(name)):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.url.bucket, Prefix=start, PaginationConfig={"MaxItems": most} if most else {}
            )
            for page in pages:
                keys += [entry["Key"] for entry in page.get("Contents", [])]
        cut = len(self.key("")) if self.url.prefix else 0
        return [key[cut:] for key in keys]

    def get(self, name: str) -> tuple[bytes, str] | None:
        """The bytes of an object and its ETag; None when it is not there."""
        with self._reading(name) as body:
            if body is None:
                return None
            data = body["Body"].read(MOST_FILE_BYTES + 1)
            if len(data) > MOST_FILE_BYTES:
                raise AwsRefused(f"{self.show(name)}: has more than {MOST_FILE_BYTES >> 20} MiB, and is not read")
            return data, str(body["ETag"])

    @contextmanager
    def _reading(self, name: str) -> Iterator[Any]:
        with translated("s3:GetObject", self.show(name)):
            try:
                answer = self._client.get_object(Bucket=self.url.bucket, Key=self.key(name))
            except self._client.exceptions.ClientError as error:
                if code_of(error) not in GONE:
                    raise
                answer = None
            yield answer

    def swap(self, name: str, data: bytes, etag: str | None) -> bool:
        """Put an object where `etag` still stands (None: where nothing is). False: something else is there."""
        return put_if(self._client, self.url.bucket, self.key(name), data, etag)

    def remove(self, name: str) -> None:
        """Remove an object, whether it is there or not."""
        with translated("s3:DeleteObject", self.show(name)):
            self._client.delete_object(Bucket=self.url.bucket, Key=self.key(name))

    def put_new(self, name: str, data: bytes | Path) -> bool:
        """Put an object where none is. True: it is there now, or was with the same content (an answer that got lost);
        False: something else is there, and stays.
        """
        digest = _digest(data)
        for _ in range(PUT_TRIES):
            with _opened(data) as body, translated("s3:PutObject", self.show(name)):
                try:
                    self._client.put_object(
                        Bucket=self.url.bucket,
                        Key=self.key(name),
                        Body=body,
                        IfNoneMatch="*",
                        Metadata={"sha256": digest},
                        ContentType=_CONTENT_TYPES.get(Path(name).suffix, "application/octet-stream"),
                    )
                except self._client.exceptions.ClientError as error:
                    if code_of(error) in TAKEN:
                        return self._has(name, digest)
                    if code_of(error) not in RACED:
                        raise
                else:
                    return True
            time.sleep(CONFLICT_PAUSE_S * random.random())  # noqa: S311 - two writers must not meet again
        raise AwsFault(f"{self.show(name)}: others keep writing it")

    def _has(self, name: str, digest: str) -> bool:
        with translated("s3:GetObject", self.show(name)):
            answer = self._client.head_object(Bucket=self.url.bucket, Key=self.key(name))
        return bool(answer.get("Metadata", {}).get("sha256") == digest)

    # ------------------------------------------------------------------------------------------------------------- runs

    def agree_on_plan(self, group: str, plan: Plan) -> Plan:
        """The plan of `group`: this one, or the one that another shard put first, whose expected durations then hold
        for all, so that shards cut from it fit together. Raises UsageError when it owes something else.
        """
        name = f"runs/{group}/{PLAN_NAME}"
        if self.put_new(name, encode_plan(plan)):
            return plan
        stored = self.get(name)
        if stored is None:
            raise AwsFault(f"{self.show(name)}: was there and is gone")
        agreed = decode_plan(stored[0], self.show(name))
        if agreed.hash != plan.hash:
            raise UsageError(
                f"{self.show(name)}: group {group} has plan {agreed.hash[:12]}, but these lists and checks make "
                f"{plan.hash[:12]}",
                hint="give all shards the same lists and options, or this pipeline a --store-group of its own",
            )
        return agreed

    def claim(self, group: str, claim: Claim) -> str:
        """Take a place for a run and say who it is. A run that was claimed and never completed keeps its place; one
        that was stored complete and then resumed gets another.
        """
        shard = f"{claim.shard[0]}-of-{claim.shard[1]}" if claim.shard else "1-of-1"
        for number in range(1, MOST_PLACES):
            place = f"runs/{group}/{shard}/{claim.run}" + (f".{number}" if number > 1 else "")
            if self.put_new(f"{place}/{CLAIM_NAME}", codec.encode(claim)):
                return place
            if not self.list_names(f"{place}/{JOURNAL_NAME}", most=1):
                return place
        raise AwsRefused(f"{self.show(f'runs/{group}/{shard}/{claim.run}')}: has been stored {MOST_PLACES} times")

    def put_run(self, place: str, folder: Path, say: Say, *, is_small: bool = False) -> int:
        """Put a run folder at its place, its journal last; returns the number of files. `is_small`: plan and journal
        alone. Raises RunFolderError where a file cannot be read, AwsRefused where another content is there.
        """
        names = [PLAN_NAME] if is_small else sorted(_list_files(folder))
        names = [name for name in names if name not in {JOURNAL_NAME, CLAIM_NAME}]
        total = sum((folder / name).stat().st_size for name in names) + (folder / JOURNAL_NAME).stat().st_size
        say(f"store: {count_of(len(names) + 1, 'file')}, {total / (1 << 20):.1f} MiB to {self.show(place)}")

        def put(name: str) -> None:
            if not self.put_new(f"{place}/{name}", folder / name):
                raise AwsRefused(
                    f"{self.show(f'{place}/{name}')}: is there already with other content; nothing was overwritten"
                )

        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="store") as pool:
            jobs = [pool.submit(put, name) for name in names]
            try:
                for job in jobs:
                    job.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        put(JOURNAL_NAME)
        return len(names) + 1

    def groups(self) -> list[str]:
        """The groups that have runs, by name."""
        start = self.key("runs/")
        names: list[str] = []
        with translated("s3:ListBucket", self.show("runs/")):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.url.bucket, Prefix=start, Delimiter="/"
            )
            for page in pages:
                names += [entry["Prefix"][len(start) :].rstrip("/") for entry in page.get("CommonPrefixes", [])]
        return sorted(names)

    def runs(self, group: str) -> list[StoredRun]:
        """The runs of a group, complete or not, by place."""
        files: dict[str, list[str]] = {}
        for name in self.list_names(f"runs/{group}/"):
            parts = name.split("/", 4)
            if len(parts) == 5:  # runs, group, shard, run, file
                files.setdefault("/".join(parts[:4]), []).append(parts[4])
        return [
            StoredRun(place=place, files=tuple(names), claim=self._read_claim(place) if CLAIM_NAME in names else None)
            for place, names in sorted(files.items())
        ]

    def _read_claim(self, place: str) -> Claim | None:
        stored = self.get(f"{place}/{CLAIM_NAME}")
        try:
            return codec.decode(stored[0], Claim) if stored is not None else None
        except (codec.BrokenJsonError, UnicodeDecodeError):
            return None

    def fetch(self, runs: Sequence[StoredRun], into: Path) -> list[Path]:
        """Download runs into folders below `into`; returns those folders. Raises RunFolderError for a full disk."""
        folders, downloads = [], []
        for run in runs:
            folder = _place_inside(into, "/".join(run.place.split("/")[2:]))
            if folder is not None:
                folders.append(folder)
                files = [(name, _place_inside(folder, name)) for name in run.files if name != CLAIM_NAME]
                downloads += [(f"{run.place}/{name}", path) for name, path in files if path is not None]

        def load(name: str, path: Path) -> None:
            with self._reading(name) as answer:
                if answer is None:
                    return  # an object that was removed while we read: the merge says what is missing
                try:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    with path.open("wb") as file:
                        for part in answer["Body"].iter_chunks(1 << 20):
                            file.write(part)
                except OSError as error:
                    raise RunFolderError(f"{path} cannot be written: {error.strerror or error}") from error

        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="store") as pool:
            for job in [pool.submit(load, name, path) for name, path in downloads]:
                job.result()
        return folders


def _place_inside(folder: Path, name: str) -> Path | None:
    """Where an object of this name goes; None for one that would lead out of `folder`: a key may be any text."""
    try:
        return find_inside(folder, name)
    except OSError:
        return None


def _digest(data: bytes | Path) -> str:
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest()
    with _opened(data) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _opened(data: bytes | Path) -> Iterator[Any]:
    if isinstance(data, bytes):
        yield data
        return
    try:
        file: BinaryIO = data.open("rb")
    except OSError as error:
        raise RunFolderError(f"{data} cannot be read: {error.strerror or error}") from error
    with file:
        yield file


def _list_files(folder: Path) -> list[str]:
    return [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    ]
