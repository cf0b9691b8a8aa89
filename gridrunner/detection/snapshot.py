"""Facts as objects: the frames of a page flattened to one list of groups with absolute selectors and boxes.

This is the only place that knows the JSON of `dom_probes/collect_page.js`. Facts come from hostile pages and older
versions: what is missing reads as empty. Invariant: nothing is judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from gridrunner.detection.words import bit_of, read_identifier, read_text
from gridrunner.model import Box, Element, Facts

TEXT_TYPES: Final = frozenset({"text", "email", "tel", "url", "number", "search", "textarea"})
"""Field types that a name, number or address can be typed into; the property, not the attribute."""

CODE_TYPES: Final = TEXT_TYPES | {"password"}


class Control(Struct, frozen=True, kw_only=True):
    """A field, button or link. `bits` are the concepts of its own words (label, aria, placeholder, title, text), `ids`
    those of its identifiers, `near` those of the words beside it that no markup ties to it.
    """

    type: str
    order: int
    element: Element
    is_visible: bool
    hidden: str
    text: str
    near: str
    identifiers: str
    bits: int
    ids: int
    near_bits: int
    autocomplete: tuple[str, ...]
    raw: Mapping[str, Any]

    @property
    def any_bits(self) -> int:
        """Concepts of every kind of evidence; words nearby only where the field says nothing itself."""
        return self.bits | self.ids | (0 if self.bits else self.near_bits)


class Group(Struct, frozen=True, kw_only=True):
    """A form or a group of loose fields, in one frame. `links` and `headings` are those inside or just beside it."""

    index: int
    frame: Frame
    raw: Mapping[str, Any]
    element: Element
    fields: tuple[Control, ...]
    buttons: tuple[Control, ...]
    links_inside: tuple[Control, ...]
    links_near: tuple[Control, ...]
    heading: str
    heading_distance: int
    unseen_heading: str = ""

    @property
    def is_form(self) -> bool:
        return bool(self.raw.get("is_form"))

    @property
    def texts(self) -> list[Control]:
        """The visible fields that take typed text, passwords left out."""
        return [each for each in self.fields if each.is_visible and each.type in TEXT_TYPES]

    @property
    def passwords(self) -> list[Control]:
        """The visible fields of type password; one that only shows what another holds is left out, and so is a
        card's.
        """
        found = [each for each in self.fields if each.is_visible and each.type == "password" and not is_of_card(each)]
        found = [each for each in found if not each.raw.get("disabled")] or found
        return [each for place, each in enumerate(found) if not place or not _is_twin(each, found[place - 1])]


def is_of_card(field: Control) -> bool:
    """Whether a field belongs to a payment card: its security code is often of type password (Chromium, "Create Amazing
    Password Forms": such a field should say cc-csc).
    """
    if any(token.startswith("cc-") for token in field.autocomplete):
        return True
    says = field.bits | field.ids
    return bool(says & bit_of("payment")) and not says & bit_of("password") and field.type in CODE_TYPES


def show_group(group: Group) -> Group | None:
    """A group of which no password can be typed into now, as it would be if it were shown; None for one without a
    password, and for one that is shown. Things that open on a click are in the page before.
    """
    if group.texts or group.passwords or not any(field.type == "password" for field in group.fields):
        return None

    def show(controls: tuple[Control, ...]) -> tuple[Control, ...]:
        return tuple(replace(control, is_visible=True) for control in controls)

    return replace(
        group, fields=show(group.fields), buttons=show(group.buttons), links_inside=show(group.links_inside),
        links_near=show(group.links_near), heading=group.unseen_heading or group.heading,
        heading_distance=0 if group.unseen_heading else group.heading_distance,
    )  # fmt: skip


def _is_twin(field: Control, before: Control) -> bool:
    """Whether a password is the masked or unmasked twin of the one before: in the same place, or nameless beside it."""
    one, other = field.element.box, before.element.box
    if one and other and abs(one.x - other.x) < TWIN_PIXELS and abs(one.y - other.y) < TWIN_PIXELS:
        return True
    is_nameless = not field.identifiers.strip() and bool(before.identifiers.strip())
    return is_nameless and field.bits == before.bits and bool(field.text) and field.order == before.order + 1


TWIN_PIXELS: Final = 4.0
"""CSS pixels between the corners of two fields of which only one can be meant."""


class Frame(Struct, frozen=True, kw_only=True):
    """One frame; `path` is the selector prefix that leads to it ('' for the top document)."""

    path: str
    offset: tuple[float, float]
    language: str
    page: Mapping[str, Any]
    is_covered: bool


@dataclass(slots=True, kw_only=True)
class Snapshot:
    """A whole page. `hidden` lists what could not be looked into, in words."""

    frames: list[Frame] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    buttons: list[Control] = field(default_factory=list)
    links: list[Control] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)


def read_snapshot(facts: Facts) -> Snapshot:
    """The facts of a page (schema in `dom_probes/collect_page.js`, frames as the visit assembles them) as objects."""
    snapshot = Snapshot()
    paths: list[str] = []
    for raw in facts.get("frames") or ():
        parent = raw.get("parent")
        above = paths[parent] if isinstance(parent, int) and 0 <= parent < len(paths) else ""
        owner = raw.get("owner_selector")
        path = f"{above}{owner} >>> " if owner else above
        paths.append(path)
        page = raw.get("page")
        if isinstance(page, Mapping):
            _read_frame(snapshot, page, path, raw)
    return snapshot


def _read_frame(snapshot: Snapshot, page: Mapping[str, Any], path: str, raw: Mapping[str, Any]) -> None:
    offset = raw.get("offset") or (0.0, 0.0)
    language = str(page.get("lang") or "").lower().replace("_", "-").split("-")[0][:3]
    frame = Frame(
        path=path,
        offset=(float(offset[0]), float(offset[1])),
        language=language,
        page=page,
        is_covered=bool(raw.get("covered_by")),
    )
    snapshot.frames.append(frame)
    buttons = [_read_control(each, frame, is_pressed=True) for each in page.get("buttons") or ()]
    links = [_read_control(each, frame, is_pressed=True) for each in page.get("links") or ()]
    fields = [_read_control(each, frame) for each in page.get("fields") or ()]
    snapshot.buttons.extend(buttons)
    snapshot.links.extend(links)
    raw_groups = list(page.get("groups") or ())
    starts = sorted(each.get("order", 0) for each in raw_groups)
    for index, each in enumerate(raw_groups):
        own_fields = settle_types([control for control in fields if control.raw.get("group") == index])
        own_buttons = tuple(control for control in buttons if control.raw.get("group") == index)
        first, last = int(each.get("order", 0)), int(each.get("last_order", 0))
        following = next((start for start in starts if start > last), 1 << 30)
        heading, distance = _heading_of(page, own_fields, first)
        if not any(button.is_visible for button in own_buttons):
            own_buttons += tuple(_buttons_after(buttons, last, following))
        snapshot.groups.append(
            Group(
                index=len(snapshot.groups),
                frame=frame,
                raw=each,
                element=_element(each, frame),
                fields=own_fields,
                buttons=own_buttons,
                links_inside=tuple(link for link in links if first <= link.order <= last),
                links_near=tuple(_links_after(links, last, min(last + NEAR, following))),
                heading=heading,
                heading_distance=distance,
                unseen_heading=_unseen_heading_of(page, own_fields, first) if each.get("is_unseen") else "",
            )
        )


NEAR: Final = 12
"""Links, fields, buttons and headings after a form whose links still belong to it: "Forgot password?" stands below the
form on many pages (looked up on pages of the development corpus, 2026-11-24)."""


def _buttons_after(buttons: list[Control], last: int, end: int) -> Iterator[Control]:
    """The first visible buttons after a group without one that belong to no other group."""
    for button in buttons:
        if (
            last < button.order <= min(last + BUTTON_NEAR, end - 1)
            and button.is_visible
            and button.raw.get("group") is None
        ):
            yield button


BUTTON_NEAR: Final = 4
"""Links, fields, buttons and headings after a form's end within which its button may stand: scripts send such forms."""


def _links_after(links: list[Control], last: int, end: int) -> Iterator[Control]:
    for link in links:
        if last < link.order <= end and link.is_visible:
            yield link


def _heading_of(page: Mapping[str, Any], fields: tuple[Control, ...], first: int) -> tuple[str, int]:
    """The last visible heading before the first field that takes input, and how many elements it is away."""
    start = next((each.order for each in fields if each.is_visible and each.type in CODE_TYPES), first)
    text, distance = "", 999
    for heading in page.get("headings") or ():
        order = int(heading.get("order", 0))
        if order < start and not heading.get("hidden") and heading.get("text"):
            text, distance = str(heading["text"]), start - order
    return text, distance


def _unseen_heading_of(page: Mapping[str, Any], fields: tuple[Control, ...], first: int) -> str:
    """The heading above the fields of a part that is not shown: a part of it, as little shown as they are."""
    start = next((each.order for each in fields if each.type in CODE_TYPES), first)
    near = [
        str(heading["text"])
        for heading in page.get("headings") or ()
        if heading.get("hidden") and heading.get("text") and 0 < start - int(heading.get("order", 0)) <= NEAR
    ]
    return near[-1] if near else ""


def settle_types(fields: Sequence[Control]) -> tuple[Control, ...]:
    """The fields of a group with their types as what they ask for: a masked user name or one-time code is typed text, a
    list to choose from is no text field, and boxes for one letter each are no passwords of their own.
    """
    passwords = [field for field in fields if field.type == "password"]
    is_alone = not any(field.is_visible and field.type in TEXT_TYPES for field in fields)
    settled = tuple(_settle(field, passwords, is_alone=is_alone) for field in fields)
    return _without_shared_names(settled)


CODE_LENGTH: Final = 8
"""Digits of the longest one-time codes that are usual (RFC 4226 gives 6 to 8)."""


def _settle(field: Control, passwords: list[Control], *, is_alone: bool) -> Control:
    says = field.any_bits
    if field.type == "password":
        others = [each for each in passwords if each is not field and each.is_visible == field.is_visible]
        if field.raw.get("maxlength") == 1 and any(each.raw.get("maxlength") == 1 for each in others):
            return replace(field, type="letter")
        if _is_masked_code(field, others, is_alone=is_alone) or _is_masked_name(field, others):
            return replace(field, type="text")
    elif field.type in TEXT_TYPES and field.raw.get("role") == "combobox":
        named = bit_of("username") | bit_of("email") | bit_of("customer") | bit_of("login")
        if not says & named and not {"username", "email"} & set(field.autocomplete):
            return replace(field, type="combobox")
    return field


def _is_masked_code(field: Control, others: list[Control], *, is_alone: bool) -> bool:
    """Whether a field of type password takes a one-time code: its markup or its words say so, and not "password" as
    well, or the word that means both stands beside a field that is called password and nothing else.
    """
    if "one-time-code" in field.autocomplete:
        return True
    words = field.bits or field.near_bits
    if not (words | field.ids) & bit_of("otp") or "current-password" in field.autocomplete:
        return False
    secret = bit_of("password") | bit_of("pin")
    # "one-time password", for a few digits, on a page that asks for nothing else
    is_short = is_alone and (
        field.raw.get("inputmode") == "numeric" or 0 < (field.raw.get("maxlength") or 0) <= CODE_LENGTH
    )
    is_plain = any((each.bits or each.near_bits) & secret and not each.any_bits & bit_of("otp") for each in others)
    return is_plain or is_short if (words | field.ids) & secret else True


def _is_masked_name(field: Control, others: list[Control]) -> bool:
    """Whether a field of type password takes the user name: it says so, and a password comes after it."""
    if not any(each.order > field.order for each in others):
        return False
    if "username" in field.autocomplete or "email" in field.autocomplete:
        return True
    words = field.bits or field.near_bits or field.ids
    names = bit_of("username") | bit_of("email") | bit_of("customer") | bit_of("phone")
    return bool(words & names) and not words & (bit_of("password") | bit_of("pin") | bit_of("confirm"))


_NAME_PART: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
SHARING: Final = 3
"""Fields whose ids begin alike before what they share says nothing of any of them: two are often called user and
userpass."""


def _without_shared_names(fields: tuple[Control, ...]) -> tuple[Control, ...]:
    """The fields, read anew without the parts that the ids or names of three and more of them begin with: of
    memberLogin, memberLastName and memberPin only the ends tell them apart.
    """
    typed = [field for field in fields if field.type in CODE_TYPES]
    if len(typed) < SHARING:
        return fields
    shorter: dict[int, str] = {}
    for key in ("id", "name"):
        named = [(field, _NAME_PART.findall(str(field.raw.get(key) or ""))) for field in typed]
        if any(not parts for _, parts in named):
            continue
        shared = 0
        while all(len(parts) > shared + 1 and parts[shared] == named[0][1][shared] for _, parts in named):
            shared += 1
        if shared and len("".join(named[0][1][:shared])) > SHARING:
            for field, parts in named:
                shorter[id(field)] = f"{shorter.get(id(field), '')} {' '.join(parts[shared:])}".strip()
    return tuple(
        replace(field, ids=read_identifier(shorter[id(field)])) if id(field) in shorter else field for field in fields
    )


def _read_control(raw: Mapping[str, Any], frame: Frame, *, is_pressed: bool = False) -> Control:
    own = [str(raw.get(key) or "") for key in ("label", "aria_label", "placeholder", "title", "text")]
    text = " | ".join(dict.fromkeys(part for part in own if part))
    near = str(raw.get("before") or "") if "before" in raw else ""
    if raw.get("type") in {"checkbox", "radio"}:
        near = f"{raw.get('after') or ''}"
    keys = ("id", "name", "class") if is_pressed else ("id", "name")
    identifiers = " ".join(str(raw.get(key) or "") for key in keys)
    language = frame.language
    hidden = str(raw.get("hidden") or "")
    if raw.get("inert"):
        hidden = hidden or "inert"
    return Control(
        type="password" if raw.get("is_masked") else str(raw.get("type") or _type_of_pressed(raw)),
        order=int(raw.get("order") or 0),
        element=_element(raw, frame, text or near),
        is_visible=not hidden,
        hidden=hidden,
        text=text,
        near=near,
        identifiers=identifiers,
        bits=read_text(text, language),
        ids=read_identifier(identifiers, language),
        near_bits=read_text(near, language),
        autocomplete=read_autocomplete(str(raw.get("autocomplete") or "")),
        raw=raw,
    )


def _type_of_pressed(raw: Mapping[str, Any]) -> str:
    """Links are "a"; what scripts make buttons of has no type."""
    tag = str(raw.get("tag") or "a")
    return "a" if "href" in raw and tag == "a" else ""


def read_autocomplete(value: str) -> tuple[str, ...]:
    """The tokens of an autocomplete attribute that name a field (HTML, "autofill"): sections and hints left out."""
    tokens = value.lower().split()
    skipped = {"shipping", "billing", "home", "work", "mobile", "fax", "pager"}
    return tuple(token for token in tokens if token not in skipped and not token.startswith("section-"))


def _element(raw: Mapping[str, Any], frame: Frame, label: str = "") -> Element:
    box = raw.get("box")
    placed = None
    if isinstance(box, Mapping):
        placed = Box(
            x=float(box.get("x", 0)) + frame.offset[0],
            y=float(box.get("y", 0)) + frame.offset[1],
            width=float(box.get("width", 0)),
            height=float(box.get("height", 0)),
        )
    return Element(selector=frame.path + str(raw.get("selector") or ""), box=placed, label=label[:120])
