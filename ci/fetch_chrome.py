"""Lets Selenium Manager fetch Chrome for Testing with its chromedriver, and links both beside the Python that runs this,
where `gridrunner.browser.binaries` looks after PATH. Exit code 1 when Selenium Manager cannot.
"""

from __future__ import annotations

import sys
from pathlib import Path

from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.selenium_manager import SeleniumManager


def main() -> int:
    try:
        paths = SeleniumManager().binary_paths(["--browser", "chrome", "--force-browser-download"])
    except (WebDriverException, OSError) as error:
        print(f"setup: Selenium Manager: {str(error).splitlines()[0]}", file=sys.stderr)
        return 1
    for name, target in (("chrome", paths["browser_path"]), ("chromedriver", paths["driver_path"])):
        link = Path(sys.executable).parent / name
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
