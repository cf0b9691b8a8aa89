"""Which private places pages may reach, as Chromium's switches say it; tests/browser/test_reach.py tries them."""

from __future__ import annotations

import re

import pytest

from gridrunner.browser.reach import PLACE_LIMIT, Place, allowed_place, find_places, places_in, rules_of, spaces_of
from gridrunner.errors import UsageError

LOOPBACK = ("127.0.0.1", "::1")

REPLICAS = ("MAP closed.demo.localhost 127.0.0.1:9", "MAP *.demo.localhost 127.0.0.1:8000", "MAP * ~NOTFOUND")


def fits(pattern: str, text: str) -> bool:
    """base/strings/pattern.h: `*` is any text, `?` one character or none."""
    return (
        re.fullmatch("".join({"*": ".*", "?": ".?"}.get(char, re.escape(char)) for char in pattern), text) is not None
    )


def resolve(rules: tuple[str, ...], host: str, port: int) -> str:
    """Where net/base/host_mapping_rules.cc leads; the host itself where no rule fits."""
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    for rule in rules:
        _, pattern, target = rule.split()
        if fits(pattern, host) or fits(pattern, shown):
            return target
    return shown


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1.2.3", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.9.9", "192.168.1.1", "0.0.0.0"),
        *("169.254.169.254", "100.64.0.1", "100.127.1.1", "198.18.0.1", "203.0.113.7", "localhost", "a.b.localhost"),
        *("::1", "::", "::ffff:7f00:1", "fd00::1", "fc12:3::4", "fe80::1", "metadata.google.internal"),
    ],
)
def test_what_is_private_is_closed(host: str) -> None:
    assert resolve(rules_of((), ()), host, 80) == "~NOTFOUND"


@pytest.mark.parametrize(
    "host",
    [
        *("example.org", "10.wp.example", "10minutes.example", "127.example", "192.168.example", "1.1.1.1", "11.0.0.1"),
        *("172.15.0.1", "172.32.0.1", "192.169.0.1", "169.253.1.1", "100.63.0.1", "100.128.0.1", "100.6.4.1"),
        *("fd00", "fe80", "fdab.example", "2606:4700::1111", "localhost.example", "notlocalhost", "metadata.example"),
    ],
)
def test_what_is_public_is_open(host: str) -> None:
    assert resolve(rules_of((), ()), host, 80) != "~NOTFOUND"


def test_addresses_of_sites_name_places_with_their_ports() -> None:
    urls = (
        *("https://example.org/", "http://localhost:3000/a", "https://10.1.2.3/", "http://[fd00::1]:81/"),
        *("http://localhost:3000/b", "https://shop.test./", "http://8.8.8.8/", "http://user@app.localhost/"),
    )
    assert places_in(urls) == (
        Place(host="localhost", port=3000, addresses=LOOPBACK),
        Place(host="10.1.2.3", port=443, addresses=("10.1.2.3",)),
        Place(host="fd00::1", port=81, addresses=("fd00::1",)),
        Place(host="app.localhost", port=80, addresses=LOOPBACK),
    )


def test_what_is_no_port_is_left_to_the_browser() -> None:
    assert places_in(["http://localhost:99999/"]) == (Place(host="localhost", port=80, addresses=LOOPBACK),)


def test_a_named_place_is_open_at_its_port_alone() -> None:
    places = places_in(["http://10.1.2.3:8080/", "http://localhost:3000/", "http://[fd00::1]:81/"])
    rules = rules_of((), places)
    assert resolve(rules, "10.1.2.3", 8080) == "10.1.2.3:8080"
    assert resolve(rules, "fd00::1", 81) == "[fd00::1]:81"
    assert resolve(rules, "localhost", 3000) == "localhost:3000"
    assert resolve(rules, "frames.localhost", 3000) == "127.0.0.1:3000"
    assert resolve(rules, "127.0.0.1", 3000) == "127.0.0.1:3000"
    closed = [("10.1.2.3", 80), ("10.1.2.4", 8080), ("fd00::1", 80), ("localhost", 3001), ("127.0.0.1", 30000)]
    assert {resolve(rules, *end) for end in closed} == {"~NOTFOUND"}
    public = [space for space in spaces_of((), places) if space.endswith("=public")]
    assert public == ["10.1.2.3:8080=public", "127.0.0.1:3000=public", "[::1]:3000=public", "[fd00::1]:81=public"]


