"""Owns what each value of a site list may be, whatever format it was written in: text in, value out.

Every reader takes the text as the user wrote it and raises BadEntry with `what is wrong; what would be right`.
"""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import date
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import Final
from urllib.parse import urlsplit

from gridrunner.detection.sso import provider_names
from gridrunner.model import ExpectedLogin, Outcome
from gridrunner.sites.css import find_selector_problem
from gridrunner.sites.mistakes import guess, show_url, show_value, suggest

MAX_ID_CHARS: Final = 128
"""An id names a folder of evidence; 255 bytes is the longest file name of ext4, NTFS and APFS, and suffixes need
room."""

MAX_TAG_CHARS: Final = 64  # one column of a report
MAX_WORDS_CHARS: Final = 200  # one line of a report, and of the message in junit.xml
MAX_URL_CHARS: Final = 8000  # what every server must take at least (RFC 9110 section 4.1)
MAX_HOST_CHARS: Final = 253  # RFC 1035 section 2.3.4, without the length bytes and the root
MAX_LABEL_CHARS: Final = 63  # the same
MAX_VISIT_TIMEOUT_S: Final = 3600.0  # an hour for one page; CI services end a whole job after six (GitHub Actions)

_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]*")
_TAG: Final = re.compile(r"[a-z0-9][a-z0-9._-]*")
_PROVIDER: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NOT_IN_ID: Final = re.compile(r"[^a-z0-9._]+")
_NOT_IN_PROVIDER: Final = re.compile(r"[^a-z0-9]+")

_LOCALE: Final = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?")
"""Language, script and region of BCP 47 (RFC 5646 section 2.1); no variants or extensions, no list has needed one."""

_ISO_639_1: Final = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el "
    "en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu "
    "ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na "
    "nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn "
    "so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
"""Languages of two letters; `sh`, which browsers still send, was withdrawn in 2000. Of three letters there are 8,000:
those are taken as they are."""

_LANGUAGES: Final = frozenset(_ISO_639_1.split())

_SOME_LOCALES: Final = "write a tag such as en, pt-BR or zh-Hant (BCP 47)"

_COUNTRIES: Final = {
    "at": "de",
    "au": "en",
    "cn": "zh",
    "cz": "cs",
    "dk": "da",
    "gb": "en",
    "gr": "el",
    "jp": "ja",
    "mx": "es",
    "nz": "en",
    "rs": "sr",
    "ua": "uk",
    "us": "en",
}
"""Countries (ISO 3166-1) that are written for their language and are no language themselves."""

