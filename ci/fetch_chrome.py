"""Lets Selenium Manager fetch Chrome for Testing with its chromedriver, and links both beside the Python that runs
this, where `gridrunner.browser.binaries` looks after PATH. Exit code 1 when Selenium Manager cannot, or when what it
fetched does not start here (Chrome for Testing comes without the system libraries that it needs).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.selenium_manager import SeleniumManager

START_TIMEOUT_S = 30.0
"""`--version` takes 0.1 s; a first start from a cold disk takes seconds."""


def main() -> int:
    try:
        paths = SeleniumManager().binary_paths(["--browser", "chrome", "--force-browser-download"])
    except (WebDriverException, OSError) as error:
        print(f"setup: Selenium Manager: {str(error).splitlines()[0]}", file=sys.stderr)
        return 1
    programs = {"chrome": paths["browser_path"], "chromedriver": paths["driver_path"]}
    for name, program in programs.items():
        if (problem := find_problem(program)) is not None:
            print(f"setup: {name} was fetched and does not start: {problem}", file=sys.stderr)
            return 1
    for name, program in programs.items():
        link = Path(sys.executable).parent / name
        link.unlink(missing_ok=True)
        link.symlink_to(program)
    return 0


def find_problem(program: str) -> str | None:
    """Why `program` does not start, in its own words; None when it does."""
    try:
        ended = subprocess.run([program, "--version"], capture_output=True, timeout=START_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if ended.returncode == 0:
        return None
    lines = ended.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit code {ended.returncode}"


if __name__ == "__main__":
    sys.exit(main())
