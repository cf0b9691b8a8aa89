"""What stands in a copy and what not, decided by name, whatever its capitals and its namespace."""

from __future__ import annotations

import html
import json
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridrunner import codec
from gridrunner.browser.copy_rules import BLANK, clean_address, name_in_copy
from gridrunner.browser.rebuilding import FramePieces, Surroundings, rebuild_frame
from gridrunner.browser.scrubbing import scrub_text
from gridrunner.sites.copies import RESTORE_SCRIPT


def element(name: str, /, *inner: Any, namespace: str = "html", said: Any = None, **attributes: str) -> list[Any]:
    """Pieces of an element as the probe writes them."""
    flat = [part for key, value in attributes.items() for part in (key.rstrip("_").replace("__", ":"), value)]
    pieces: list[Any] = [["element", name, namespace, flat, said or {}]]
    for part in inner:
        pieces += part if isinstance(part, list) and part and isinstance(part[0], list) else [part]
    return [*pieces, 0]


def rebuilt(*pieces: Any, frames: dict[int, str] | None = None, path: str = "/") -> str:
    taken = {"pieces": list(pieces), "path": path, "is_standards": False, "dropped": []}
    around = Surroundings(
        frames=frames or {}, sheet_of=lambda sheet: sheet.text, style_chars=1000, script=RESTORE_SCRIPT
    )
    return rebuild_frame(codec.decode(json.dumps(taken), FramePieces), around)[0]


@pytest.mark.parametrize(
    "name", ["script", "SCRIPT", "ScRiPt", "noscript", "Template", "BASE", "xmp", "plaintext", "animate"]
)
@pytest.mark.parametrize("namespace", ["html", "svg", "math", "other"])
def test_what_could_run_is_left_out_with_what_is_in_it(name: str, namespace: str) -> None:
    assert rebuilt(*element("p", "before", element(name, "code", namespace=namespace), "after")) == "<p>beforeafter</p>"


@pytest.mark.parametrize(
    ("name", "namespace", "expected"),
    [
        ("div", "html", "div"),
        ("DIV", "html", "div"),
        ("x-login", "html", "x-login"),
        ("blink", "html", "x-blink"),
        ("fb:login", "html", "x-fb-login"),
        ("a<img", "html", "x-a-img"),
        ("svg", "html", "x-svg"),
        ("div", "svg", "x-div"),
        ("lineargradient", "svg", "lineargradient"),
        ("linearGradient", "svg", "lineargradient"),
        ("font-face", "svg", "x-font-face"),
        ("annotation-xml", "math", None),
        ("\u0130", "html", "x-i"),
        ("\u00e9", "html", "x-element"),
    ],
)
def test_element_that_is_unknown_means_nothing(name: str, namespace: str, expected: str | None) -> None:
    assert name_in_copy(name, namespace) == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"onload": "x", "ONERROR": "y", "OnX": "z", "svg:onload": "x"}, ""),
        ({"onclick": "login('ada', \"x\")"}, " data-gridrunner-onclick=\"login('', &quot;&quot;)\""),
        ({"srcdoc": "x", "SRCDOC": "x", "http-equiv": "refresh", "background": "x", "is": "x"}, ""),
        ({"CLASS": "odd", "class": "plain"}, ' class="plain"'),
        ({"data-gridrunner-modal": "", "data-path": "/x", "_ngcontent-a1": ""}, ' data-path="/x" _ngcontent-a1=""'),
        ({"data-csrf": "abc", "data-state": "x" * 61}, ' data-csrf="" data-state=""'),
        ({"href": "javascript:x", "action": "/x", "title": 'a"b<c>&'}, ' title="a&quot;b&lt;c&gt;&amp;"'),
        ({'a"b': "x", "c d": "x", "<": "x"}, ""),
        ({"fill": "url(https://x.example/y#z)"}, ' fill="url(&quot;data:,&quot;)"'),
    ],
)
def test_attributes_stand_there_by_name(attributes: dict[str, str], expected: str) -> None:
    assert rebuilt(*element("p", **attributes)) == f"<p{expected}></p>"


@pytest.mark.parametrize(
    ("address", "clean"),
    [
        ("javascript:x", "#"),
        (" \x01JAVA\nSCRIPT\t:x", "#"),
        ("vbscript:x", "#"),
        ("data:text/html,x", "#"),
        ("blob:x", "#"),
        ("view-source:x", "#"),
        ("#part", "#part"),
        ("mailto:ada@bank.example", "mailto:"),
        ("/login?next=/inbox&type=login#x", "/login?next=&type=login"),
        ("https://user:pw@bank.example/a", "https://bank.example/a"),
        ("//user@bank.example/a", "//bank.example/a"),
        ("\\\\user@bank.example/a", "\\\\bank.example/a"),
        ("java\0script:x", "java\0script:x"),  # no scheme holds this: it is the name of a page
    ],
)
def test_address_is_one_of_a_page(address: str, clean: str) -> None:
    assert clean_address(address) == clean


