"""Replica pages, served by the run itself where its browsers can reach them."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from gridrunner.errors import UsageError
from gridrunner.model import Plan
from gridrunner.sites.replay import SITE_DOMAIN, ReplayServer

LOOPBACK = "127.0.0.1"

CLOSED_NETWORK = ("MAP * ~NOTFOUND",)
"""When every site is a replica of the run's, no other host may be asked: look-ups that fail slowly hold up pages."""


def serve_replays(replays: tuple[Path, ...], plan: Plan, address: str | None, stack: ExitStack) -> tuple[str, ...]:
    """Serve the replica pages that the lists ask for at `address` of this machine alone (None: browsers cannot reach
    it), as long as `stack` is open; the resolver rules that lead browsers there. Raises UsageError when that cannot be.
    """
    rules: list[str] = []
    for folder in replays:
        if address is None:
            raise UsageError(
                f"{folder}: replica pages are served by this machine, which the grid's nodes cannot reach",
                hint="run this list with --grid local or --grid docker",
            )
        server = stack.enter_context(ReplayServer(folder, bind=address))
        rules.extend(server.host_rules(address))
    if rules and not leads_elsewhere(plan):
        rules.extend(CLOSED_NETWORK)
    return tuple(rules)


def leads_elsewhere(plan: Plan) -> bool:
    """Whether a site of the plan is no replica that the run serves: another host, of the internet or of this machine
    (`shop.localhost` of a development server).
    """
    hosts = {urlsplit(planned.site.url).hostname or "" for planned in plan.sites}
    return not all(host.endswith(f".{SITE_DOMAIN}") for host in hosts)
