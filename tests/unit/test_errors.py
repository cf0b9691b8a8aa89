"""What stands in `gridrunner.errors`: exit codes, and who ends in which."""

from __future__ import annotations

import pytest

from gridrunner.aws.clients import AwsRefused
from gridrunner.commands.parsing import EXIT_CODES
from gridrunner.errors import (
    ExitCode,
    GridFault,
    GridrunnerError,
    NothingToRun,
    SiteListError,
    UsageError,
    extra_required,
)
from gridrunner.grid.drivers.aws.groups import AwsMissingGroup


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (GridrunnerError("x"), ExitCode.INCOMPLETE),
        (UsageError("x"), ExitCode.USAGE),
        (SiteListError(["a.yaml:1: x"]), ExitCode.USAGE),
        (NothingToRun("x"), ExitCode.NOTHING),
        (GridFault("x"), ExitCode.INCOMPLETE),
        (AwsMissingGroup(["one"], "eu-central-1"), ExitCode.USAGE),
    ],
)
def test_an_error_says_what_the_command_ends_with(error: GridrunnerError, code: ExitCode) -> None:
    assert error.exit_code is code


def test_a_group_that_is_missing_is_a_refusal_of_aws() -> None:
    assert issubclass(AwsMissingGroup, AwsRefused)


@pytest.mark.parametrize("code", ExitCode)
def test_help_names_every_exit_code(code: ExitCode) -> None:
    assert f"  {int(code)} " in EXIT_CODES


@pytest.mark.parametrize(
    ("extra", "package"), [("aws", "boto3"), ("docker", "docker"), ("docker", "requests.sessions")]
)
def test_a_package_of_an_extra_that_is_missing_is_named_with_the_way_to_get_it(extra: str, package: str) -> None:
    with (
        pytest.raises(UsageError, match=f"this needs the Python package {package}") as caught,
        extra_required(extra, "this"),
    ):
        raise ModuleNotFoundError(name=package)
    assert caught.value.hint == f"pip install 'gridrunner[{extra}]'"


def test_another_module_that_is_missing_is_a_fault_of_ours() -> None:
    with pytest.raises(ModuleNotFoundError), extra_required("aws", "this"):
        raise ModuleNotFoundError(name="gridrunner.nothing")
