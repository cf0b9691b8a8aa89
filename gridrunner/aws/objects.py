"""Small objects in S3 that several machines change: read with a version, and put only where that version still stands
("Conditional writes", Amazon S3 User Guide).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from msgspec import Struct

from gridrunner.aws.clients import Aws, AwsFault, AwsRefused, translated

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

GONE = frozenset({"NoSuchKey", "404", "NotFound"})
TAKEN = frozenset({"PreconditionFailed", "412"})
RACED = frozenset({"ConditionalRequestConflict", "409"})
"""Error codes of S3 for an object that is not there, is another, or is being written by another program."""

MOST_BYTES = 1 << 20
"""Of an object that is read whole: a thousand leases have 120 kB."""

SWAP_TRIES = 30
"""A hundred shards that renew each minute meet now and then; all of them at once, when a matrix starts, need more."""

CONFLICT_PAUSE_S = 0.2


class Found(Struct, frozen=True, kw_only=True):
    """What is there: `data` and `etag` None for nothing. `now_s`: S3's clock, in seconds since 1970."""

    data: bytes | None
    etag: str | None
    now_s: float


def code_of(error: ClientError) -> str:
    """The code of S3's answer."""
    return str(error.response.get("Error", {}).get("Code", ""))


def put_if(client: Any, bucket: str, key: str, data: bytes | BinaryIO, etag: str | None) -> bool:
    """Put an object where `etag` still stands (None: where nothing is). False: something else is there."""
    condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
    with translated("s3:PutObject", f"s3://{bucket}/{key}"):
        try:
            client.put_object(Bucket=bucket, Key=key, Body=data, **condition)
        except client.exceptions.ClientError as error:
            if code_of(error) in TAKEN | RACED | GONE:
                return False
            raise
    return True


class SharedObject:
    """One object. Every method raises AwsRefused and AwsFault."""

    def __init__(self, aws: Aws, bucket: str, key: str) -> None:
        self.name = f"s3://{bucket}/{key}"
        self._client: Any = aws.client("s3")
        self._bucket, self._key = bucket, key

    def read(self) -> Found:
        """What is there now."""
        with translated("s3:GetObject", self.name):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=self._key)
            except self._client.exceptions.ClientError as error:
                if code_of(error) not in GONE:
                    raise
                return Found(data=None, etag=None, now_s=_date_of(error.response))
            data = answer["Body"].read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise AwsRefused(f"{self.name}: has more than {MOST_BYTES >> 20} MiB, and is not read")
        return Found(data=data, etag=str(answer["ETag"]), now_s=_date_of(answer))

    def change(self, decide: Callable[[Found], bytes | None]) -> None:
        """Read, have `decide` say what is to be there (None: what is), and put it if no other did meanwhile; again
        from the start when one did.
        """
        for _ in range(SWAP_TRIES):
            found = self.read()
            data = decide(found)
            if data is None or data == found.data:
                return
            if put_if(self._client, self._bucket, self._key, data, found.etag):
                return
            time.sleep(CONFLICT_PAUSE_S * random.random())  # noqa: S311 - two writers must not meet again
        raise AwsFault(f"{self.name}: others changed it {SWAP_TRIES} times while it was being written")


def _date_of(answer: Any) -> float:
    """S3's clock, which every answer carries; this machine's where one does not."""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    with suppress(TypeError, ValueError):
        return parsedate_to_datetime(headers.get("date")).timestamp()
    return time.time()