_PLAIN_URL: Final = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,24}(?:[/?#][!#-;=?-Z_a-z~%\[\]&]*)?"
)
"""URLs that need no closer look, which takes ten times as long."""

VISITORS: Final = ("auto", "plain")

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CHECK: Final = re.compile(r"[^\s\x00-\x1f]{1,300}")

_QUERY: Final = re.compile(r"[?#]")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_BARE_HOST: Final = re.compile(r"(?:localhost|[^\s/:?#@\\]+\.(?:[^\s/:?#@\\.]{2,}|[0-9]))(?::[0-9]+)?(?:[/?#].*)?")
_FORBIDDEN_IN_HOST: Final = re.compile(r"[\x00-\x20\"#%/:<>?@\[\\\]^`{|}*!$&'()+,;=~\x7f]")
"""WHATWG URL, "forbidden domain code point", and punctuation that no domain name has."""

_NEARLY: Final = 0.75
"""From this likeness on (difflib's ratio) a provider that is not known is a slip of one that is: googel, facebok."""

_TRUE: Final = {"true", "yes", "on"}
_FALSE: Final = {"false", "no", "off"}
"""Booleans of YAML 1.1 (https://yaml.org/type/bool.html), without `y` and `n`, which YAML libraries never took."""


class BadEntry(ValueError):
    """A value that cannot be; the message says what would be right and never repeats a secret."""


def read_id(text: str) -> str:
    """A site's id: lower-case letters, digits, '.', '_' and '-'."""
    if len(text) > MAX_ID_CHARS:
        raise BadEntry(f"{show_value(text)} has {len(text):,} characters; at most {MAX_ID_CHARS} are allowed")
    if not _ID.fullmatch(text):
        raise BadEntry(
            f"{show_value(text)} is not an id: only a-z, 0-9, '.', '_' and '-', and a letter or digit first;"
            f" write {_NOT_IN_ID.sub('-', text.lower()).strip('-._') or 'site-1'!r}"
        )
    return text


@lru_cache(maxsize=1024)
def read_locale(text: str) -> str:
    """A language tag such as `en`, `pt-BR` or `zh-Hant`."""
    if _LOCALE.fullmatch(text):
        language = text.partition("-")[0]
        if len(language) == 2 and language not in _LANGUAGES:
            meant = _COUNTRIES.get(language)
            right = (
                f"did you mean {meant + text[2:]!r}?" if meant else "write a tag such as en, pt-BR or zh-Hant (BCP 47)"
            )
            raise BadEntry(f"{show_value(text)}: there is no language {language!r} (ISO 639-1); {right}")
        return text
    proposal = _normalise_locale(text)
    right = f"write {proposal!r}" if proposal else _SOME_LOCALES
    raise BadEntry(f"{show_value(text)} is not a locale; {right}")


def read_visitor(text: str) -> str:
    """Who visits: `auto`, `plain`, or somebody of another locale than the site's."""
    if text in VISITORS or _LOCALE.fullmatch(text):
        return text
    raise BadEntry(f"{show_value(text)} is no visitor; write auto, plain or a locale such as de-CH")


def _normalise_locale(text: str) -> str | None:
    first, *rest = re.split(r"[-_]", text.partition(".")[0])
    form = {2: str.upper, 3: str.upper, 4: str.title}
    parts = [first.lower(), *(form.get(len(part), str)(part) for part in rest)]
    proposal = "-".join(parts)
    return proposal if _LOCALE.fullmatch(proposal) else None


@lru_cache(maxsize=4096)  # a list of 100,000 sites repeats a few hundred tags
def read_tag(text: str) -> str:
    """One tag: lower-case letters, digits, '.', '_' and '-'."""
    if len(text) > MAX_TAG_CHARS:
        raise BadEntry(f"{show_value(text)} has {len(text):,} characters; at most {MAX_TAG_CHARS} are allowed")
    if not _TAG.fullmatch(text):
        right = _NOT_IN_ID.sub("-", text.lower()).strip("-._")
        hint = f"write {right!r}" if right else "use letters"
        raise BadEntry(f"{show_value(text)} is not a tag: only a-z, 0-9, '.', '_' and '-'; {hint}")
    return text


def read_sso(text: str) -> str:
    """The name of a provider, such as google or passkey."""
    if len(text) > MAX_TAG_CHARS or not _PROVIDER.fullmatch(text):
        right = _NOT_IN_PROVIDER.sub("-", text.lower()).strip("-")[:MAX_TAG_CHARS] or "google"
        raise BadEntry(f"{show_value(text)} is not a provider: only a-z, 0-9 and single '-'; write {right!r}")
    known = provider_names()
    if text not in known and (close := guess(text, known, cutoff=_NEARLY)):
        raise BadEntry(f"{show_value(text)} is no provider that is known; did you mean {close!r}?")
    return text


def read_selector(text: str) -> str:
    """CSS, in parts where `host >>> inner` crosses a shadow root or a frame."""
    problem = find_selector_problem(text)
    if problem:
        raise BadEntry(f"{show_value(text)} is not a CSS selector: {problem}")
    return text


def read_login(text: str) -> ExpectedLogin:
    """Whether a login form is expected: true, false or unknown."""
    word = text.lower()
    if word in _TRUE:
        return ExpectedLogin.YES
    if word in _FALSE:
        return ExpectedLogin.NO
    if word == ExpectedLogin.UNKNOWN:
        return ExpectedLogin.UNKNOWN
    close = guess(text, ["true", "false", "unknown"])
    raise BadEntry(f"{show_value(text)} is not an expectation; write {close or 'true, false or unknown'}")


def read_outcome(text: str) -> Outcome:
    """How the visit is expected to end."""
    try:
        return Outcome(text)
    except ValueError:
        raise BadEntry(f"{show_value(text)} is not an outcome; {suggest(text, Outcome)}") from None


def read_visit_timeout(text: str) -> float:
    """Seconds that a visit may take."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= MAX_VISIT_TIMEOUT_S or "_" in text:
        raise BadEntry(
            f"{show_value(text)} is not a number of seconds above 0 and up to {MAX_VISIT_TIMEOUT_S:g}; write 60"
        )
    return seconds


def read_words(text: str) -> str:
    """One line of words for people, such as an owner or a reason."""
    if not text.strip():
        raise BadEntry("is empty; write one line of text")
    if len(text) > MAX_WORDS_CHARS:
        raise BadEntry(f"{show_value(text)} has {len(text):,} characters; at most {MAX_WORDS_CHARS} are allowed")
    if not all(char.isprintable() for char in text):
        raise BadEntry(f"{show_value(text)} has a line end or control character in it; write one line")
    return text.strip()


def read_day(text: str) -> date:
    """A day as YYYY-MM-DD (ISO 8601), nothing shorter or longer."""
    try:
        if _DAY.fullmatch(text):  # fromisoformat takes 20261231 and 2026-W53-4 as well
            return date.fromisoformat(text)
    except ValueError:
        pass  # the 31st of February
    raise BadEntry(f"{show_value(text)} is not a day; write YYYY-MM-DD such as 2026-12-31")


def read_check(text: str) -> str:
    """The function of a check, or its whole id."""
    if not _CHECK.fullmatch(text):
        raise BadEntry(f"{show_value(text)} is not a check; write a function such as test_login_is_found")
    return text


def read_url(text: str) -> str:
    """An absolute http or https URL with a host and without credentials."""
    if len(text) > MAX_URL_CHARS:
        raise BadEntry(f"{show_url(text)} has {len(text):,} characters; at most {MAX_URL_CHARS:,} are allowed")
    if not _PLAIN_URL.fullmatch(text):
        _check_url(text)
    return text


def _check_url(text: str) -> None:
    shown = show_url(text)
    if not text:
        raise BadEntry("is empty; write an address such as https://example.org/login")
    if re.search(r"\s", text):
        raise BadEntry(f"{shown} has a blank in it; write %20, or remove it")
    if any(not char.isprintable() for char in text):
        raise BadEntry(f"{shown} has an unprintable character in it; remove it")
    _check_scheme(text, shown)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        what = "the port is not a number from 0 to 65535" if "ort" in str(error) else "the host cannot be read"
        raise BadEntry(f"{what}; write https://host:port/path") from None  # what stands there may be a password
    if "@" in parts.netloc:
        raise BadEntry(
            f"{shown} has credentials in it, which would end up in reports; remove them"
            " (for a page behind HTTP authentication: expect: {outcome: auth-required})"
        )
    if not host:
        raise BadEntry(f"{shown} has no host; write https://host/path")
    if port == 0:
        raise BadEntry(f"{shown} has port 0, where nothing can listen; write another port")
    _check_host(host, shown, is_bracketed="[" in parts.netloc)


def _check_scheme(text: str, shown: str) -> None:
    scheme = _SCHEME.match(text)
    if text.startswith("//"):
        raise BadEntry(f"{shown} has no scheme; write 'https:' before it")
    if _BARE_HOST.fullmatch(text):
        raise BadEntry(f"{shown} has no scheme; write {show_url(complete_url(text))}")
    if scheme is None:
        raise BadEntry(f"{shown} is relative; write a whole address such as https://example.org/login")
    if scheme[1].lower() not in {"http", "https"}:
        raise BadEntry(f"{shown} is not http or https; only web pages can be visited")
    if "\\" in text:
        raise BadEntry(f"{shown} has a backslash in it; write / or %5C")
    if not text[scheme.end() :].startswith("//"):
        raise BadEntry(f"{shown} has no // after {scheme[0]!r}; write {scheme[0]}//host/path")


def _check_host(host: str, shown: str, *, is_bracketed: bool) -> None:
    if is_bracketed:
        try:
            IPv6Address(host)
        except AddressValueError:
            raise BadEntry(
                f"{shown}: the host in brackets is not an IPv6 address; write such as http://[::1]/"
            ) from None
        return
    if _FORBIDDEN_IN_HOST.search(host):
        raise BadEntry(f"{shown}: {show_value(host)} is not a host name; write letters, digits, '-' and '.'")
    labels = host.removesuffix(".").split(".")
    if len(host) > MAX_HOST_CHARS or any(not label or len(label) > MAX_LABEL_CHARS for label in labels):
        raise BadEntry(f"{shown}: {show_value(host)} is not a host name: a part of it is empty or too long; correct it")


def complete_url(text: str) -> str:
    """`text` with https:// before it when it is a bare host name, with or without port and path."""
    if len(text) > MAX_URL_CHARS or not _BARE_HOST.fullmatch(text):
        return text
    return f"https://{text}" if re.search(r"[/?#]", text) else f"https://{text}/"


def derive_id(url: str) -> str:
    """An id out of host and path, for an entry without one; not unique, at most MAX_ID_CHARS - 10 characters."""
    address = _QUERY.split(url.partition("://")[2], maxsplit=1)[0].lower().removeprefix("www.")
    if not address.isascii():
        address = unicodedata.normalize("NFKD", address).encode("ascii", "ignore").decode()  # ü becomes u
    return _NOT_IN_ID.sub("-", address).strip("-._")[: MAX_ID_CHARS - 10].rstrip("-._") or "site"
