"""A recorded run that owes more than it was planned with: checks that were written afterwards, judged on its visits."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec.structs import replace

from gridrunner import codec
from gridrunner.errors import RunFolderError
from gridrunner.foreign import open_file
from gridrunner.model import Plan
from gridrunner.planning.plan import hash_debt
from gridrunner.results.journal.events import JournalHeader
from gridrunner.results.journal.files import open_atomically
from gridrunner.results.journal.lines import JOURNAL_NAME
from gridrunner.results.journal.planfile import PLAN_NAME, write_plan


def owe_checks(
    folder: Path, plan: Plan, header: JournalHeader, checks: Sequence[str], seal: Callable[[str], str]
) -> JournalHeader:
    """Make `checks` part of what the run in `folder` owes, behind its own; the header that its journal has then, with
    the `seal` of the larger plan's hash. The files stay as they are where it owes them all. Raises RunFolderError.
    """
    owed = tuple(dict.fromkeys((*plan.checks, *checks)))
    if owed == plan.checks:
        return header
    larger = replace(plan, checks=owed, hash=hash_debt([planned.site for planned in plan.sites], owed))
    header = replace(header, plan=larger.hash, seal=seal(larger.hash))
    path = folder / JOURNAL_NAME
    try:
        journal = open_file(path, within=folder)
    except OSError as error:
        raise RunFolderError(f"{path} cannot be read: {error.strerror}") from error
    with journal, open_atomically(path) as rewritten:
        journal.readline()
        rewritten.write(codec.encode(header) + b"\n")
        shutil.copyfileobj(journal, rewritten)
    write_plan(folder / PLAN_NAME, larger)
    return header
