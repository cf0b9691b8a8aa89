"""Every exception that gridrunner raises on purpose and people may see, and the tree of those that never leave a visit.

The tree, with the exit code that each ends in when nothing catches it:

    GridrunnerError
    |-- UsageError            2   the command line, a setting or a file of the user's is wrong
    |   `-- SiteListError     2   a site list has mistakes; holds all of them, each with file:line
    |-- NothingToRun          4   the selection is empty
    |-- RunFolderError        2   a run folder, plan or journal cannot be read, or is of a newer format
    `-- GridFault             3   the grid, a hub, a node, a session or this machine failed; never a site's fault
        |-- HubUnreachable        a hub does not answer, or refuses us
        |-- SessionNotCreated     no browser session could be had
        |-- SessionLost           a session ended under us
        |-- NetworkLost           a browser's machine reaches no site at all
        `-- OutputLost            this machine's disk does not take what the run has to keep

Within a visit a page may do anything; what it does ends there, as an outcome with a name or as a fault of the session:

    PageError                 `browser.port`; never seen by users
    |-- PageGone                the page crashed, or its tab is gone
    |-- CommandFailed           the browser refused a command, as it does on pages that leave
    |-- DeadlinePassed          an answer or a state did not come in time
    |-- KeptLeaving             `browser.readiness`: the page went through too many documents
    |-- NotThere                `browser.selectors`: nothing on the page matches, or it cannot be used
    `-- StepFailed              `browser.steps`: a step of the site list could not be done

What a *site* does wrong (it is down, it crashes its renderer) is not an exception: it is the outcome of an observation.
A message says what happened, to which site, hub or file:line; `hint` says what to do next, on a line of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum

from gridrunner.text import count_of

LIMIT_REACHED = "max-failures"
"""The reason of a run that --max-failures ended: it ends with 1, and what it left is not owed."""


class ExitCode(IntEnum):
    """What a command ends with; the words of `--help` say the same to people."""

    OK = 0
    FAILED = 1  # a site failed a check, or what was asked for was not found
    USAGE = 2  # the command line, a setting or a file of the user's is wrong
    INCOMPLETE = 3  # the grid failed, or something is owed
    NOTHING = 4  # there was nothing to run, or nothing that could have failed took part
    INTERRUPTED = 130  # 128 + SIGINT, as shells count


class GridrunnerError(Exception):
    """Base of all. `str(error)` is one sentence without a trailing full stop; `hint` is the next step, or None."""

    exit_code = ExitCode.INCOMPLETE

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(GridrunnerError):
    """The user can mend this: a wrong option, setting or file."""

    exit_code = ExitCode.USAGE


class SiteListError(UsageError):
    """A site list has mistakes. `mistakes` holds one line each, `file:line:column: what; what would be right`."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        count = len(mistakes)
        super().__init__(f"{count_of(count, 'mistake')} in the site list", hint=None)
        self.mistakes = tuple(mistakes)


class NothingToRun(GridrunnerError):
    """The selection left no site or no check."""

    exit_code = ExitCode.NOTHING


class RunFolderError(UsageError):
    """A run folder, plan or journal is missing, damaged before its last line, or of a newer format."""


class GridFault(GridrunnerError):
    """Ours or the grid's fault, never a verdict on a site. Catch it to retry elsewhere."""

    exit_code = ExitCode.INCOMPLETE


class HubUnreachable(GridFault):
    """A hub gave no usable answer within its time limit."""


class SessionNotCreated(GridFault):
    """A new session was refused, failed, or took longer than its time limit."""


class SessionLost(GridFault):
    """A session stopped answering or was ended by another program."""


class NetworkLost(GridFault):
    """The machine of a browser has no network, or no proxy that answers: no site could have been reached."""


class OutputLost(GridFault):
    """The disk of this machine did not take what a run has to keep, in the middle of it; the run can be resumed."""


def describe_newer(subject: str, number: int, newest: int) -> str:
    """That `subject`, such as "x.json has format", was written by a newer gridrunner."""
    return f"{subject} {number}; this gridrunner reads up to {newest}"


def refuse_newer(
    kind: type[GridrunnerError],
    subject: str,
    number: int,
    newest: int,
    *,
    hint: str = "read it with the gridrunner that wrote it, or a newer one",
) -> None:
    """Raise `kind` when a file is of a newer format than `newest`: nothing in it may be guessed at."""
    if number > newest:
        raise kind(describe_newer(subject, number, newest), hint=hint)


EXTRAS: Mapping[str, tuple[str, ...]] = {"aws": ("boto3", "botocore"), "docker": ("docker", "requests")}
"""The packages that the extras of gridrunner bring, which a plain installation does without."""


@contextmanager
def extra_required(extra: str, what: str) -> Iterator[None]:
    """A package of `extra` that is missing in the block becomes a UsageError that says how to get it for `what`."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRAS.get(extra, ()):
            raise
        raise UsageError(
            f"{what} needs the Python package {error.name}, which is not installed",
            hint=f"pip install 'gridrunner[{extra}]'",
        ) from error
