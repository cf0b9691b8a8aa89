"""Corrections of a corpus' labels: a file of page ids, what their labels should be, and why. The corpus stays as it is;
pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec

from gridrunner.errors import UsageError


class Correction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a page is, and why its label is wrong."""

    kind: str
    login_present: bool
    reason: str


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    source: str
    pages: dict[str, Correction]


def parse_corrections(text: str, where: str) -> Mapping[str, Correction]:
    """The corrections in the text of a file, by page id. Raises UsageError, with the file's name `where`."""
    try:
        return msgspec.convert(json.loads(text), _File).pages
    except ValueError as error:
        raise UsageError(
            f"{where}: no corrections of labels: {error}",
            hint='they are {"source": TEXT, "pages": {ID: {"kind", "login_present", "reason"}}}',
        ) from error