def test_links_of_drawings_lead_nowhere_else() -> None:
    used = element("use", namespace="svg", href="data:x#y", xlink__href="#icon")
    assert rebuilt(*element("svg", used, namespace="svg")) == '<svg><use xlink:href="#icon"></use></svg>'


def test_inputs_tell_no_value_and_pictures_keep_their_room() -> None:
    assert rebuilt(*element("input", value="ada", said={"type": "text"})) == '<input value="masked">'
    assert rebuilt(*element("input", value="a1b2", said={"type": "hidden"})) == '<input value="">'
    picture = element("img", src="https://x.example/y", srcset="z", said={"width": 12.5, "height": 3})
    assert rebuilt(*picture) == f'<img src="{BLANK}" style="width:12.5px;height:3px">'


def test_frames_hold_their_copies() -> None:
    frame = element("iframe", "fallback", src="https://x.example/y?z=1", SRCDOC="page's", said={"frame": 3})
    assert rebuilt(*frame, frames={3: '<p title="&lt;">x'}) == (
        '<iframe src="https://x.example/y?z=" srcdoc="&lt;p title=&quot;&amp;lt;&quot;&gt;x"></iframe>'
    )
    assert rebuilt(*element("iframe")) == '<iframe srcdoc=""></iframe>'


def test_our_script_says_nothing_of_the_page_but_in_attributes() -> None:
    text = rebuilt(*element("html", element("x-a", said={"is_defined": True})), path='/a"b')
    assert text == (
        f'<html><x-a></x-a><script data-path="/a&quot;b" data-elements="x-a">{RESTORE_SCRIPT}</script></html>'
    )
    assert scrub_text(RESTORE_SCRIPT) == RESTORE_SCRIPT  # or its hash would no longer fit
    assert not {"<", "&"} & set(RESTORE_SCRIPT)


def test_meta_and_links_are_those_that_tell_something() -> None:
    head = element(
        "head",
        element("meta", name="viewport", content="width=1", **{"http-equiv": "refresh", "HTTP-EQUIV": "refresh"}),
        element("meta", name="csrf-token", content="x"),
        element("link", rel="canonical", href="javascript:x", onload="x"),
        element("link", rel="stylesheet", href="x.css"),
        element("title", "a</title>", element("b", "c")),
    )
    assert rebuilt(*head) == (
        '<head><meta name="viewport" content="width=1"><link rel="canonical" href="#">'
        "<title>a&lt;/title&gt;</title></head>"
    )


NAMES = st.one_of(
    st.sampled_from(
        ["div", "SCRIPT", "style", "title", "svg", "math", "x-a", "select", "iframe", "textarea", 'a"b', "pre"]
    ),
    st.text(min_size=1, max_size=8),
)
TEXTS = st.one_of(
    st.sampled_from(["<script>x</script>", "</title><img onerror=x>", "--><img>", '"><img onerror=x>', "\0<", "\r\n"]),
    st.text(max_size=12),
)
OPENED = st.tuples(
    st.just("element"),
    NAMES,
    st.sampled_from(["html", "svg", "math", "other"]),
    st.lists(TEXTS, max_size=4),
    st.fixed_dictionaries({}, optional={"frame": st.integers(0, 2), "is_modal": st.booleans(), "type": TEXTS}),
)
PIECES = st.lists(
    st.one_of(
        OPENED,
        TEXTS,
        st.just(0),
        st.just(["shadow", "open", False]),
        st.tuples(st.just("styles"), TEXTS, TEXTS, st.none()),
    ),
    max_size=30,
)


class TagReader(HTMLParser):
    """Which tags and attributes a reader finds that knows nothing of us; script and style as markup too."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, list[tuple[str, str | None]]]] = []

    def set_cdata_mode(self, elem: str, **_options: Any) -> None:
        """Texts of scripts and styles are read as if they were markup: the worst case."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, attrs))


@given(PIECES)
def test_every_tag_of_a_copy_is_ours(pieces: list[Any]) -> None:
    text = rebuilt(*pieces, frames={0: "<p>copy</p>"})
    reader = TagReader()
    reader.feed(text.replace(RESTORE_SCRIPT, ""))
    for tag, attributes in reader.seen:
        assert (
            name_in_copy(tag, "html") == tag
            or tag in {"style", "script", "template"}
            or name_in_copy(tag, "svg") == tag
            or name_in_copy(tag, "math") == tag
        )
        for key, value in attributes:
            assert not key.startswith("on")
            assert key != "srcdoc" or html.unescape(value or "") in {"", "<p>copy</p>"}
    assert text.count("<script") == text.count(RESTORE_SCRIPT) <= 1
