"""The images, in real containers: health, drain, sandbox, browsers, fonts, ports."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.remote.webdriver import WebDriver
from urllib3.exceptions import HTTPError

from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.guarding import make_guard
from gridrunner.browser.options import SessionOptions, make_options
from gridrunner.browser.visit import VisitSettings
from gridrunner.errors import GridFault
from gridrunner.grid.hubs.live import make_webdriver
from gridrunner.grid.hubs.remote import RemoteHub
from gridrunner.grid.hubs.webdriver import translated
from gridrunner.grid.status import HubAddress
from gridrunner.model import Site
from tests.support.containers import (
    TestGrid,
    check,
    hardened,
    listening_ports,
    logs_of,
    open_grid,
    output_of,
    process_lines,
    url_of,
    wait_for_words,
    wait_until,
    write_extension,
)
from tests.support.driver_attack import attack_page, order_of
from tests.support.engine import Images
from tests.support.page_server import Page, PageServer

pytestmark = pytest.mark.docker

PAGE = "data:text/html,<title>a page</title>"


@pytest.fixture(scope="module")
def grid(docker_client: docker.DockerClient, grid_images: Images) -> Iterator[TestGrid]:
    with open_grid(docker_client, grid_images) as opened:
        yield opened


@pytest.fixture(scope="module")
def hub(grid: TestGrid) -> Container:
    return grid.start_hub()


@pytest.fixture(scope="module")
def shared_node(grid: TestGrid, hub: Container) -> Container:
    return grid.start_node()


@pytest.fixture
def node(hub: Container, shared_node: Container) -> Container:
    """A node with one free slot, of which the hub knows; started again where a test ended it."""
    shared_node.reload()
    if shared_node.status != "running":
        shared_node.start()
    wait_for_words(hub, "1 nodes up, 0 draining, 0 of 1 slots busy")
    return shared_node


@contextmanager
def opened_session(hub: Container, change: Callable[[Options], None] = lambda _: None) -> Iterator[WebDriver]:
    options = make_options(SessionOptions(name="test"), None)
    change(options)
    driver = make_webdriver(url_of(hub), options, hub="hub", timeout_s=120)
    try:
        yield driver
    finally:
        with suppress(WebDriverException, HTTPError, OSError):  # a test may have ended its node or hub
            driver.quit()


# -------------------------------------------------------------------------------------------------------------- health


def test_full_hub_and_full_node_are_healthy(hub: Container, node: Container) -> None:
    with opened_session(hub):
        wait_for_words(hub, "1 of 1 slots busy")
        assert check(hub) == (0, "ok: hub, 1 nodes up, 0 draining, 1 of 1 slots busy")
        assert check(node) == (0, "ok: node UP, 1 of 1 slots busy")


def test_hub_is_checked_from_elsewhere_as_the_official_script_is(node: Container) -> None:
    assert check(node, "--host", "hub", "--port", "4444")[1].startswith("ok: hub, 1 nodes up")
    code, words = check(node, "--host", "127.0.0.1", "--port", "4")
    assert (code, words.partition(": curl")[0]) == (1, "sick: http://127.0.0.1:4 answers no status")


def test_server_that_hangs_is_sick(node: Container) -> None:
    node.exec_run(["sh", "-c", "kill -STOP $(pgrep -x java || pidof java)"])
    try:
        code, words = check(node)
        assert (code, words.partition(": curl")[0]) == (1, "sick: http://127.0.0.1:5555 answers no status")
    finally:
        node.exec_run(["sh", "-c", "kill -CONT $(pgrep -x java || pidof java)"])
    wait_for_words(node, "ok: node UP")


def test_node_that_can_write_nothing_is_sick(node: Container) -> None:
    node.exec_run(["sh", "-c", "cat /dev/zero >/tmp/full"])
    try:
        assert check(node) == (1, "sick: /tmp is full")
    finally:
        node.exec_run(["rm", "/tmp/full"])
    assert check(node)[0] == 0


def test_hub_with_a_password_and_a_sub_path_is_checked_as_any(grid: TestGrid) -> None:
    hub = grid.start_hub(
        "locked", SE_SUB_PATH="/grid", SE_ROUTER_USERNAME="user", SE_ROUTER_PASSWORD='p"w\\d', SE_REGISTRATION_SECRET=""
    )
    assert check(hub) == (0, "ok: hub, 0 nodes up, 0 draining, 0 of 0 slots busy")
    assert "anyone who reaches this hub can drain its nodes" in logs_of(hub)
    assert 'p"w' not in " ".join(process_lines(hub))
    hub.stop(timeout=120)
    assert hub.wait()["StatusCode"] == 0
    grid.remove(hub)


# --------------------------------------------------------------------------------------------- users, sandbox, browsers


def test_nobody_is_root_and_no_secret_shows_up_in_the_list_of_processes(
    grid: TestGrid, hub: Container, node: Container
) -> None:
    for container in (hub, node):
        assert output_of(container.exec_run(["id", "-u"])).split() == ["1200"]
        assert output_of(container.exec_run(["id", "-g"])).split() == ["1201"]
        lines = process_lines(container)
        assert any("selenium-server.jar" in line for line in lines)
        assert not [line for line in lines if grid.secret in line]
        assert container.exec_run(["touch", "/opt/bin/mine"]).exit_code != 0


def test_browser_has_its_sandbox_under_the_shipped_profile(hub: Container, node: Container) -> None:
    with opened_session(hub) as driver:
        driver.get(PAGE)
        wait_until(lambda: driver.title == "a page", node, "showing the page")
        lines = [line for line in process_lines(node) if "/usr/lib/chromium/" in line]
        assert [line for line in lines if "--type=renderer" in line], lines
        assert not [line for line in lines if "--no-sandbox" in line]
        look = "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline; readlink $p/ns/user; done 2>/dev/null"
        spaces = output_of(node.exec_run(["sh", "-c", look]))
        own = {line.split()[-1] for line in spaces.splitlines() if "--type=renderer" in line and "user:" in line}
        servers = {line.split()[-1] for line in spaces.splitlines() if "selenium-server.jar" in line}
        assert servers
        assert not own & servers  # unreadable or another one: the renderer is in a user namespace of its own


def test_without_user_namespaces_the_node_says_so_or_refuses(grid: TestGrid) -> None:
    options = hardened(seccomp=False)
    refused = grid.start(grid.images.node, "x", {"SE_EVENT_BUS_HOST": "hub", "SE_NODE_SANDBOX": "on"}, **options)
    assert refused.wait(timeout=120)["StatusCode"] == 2
    assert "user namespaces are not allowed here" in logs_of(refused)
    fallback = grid.start(grid.images.node, "y", {"SE_EVENT_BUS_HOST": "nowhere"}, **options)
    wait_until(lambda: "gridrunner: the browsers' sandbox is" in logs_of(fallback), fallback, "telling of the sandbox")
    assert "the browsers' sandbox is off (SE_NODE_SANDBOX=auto)" in logs_of(fallback)
    for container in (refused, fallback):
        grid.remove(container)


def test_headless_shell_is_the_default_and_chromium_comes_when_asked_for(
    hub: Container, node: Container, tmp_path: Path
) -> None:
    with opened_session(hub) as driver:
        assert driver.capabilities["browserName"] == "chrome-headless-shell"
        assert driver.capabilities["se:containerName"] == node.short_id[:12]
    with opened_session(hub, lambda options: options.add_argument("--gridrunner-browser=chromium")) as driver:
        assert driver.capabilities["browserName"] == "chrome"
    extension = write_extension(tmp_path / "extension")
    options = make_options(SessionOptions(name="test", extensions=(extension,)), None)
    driver = make_webdriver(url_of(hub), options, hub="hub", timeout_s=120)
    try:
        driver.get("http://hub:4444/status")
        wait_until(
            lambda: driver.execute_script("return document.documentElement.dataset.marked") == "yes",
            node,
            "running the extension",
        )
    finally:
        driver.quit()


def test_browser_does_not_know_the_secret(grid: TestGrid, hub: Container, node: Container) -> None:
    with opened_session(hub):
        look = "case $(readlink $p/exe) in /usr/lib/chromium/chromium* | */chromedriver) cat $p/environ;; esac"
        environments = node.exec_run(["sh", "-c", f"for p in /proc/[0-9]*; do {look}; done 2>/dev/null"]).output
    assert b"GRIDRUNNER_SANDBOX" in environments
    assert grid.secret.encode() not in environments


def test_a_page_on_a_node_orders_nothing_of_its_driver_and_its_grid(
    grid: TestGrid, hub: Container, node: Container, tmp_path: Path
) -> None:
    """Its origin is one that chromedriver trusts, and it knows the ports."""
    grid.network.reload()
    gateway = grid.network.attrs["IPAM"]["Config"][0]["Gateway"]
    order = order_of("/opt/bin/browser", "--of-the-page", "--headless=new", "--remote-debugging-port=0")
    pages: dict[str, Page] = {}
    with PageServer(pages, bind=gateway) as server:
        visiting = RemoteHub(
            address=HubAddress(url=url_of(hub)),
            options=SessionOptions(name="test", host_rules=(f"MAP *.demo.localhost {gateway}:{server.port}",)),
            settings=VisitSettings(guard=make_guard(["http://page.demo.localhost/"], ())),
            store=EvidenceStore(run_folder=tmp_path),
        )
        session = visiting.open_session(slot="1", timeout_s=120)
        try:
            [driver] = [line for line in process_lines(node) if "/usr/bin/chromedriver" in line]
            port = re.findall(r"--port=(\d+)", driver)[0]
            for number, root in enumerate([f"127.0.0.1:{port}", f"localhost:{port}", "127.0.0.1:5555", "hub:4444"]):
                pages["/"] = attack_page(f"http://{root}", order)
                site = Site(id=f"s{number}", url="http://page.demo.localhost/")
                assert session.visit(site, attempt=1, upcoming=None).fault is None
            assert not [line for line in process_lines(node) if "--of-the-page" in line]
            ask = ["curl", "--silent", "--max-time", "60", "--header", "Origin: http://page.demo.localhost"]
            node.exec_run(
                [*ask, "--header", "Content-Type: text/plain", "--data", order, f"http://127.0.0.1:{port}/session"]
            )
            assert [line for line in process_lines(node) if "--of-the-page" in line], (
                "or nothing was shown: it trusts the page"
            )
        finally:
            session.close()


# --------------------------------------------------------------------------------------------------------------- fonts


@pytest.mark.parametrize(
    ("script", "pattern"),
    [
        ("Chinese, simplified", ":lang=zh-cn"),
        ("Chinese, traditional", ":lang=zh-tw"),
        ("Japanese", ":lang=ja"),
        ("Korean", ":lang=ko"),
        ("Arabic", ":lang=ar"),
        ("Persian", ":lang=fa"),
        ("Urdu", ":lang=ur"),
        ("Hebrew", ":lang=he"),
        ("Thai", ":lang=th"),
        ("Devanagari", ":lang=hi"),
        ("Bengali", ":lang=bn"),
        ("Tamil", ":lang=ta"),
        ("Telugu", ":lang=te"),
        ("Georgian", ":lang=ka"),
        ("Armenian", ":lang=hy"),
        ("Amharic", ":lang=am"),
        ("Khmer", ":lang=km"),
        ("Burmese", ":lang=my"),
        ("Cyrillic", ":lang=ru"),
        ("Greek", ":lang=el"),
        ("Vietnamese", ":lang=vi"),
        ("emoji", ":charset=1f600:color=true"),
    ],
)
def test_there_is_a_font(shared_node: Container, script: str, pattern: str) -> None:
    shared_node.reload()
    assert output_of(shared_node.exec_run(["fc-list", pattern, "family"])).strip(), script


# --------------------------------------------------------------------------------------------------------------- ports


def test_only_documented_ports_are_open(hub: Container, node: Container) -> None:
    with opened_session(hub):
        assert listening_ports(hub) == {4442, 4443, 4444}
        assert listening_ports(node) == {5555}
    hub.reload()
    bindings = [binding for port in hub.ports.values() if port for binding in port]
    assert [binding["HostIp"] for binding in bindings] == ["127.0.0.1"]


# --------------------------------------------------------------------------------------------------------------- drain


def test_sigterm_finishes_the_session_and_leaves(hub: Container, node: Container) -> None:
    with opened_session(hub) as driver:
        node.kill("SIGTERM")
        wait_for_words(hub, "0 nodes up, 1 draining")
        assert check(node) == (0, "ok: node DRAINING, 1 of 1 slots busy")
        driver.get(PAGE)
        wait_until(lambda: driver.title == "a page", node, "showing the page")
    assert node.wait(timeout=120)["StatusCode"] == 0
    assert "draining: the session is finished first, for up to 120 s" in logs_of(node)


def test_idle_node_leaves_on_sigterm(hub: Container, node: Container) -> None:
    node.stop(timeout=120)  # SIGKILL after that would be 137
    assert node.wait()["StatusCode"] == 0
    assert "Firing node drain complete message" in logs_of(node)


def test_drain_is_bounded(grid: TestGrid, hub: Container, shared_node: Container) -> None:
    shared_node.stop(timeout=120)
    wait_for_words(hub, "0 nodes up, 0 draining")
    node = grid.start_node(SE_NODE_DRAIN_TIMEOUT="1")
    wait_for_words(hub, "1 nodes up")
    with opened_session(hub) as driver:
        node.kill("SIGTERM")
        assert node.wait(timeout=120)["StatusCode"] == 143
        assert "still busy after 1 s (SE_NODE_DRAIN_TIMEOUT): leaving" in logs_of(node)
        with pytest.raises(GridFault), translated("hub"):
            driver.get(PAGE)
    grid.remove(node)


def test_mistaken_variables_are_named(grid: TestGrid) -> None:
    for env, words in (
        ({}, "SE_EVENT_BUS_HOST is not set"),
        ({"SE_EVENT_BUS_HOST": "hub", "SE_NODE_DRAIN_TIMEOUT": "2m"}, "SE_NODE_DRAIN_TIMEOUT=2m: whole seconds"),
        ({"SE_EVENT_BUS_HOST": "hub", "SE_NODE_SANDBOX": "yes"}, "SE_NODE_SANDBOX=yes: on, off or auto"),
        ({"SE_EVENT_BUS_HOST": "hub", "SE_NODE_STEREOTYPE_EXTRA": "{"}, "are JSON objects of capabilities"),
    ):
        container = grid.start(grid.images.node, "z", env)
        assert container.wait(timeout=120)["StatusCode"] == 2
        assert words in logs_of(container)
        grid.remove(container)
