"""The instance's own metadata, through IMDSv2 (docs.aws.amazon.com, "Use the Instance Metadata Service"). Every call is
bounded; the session token is renewed when EC2 no longer takes it.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime

ENDPOINT_VARIABLE = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
"""The AWS SDKs' own name for another address of the metadata service."""

ENDPOINT = "http://169.254.169.254"
TOKEN_TTL_S = 21600
"""Six hours, the longest that EC2 gives (the same page)."""

TIMEOUT_S = 2.0
"""The service is on the same host and answers in milliseconds."""


class MetadataUnavailableError(Exception):
    """The metadata service did not answer, or not as documented."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """What EC2 says of the instance's future. `interruption_at`: when it is taken (spot), None without a notice."""

    interruption_at: datetime | None = None
    is_leaving: bool = False


class Metadata:
    """A client of the metadata service; use it on one thread."""

    def __init__(self, endpoint: str | None = None) -> None:
        self._endpoint = (endpoint or os.environ.get(ENDPOINT_VARIABLE) or ENDPOINT).rstrip("/")
        self._token = ""
        # The proxies of the environment are for the internet, not for a link-local address.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def instance_id(self) -> str:
        """The id of this instance. Raises MetadataUnavailableError."""
        found = self._get("instance-id")
        if not found:
            raise MetadataUnavailableError("the metadata service names no instance id")
        return found

    def notices(self) -> Notices:
        """What is known now. Raises MetadataUnavailableError."""
        action = self._get("spot/instance-action")
        return Notices(
            interruption_at=_read_interruption(action),
            is_leaving=self._get("autoscaling/target-lifecycle-state") == "Terminated",
        )

    def _get(self, path: str) -> str | None:
        """The text under `path`; None where there is none (404)."""
        for _ in range(2):
            if not self._token:
                self._token = self._call("PUT", "api/token", {"X-aws-ec2-metadata-token-ttl-seconds": str(TOKEN_TTL_S)})
            try:
                return self._call("GET", f"meta-data/{path}", {"X-aws-ec2-metadata-token": self._token})
            except urllib.error.HTTPError as error:
                error.close()
                if error.code == 404:
                    return None
                self._token = ""
                if error.code != 401:
                    raise MetadataUnavailableError(f"{path}: HTTP {error.code}") from error
        raise MetadataUnavailableError(f"{path}: the metadata service takes no token")

    def _call(self, method: str, path: str, headers: dict[str, str]) -> str:
        request = urllib.request.Request(f"{self._endpoint}/latest/{path}", headers=headers, method=method)
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                return str(answer.read(65536).decode().strip())
        except urllib.error.HTTPError as error:
            if method == "GET":
                raise
            error.close()
            raise MetadataUnavailableError(f"{path}: HTTP {error.code}") from error
        except (OSError, UnicodeDecodeError) as error:
            raise MetadataUnavailableError(f"{path}: {error}") from error


def _read_interruption(text: str | None) -> datetime | None:
    """`{"action": "terminate", "time": "2017-09-18T08:22:00Z"}` (docs.aws.amazon.com, "Spot Instance interruption
    notices"). Raises MetadataUnavailableError when it cannot be read.
    """
    if text is None:
        return None
    try:
        found = json.loads(text)
        return datetime.fromisoformat(str(found["time"]))
    except (ValueError, KeyError, TypeError):
        raise MetadataUnavailableError(f"spot/instance-action cannot be read: {text[:80]!r}") from None
