"""What of the traffic must not get into an archive, replaced where it stands; pure. What is a secret is `secrets`'s.

Three kinds of place: queries, wherever an address stands; fields and meta elements of HTML; `name: "value"` of JSON,
scripts and attributes. Contents that are no text stay as they are: they are what a server shows to anybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import quote, quote_plus

from msgspec.structs import replace

from gridrunner.archive.headers import keep_request_headers, keep_response_headers
from gridrunner.archive.secrets import (
    LEAST_ASSIGNED,
    LEAST_SECRET,
    LEAST_TYPED,
    LONG_VALUE,
    PLAIN_WORD,
    SURE_NAME,
    is_mixed,
    is_secret_assignment,
    is_secret_field,
    is_secret_parameter,
    make_stand_in,
    names_secrets,
    stand_in_for_typed,
)
from gridrunner.archive.traffic import HeaderList, Heard

_QUERY: Final = re.compile(
    rf"(?P<head>(?:[?&#;]|%26|\\u0026)(?P<name>[\w.\-\[\]]{{1,80}})=)"
    rf"(?P<value>[\w%.~+=@:,!*/-]{{{LEAST_SECRET},4096}})(?=[&\"'\s<>#;\\)]|$)",
    re.ASCII,
)
_NESTED: Final = re.compile(
    r"(?P<head>(?:%3F|%26|%23)(?P<name>[\w.\-]{1,80})%3D)"
    rf"(?P<value>(?:(?!%26|%23)[\w%.~+-]){{{LEAST_SECRET},2048}})",
    re.ASCII | re.IGNORECASE,
)
"""The same in an address that is itself a value."""

_ASSIGNED: Final = re.compile(
    rf"[:=]\s{{0,4}}\\?(?P<quote>[\"'])(?P<value>[^\"'\s<>\\]{{{LEAST_ASSIGNED},4096}})(?=\\?(?P=quote))", re.ASCII
)
_NAME_BEFORE: Final = re.compile(r"(?P<name>[\w.\-]{1,100})\\?[\"']?\s{0,4}$", re.ASCII)
_NAME_ROOM: Final = 110
_USER: Final = re.compile(r"""://[^/\s"'<>@?#]{1,200}@""")
_JWT: Final = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*", re.ASCII)
_TAG: Final = re.compile(r"""<(?P<tag>input|meta)\b(?P<rest>(?>[^>"']+|"[^"]*"|'[^']*')*)>""", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(
    r"""(?P<name>[\w:.-]+)\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s"'>]+))"""
)
_TEXT_TYPES: Final = re.compile(
    r"^text/(?!css)|^application/(?:[\w.+-]*\+)?(?:json|xml|x-?javascript|ecmascript)|\+xml|\+json"
)
_HTML: Final = re.compile(r"^(?:text/html|application/xhtml\+xml)")
_PLACE_IN_PAGE: Final = re.compile(r"[\w/!-]{1,40}")


class Scrubber:
    """Scrubs the traffic of one archive, with a key of its own; `typed` is what the steps of a site type."""

    def __init__(self, key: bytes, typed: Iterable[str] = ()) -> None:
        self._key = key
        self._typed = make_typed_replacer(typed)

    def for_typed(self, typed: Iterable[str]) -> Scrubber:
        """The same for a site whose steps type `typed`."""
        return Scrubber(self._key, typed)

    def scrub_typed(self, text: str) -> str:
        """What is typed, as it stands in the traffic; the same for text that is too short to be looked for."""
        return stand_in_for_typed(text) if len(text) >= LEAST_TYPED else text

    def scrub_url(self, url: str) -> str:
        """An address without user, password and fragment, its secrets replaced."""
        return self._scrub_queries(self._typed(_USER.sub("://", url.partition("#")[0], count=1)))

    def scrub_headers(self, headers: HeaderList) -> HeaderList:
        """Headers that are kept already (`archive.headers`), their secrets replaced."""
        return tuple((name, self._scrub_header(name, value)) for name, value in headers)

    def _scrub_header(self, name: str, value: str) -> str:
        if name == "location":
            fragment = value.partition("#")[2]
            return self.scrub_url(value) + (f"#{fragment}" if _PLACE_IN_PAGE.fullmatch(fragment) else "")
        value = self._scrub_queries(self._typed(_USER.sub("://", value)))
        if name.startswith("x-") or name == "www-authenticate":
            value = re.sub(rf"[\w+/-]{{{LONG_VALUE},}}", self._whole, value)
        return value

    def scrub_body(self, body: bytes, content_type: str) -> bytes:
        """A body with its secrets replaced, if it is text."""
        if not body or not _TEXT_TYPES.search(content_type.lower()):
            return body
        try:
            return self.scrub_text(body.decode(), content_type).encode()
        except UnicodeDecodeError:  # byte for byte: what is looked for is ASCII
            return self.scrub_text(body.decode("latin-1"), content_type).encode("latin-1", "replace")

    def scrub_text(self, text: str, content_type: str) -> str:
        """The same for text."""
        kind = content_type.lower()
        is_script = "script" in kind
        text = self._typed(text)
        if _HTML.search(kind):
            text = _TAG.sub(self._in_tag, text)
        text = _USER.sub("://", text)
        if not is_script or names_secrets(text):
            text = self._scrub_queries(text)
            text = _ASSIGNED.sub(lambda match: self._assigned(match, is_script=is_script), text)
        return text

    def _scrub_queries(self, text: str) -> str:
        return _JWT.sub(self._whole, _NESTED.sub(self._in_query, _QUERY.sub(self._in_query, text)))

    def _whole(self, match: re.Match[str]) -> str:
        return make_stand_in(match[0], self._key)

    def _in_query(self, match: re.Match[str]) -> str:
        if not is_secret_parameter(match["name"], match["value"]):
            return match[0]
        return match["head"] + make_stand_in(match["value"], self._key)

    def _assigned(self, match: re.Match[str], *, is_script: bool) -> str:
        value = match["value"]
        if not is_mixed(value) and (is_script or PLAIN_WORD.fullmatch(value)):
            return match[0]
        before = _NAME_BEFORE.search(match.string, max(0, match.start() - _NAME_ROOM), match.start())
        if before is None or not is_secret_assignment(before["name"], value, is_script=is_script):
            return match[0]
        return match[0][: match.start("value") - match.start()] + make_stand_in(value, self._key)

    def _in_tag(self, match: re.Match[str]) -> str:
        parts = {part["name"].lower(): part for part in _ATTRIBUTE.finditer(match["rest"])}
        name = f"{_text_of(parts.get('name'))} {_text_of(parts.get('id'))}"
        if match["tag"].lower() == "meta":
            wanted, is_secret = parts.get("content"), SURE_NAME.search(name) is not None
        else:
            wanted = parts.get("value")
            kind = _text_of(parts.get("type")).strip().lower() or "text"
            is_secret = is_secret_field(name, kind, _text_of(wanted))
        if wanted is None or not is_secret:
            return match[0]
        start, end = next(wanted.span(kind) for kind in ("double", "single", "bare") if wanted[kind] is not None)
        rest = match["rest"]
        return f"<{match['tag']}{rest[:start]}{make_stand_in(rest[start:end], self._key)}{rest[end:]}>"


def _text_of(part: re.Match[str] | None) -> str:
    return "" if part is None else part["double"] or part["single"] or part["bare"] or ""


def make_typed_replacer(typed: Iterable[str]) -> Callable[[str], str]:
    """Replaces typed texts by their stand-ins, in the ways that pages and addresses write them."""
    made: dict[str, str] = {}
    for text in typed:
        if len(text) < LEAST_TYPED:
            continue
        for write in (str, quote, quote_plus, _quote_all, _write_json, _write_html):
            made.setdefault(write(text), write(stand_in_for_typed(text)))
    made = {text: stand_in for text, stand_in in made.items() if text != stand_in}
    if not made:
        return lambda text: text
    pattern = re.compile("|".join(re.escape(text) for text in sorted(made, key=len, reverse=True)))
    return lambda text: pattern.sub(lambda match: made[match[0]], text)


def _quote_all(text: str) -> str:
    return quote(text, safe="")


def _write_json(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("/", "\\/")


def _write_html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


class Kept(Heard, frozen=True, kw_only=True):
    """A request and its answer as an archive keeps them; `sent` are the headers of the request."""

    sent: HeaderList = ()


def scrub_heard(heard: Heard, scrubber: Scrubber) -> Kept:
    """What an archive keeps of a request and its answer. Bodies of requests are not kept at all: their shape is
    (`shapes`).
    """
    headers = scrubber.scrub_headers(keep_response_headers(heard.headers, text_type=heard.text_type))
    kind = next((value for name, value in headers if name == "content-type"), "")
    return Kept(
        asked=replace(heard.asked, url=scrubber.scrub_url(heard.asked.url), headers={}, body=None),
        sent=scrubber.scrub_headers(keep_request_headers(heard.asked.headers)),
        number=heard.number,
        status=heard.status,
        reason=heard.reason,
        headers=headers,
        body=scrubber.scrub_body(heard.body, kind),
        is_whole=heard.is_whole,
        error=heard.error,
    )
