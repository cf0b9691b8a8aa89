"""What may stand in a copy of a page: elements, attributes, addresses and values, by allow-list; pure.

Each name is folded to lower case before anything is decided by it, as HTML parsers do; they give elements and
attributes of SVG their capitals back. An element or attribute that is not named here does not stand in a copy. Each
that is named is harmless in HTML, SVG and MathML alike: a parser may put it into another of them than it came from.
"""

from __future__ import annotations

import re
from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


HTML_ELEMENTS: Final = _words(
    """
    html head title meta link body address article aside blockquote br center dd details dialog dir div dl dt fieldset
    figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol optgroup option p pre
    search section summary ul a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark marquee
    nobr output q rp rt ruby s samp slot small span strike strong sub sup time tt u var wbr button datalist input meter
    progress select selectedcontent textarea caption col colgroup table tbody td tfoot th thead tr area map img picture
    canvas video audio object embed iframe
    """
)
"""HTML Living Standard (2026-11), elements and obsolete ones that pages still have."""

SVG_ELEMENTS: Final = _words(
    """
    svg g defs symbol use title desc a switch path rect circle ellipse line polyline polygon text tspan textpath
    clippath mask pattern marker lineargradient radialgradient stop filter foreignobject view feblend fecolormatrix
    fecomponenttransfer fecomposite feconvolvematrix fediffuselighting fedisplacementmap fedistantlight fedropshadow
    feflood fefunca fefuncb fefuncg fefuncr fegaussianblur femerge femergenode femorphology feoffset fepointlight
    fespecularlighting fespotlight fetile feturbulence
    """
)
"""SVG 2 without scripts, styles, images and animations, which can set any attribute."""

MATH_ELEMENTS: Final = _words(
    """
    math mrow mi mn mo ms mspace mtext mfrac msqrt mroot mstyle merror mpadded mphantom msub msup msubsup munder mover
    munderover mmultiscripts mprescripts mtable mtr mtd semantics
    """
)
"""MathML Core without annotations, which hold markup of any kind."""

ELEMENTS: Final = {"html": HTML_ELEMENTS, "svg": SVG_ELEMENTS, "math": MATH_ELEMENTS, "other": frozenset[str]()}

SILENT: Final = _words(
    """
    script noscript template style base source track noembed noframes xmp plaintext frameset frame applet bgsound param
    image annotation annotation-xml set animate animatemotion animatetransform mpath handler listener
    """
)
"""Left out with all that is in them. What is neither here nor allowed keeps its children: see `name_in_copy`."""

EMPTY: Final = frozenset({"textarea", "object", "video", "audio", "canvas", "embed", "iframe"})
"""Stand in a copy without what is in them: a user's text, or what is shown where they are not known."""

