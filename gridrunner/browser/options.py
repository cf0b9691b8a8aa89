"""The capabilities and switches that a gridrunner session is opened with, the same for every grid."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from selenium.webdriver.chrome.options import Options

from gridrunner.browser.binaries import Browser, BrowserName

VIEWPORT = (1366, 900)
"""CSS pixels; what the labelled corpus and the peers' figures were measured at, and a usual laptop's window."""

QUIET_SWITCHES = (
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",  # the browser's own requests would be charged to the sites
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-search-engine-choice-screen",
    "--disable-gpu",  # no card in containers: software rendering without the detour of trying
    "--disable-dev-shm-usage",  # 64 MB of /dev/shm in a container crash large pages
    "--password-store=basic",
    "--use-mock-keychain",
    "--mute-audio",
    "--hide-scrollbars",
    "--disable-background-timer-throttling",  # several tabs of one window are all in front for the pages in them
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-hang-monitor",
    "--disable-prompt-on-repost",
    "--disable-features=Translate,MediaRouter,OptimizationHints,AcceptCHFrame,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable",
)
"""Keep the browser off the network and out of the way; Playwright's and Selenium's own lists were the example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """What a run asks of every session. `host_rules` are Chromium's `--host-resolver-rules` entries; `name` shows up in
    the grid's status pages, so that sessions of runs that are over can be told.
    """

    name: str
    host_rules: tuple[str, ...] = ()
    extensions: tuple[Path, ...] = ()
    accept_insecure_certs: bool = False


def make_options(wanted: SessionOptions, browser: Browser | None) -> Options:
    """Selenium's options for one session; `browser` None: a hub's node decides which binary it starts."""
    options = Options()
    is_shell = browser is not None and browser.name is BrowserName.HEADLESS_SHELL
    if browser is not None:
        options.binary_location = str(browser.binary)
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            options.add_argument("--no-sandbox")  # Chromium refuses its sandbox to root
    if not is_shell:
        options.add_argument("--headless=new")
    for switch in QUIET_SWITCHES:
        options.add_argument(switch)
    options.add_argument(f"--window-size={VIEWPORT[0]},{VIEWPORT[1]}")
    if wanted.host_rules:
        options.add_argument(f"--host-resolver-rules={join_host_rules(wanted.host_rules)}")
    for extension in wanted.extensions:
        options.add_argument(f"--load-extension={extension}")
    options.page_load_strategy = "none"
    options.unhandled_prompt_behavior = "dismiss"
    options.accept_insecure_certs = wanted.accept_insecure_certs
    if browser is None:
        options.set_capability("se:name", wanted.name)
    return options


def join_host_rules(rules: Sequence[str]) -> str:
    """The rules as Chromium reads them; the first that matches a host wins."""
    return ", ".join(rules)
