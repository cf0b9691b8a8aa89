"""The capabilities and switches that a gridrunner session is opened with, the same for every grid."""

from __future__ import annotations

import base64
import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from selenium.webdriver.chrome.options import Options

from gridrunner.browser.binaries import Browser
from gridrunner.browser.reach import FEATURES, Place, rules_of, spaces_of
from gridrunner.host.proxies import proxy_endpoints
from gridrunner.settings.grid import BrowserName

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
)
"""Keep the browser off the network and out of the way; Playwright's and Selenium's own lists were the example."""

DISABLED_FEATURES = (
    "Translate",
    "MediaRouter",
    "OptimizationHints",
    "AcceptCHFrame",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
)
"""The same, as features: Chromium reads only one --disable-features."""

EXTENSION_FEATURES = ("DisableLoadExtensionCommandLineSwitch",)
"""What stands against --load-extension in Chrome from version 137 on (announced in chromium-extensions, 2025-03);
Chromium 156 loads it either way (tried 2026-11-24)."""


TAG = "se:gridrunner"
"""Says whose a session is. Capabilities that begin with `se:` come back in a session's own and are shown by `/status`
(Grid 4.48, 2026-11-26)."""


BROWSER_SWITCH = "--gridrunner-browser"
"""By which a node of docker/node-chrome chooses between its browsers. Chromium ignores switches that it does not know,
and so do nodes of other images."""


class SessionOptions(Struct, frozen=True, kw_only=True):
    """What a run asks of every session. `host_rules` are the `--host-resolver-rules` entries by which browsers find
    replicas, `places` what else is private and may be reached (`browser.reach`); `may_open_windows` lets pages open
    windows by themselves, as live checks may want them to. `name` shows up in the grid's status pages; `run` and
    `owner` (`grid.hubs.owners`) tell sessions of runs that are over. `browser_on_hubs` is the browser that was asked
    for by name, for nodes that have several; None leaves it to the node. With a `random_seed` pages draw the same
    numbers each time.
    """

    name: str
    run: str = ""
    owner: str = ""
    browser_on_hubs: BrowserName | None = None
    host_rules: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    may_open_windows: bool = False
    user_agent: str = ""
    extensions: tuple[Path, ...] = ()
    random_seed: int | None = None


def make_options(asked: SessionOptions, browser: Browser | None, env: Mapping[str, str] = os.environ) -> Options:
    """Selenium's options for one session; `browser` None: a hub's node decides which binary it starts. `env` names the
    proxies of a browser of this machine.
    """
    options = Options()
    proxies = proxy_endpoints(env) if browser is not None else ()
    is_shell = browser is not None and browser.name is BrowserName.HEADLESS_SHELL
    if browser is not None:
        options.binary_location = str(browser.binary)
        if not browser.has_sandbox:
            options.add_argument("--no-sandbox")
    if not is_shell:
        options.add_argument("--headless=new")
    for switch in QUIET_SWITCHES:
        options.add_argument(switch)
    features = DISABLED_FEATURES + (EXTENSION_FEATURES if asked.extensions else ())
    options.add_argument(f"--disable-features={','.join(features)}")
    options.add_argument(f"--window-size={VIEWPORT[0]},{VIEWPORT[1]}")
    options.add_argument(f"--host-resolver-rules={', '.join(rules_of(asked.host_rules, asked.places, proxies))}")
    options.add_argument(f"--enable-features={','.join(FEATURES)}")
    options.add_argument(f"--ip-address-space-overrides={','.join(spaces_of(asked.host_rules, asked.places))}")
    if asked.user_agent:  # service workers and their scripts go by no other (`browser.visitors`)
        options.add_argument(f"--user-agent={asked.user_agent}")
    if not asked.may_open_windows:  # the first is headless shell's; the other is what chromedriver adds for the rest
        options.add_argument("--block-new-web-contents")
        options.add_experimental_option("excludeSwitches", ["disable-popup-blocking"])
    if asked.extensions and browser is not None:
        options.add_argument(f"--load-extension={','.join(map(str, asked.extensions))}")
    elif asked.extensions:  # the node has no such folder: chromedriver takes the extension itself
        for extension in asked.extensions:
            options.add_encoded_extension(pack_extension(extension))
    if asked.random_seed is not None:
        options.add_argument(f"--js-flags=--random-seed={asked.random_seed}")
    options.page_load_strategy = "none"
    options.unhandled_prompt_behavior = "dismiss"
    if browser is None and asked.browser_on_hubs is not None:
        options.add_argument(f"{BROWSER_SWITCH}={asked.browser_on_hubs}")
    if browser is None:
        options.set_capability("se:name", asked.name)
        if asked.run or asked.owner:
            options.set_capability(TAG, make_tag(run=asked.run, owner=asked.owner))
    return options


def make_tag(*, run: str, owner: str) -> dict[str, str]:
    """The value of TAG for a session of `run`, whose process is `owner`."""
    return {"run": run, "owner": owner}


def read_tag(capabilities: Mapping[str, Any]) -> tuple[str, str]:
    """Run and owner of a session; ("", "") for another program's."""
    tag = capabilities.get(TAG)
    if not isinstance(tag, Mapping):
        return "", ""
    return str(tag.get("run", "")), str(tag.get("owner", ""))


def pack_extension(folder: Path) -> str:
    """An unpacked extension as chromedriver takes it: a zip file in base64."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                packed.write(file, file.relative_to(folder))
    return base64.b64encode(buffer.getvalue()).decode()
