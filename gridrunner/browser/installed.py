"""The probes that nearly every visit calls, put into the isolated world of each document before it is parsed.

They go to the tab while it is prepared, so that a visit sends a few words instead of 45 kB: through a hub on two cores
that was 90 ms per visit (2026-11-26), and making the world is no round trip of its own any more. A document that was
there before (a frame without an address) and a frame in another process have none of them: then the call says so, and
the probe is sent.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from dom_probes import read_probe


class Installed(StrEnum):
    """A probe that is installed, by its file in `dom_probes/`."""

    READY = "ready.js"
    COLLECT = "collect_page.js"
    FIND = "find_element.js"

    @property
    def source(self) -> str:
        """The probe itself."""
        return read_probe(self)

    @property
    def call(self) -> str:
        """A function that calls the probe where it is installed and returns MISSING where it is not. The answer of
        READY brings what COLLECT finds at that moment as `facts`, unless COLLECT throws: that is told to those who call
        it.
        """
        call = f"probes['{self}'](options)"
        if self is Installed.READY:
            collect = f"probes['{Installed.COLLECT}']({{}})"
            with_facts = f"try {{ return {{ ...answer, facts: {collect} }}; }} catch {{ return answer; }}"
            call += f".then((answer) => {{ {with_facts} }})"
        return f"function (options) {{ const probes = globalThis.{_PLACE}; return probes ? {call} : '{MISSING}'; }}"


MISSING: Final = "gridrunner: not installed"

_PLACE: Final = "__gridrunnerProbes"

_MEMBERS = ",\n".join(f"'{probe}': {probe.source}" for probe in Installed)

SCRIPT: Final = f"globalThis.{_PLACE} = {{\n{_MEMBERS}\n}};"
"""For `Page.addScriptToEvaluateOnNewDocument`, in the isolated world."""
