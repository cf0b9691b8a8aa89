"""Whether the traffic of a run is kept, or served out of an archive."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from gridrunner.settings.values import Part, Setting, path_of


class ArchiveSettings(Struct, frozen=True, kw_only=True):
    """`record` is the archive that a run makes, `replay` the one that it asks instead of sites; at most one of them."""

    record: Path | None = None
    replay: Path | None = None


ROWS = (
    Setting(
        name="record",
        parse=path_of,
        metavar="ARCHIVE",
        help="keep the traffic of every visit, scrubbed, in a new archive such as night.wacz; --replay reads it",
    ),
    Setting(
        name="replay",
        parse=path_of,
        metavar="ARCHIVE",
        help="ask no site: serve every visit out of an archive; without --sites, the sites that it holds",
    ),
)

PART = Part(name="archive", title="recording and replaying", defaults=ArchiveSettings(), rows=ROWS)
