"""Owns what a copied page may do when it is opened: run our one script, which restores what HTML cannot say.

A copy is served under `served_policy`, whoever made it: a copy of an earlier gridrunner and one that somebody made up
are copies too. Copies carry `CARRIED_POLICY` themselves for whoever opens them without our server.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from pathlib import Path
from typing import Final

from dom_probes import read_probe

RESTORE_SCRIPT: Final = read_probe("restore_copy.js")


def _hash_of(script: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"


def _policy(*scripts: str) -> str:
    sources = " ".join(_hash_of(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {sources}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'; object-src 'none'; frame-src 'none'"
    )


CARRIED_POLICY: Final = _policy(RESTORE_SCRIPT)
"""What a copy says of itself (Content Security Policy Level 3). `frame-src` lets inlined frames be: they ask nobody."""


def _head_of(policy: str) -> str:
    return f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">'


CARRIED_HEAD: Final = _head_of(CARRIED_POLICY)
"""Goes before everything but the doctype, so that nothing of the page stands outside of the policy."""

_SANDBOX: Final = "; sandbox allow-scripts"
"""Without `allow-same-origin`: what is served has the origin `null`, which nothing on this machine trusts."""

COMPANIONS: Final = ("facts.json.gz", "screenshot.webp", "screenshot.png")
"""Files that lie beside the page of a copy, and beside no page that somebody wrote by hand."""

_CARRIED_MARK: Final = CARRIED_HEAD.partition("sha256-")[0].encode()

_MARKS: Final = (
    b"gridrunner: what HTML cannot say",  # the script of copies made before 2026-12
    b"data-gridrunner-",
    _CARRIED_MARK,
    b"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E",
    b"url(&quot;data:,&quot;)",
    b'url("data:,")',
    b'srcdoc=""',
)
"""What the writers of copies have written into pages since there are any."""

_DOCTYPE: Final = re.compile(rb"<!doctype html>\n?", re.IGNORECASE)

_EARLIER_SCRIPT: Final = re.compile(
    r"<script>(/\* gridrunner: what HTML cannot say \*/\n"
    r'(?:history\.replaceState\(null, "", "[!#-;=?-\[\]-~]*"\)\n)?'
    r'(?:for \(const name of \["[a-z][a-z0-9._-]*"(?:,"[a-z][a-z0-9._-]*")*\]\) '
    r"try \{ customElements\.define\(name, class extends HTMLElement \{\}\) \} catch \{\}\n)?"
    r"(?:for \(const box of document\.querySelectorAll\('dialog\[data-gridrunner-modal\]'\)\) "
    r"\{ box\.close\(\); box\.showModal\(\) \}\n"
    r"for \(const box of document\.querySelectorAll\('\[data-gridrunner-popover\]'\)\) box\.showPopover\(\)\n)?)"
    r"</script>"
)
"""The whole of what the script of a copy made before 2026-12 could say: a path, names, top layer. Whoever writes one
that fits says no more than that."""

EARLIER_FRAMES_DEEP: Final = 4
"""How deep frames in frames are looked for such scripts; their text is escaped once more by each."""


def served_policy(page: bytes) -> str:
    """The Content-Security-Policy that `page`, a copy, is served with."""
    scripts = dict.fromkeys((RESTORE_SCRIPT, *_earlier_scripts(page)))
    return _policy(*scripts) + _SANDBOX


def mark_copy(page: bytes) -> bytes:
    """`page`, which a run kept, with the policy that copies carry: the run may be one of an earlier gridrunner, or
    somebody else's.
    """
    doctype = _DOCTYPE.match(page)
    start = doctype.end() if doctype is not None else 0
    if page.startswith(_CARRIED_MARK, start):
        return page
    head = _head_of(_policy(*dict.fromkeys((RESTORE_SCRIPT, *_earlier_scripts(page)))))
    return page[:start] + head.encode() + page[start:]


def headers_of_copy(page: bytes) -> dict[str, str]:
    """The headers that `page`, a copy, is served with whatever others there are."""
    return {"Content-Security-Policy": served_policy(page), "X-Content-Type-Options": "nosniff"}


def is_copy(folder: Path) -> bool:
    """Whether the folder of a replica site holds a page that was copied, not one that somebody wrote.

    The list beside all folders cannot be asked: it is the user's to edit.
    """
    if any((folder / name).exists() for name in COMPANIONS):
        return True
    index = folder / "index.html"
    page = index.read_bytes() if index.is_file() else b""
    return any(mark in page for mark in _MARKS)


def _earlier_scripts(page: bytes) -> list[str]:
    if _MARKS[0] not in page:
        return []
    text = page.decode("utf-8", "replace")
    scripts: list[str] = []
    for _ in range(EARLIER_FRAMES_DEEP):
        scripts += _EARLIER_SCRIPT.findall(text)
        text = html.unescape(text)
    return scripts
