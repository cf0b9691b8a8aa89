"""Clients of AWS services with every call bounded, and the one place where boto3's errors become ours.

Credentials and endpoints are found as AWS' own tools find them: environment, profile, role; AWS_ENDPOINT_URL leads
elsewhere. Nothing of a credential is ever in a message. boto3 is imported by the first use: it takes 0.15 s of every
start of gridrunner otherwise, and most runs have no AWS (2026-11-26).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gridrunner.errors import GridFault, UsageError, extra_required

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 20
"""Calls of the fleet answer within a second or two; an upload sends for as long as it moves."""

_CONFIG = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "read_timeout": READ_TIMEOUT_S,
    "retries": {"mode": "standard"},  # three attempts with backoff unless AWS_MAX_ATTEMPTS says otherwise
    "user_agent_extra": "gridrunner",
}

_SHARED_LIMITS = frozenset({"autoscaling", "ec2"})
"""Their limits are an account's and a region's, for all runs: shards that poll one fleet slow down by themselves when
they are throttled (boto3's mode "adaptive")."""

BAD_CREDENTIALS = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "MissingAuthenticationToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AllAccessDisabled", "UnauthorizedOperation", "403"})
THROTTLED = frozenset(
    {
        "RequestLimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "503",
    }
)
WRONG_REGION = frozenset(
    {"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect", "301"}
)
"""Error codes as the services document them ("Common Errors" of each API reference, "Error responses" of S3)."""

_NAMED_ACTION = re.compile(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)")


class AwsRefused(UsageError):
    """AWS does not let us: credentials, permissions, region or a name are wrong, which the user can mend (exit 2)."""


class AwsFault(GridFault):
    """AWS failed, is throttling us or cannot be reached; the same call may work later (exit 3)."""


class Aws:
    """Makes clients for one region (None: the one that AWS' own settings name) and remembers them."""

    def __init__(self, region: str | None = None) -> None:
        """Raises AwsRefused where no region is known at all."""
        with extra_required("aws", "AWS"):
            import boto3  # noqa: PLC0415 - see above

        with translated("configuration", "the AWS settings of this machine"):
            self._session = boto3.session.Session(region_name=region)
        self._clients: dict[str, Any] = {}

    @property
    def region(self) -> str:
        """The region that clients are made for; "" when none is known."""
        return str(self._session.region_name or "")

    def client(self, service: str, *, region: str | None = None) -> Any:
        """A client of `service`, such as "s3"; threads may share it."""
        from botocore.config import Config  # noqa: PLC0415 - see above

        key = f"{service}/{region or ''}"
        if key not in self._clients:
            with translated(f"{service}:*", f"a client of {service}"):
                config = _CONFIG | ({"retries": {"mode": "adaptive"}} if service in _SHARED_LIMITS else {})
                self._clients[key] = self._session.client(service, region_name=region, config=Config(**config))
        return self._clients[key]


@contextmanager
def translated(action: str, what: str) -> Iterator[None]:
    """Turns what boto3 raises in the block into AwsRefused or AwsFault. `action` is the IAM action that is being asked
    for, such as `s3:PutObject`, `what` whom it concerns, such as `s3://bucket/key`.
    """
    from botocore import exceptions as boto  # noqa: PLC0415 - see above

    try:
        yield
    except boto.ClientError as error:
        raise translate_code(error, action, what) from error
    except (boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError) as error:
        raise AwsRefused(
            f"{what}: there are no AWS credentials ({error})",
            hint="log in (aws sso login), set AWS_PROFILE, or give the CI job a role",
        ) from error
    except (boto.TokenRetrievalError, boto.SSOError) as error:
        raise AwsRefused(f"{what}: the AWS login is over ({error})", hint="aws sso login") from error
    except boto.NoRegionError as error:
        raise AwsRefused(f"{what}: no AWS region is known", hint="name one in --fleet's file or AWS_REGION") from error
    except (boto.ProfileNotFound, boto.InvalidRegionError, boto.ConfigParseError, boto.ParamValidationError) as error:
        raise AwsRefused(f"{what}: {_first_line(error)}") from error
    except (boto.HTTPClientError, boto.ConnectionError) as error:
        raise AwsFault(
            f"{what}: AWS cannot be reached for {action}: {_first_line(error)}",
            hint="look at the network and the region's name; the call can be repeated",
        ) from error
    except boto.BotoCoreError as error:
        raise AwsFault(f"{what}: {action} failed: {_first_line(error)}") from error


def translate_code(error: ClientError, action: str, what: str) -> AwsRefused | AwsFault:
    """What AWS' answer comes to, by its error code."""
    answer: Mapping[str, Any] = error.response.get("Error", {})
    code, message = str(answer.get("Code", "")), " ".join(str(answer.get("Message", "")).split())[:300]
    if code in BAD_CREDENTIALS:
        return AwsRefused(
            f"{what}: AWS does not take these credentials for {action}: {code}",
            hint="they have expired or are another account's: log in again, or renew the job's role session",
        )
    if code in DENIED:
        named = _NAMED_ACTION.search(message)
        return AwsRefused(
            f"{what}: {named[1] if named else action} is denied",
            hint="attach the policy of the terraform output `ci_policy_arn` to the role; "
            "a bucket may be another account's",
        )
    if code in WRONG_REGION:
        region = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("x-amz-bucket-region", "")
        elsewhere = f"it is in {region}" if region else "it is in another region"
        return AwsRefused(
            f"{what}: {elsewhere} than the one that was asked", hint="set AWS_REGION, or use its fleet's file"
        )
    if code in THROTTLED:
        return AwsFault(f"{what}: AWS throttles {action}: {code}", hint="try again later; nothing was lost")
    if code == "NoSuchBucket":
        return AwsRefused(f"{what}: there is no such bucket", hint="`terraform output gridrunner` names the fleet's")
    return AwsFault(f"{what}: {action} failed: {code} {message}".rstrip())


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:300] if text else type(error).__name__