VOID: Final = frozenset({"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "wbr"})

UNKNOWN_PREFIX: Final = "x-"

_CUSTOM: Final = re.compile(r"[a-z][a-z0-9._]*(?:-[a-z0-9._-]*)+")
_RESERVED: Final = _words(
    """
    annotation-xml color-profile font-face font-face-src font-face-uri font-face-format font-face-name missing-glyph
    """
)
"""Names with a hyphen that are not custom elements (HTML, "valid custom element name")."""

_TEXTS: Final = _words(
    """
    id class title lang dir role tabindex hidden name for slot part accesskey contenteditable inert spellcheck translate
    draggable inputmode enterkeyhint autocapitalize autocomplete placeholder type disabled readonly required multiple
    min max step minlength maxlength pattern size rows cols wrap list form formmethod formnovalidate formenctype
    formtarget method enctype accept-charset novalidate target rel alt width height colspan rowspan headers scope abbr
    span align valign bgcolor color face border cellpadding cellspacing nowrap noshade hspace vspace clear compact start
    reversed open label datetime popover popovertarget popovertargetaction low high optimum shape coords usemap
    summary rules frame char charoff dirname scrolling frameborder marginwidth marginheight allowfullscreen
    itemprop itemscope itemtype nohref accept capture controls muted loop playsinline
    formcontrolname formgroupname ng-model xml:lang xml:space
    behavior scrollamount
    """
)
"""Attributes whose value is a text: no address, no style, no code."""

_DRAWN: Final = _words(
    """
    viewbox preserveaspectratio transform x y x1 x2 y1 y2 cx cy r rx ry fx fy fr d points pathlength dx dy rotate
    textlength lengthadjust startoffset method spacing refx refy markerwidth markerheight markerunits orient
    patternunits patterncontentunits patterntransform gradientunits gradienttransform spreadmethod offset
    clippathunits maskunits maskcontentunits filterunits primitiveunits in in2 result stddeviation mode values operator
    k1 k2 k3 k4 radius scale xchannelselector ychannelselector basefrequency numoctaves seed stitchtiles edgemode
    kernelmatrix order bias divisor targetx targety surfacescale specularconstant specularexponent diffuseconstant
    azimuth elevation z pointsatx pointsaty pointsatz limitingconeangle tablevalues slope intercept amplitude exponent
    version baseprofile requiredextensions systemlanguage
    mathvariant mathsize mathcolor mathbackground displaystyle scriptlevel linethickness lspace rspace stretchy
    symmetric maxsize minsize largeop movablelimits accent accentunder depth voffset columnspan rowspacing
    """
)
"""Attributes of drawings and formulas whose value is a number, a word or a path."""

_PRESENTED: Final = _words(
    """
    fill fill-opacity fill-rule stroke stroke-width stroke-linecap stroke-linejoin stroke-miterlimit stroke-dasharray
    stroke-dashoffset stroke-opacity opacity color-interpolation color-interpolation-filters color-rendering
    display visibility overflow clip clip-path clip-rule mask filter marker-start marker-mid marker-end cursor
    flood-color flood-opacity lighting-color stop-color stop-opacity shape-rendering text-rendering image-rendering
    vector-effect paint-order pointer-events text-anchor text-decoration dominant-baseline alignment-baseline
    baseline-shift letter-spacing word-spacing writing-mode direction unicode-bidi font-family font-size
    font-size-adjust font-stretch font-style font-variant font-weight font transform-origin mask-type
    """
)
"""Attributes of drawings whose value is one of CSS, and may hold an address."""

ADDRESSES: Final = {
    "href": frozenset({"a", "area", "link"}),
    "action": frozenset({"form"}),
    "formaction": frozenset({"button", "input"}),
    "cite": frozenset({"blockquote", "q", "del", "ins"}),
    "src": frozenset({"iframe"}),
}
"""Attributes with an address, and the elements that have it in a copy."""

PLACES: Final = frozenset({"use", "lineargradient", "radialgradient", "pattern", "filter", "textpath"})
"""Elements of SVG whose `href` may name a place in the copy itself."""

BLANK: Final = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E"
"""The picture that stands in for every picture."""

HANDLERS: Final = {"onclick", "onfocus", "onsubmit"}
"""What a handler is called tells what an element is for; the probes read these three (`handlerText` in lib/dom.js)."""

KEPT_META: Final = re.compile(
    r"viewport|description|og:url|og:title|og:site_name|application-name|color-scheme", re.IGNORECASE
)

OWN_ATTRIBUTE_CHARS: Final = 60
"""Characters of a data-* attribute that can be a selector's; longer ones are an application's state."""

_SECRET: Final = re.compile(
    r"token|csrf|xsrf|nonce|secret|session|auth[_-]?key|api[_-]?key|signature|user[_-]?(id|name|mail)", re.IGNORECASE
)
_OWN: Final = re.compile(r"(?!on|http-)_?[a-z][a-z0-9]*(?:-[a-z0-9_.]+)+")
"""An application's own attribute: with a hyphen, as HTML never names one of its own any more; styles select by them."""

_ARIA: Final = re.compile("aria-[a-z]+")

_PURPOSE: Final = re.compile(
    r"(log[_ -]?(in|on)|sign[_ -]?(in|up|on)|auth(enticate)?|register|registration|create|search|subscribe|newsletter|"
    r"forgot|reset|password|pay|checkout|submit|post|yes|no|true|false|on|off|local|ldap|email|phone|username)",
    re.IGNORECASE,
)
"""Values that name a purpose and no user: those that login forms of a corpus carry in hidden inputs (2026-11-24)."""

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_USER: Final = re.compile(r"((?:https?:)?[/\\]{2})[^/\\@?#]*@", re.IGNORECASE)
_QUOTED: Final = re.compile(r"""(["'`])(?:(?!\1).)*\1""", re.DOTALL)


def name_in_copy(name: str, namespace: str) -> str | None:
    """The name that an element has in a copy; None: it is left out with all that is in it.

    An element that is unknown here stands there under a name that can never mean anything.
    """
    folded = name.lower()
    if folded in SILENT:
        return None
    if folded in ELEMENTS[namespace]:
        return folded
    if namespace == "html" and folded not in _RESERVED and _CUSTOM.fullmatch(folded):
        return folded
    return UNKNOWN_PREFIX + (re.sub(r"[^a-z0-9]+", "-", folded).strip("-") or "element")


def clean_address(value: str) -> str:
    """An address without user, query values and fragment; "#" for whatever is not the address of a page."""
    text = re.sub("[\t\n\r]", "", value).strip("".join(map(chr, range(33))))  # as the URL Standard reads it
    if text.startswith("#"):
        return text
    scheme = _SCHEME.match(text)
    if scheme is not None and scheme[1].lower() in {"mailto", "tel", "sms"}:
        return scheme[0].lower()
    if scheme is not None and scheme[1].lower() not in {"http", "https"}:
        return "#"
    path, _, query = _USER.sub(r"\1", text, count=1).partition("#")[0].partition("?")
    names = [_clean_pair(pair) for pair in query.split("&") if pair][:6]
    return path + ("?" + "&".join(names) if names else "")


def _clean_pair(pair: str) -> str:
    name, _, value = pair.partition("=")
    return f"{name[:30]}={value if _PURPOSE.fullmatch(value) else ''}"


def clean_value(name: str, kind: str, value: str) -> str | None:
    """The `value` of an element (an input of the type `kind`); None: it has none in a copy."""
    if name != "input":
        return value if name in {"li", "progress", "meter"} else None
    if kind in {"submit", "button", "reset"}:
        return value
    if kind == "hidden":
        return value if _PURPOSE.fullmatch(value) else ""
    if kind in {"checkbox", "radio", "file", "image"}:
        return None
    if not value:
        return ""
    return "0" if kind in {"number", "range"} else "masked"  # that there is one is a fact, not which


def clean_handler(code: str) -> str:
    """What a handler calls, without the texts that it says."""
    return _QUOTED.sub(r"\1\1", code)[:120]


def is_text(name: str) -> bool:
    """Whether an attribute is one whose value is a text, a number, a word or a path."""
    return name in _TEXTS or name in _DRAWN or _ARIA.fullmatch(name) is not None


def is_presented(name: str) -> bool:
    """Whether an attribute is one whose value is one of CSS."""
    return name in _PRESENTED


def is_own(name: str) -> bool:
    """Whether an attribute is an application's own, `data-*` among them."""
    return _OWN.fullmatch(name) is not None and not name.startswith("data-gridrunner-")


def clean_own(name: str, value: str) -> str:
    """The value of an application's own attribute: nothing where it is long or sounds secret."""
    return "" if len(value) > OWN_ATTRIBUTE_CHARS or _SECRET.search(name) else value
