"""Objects in S3 below a prefix, by their names there. The invariant: nothing that is there is ever overwritten by
something else: everything is put with `If-None-Match: *` ("Conditional writes", Amazon S3 User Guide), or by `swap` in
place of what was read.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from gridrunner.aws.clients import Aws, AwsFault, AwsRefused, translated
from gridrunner.aws.objects import CONFLICT_PAUSE_S, GONE, RACED, TAKEN, code_of, put_if
from gridrunner.errors import RunFolderError
from gridrunner.foreign import MOST_FILE_BYTES
from gridrunner.results.store.keys import StoreUrl

PUT_TRIES = 10
"""Of an object that others are putting in the same moment."""

_CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".jsonl": "application/jsonlines",
    ".md": "text/markdown; charset=utf-8",
    ".xml": "application/xml",
    ".webp": "image/webp",
    ".png": "image/png",
}

PART_BYTES = 1 << 20
"""Of an object, in memory at a time while it is downloaded."""


class Bucket:
    """The objects of one store. Every method raises AwsRefused and AwsFault, naming the action that was denied."""

    def __init__(self, url: StoreUrl, aws: Aws) -> None:
        self.url = url
        self._client: Any = aws.client("s3")

    def _key(self, name: str) -> str:
        """The key of `name` below the prefix."""
        return f"{self.url.prefix}/{name}" if self.url.prefix else name

    def show(self, name: str) -> str:
        """`name` as people find it."""
        return f"s3://{self.url.bucket}/{self._key(name)}"

    def list_names(self, name: str, *, most: int | None = None) -> list[str]:
        """Names below `name`, relative to the prefix."""
        start = self._key(name)
        keys: list[str] = []
        with translated("s3:ListBucket", self.show(name)):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.url.bucket, Prefix=start, PaginationConfig={"MaxItems": most} if most else {}
            )
            for page in pages:
                keys += [entry["Key"] for entry in page.get("Contents", [])]
        cut = len(self._key("")) if self.url.prefix else 0
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
                answer = self._client.get_object(Bucket=self.url.bucket, Key=self._key(name))
            except self._client.exceptions.ClientError as error:
                if code_of(error) not in GONE:
                    raise
                answer = None
            yield answer

    def swap(self, name: str, data: bytes, etag: str | None) -> bool:
        """Put an object where `etag` still stands (None: where nothing is). False: something else is there."""
        return put_if(self._client, self.url.bucket, self._key(name), data, etag)

    def remove(self, name: str) -> None:
        """Remove an object, whether it is there or not."""
        with translated("s3:DeleteObject", self.show(name)):
            self._client.delete_object(Bucket=self.url.bucket, Key=self._key(name))

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
                        Key=self._key(name),
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
            answer = self._client.head_object(Bucket=self.url.bucket, Key=self._key(name))
        return bool(answer.get("Metadata", {}).get("sha256") == digest)

    def list_folders(self, name: str) -> list[str]:
        """What stands between `name` and the next slash, each once."""
        start = self._key(name)
        folders: list[str] = []
        with translated("s3:ListBucket", self.show(name)):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.url.bucket, Prefix=start, Delimiter="/"
            )
            for page in pages:
                folders += [entry["Prefix"][len(start) :].rstrip("/") for entry in page.get("CommonPrefixes", [])]
        return sorted(folders)

    def download(self, name: str, path: Path) -> None:
        """Write an object into a file; nothing where it is not there. Raises RunFolderError for a full disk."""
        with self._reading(name) as answer:
            if answer is None:
                return
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as file:
                    for part in answer["Body"].iter_chunks(PART_BYTES):
                        file.write(part)
            except OSError as error:
                raise RunFolderError(f"{path} cannot be written: {error.strerror or error}") from error


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
