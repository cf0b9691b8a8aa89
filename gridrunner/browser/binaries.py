"""Which browser and which chromedriver of this machine are used, and what to install where there are none.

Debian's `/usr/bin/chromium-headless-shell` is a shell script that does not `exec`: chromedriver ends the script and
leaves the browser behind (680 of them after four runs). The real binary beside it is used instead.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from gridrunner.errors import UsageError
from gridrunner.settings.grid import BrowserName


class Browser(Struct, frozen=True, kw_only=True):
    """A browser with the chromedriver that drives it; absolute paths. Both run as `user`, None: as we do."""

    name: BrowserName
    binary: Path
    chromedriver: Path
    is_sandbox_waived: bool = False  # by the user
    has_sandbox: bool = True
    user: int | None = None


_CANDIDATES: Mapping[BrowserName, tuple[str, ...]] = {
    BrowserName.HEADLESS_SHELL: (
        "/usr/lib/chromium/chromium-headless-shell",  # Debian and Ubuntu: package chromium-headless-shell
        "chrome-headless-shell",  # Chrome for Testing
        "headless-shell",
    ),
    BrowserName.CHROMIUM: ("/usr/lib/chromium/chromium", "chromium", "chromium-browser"),
    BrowserName.CHROME: ("google-chrome-stable", "google-chrome", "chrome"),
}
"""Where each browser is looked for, in this order; a bare name is looked up on PATH."""

INSTALL_HINT = (
    "install them (Debian and Ubuntu: apt-get install chromium-headless-shell chromium chromium-driver), "
    "run `make setup`, or name them with GRIDRUNNER_BROWSER_BINARY and GRIDRUNNER_CHROMEDRIVER"
)


def find_browser(asked: BrowserName | None, env: Mapping[str, str]) -> Browser:
    """The browser to use: `wanted`, else the first of headless-shell, chromium and chrome that is installed.

    `env` may name other binaries (GRIDRUNNER_BROWSER_BINARY, GRIDRUNNER_CHROMEDRIVER). Raises UsageError that names
    what is missing and how to get it.
    """
    chromedriver = _find_named(env.get("GRIDRUNNER_CHROMEDRIVER"), "GRIDRUNNER_CHROMEDRIVER") or _find(
        ("chromedriver", "/usr/lib/chromium-browser/chromedriver"), env
    )
    own = _find_named(env.get("GRIDRUNNER_BROWSER_BINARY"), "GRIDRUNNER_BROWSER_BINARY")
    if own is not None:
        name = asked or (BrowserName.HEADLESS_SHELL if "headless" in own.name else BrowserName.CHROMIUM)
        installed: tuple[BrowserName, Path] | None = (name, own)
    else:
        names = [asked] if asked else list(BrowserName)
        installed = next(((name, path) for name in names if (path := _find(_CANDIDATES[name], env))), None)
    if installed is None and chromedriver is None:
        raise UsageError(f"no {asked or 'browser'} and no chromedriver found on PATH", hint=INSTALL_HINT)
    if installed is None:
        raise UsageError(f"no {asked or 'browser (headless-shell, chromium or chrome)'} found", hint=INSTALL_HINT)
    if chromedriver is None:
        raise UsageError(f"{installed[0]} is at {installed[1]}, but no chromedriver found on PATH", hint=INSTALL_HINT)
    is_waived = env.get("GRIDRUNNER_NO_SANDBOX", "").lower() in {"1", "true", "yes", "on"}  # as `settings.values.flag`
    return Browser(name=installed[0], binary=installed[1], chromedriver=chromedriver, is_sandbox_waived=is_waived)


def _find(candidates: tuple[str, ...], env: Mapping[str, str]) -> Path | None:
    for candidate in candidates:
        if candidate.startswith("/"):
            # A system path counts only where PATH reaches the system at all: an emptied PATH means "no browser".
            if os.access(candidate, os.X_OK) and _is_system_path_on(env):
                return Path(candidate)
        elif program := shutil.which(candidate, path=env.get("PATH", os.defpath)):
            return _follow(Path(program))
        elif os.access(own := Path(sys.executable).parent / candidate, os.X_OK):
            return _follow(own)  # ci/fetch_chrome.py links here what Selenium Manager fetched
    return None


def _is_system_path_on(env: Mapping[str, str]) -> bool:
    return "/usr/bin" in env.get("PATH", os.defpath).split(os.pathsep)


def _find_named(path: str | None, variable: str) -> Path | None:
    if not path:
        return None
    if not os.access(path, os.X_OK) or Path(path).is_dir():
        raise UsageError(f"{variable} names {path}, which is not a program", hint="name the binary itself, or unset it")
    return _follow(Path(path))


def _follow(program: Path) -> Path:
    """What a link leads to, unless that is a program of many names (snap, volta), which goes by the link's."""
    target = program.resolve()
    is_same = any(word in target.name for word in ("chrom", "headless", program.name))
    return target if is_same else program.absolute()


def main() -> int:
    """Print what would be used; exit code 2 with the reason when there is nothing."""
    try:
        print(find_browser(None, os.environ))
    except UsageError as error:
        print(f"gridrunner: {error}\n{error.hint}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
