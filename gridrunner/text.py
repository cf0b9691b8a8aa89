"""Text from pages and tools, made fit for where it is shown. Owns every rule of escaping but HTML's, which the report
needs none of: it builds its page from text nodes. The invariant: what comes out of a function here cannot leave the
place it is put into: no element, no markup, no terminal sequence, no command of a CI system, no mention of a person.
"""

from __future__ import annotations

import re

_ANSI = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI, ECMA-48 section 5.4
    r"|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)"  # OSC, DCS, SOS, PM, APC strings, ECMA-48 section 5.6
    r"|\x1b[ -/]*[0-~]"  # two-character escapes
    r"|\x9b[0-?]*[ -/]*[@-~]"  # CSI as one C1 control
)
_XML_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2, Char
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")  # bidi embeddings, overrides, isolates: CVE-2021-42574
_SPACES = re.compile(r"[\s\u2028\u2029]+")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!~|:])")  # CommonMark 0.31 section 2.4, and GFM's tables and strikes
_SCHEME = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?[/\\]*")
_PATH = re.compile(r"[/?#]")
_QUERY = re.compile(r"[?#]")
_USER_IN_TEXT = re.compile(r"://[^/@\s]*@")
_DIGITS = re.compile("([0-9]{1,9})")
_VERB_OF_ONE = {"are": "is", "were": "was"}
_CUT_NOTE = " … [{count} characters left out] … "


def clean_text(text: str) -> str:
    """`text` of many lines without terminal sequences, control characters and characters that XML 1.0 forbids; line
    ends become a newline.
    """
    if text.isascii() and text.isprintable():
        return text  # nearly all text there is, and a tenth of the time
    text = _ANSI.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _XML_ILLEGAL.sub("", _CONTROLS.sub("", text))


def make_line(text: str, limit: int = 300) -> str:
    """`text` as one clean line of at most `limit` characters."""
    if not text:
        return text  # half of what a run says is nothing
    if len(text) <= limit and text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    line = _SPACES.sub(" ", _REORDERING.sub("", clean_text(text))).strip()
    return line if len(line) <= limit else line[: max(limit - 1, 0)].rstrip() + "…"


def replace_unprintable(text: str) -> str:
    """`text` as it may stand in a comment of a file: each character that is not a plain one shows as a replacement."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def cap_text(text: str, limit: int) -> str:
    """`text` of at most about `limit` characters: its beginning and its end, with a note of how much is gone."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return text[:half] + _CUT_NOTE.format(count=len(text) - 2 * half) + text[-half:]


def make_log_line(text: str, limit: int = 300) -> str:
    """`text` as one line that a CI log cannot take for a command. `##` comes apart anywhere (Azure Pipelines, TeamCity,
    GitHub's old form), `::` where there are two of them: GitHub's runner wants `::name::` at the start of a line, which
    wrapping may make of any place; a single one, as in `net::ERR_FAILED`, is left.
    """
    line = make_line(text, limit).replace("##", "# #")
    return line.replace("::", ": :") if line.count("::") > 1 else line


def escape_markdown(text: str, limit: int = 300) -> str:
    """`text` as one line of GitHub-flavoured Markdown that shows as it is: no markup, HTML, table cell, link, mention
    (`@name`) or reference (`#1`). Zero-width spaces hold mentions and bare addresses apart, where no escape does.
    """
    line = make_log_line(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = _MARKDOWN.sub(r"\\\1", line)
    return (
        line.replace("@", "@\u200b")
        .replace("\\#", "\\#\u200b")
        .replace("//", "/\u200b/")
        .replace("www\\.", "www\u200b\\.")
    )


def quote_code(text: str, limit: int = 300) -> str:
    """`text` as a code span of Markdown, in a table too."""
    line = make_log_line(text, limit).replace("`", "'").replace("|", "\\|")
    return f"`{line}`" if line else ""


MESSAGE_LIMIT = 500
"""Characters of what a check or a run says in one line: one line in every reader's list."""

DETAILS_LIMIT = 16_384
"""Characters of one attempt's explanation. GitLab takes JUnit files of 30 MB (docs.gitlab.com, unit test reports): some
1,800 failed cases fit when each is this long."""

# ---------------------------------------------------------------------------------------------------------------- URLs


def redact_url(url: str, *, mark: str = "") -> str:
    """`url` as it may be shown, logged and kept: without user, password, query and fragment, which may hold secrets.
    It may be anything that was written for a URL; `mark` stands where a user was.
    """
    return _QUERY.split(_hide_user(url, mark), maxsplit=1)[0]


def _hide_user(url: str, mark: str) -> str:
    """`url` without what may be user and password before an `@`; in linear time, whatever stands there."""
    start = _SCHEME.match(url)
    scheme = start[0] if start else ""
    rest = url[len(scheme) :]
    authority = _PATH.split(rest, maxsplit=1)[0]
    port = authority.rpartition("@")[2].partition("]")[2] if "[" in authority else authority.partition(":")[2]
    is_odd = scheme.endswith(":") or (port and not port.lstrip(":").isdigit())  # `user:pass/word@host`
    end = rest.rfind("@") if is_odd else authority.rfind("@")
    return url if end < 0 else f"{scheme}{mark}{rest[end if mark else end + 1 :]}"


def drop_users_in(text: str) -> str:
    """`text` that holds URLs, as words of a command line do, with user and password taken out of each."""
    return _USER_IN_TEXT.sub("://", text)


# -------------------------------------------------------------------------------------------------- numbers for people


def count_of(count: int, noun: str, verb: str = "", *, spec: str = "d") -> str:
    """`1 slot`, `2 slots`; with the verb `are` or `were`: `1 slot is`, `2 slots are`. `spec` formats the number."""
    words = [f"{count:{spec}}", noun if count == 1 else f"{noun}s"]
    if verb:
        words.append(_VERB_OF_ONE[verb] if count == 1 else verb)
    return " ".join(words)


def format_seconds(seconds: float, *, is_rough: bool = False) -> str:
    """`seconds` for people: 340 ms, 4.2 s, 3 min 05 s, 2 h 07 min. What is rough, as an estimate or a clock that runs,
    has whole seconds below a minute, too: 7 s, 1 min 05 s.
    """
    if is_rough and round(seconds) < 60:
        return f"{seconds:.0f} s"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 99.95 and not is_rough:
        return f"{seconds:.1f} s"
    minutes, rest_s = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left:02} min" if hours else f"{minutes} min {rest_s:02} s"


def natural_key(name: str) -> list[tuple[int, str]]:
    """A key that sorts slot-2 before slot-10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _DIGITS.split(name)]
