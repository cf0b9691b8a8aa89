"""Which failures a quarantine of the site list takes out of the verdict. Pure; the invariant: only FAILED is held, so
that a fault of ours, a missing result and a pass are told as without one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gridrunner.model import Quarantine, Site


def find_quarantine(site: Site, check: str) -> Quarantine | None:
    """The quarantine that holds for `check` at `site`, or None. Its names match a whole id or the function in it."""
    quarantine = site.quarantine
    if quarantine is None or not quarantine.checks:
        return quarantine
    function = check.partition("::")[2]
    names = {check, function, function.replace("::", "."), function.rpartition("::")[2]}
    return quarantine if names.intersection(quarantine.checks) else None


def list_excused(sites: Iterable[Site], checks: Sequence[str]) -> frozenset[tuple[str, str]]:
    """The (check, site id) whose failures a quarantine holds."""
    held = [site for site in sites if site.quarantine is not None]
    return frozenset((check, site.id) for site in held for check in checks if find_quarantine(site, check) is not None)


def describe_quarantine(quarantine: Quarantine) -> str:
    """One line: `quarantined until 2026-12-31 by ann: they rebuild their login`."""
    return f"quarantined until {quarantine.until.isoformat()} by {quarantine.owner}: {quarantine.reason}"
