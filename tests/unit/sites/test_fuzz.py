"""Whatever a source holds, the answer is a list or SiteListError, with lines in the promised form."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridrunner.errors import SiteListError
from gridrunner.sites.css import find_selector_problem
from gridrunner.sites.importing import KINDS, import_list
from gridrunner.sites.lists import read_site_lists
from gridrunner.sites.mistakes import show_url

LINE = re.compile(r"(?:<stdin>|.*list\.\w+)(?::\d+(?::\d+)?)?: [^\n]+|… and [\d,]+ more mistakes?")

YAML_PIECES = [
    *(
        "version: 1\n",
        "sites:\n",
        "sites: ",
        "defaults: ",
        "serve: ",
        "  - ",
        "- ",
        "url: ",
        "id: ",
        "expect: ",
        "tags: ",
    ),
    *(
        "steps: ",
        "login: ",
        "username: ",
        "locale: ",
        "https://a.example/",
        "{",
        "}",
        "[",
        "]",
        ", ",
        ": ",
        "\n",
        "\n    ",
    ),
    *(
        "&a ",
        "*a",
        "!!str ",
        "!x ",
        "|\n",
        ">\n",
        "'",
        '"',
        "#",
        "? ",
        "<<: ",
        "~",
        "---\n",
        "...\n",
        "%YAML 1.1\n",
        "\t",
    ),
    *("true", "no", "1", "é", "\\", "@", "`", "\x85", "\u2028", "\r"),
]
CSV_PIECES = ["url", "id", "tags", ",", ";", "\t", '"', "\n", "\r", "\r\n", "https://a.example/", "x", " ", "é", "#"]
CSS_PIECES = [
    *(
        "a",
        ".b",
        "#c",
        "[d]",
        "[e=f]",
        "[g='h']",
        " ",
        ">",
        "+",
        "~",
        ",",
        ":not(",
        ":is(",
        ":has(",
        ":nth-child(",
        ")",
    ),
    *(
        "(",
        "[",
        "]",
        "2n",
        "+",
        "1",
        " of ",
        ":hover",
        "::x",
        "\\",
        "/*",
        "*/",
        "'",
        '"',
        "*",
        "|",
        "=",
        "i",
        ">>>",
        "url(",
        "é",
    ),
]
EXAMPLES = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def pieces(choices: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(choices), max_size=40).map("".join)


def mistakes_of(call: Callable[[], object]) -> tuple[str, ...]:
    """The mistakes that `call` raises; none when it returns."""
    try:
        call()
    except SiteListError as error:
        return error.mistakes or ("an error without mistakes",)
    return ()


def answers(data: bytes) -> None:
    mistakes = mistakes_of(lambda: read_site_lists(["-"], io.BytesIO(data)))
    assert all(LINE.fullmatch(mistake) for mistake in mistakes), mistakes
    if mistakes:
        return
    sites = read_site_lists(["-"], io.BytesIO(data)).sites
    assert sites
    assert len({site.id for site in sites}) == len(sites)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,127}", site.id) for site in sites)


@EXAMPLES
@given(st.binary(max_size=400))
def test_bytes(data: bytes) -> None:
    answers(data)


@EXAMPLES
@given(pieces(YAML_PIECES))
def test_yaml_pieces(text: str) -> None:
    answers(text.encode())
    answers(f"version: 1\nsites:\n  - url: https://a.example/\n    {text}".encode())


@EXAMPLES
@given(pieces(CSV_PIECES))
def test_csv_pieces(text: str) -> None:
    answers(f"url,id\n{text}".encode())


@EXAMPLES
@given(st.text(max_size=100))
def test_text_lines(text: str) -> None:
    answers(text.encode())
    answers(f"https://{text}".encode())


@EXAMPLES
@given(st.text(max_size=60))
def test_any_text_as_a_value(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    for key in ("id", "url", "locale", "visit_timeout_s", "tags"):
        answers(f"version: 1\nsites:\n  - url: https://a.example/\n    {key}: {quoted}\n".encode())


@EXAMPLES
@given(st.sampled_from(KINDS), st.binary(max_size=200) | pieces(CSV_PIECES).map(str.encode))
def test_import(kind: str, data: bytes) -> None:
    mistakes = mistakes_of(lambda: import_list("-", kind, None, io.BytesIO(data)))
    assert all(LINE.fullmatch(mistake) for mistake in mistakes), mistakes
    if not mistakes:
        text = import_list("-", kind, None, io.BytesIO(data))
        assert read_site_lists(["-"], io.BytesIO(text.encode())).sites


@EXAMPLES
@given(pieces(CSS_PIECES) | st.text(max_size=60))
def test_selector(text: str) -> None:
    problem = find_selector_problem(text)
    assert problem is None or problem.strip()


@EXAMPLES
@given(st.text(alphabet="ab:/@?#.1\\", max_size=30))
def test_shown_url_has_no_query(text: str) -> None:
    assert "?" not in show_url(text)[2:]


MIB = (1 << 20) - 100


@pytest.mark.parametrize(
    "text",
    [
        "a:" * (MIB // 2),
        "a." * (MIB // 2) + " x",
        "x" + " " * MIB + "x#",
        "1," + "a." * (MIB // 2) + ", x",
        '"' * MIB,
        "[a" * (MIB // 2),
        "version: 1\nsites: " + "{a: " * (MIB // 4),
        "version: 1\nsites:\n- url: https://a.example/\n  locale: " + "a-" * (MIB // 2),
        "version: 1\nsites:\n- url: https://a.example/\n  visit_timeout_s: " + "1" * MIB,
        "version: 1\nsites:\n- url: https://a.example/\n  expect: {username: '" + ":not(" * (MIB // 5) + "'}",
        "version: 1\nsites:\n- url: https://a.example/\n  " + "a" * MIB + ": b",
        "url,tags\nhttps://a.example," + "a " * 40_000,
    ],
    ids=lambda text: text[:12].strip(),
)
def test_long_lines_take_linear_time(text: str) -> None:
    """A quadratic reading of any of these takes minutes."""
    answers(text.encode())
    for kind in KINDS:
        with pytest.raises(SiteListError):
            import_list("-", kind, None, io.BytesIO(text.encode()))