def test_replicas_stay_what_they_are() -> None:
    places = places_in(["http://shop.demo.localhost/", "http://closed.demo.localhost/", "http://127.0.0.1:5000/"])
    rules = rules_of(REPLICAS, places)
    assert resolve(rules, "shop.demo.localhost", 80) == "127.0.0.1:8000"
    assert resolve(rules, "closed.demo.localhost", 80) == "127.0.0.1:9"
    assert resolve(rules, "127.0.0.1", 5000) == "127.0.0.1:5000"
    assert resolve(rules, "127.0.0.1", 8000) == "~NOTFOUND"
    assert resolve(rules, "example.org", 443) == "~NOTFOUND"
    spaces = spaces_of(REPLICAS, places)
    assert {"127.0.0.1:8000=public", "127.0.0.1:5000=public"} <= set(spaces)
    assert "127.0.0.1:80=public" not in spaces


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("10.1.2.3", Place(host="10.1.2.3", addresses=("10.1.2.3",))),
        ("10.1.2.3:8080", Place(host="10.1.2.3", port=8080, addresses=("10.1.2.3",))),
        ("10.1.0.0/16", Place(host="10.1.0.0/16", addresses=("10.1.0.0/16",))),
        ("[fd00::1]:81", Place(host="fd00::1", port=81, addresses=("fd00::1",))),
        ("fd00::1", Place(host="fd00::1", addresses=("fd00::1",))),
        ("fd00::/8", Place(host="fd00::/8", addresses=("fd00::/8",))),
        ("LocalHost:3000", Place(host="localhost", port=3000, addresses=LOOPBACK)),
        ("app.localhost", Place(host="app.localhost", addresses=LOOPBACK)),
    ],
)
def test_allowed_places(text: str, place: Place) -> None:
    assert allowed_place(text) == place


def test_a_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [
        (2, 1, 6, "", ("10.9.8.7", 0)),
        (10, 1, 6, "", ("fd00::7%eth0", 0, 0, 0)),
        (2, 1, 6, "", ("10.9.8.7", 0)),
    ]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_arguments, **_more: answers)
    place = allowed_place("intranet.example:8443")
    assert place == Place(host="intranet.example", port=8443, addresses=("10.9.8.7", "fd00::7"))
    assert spaces_of((), (place,))[:2] == ("10.9.8.7:8443=public", "[fd00::7]:8443=public")


def test_a_network_opens_its_range() -> None:
    place = allowed_place("10.1.0.0/16")
    rules = rules_of((), (place,))
    assert resolve(rules, "10.1.2.3", 80) == "10.1.2.3:80"
    assert resolve(rules, "192.168.1.1", 80) == "~NOTFOUND"
    assert spaces_of((), (place,))[0] == "10.1.0.0/16=public"


@pytest.mark.parametrize("text", ["", "a b", "10.1.2.3/99", "[10.1.2.3", "host:port", "http://host/", "[fd00::g]"])
def test_what_is_no_place(text: str) -> None:
    with pytest.raises(UsageError, match="--allow-private"):
        allowed_place(text)


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: object, **_more: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    with pytest.raises(UsageError, match="this machine finds no such host") as raised:
        allowed_place("intranet.example")
    assert raised.value.hint is not None
    assert "10.1.2.3" in raised.value.hint


def test_thousands_of_names_of_loopback_are_a_few_rules() -> None:
    many = find_places([f"http://s{number}.localhost:8000/" for number in range(5000)], ())
    assert len(rules_of((), many)) == len(rules_of((), many[:1]))
    assert resolve(rules_of((), many), "s4999.localhost", 8000) == "127.0.0.1:8000"


def test_more_addresses_than_an_argument_holds_are_a_network() -> None:
    urls = [f"http://10.0.{number >> 8}.{number & 255}/" for number in range(PLACE_LIMIT + 1)]
    with pytest.raises(UsageError, match="more than 500 private addresses"):
        find_places(urls, ())
    assert [place.host for place in find_places(urls, ["10.0.0.0/8"])] == ["10.0.0.0/8"]
    assert len(", ".join(rules_of((), find_places(urls[1:], ())))) < 128 * 1024


def test_a_proxy_on_a_private_address_is_found_by_the_browser_and_no_place_of_pages() -> None:
    proxies = (("127.0.0.1", 3128), ("localhost", 3129), ("10.0.0.5", 80), ("::1", 1080))
    rules = rules_of((), (), proxies)
    assert rules[:4] == (
        "MAP 127.0.0.1:3128 127.0.0.1:3128",
        "MAP localhost:3129 127.0.0.1:3129",
        "MAP 10.0.0.5:80 10.0.0.5:80",
        "MAP [::1]:1080 [::1]:1080",
    )
    assert "MAP 127.???.???.??? ~NOTFOUND" in rules
    assert not [space for space in spaces_of((), ()) if "3128" in space]
