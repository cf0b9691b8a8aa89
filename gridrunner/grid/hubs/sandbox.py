"""Whether the browsers of this machine have their sandbox, and as whom they run. Owns that decision; the invariant: no
browser is without its sandbox unless the user said so.

Chromium refuses its sandbox to root. Where user namespaces are to be had, root need not do without: drivers and
browsers then run as a user who owns nothing, and keep it (tried as root on Debian 12 with Chromium 156, 2026-11-30; in
a container under Docker's default seccomp profile there are none).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from msgspec.structs import replace

from gridrunner.browser.binaries import Browser
from gridrunner.errors import UsageError

UNPRIVILEGED = 61183
"""Owns no file and has no name: one below the range that systemd gives to services for a while (systemd.exec(5),
DynamicUser), above what adduser gives to people and packages."""

TRIAL_TIMEOUT_S = 5.0
"""`unshare` needs milliseconds."""

HINT = (
    "run gridrunner as an ordinary user, or, where this machine or container is thrown away after the run and holds no "
    "secrets, say --no-sandbox (GRIDRUNNER_NO_SANDBOX=true)"
)


def with_sandbox(browser: Browser, extensions: Sequence[Path] = ()) -> Browser:
    """`browser`, with the user that it runs as, who can read `extensions`, and whether it has its sandbox. Raises
    UsageError where it would have none and the user has not waived it.
    """
    if os.geteuid() != 0:
        return replace(browser, has_sandbox=not browser.is_sandbox_waived or _has_namespaces(None))
    if all(map(_is_open_to_all, (browser.binary, browser.chromedriver, *extensions))) and _has_namespaces(UNPRIVILEGED):
        return replace(browser, user=UNPRIVILEGED)
    if browser.is_sandbox_waived:
        return replace(browser, has_sandbox=False)
    raise UsageError(
        "this is root, to whom browsers refuse their sandbox, and no other user can run them here", hint=HINT
    )


def _is_open_to_all(program: Path) -> bool:
    """Whether any user may run `program`: one below /root, where Selenium Manager puts browsers, cannot be reached."""
    try:
        return all(path.stat().st_mode & 0o001 for path in (program, *program.resolve().parents))
    except OSError:
        return False


@cache
def _has_namespaces(user: int | None) -> bool:
    """Whether `user` (None: who we are) may make the namespaces that a sandbox consists of (Chromium's
    sandbox/linux/services).
    """
    try:
        trial = subprocess.run(
            ["unshare", "--user", "--map-root-user", "--pid", "--net", "--fork", "true"],
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TRIAL_TIMEOUT_S,
            check=False,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return False
    return trial.returncode == 0
