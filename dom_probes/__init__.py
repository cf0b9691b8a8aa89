"""The JavaScript that runs in pages, as text. Probes collect facts and decide nothing.

A probe is one function expression. `//@include lib/name.js` on a line of its own is replaced by that file, so that
helpers are shared without any loader in the page. Comments that have lines of their own and indentation are left out:
probes are sent with each visit. Invariants: what `read_probe` returns needs nothing but a browser, and no probe has a
string that goes over several lines.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_INCLUDE = re.compile(r"^[ \t]*//@include (lib/[a-z_]+\.js)[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*/\*(?:(?!\*/).)*\*/[ \t]*$", re.MULTILINE | re.DOTALL)


@cache
def read_probe(name: str) -> str:
    """The text of the probe `name` ("collect_page.js") as one function expression, its helpers included.

    Raises FileNotFoundError when there is no such probe.
    """
    folder = files(__name__)

    def include(match: re.Match[str]) -> str:
        return folder.joinpath(match[1]).read_text(encoding="utf-8")

    return _shorten(_INCLUDE.sub(include, folder.joinpath(name).read_text(encoding="utf-8")))


def _shorten(text: str) -> str:
    lines = (line.strip() for line in _COMMENT.sub("", text).splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))
