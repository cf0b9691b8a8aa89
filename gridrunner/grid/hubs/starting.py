"""Why a browser of this machine does not start, in its own words: chromedriver throws away what a browser says, so it
is started once more without one, and heard.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gridrunner.browser.binaries import Browser
from gridrunner.errors import GridFault
from gridrunner.grid.hubs.processes import start_trial
from gridrunner.text import make_line

TRIAL_S = 5.0
"""A browser that refuses to start says so within 0.2 s (as root without its sandbox: headless shell 0.04 s, Chromium
0.13 s; 156, 2026-12-01); one that lives as long as this does start."""

MOST_HEARD = 1 << 16
"""Of what it says: causes are in its first lines."""

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
    try:
        said = start_trial(browser.binary, switches, env, browser.user, timeout_s=TRIAL_S)
    except (OSError, GridFault) as error:
        said = str(error)
    lines = "\n".join(make_line(line, 1000) for line in said[:MOST_HEARD].splitlines())
    for pattern, words in _CAUSES:
        if match := re.search(pattern, lines):
            return f"{browser.name} does not start: {words.format(*match.groups())}"
    return ""
