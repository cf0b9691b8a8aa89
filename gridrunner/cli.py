"""`main`: from what was typed to the exit code, whatever happens. Commands are in `gridrunner.commands.table`."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

from gridrunner.commands.parsing import say
from gridrunner.commands.table import make_parser
from gridrunner.errors import ExitCode, GridrunnerError, SiteListError
from gridrunner.host.descriptors import raise_limit
from gridrunner.run.signals import interrupted_by_signals
from gridrunner.terminal.streams import find_lost_output, guard_streams


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    guard_streams()
    raise_limit()
    try:
        with interrupted_by_signals():
            return _execute(argv)
    finally:
        lost = find_lost_output()
        if lost:
            say(f"gridrunner: {lost}; the exit code holds all the same")


def _execute(argv: Sequence[str] | None) -> int:
    try:
        arguments = make_parser().parse_args(argv)
        code: int = arguments.execute(arguments)
    except SiteListError as error:
        say("\n".join(error.mistakes))
        say(f"gridrunner: {error}; nothing was visited")
        return error.exit_code
    except GridrunnerError as error:
        say(f"gridrunner: {error}")
        if error.hint:
            say(f"  {error.hint}")
        return error.exit_code
    except KeyboardInterrupt:
        say("gridrunner: interrupted")
        return ExitCode.INTERRUPTED
    except OSError as error:
        say(f"gridrunner: {error.filename or 'this machine'}: {error.strerror or error}")
        return ExitCode.INCOMPLETE
    except MemoryError:
        say("gridrunner: this machine has too little memory for what was asked")
        say("  lower --slots, or raise the limit (ulimit -v, or the container's); --resume goes on with a run")
        return ExitCode.INCOMPLETE
    except Exception:  # noqa: BLE001 - CPython would exit with 1, which says that a site failed
        say(traceback.format_exc().rstrip())
        say("gridrunner: the above is a defect of gridrunner, and no verdict on a site; please report it")
        return ExitCode.INCOMPLETE
    return code


if __name__ == "__main__":
    sys.exit(main())
