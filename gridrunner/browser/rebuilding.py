"""The HTML of a copied frame, written from the pieces that `dom_probes/copy_page.js` took; pure.

Nothing of the page is copied as markup: each tag, attribute and style is written here, from what `copy_rules` allows.
Invariant: text and values hold no "<" and no quote, styles none that begins a tag, so that every tag a parser sees
was written here, wherever it puts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct

from gridrunner.browser import copy_rules
from gridrunner.browser.copy_styles import clean_sheet, clean_styles


class Said(Struct, frozen=True, kw_only=True):
    """What the attributes of an element do not say; `frame` is its number among the visible frames."""

    type: str = ""
    is_broken: bool = False
    width: float | None = None
    height: float | None = None
    is_modal: bool = False
    is_popover: bool = False
    is_defined: bool = False
    frame: int | None = None


class Opened(Struct, frozen=True, array_like=True, tag="element"):
    """An element opens; `attributes` are names and values in turn."""

    name: str
    namespace: Literal["html", "svg", "math", "other"]
    attributes: tuple[str, ...]
    said: Said


class Shadow(Struct, frozen=True, array_like=True, tag="shadow"):
    """A shadow root opens."""

    mode: Literal["open", "closed"]
    delegates_focus: bool


class Styles(Struct, frozen=True, array_like=True, tag="styles"):
    """A style sheet; the browser may know more of it than the page where `address` is given."""

    media: str
    text: str
    address: str | None


Piece = str | int | Opened | Shadow | Styles


class FramePieces(Struct, frozen=True, kw_only=True):
    """What a frame's document consists of, in order; 0 among the `pieces` ends the last one that opened."""

    pieces: tuple[Piece, ...]
    path: str
    is_standards: bool
    dropped: tuple[str, ...]


class Surroundings(Struct, frozen=True, kw_only=True):
    """What a frame's own pieces do not hold: `frames` are the copies of its frames by number, `sheet_of` gives the text
    of a style sheet. `style_chars` is what its styles may take, `script` what restores what HTML cannot say.
    """

    frames: Mapping[int, str]
    sheet_of: Callable[[Styles], str]
    style_chars: int
    script: str


DOCTYPE: Final = "<!DOCTYPE html>\n"

_ESCAPES: Final = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "\r": "&#13;",
        "\xa0": "&nbsp;",
        "\0": "\N{REPLACEMENT CHARACTER}",
    }
)


def escape(text: str) -> str:
    """`text` for the inside of an element or of a quoted attribute."""
    return text.translate(_ESCAPES)


def has_frames(taken: FramePieces) -> bool:
    """Whether there are frames to be inlined."""
    return any(isinstance(piece, Opened) and piece.said.frame is not None for piece in taken.pieces)


def rebuild_frame(taken: FramePieces, around: Surroundings) -> tuple[str, tuple[str, ...]]:
    """The HTML of a frame, and what was left out, in words."""
    writer = _Writer(around)
    for piece in taken.pieces:
        writer.take(piece)
    return (DOCTYPE if taken.is_standards else "") + writer.finish(taken.path), (*taken.dropped, *writer.dropped)


class _Open(Struct, frozen=True):
    """An element that is open: the tag that ends it, and whether what is in it is left out, elements or all."""

    end: str
    is_silent: bool = False
    is_text_only: bool = False


