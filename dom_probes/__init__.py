"""The JavaScript that runs in pages, as text. Probes collect facts and decide nothing.

A probe is one function expression. `//@include lib/name.js` on a line of its own is replaced by that file, so that
helpers are shared without any loader in the page. Invariant: what `read_probe` returns needs nothing but a browser.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_INCLUDE = re.compile(r"^[ \t]*//@include (lib/[a-z_]+\.js)[ \t]*$", re.MULTILINE)


@cache
def read_probe(name: str) -> str:
    """The text of the probe `name` ("collect_page.js") as one function expression, its helpers included.

    Raises FileNotFoundError when there is no such probe.
    """
    folder = files(__name__)

    def include(match: re.Match[str]) -> str:
        return folder.joinpath(match[1]).read_text(encoding="utf-8")

    return _INCLUDE.sub(include, folder.joinpath(name).read_text(encoding="utf-8")).strip()
