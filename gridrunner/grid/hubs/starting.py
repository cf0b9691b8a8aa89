"""Why a browser of this machine does not start, in its own words: chromedriver throws away what a browser says, so it
is started once more without one, and heard.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress

from gridrunner.browser.binaries import Browser
from gridrunner.text import make_line

TRIAL_S = 5.0
"""A browser that cannot start says so within a second (Chromium 156, 2026-11-30); one that lives as long does start."""

_CAUSES: Sequence[tuple[str, str]] = (
    # What Chromium 156 writes (content/browser/zygote_host, chrome/app), ld.so(8) and the C library
    (r"No usable sandbox", "no usable sandbox: this machine forbids user namespaces; allow them, or say --no-sandbox"),
    (r"Running as root without --no-sandbox", "this is root, to whom it refuses its sandbox; run as an ordinary user"),
    (r"error while loading shared libraries: (\S+?):", "the library {0} is missing; install the browser's package"),
    (r"Missing X server|cannot open display", "it wants a display; use headless-shell or chromium"),
    (r"No space left on device", "the disk for temporary files is full; make room, or set TMPDIR"),
    (r"Too many open files", "too few open files are allowed (ulimit -n)"),
    (r"Cannot allocate memory|Out of memory", "there is not enough memory; lower --slots"),
    (r"Resource temporarily unavailable", "too few processes are allowed (ulimit -u, or the container's limit)"),
)


def explain_failed_start(browser: Browser, switches: Sequence[str], env: Mapping[str, str]) -> str:
    """The cause, where the browser names one when it is started alone; else empty. Takes TRIAL_S at most."""
    said = _listen(browser, switches, env)
    for pattern, words in _CAUSES:
        if match := re.search(pattern, said):
            return f"{browser.name} does not start: {words.format(*match.groups())}"
    return ""


def _listen(browser: Browser, switches: Sequence[str], env: Mapping[str, str]) -> str:
    with tempfile.TemporaryDirectory(prefix="gridrunner-trial-") as folder, tempfile.TemporaryFile() as heard:
        if browser.user is not None:
            os.chown(folder, browser.user, browser.user)
        try:
            trial = subprocess.Popen(
                [
                    str(browser.binary),
                    *switches,
                    f"--user-data-dir={folder}",
                    "--remote-debugging-port=0",
                    "about:blank",
                ],
                stdin=subprocess.DEVNULL,
                stdout=heard,
                stderr=heard,
                start_new_session=True,
                env={**env, "TMPDIR": folder, "HOME": folder},
                cwd=folder,
                user=browser.user,
                group=browser.user,
                extra_groups=None if browser.user is None else [],
            )
        except OSError as error:
            return str(error)
        try:
            with suppress(subprocess.TimeoutExpired):
                trial.wait(TRIAL_S)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(trial.pid, signal.SIGKILL)
            trial.wait()
        heard.seek(0)
        return "\n".join(make_line(line, 1000) for line in heard.read(1 << 16).decode(errors="replace").splitlines())
