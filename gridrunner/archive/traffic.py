"""The words of recording and replaying: what a page asked for, what came, what is answered, and what of it is kept.

All of it is data. `browser.devtools` hears and serves in these words, the rest of this folder writes and reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct, field

from gridrunner.limits import AttemptNumber, Count
from gridrunner.model import Site

ARCHIVE_PROBE = "archive"
"""The key under which a replay, and nothing else, says of a visit what was served out of the archive."""

VISIT_FORMAT = 1
"""Of `RecordedVisit`: the newest that this version reads, and the one it writes."""

HeaderList = tuple[tuple[str, str], ...]
"""Names and values, in order; a name may come twice."""


class Mode(StrEnum):
    """What is done with the traffic of a visit."""

    LIVE = "live"
    RECORD = "record"
    REPLAY = "replay"


class Asked(Struct, frozen=True, kw_only=True):
    """A request. `kind` is DevTools' ResourceType; `body` None: there is none, or it is too large to be told."""

    method: str
    url: str
    kind: str = "Other"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None


class Heard(Struct, frozen=True, kw_only=True):
    """A request, the `number`-th of its visit, and what came of it. `status` 0: no answer, for `error` (Chromium's
    name) or, without one, for ever; `body` as the page got it, decoded, and, with a `text_type` (its media type), as
    UTF-8 whatever it came as; not `is_whole`: more was to come when the visit ended.
    """

    asked: Asked
    number: int = 0
    status: int = 0
    reason: str = ""
    headers: HeaderList = ()
    body: bytes = b""
    text_type: str = ""
    is_whole: bool = True
    error: str = ""


ByteCount = Annotated[int, Meta(ge=0, le=1 << 53)]
"""Of a file: what a number of JSON holds without loss (RFC 8259, 6)."""


class Place(Struct, frozen=True, array_like=True):
    """Where a record stands: file of the archive, first byte, bytes."""

    file: str = ""
    offset: ByteCount = 0
    length: ByteCount = 0


class Exchange(Struct, frozen=True, array_like=True):
    """A request of a recorded visit and where its answer is: `answer` is the record of the response, or of the revisit
    that has its headers; `body` the one with the content, if that is another. Without an answer: `error`, as `Heard`.
    """

    method: str
    url: str
    kind: str = "Other"
    shape: str = ""
    status: Count = 0
    error: str = ""
    is_whole: bool = True
    answer: Place | None = None
    body: Place | None = None


class Seen(Struct, frozen=True, kw_only=True):
    """What a visit came to, as far as a replay has to come to the same: outcome, whether there is a login, the chosen
    fields by name, sign-in providers, and a digest of the words that the page showed.
    """

    outcome: str = ""
    login: str = ""
    kind: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    providers: tuple[str, ...] = ()
    title: str = ""
    words: str = ""
    ready_by: str = ""


class RecordedVisit(Struct, frozen=True, kw_only=True):
    """One visit in an archive, made by `run`. `site` as it was visited, without what was typed; `started_ms` by the
    clock of the machine that recorded, since 1970; `lacks` names what a replay will not have, with how often.
    """

    format: int = VISIT_FORMAT
    run: str = ""
    site: Site
    attempt: AttemptNumber = 1
    started_ms: ByteCount = 0
    exchanges: tuple[Exchange, ...] = ()
    seen: Seen = field(default_factory=Seen)
    lacks: Mapping[str, Count] = field(default_factory=dict)


class Rule(StrEnum):
    """By which a request found its answer, from the strictest on (`archive.matching`)."""

    EXACT = "exact"
    ORDER = "order of parameters"
    TIME = "time stamp"
    RANDOM = "random id"
    BUSTER = "cache buster"
    PATH = "random id in the path"
    BODY = "another body"
    PREFLIGHT = "preflight"


class Silence(Struct, frozen=True):
    """Nothing ever came."""


class Failure(Struct, frozen=True):
    """It failed as Chromium names it (`net::ERR_…`)."""

    error: str


class Answer(Struct, frozen=True):
    """What came. `is_whole` as in `Heard`."""

    status: int
    headers: HeaderList
    body: bytes
    is_whole: bool = True


Served = Silence | Failure | Answer

NOT_IN_ARCHIVE = "net::ERR_BLOCKED_BY_CLIENT"
"""What a page is told of a request that the archive does not hold."""
