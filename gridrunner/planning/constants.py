"""Numbers that several layers reckon with or keep, each with its source. One that a single module needs stays there.

It imports nothing of ours, so that every layer may read it.
"""

from __future__ import annotations

from typing import Final

VISIT_TIMEOUT_S: Final = 30.0
"""--visit-timeout: what a page may take from navigation to evidence; a site's own goes before it."""

SESSION_TIMEOUT_S: Final = 60.0
"""For a new session: 0.5 to 2.2 s measured for one (docs/design/grid.md), and a hub's queue before it may be long."""

SESSION_START_S: Final = 1.5
"""What plans and chunks reckon with for a session's start: the middle of the same measurement."""

SESSIONS_AT_ONCE: Final = 4
"""Sessions that a hub creates at the same time: a Distributor as many as it has CPUs; 4 is Selenium's own example."""

VISITS_PER_SESSION: Final = 50
"""A browser grows with its contexts, so it is replaced after so many visits (docs/design/grid.md)."""

NODES_PER_HUB: Final = 60
"""A hub's Distributor carries 60 nodes well, 100 at most (Selenium docs, "Grid sizes")."""

LEAST_BILLED_S: Final = 60.0
"""Instances are billed by the second, for at least a minute (AWS, EC2 on-demand pricing for Linux)."""

ROBOTS = "robots.txt"
"""In place of a wall's maker: a site was left out, because `--robots respect` was said. It counts as no wall."""
