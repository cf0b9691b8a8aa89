from __future__ import annotations

import pytest
from botocore import exceptions as boto

from gridrunner.aws.clients import AwsFault, AwsRefused, translated


def client_error(code: str, message: str = "", **metadata: object) -> boto.ClientError:
    return boto.ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}, "PutObject")


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (client_error("AccessDenied"), AwsRefused, "s3:PutObject is denied"),
        (
            client_error("AccessDenied", "User: arn:… is not authorized to perform: kms:GenerateDataKey on resource"),
            AwsRefused,
            "kms:GenerateDataKey is denied",
        ),
        (client_error("UnauthorizedOperation"), AwsRefused, "s3:PutObject is denied"),
        (client_error("ExpiredToken", "secret AKIA in here"), AwsRefused, "does not take these credentials"),
        (client_error("InvalidAccessKeyId"), AwsRefused, "does not take these credentials"),
        (client_error("NoSuchBucket"), AwsRefused, "there is no such bucket"),
        (
            client_error("PermanentRedirect", HTTPHeaders={"x-amz-bucket-region": "us-west-2"}),
            AwsRefused,
            "it is in us-west-2 than the one that was asked",
        ),
        (client_error("SlowDown"), AwsFault, "AWS throttles s3:PutObject"),
        (client_error("ThrottlingException"), AwsFault, "AWS throttles"),
        (client_error("InternalError", "we are sorry"), AwsFault, "s3:PutObject failed: InternalError we are sorry"),
        (boto.NoCredentialsError(), AwsRefused, "there are no AWS credentials"),
        (boto.NoRegionError(), AwsRefused, "no AWS region is known"),
        (boto.EndpointConnectionError(endpoint_url="https://s3.nowhere"), AwsFault, "AWS cannot be reached"),
        (boto.ReadTimeoutError(endpoint_url="https://s3"), AwsFault, "AWS cannot be reached"),
        (boto.ProfileNotFound(profile="x"), AwsRefused, "config profile"),
        (boto.BotoCoreError(), AwsFault, "failed"),
    ],
)
def test_each_way_to_fail_is_one_sentence_that_names_the_action(
    error: Exception, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words) as raised, translated("s3:PutObject", "s3://bucket/key"):
        raise error
    assert str(raised.value).startswith("s3://bucket/key: ")
    assert "AKIA" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_the_user_can_mend_exits_with_2_and_what_aws_failed_at_with_3() -> None:
    assert (AwsRefused("x").exit_code, AwsFault("x").exit_code) == (2, 3)
