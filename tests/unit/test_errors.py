"""What stands in `gridrunner.errors`: exit codes, and who ends in which."""

from __future__ import annotations

import pytest

from gridrunner.aws.clients import AwsRefused
from gridrunner.commands.parsing import EXIT_CODES
from gridrunner.errors import ExitCode, GridFault, GridrunnerError, NothingToRun, SiteListError, UsageError
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
