"""What a run is planned with and remembered in: the history, and a store that several CI machines share."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from gridrunner.settings.values import BadSetting, Part, Setting, path_of


def _store(text: str) -> str:
    if text == "fleet" or re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\s?#]*)?", text):
        return text.rstrip("/")
    raise BadSetting("takes s3://bucket/prefix, or fleet for the bucket of --fleet")


def _group(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", text):
        raise BadSetting("takes up to 100 letters, digits, dots, - and _, such as a pipeline's number")
    return text


class StoreSettings(Struct, frozen=True, kw_only=True):
    """`url` is s3://BUCKET/PREFIX, or `fleet` for the bucket of the fleet; None: no store."""

    history: Path = Path("runs/history.sqlite")
    url: str | None = None
    group: str | None = None


ROWS = (
    Setting(
        name="history",
        parse=path_of,
        metavar="FILE",
        help="durations and outcomes of earlier runs, for planning (default runs/history.sqlite)",
    ),
    Setting(
        name="store",
        field="url",
        parse=_store,
        metavar="s3://BUCKET/PREFIX",
        help="put the run there as well, and keep the history there; `fleet`: the bucket of --fleet; merge reads it",
    ),
    Setting(
        name="store-group",
        field="group",
        parse=_group,
        metavar="NAME",
        help="what the shards of one pipeline share in the store; default: the CI pipeline's number, else the plan",
    ),
)

PART = Part(name="store", title="history and store", defaults=StoreSettings(), rows=ROWS)
