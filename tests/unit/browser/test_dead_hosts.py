"""Hosts that earlier visits found dead."""

from __future__ import annotations

from gridrunner.browser.dead_hosts import DEAD_HOSTS_LIMIT, DeadHosts


def test_dead_hosts_are_blocked_for_the_sites_that_are_not_theirs() -> None:
    dead = DeadHosts()
    dead.add({"cdn.test"})
    dead.add({"shop.test:8443", ""})
    assert dead.patterns("https://example.test/login") == ("*://cdn.test/*", "*://shop.test:8443/*")
    assert dead.patterns("https://user@shop.test:8443/login") == ("*://cdn.test/*",)


def test_as_many_are_remembered_as_a_tab_can_be_sent() -> None:
    dead = DeadHosts()
    dead.add(f"{number}.test" for number in range(DEAD_HOSTS_LIMIT + 5))
    assert len(dead.patterns("https://example.test/")) == DEAD_HOSTS_LIMIT
