"""Which proxy a hub is asked through."""

from __future__ import annotations

import pytest

from gridrunner.errors import UsageError
from gridrunner.host.proxies import HubProxy, find_proxy, proxy_endpoints

PROXY = {"HTTP_PROXY": "http://proxy.example:3128", "HTTPS_PROXY": "http://secure.example:3129"}


def host_for(url: str, **env: str) -> str | None:
    proxy = find_proxy(url, {**PROXY, **env})
    return None if proxy is None else proxy.host


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:4444/secret",
        "http://127.9.9.9:1",
        "http://localhost:4444",
        "https://hub.localhost",
        "http://[::1]:4444",
    ],
)
def test_loopback_is_never_asked_through_a_proxy(url: str) -> None:
    assert host_for(url) is None


def test_each_scheme_has_its_variable_and_small_letters_win() -> None:
    assert host_for("http://hub.example:4444") == "proxy.example"
    assert host_for("https://hub.example") == "secure.example"
    assert host_for("http://hub.example", http_proxy="http://small.example") == "small.example"
    assert find_proxy("http://hub.example", {"ALL_PROXY": "all.example:99"}) == HubProxy(
        url="http://all.example:99", host="all.example", port=99
    )
    assert find_proxy("http://hub.example", {"HTTPS_PROXY": "http://secure.example"}) is None


@pytest.mark.parametrize(
    ("exempt", "url"),
    [
        ("*", "http://hub.example"),
        ("hub.example", "http://hub.example:4444"),
        (".example", "http://hub.example"),
        ("*.example", "http://hub.example"),
        ("example", "http://hub.example"),
        ("other.example, hub.example", "http://HUB.example"),
        ("hub.example:4444", "http://hub.example:4444"),
        ("10.0.0.0/8", "http://10.1.2.3:4444"),
        ("10.1.2.3", "http://10.1.2.3:4444"),
        ("10.1.2.3:4444", "http://10.1.2.3:4444"),
        ("fd00::/8", "http://[fd00::5]:4444"),
        ("[fd00::5]", "http://[fd00::5]:4444"),
    ],
)
def test_what_no_proxy_names_is_asked_directly(exempt: str, url: str) -> None:
    assert host_for(url, NO_PROXY=exempt) is None


@pytest.mark.parametrize(
    ("exempt", "url"),
    [
        ("ub.example", "http://hub.example"),
        ("hub.example:80", "http://hub.example:4444"),
        ("10.0.0.0/8", "http://11.1.2.3"),
        ("10.0.0.0/99", "http://10.1.2.3"),
        ("10.0.0.0/8", "http://hub.example"),
        ("", "http://hub.example"),
    ],
)
def test_what_no_proxy_does_not_name_is_not(exempt: str, url: str) -> None:
    assert host_for(url, no_proxy=exempt) == "proxy.example"


def test_credentials_are_used_and_not_shown() -> None:
    proxy = find_proxy("http://hub.example", {"http_proxy": "http://me:p%40ss@proxy.example:3128"})
    assert proxy == HubProxy(
        url="http://proxy.example:3128", host="proxy.example", port=3128, user="me", password="p@ss"
    )
    assert proxy is not None
    assert proxy.credentials == "me:p@ss"


def test_a_proxy_of_another_kind_is_refused_with_a_way_out() -> None:
    with pytest.raises(UsageError, match="HTTP proxies only") as refused:
        find_proxy("http://hub.example", {"ALL_PROXY": "socks5://me:secret@proxy.example"})
    assert "secret" not in str(refused.value)
    assert "NO_PROXY" in str(refused.value.hint)


def test_every_proxy_that_a_browser_may_use_is_named() -> None:
    env = {
        "http_proxy": "127.0.0.1:3128",
        "HTTPS_PROXY": "http://user:secret@10.0.0.5",
        "all_proxy": "socks5://[::1]",
        "NO_PROXY": "a.example",
    }
    assert proxy_endpoints(env) == (("127.0.0.1", 3128), ("10.0.0.5", 80), ("::1", 1080))
    assert proxy_endpoints({}) == ()


@pytest.mark.parametrize("text", ["http://:3128", "http://proxy:notaport"])
def test_an_address_that_is_no_proxys_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="https_proxy is no address of a proxy"):
        proxy_endpoints({"https_proxy": text})