class _Writer:
    """Writes piece by piece; knows what is open."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._written: list[str] = []
        self._open: list[_Open] = []
        self._silent = 0
        """How many of the open elements leave out what is in them."""
        self._styles_left = around.style_chars
        self._names: dict[str, None] = {}
        self._has_top_layer = False
        self.dropped: dict[str, None] = {}

    def take(self, piece: Piece) -> None:
        match piece:
            case str():
                if not self._silent:
                    self._written.append(escape(piece))
            case int():
                if len(self._open) > 1:  # the last to end is the document itself: see `finish`
                    self._close()
            case Shadow():
                focus = ' shadowrootdelegatesfocus=""' if piece.delegates_focus else ""
                self._begin(f'<template shadowrootmode="{piece.mode}"{focus}>', _Open("</template>"))
            case Styles():
                if not self._silent:
                    self._write_styles(piece)
            case Opened():
                self._take_element(piece)

    def finish(self, path: str) -> str:
        """The whole. Our script stands last where there is something to restore."""
        while len(self._open) > 1:
            self._close()
        said = f' data-path="{escape(path)}"' if path not in {"", "/"} else ""
        said += f' data-elements="{" ".join(self._names)}"' if self._names else ""
        if said or self._has_top_layer:
            self._written.append(f"<script{said}>{self._around.script}</script>")
        if self._open:
            self._close()
        return "".join(self._written)

    def _begin(self, tag: str, element: _Open) -> None:
        if self._silent:
            element = _Open("", is_silent=True)
        else:
            self._written.append(tag)
        self._open.append(element)
        self._silent += element.is_silent

    def _close(self) -> None:
        element = self._open.pop()
        self._silent -= element.is_silent
        self._written.append(element.end)

    def _take_element(self, piece: Opened) -> None:
        name = copy_rules.name_in_copy(piece.name, piece.namespace)
        values = _fold(piece.attributes)
        is_inside_text = bool(self._open) and self._open[-1].is_text_only
        if name is None or is_inside_text or self._silent or not _is_kept(name, values):
            self._begin("", _Open("", is_silent=True))
            return
        said = piece.said
        if "-" in name and (said.is_defined or name != piece.name.lower()):
            self._names[name] = None
        attributes = "".join(f' {key}="{escape(value)}"' for key, value in self._attributes(name, values, said))
        line_end = "\n" if name == "pre" else ""  # the first one inside is not read
        element = _Open(
            "" if name in copy_rules.VOID else f"</{name}>",
            is_silent=name in copy_rules.VOID or name in copy_rules.EMPTY,
            is_text_only=name == "title",
        )
        self._begin(f"<{name}{attributes}>{line_end}", element)

    def _attributes(self, name: str, values: Mapping[str, str], said: Said) -> Iterator[tuple[str, str]]:
        for key, value in values.items():
            kept = _attribute_in_copy(name, key, value, values, said)
            if kept is not None:
                yield kept
        style = clean_styles(values.get("style", "")).removesuffix(";")
        if said.width is not None and said.height is not None:  # what stood in for the image keeps its room
            style = f"{style};width:{said.width:g}px;height:{said.height:g}px".removeprefix(";")
        if style:
            yield "style", style
        for is_so, mark in ((said.is_modal, "modal"), (said.is_popover, "popover")):
            if is_so:
                self._has_top_layer = True
                yield f"data-gridrunner-{mark}", ""
        if name == "iframe":
            copied = self._around.frames.get(said.frame, "") if said.frame is not None else ""
            yield "srcdoc", copied

    def _write_styles(self, sheet: Styles) -> None:
        text = clean_sheet(self._around.sheet_of(sheet))
        if len(text) > self._styles_left:
            self.dropped[f"styles beyond {self._around.style_chars} characters"] = None
            text = ""
        self._styles_left -= len(text)
        media = f' media="{escape(sheet.media)}"' if sheet.media else ""
        self._written.append(f"<style{media}>{text}</style>")


def _fold(attributes: Sequence[str]) -> dict[str, str]:
    """Attributes by name in lower case; one that was written so goes before one with capitals."""
    values: dict[str, str] = {}
    pairs = list(zip(attributes[::2], attributes[1::2], strict=False))
    for name, value in sorted(pairs, key=lambda pair: pair[0] != pair[0].lower()):
        values.setdefault(name.lower(), value)
    return values


def _is_kept(name: str, values: Mapping[str, str]) -> bool:
    """Whether an allowed element is one that a copy needs."""
    if name == "meta":
        return copy_rules.KEPT_META.fullmatch(values.get("name") or values.get("property") or "") is not None
    return name != "link" or values.get("rel", "").lower() == "canonical"


def _attribute_in_copy(
    name: str, key: str, value: str, values: Mapping[str, str], said: Said
) -> tuple[str, str] | None:
    """Name and value of an attribute of the element `name` in a copy; None: it does not stand there."""
    if name in {"meta", "link"}:
        return _attribute_of_head(key, value, values)
    if key in {"href", "xlink:href"}:
        if name in copy_rules.ADDRESSES["href"]:
            return key, copy_rules.clean_address(value)
        return (key, value.strip()) if name in copy_rules.PLACES and value.strip().startswith("#") else None
    if key == "src" and name in {"img", "input"}:
        return None if said.is_broken else (key, copy_rules.BLANK)
    if key in copy_rules.ADDRESSES:
        return (key, copy_rules.clean_address(value)) if name in copy_rules.ADDRESSES[key] else None
    if key == "value":
        kept = copy_rules.clean_value(name, said.type, value)
        return (key, kept) if kept is not None else None
    if key in copy_rules.HANDLERS:
        return f"data-gridrunner-{key}", copy_rules.clean_handler(value)
    if key == "type" and name in {"object", "embed"}:  # what loads nothing needs no kind
        return None
    if copy_rules.is_presented(key):
        return key, clean_styles(value)
    if copy_rules.is_text(key):
        return key, value
    return (key, copy_rules.clean_own(key, value)) if copy_rules.is_own(key) else None


def _attribute_of_head(key: str, value: str, values: Mapping[str, str]) -> tuple[str, str] | None:
    match key:
        case "name" | "property" | "rel":
            return key, value
        case "content":
            is_address = values.get("property", "").lower().endswith("url")
            return key, copy_rules.clean_address(value) if is_address else value[:300]
        case "href":
            return key, copy_rules.clean_address(value)
        case _:
            return None
