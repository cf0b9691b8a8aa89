"""Steps of a login made from whole ones: real pages that ask for a name alone are one labelled page in fifty.

A whole login is taken apart as sites do it: the name without the password (and then, as many sites have it, with a
button that only goes on or says nothing, without the words of forgotten passwords, without telling ids), and the
password without the name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec.structs import replace

from gridrunner.detection.snapshot import Control, Group
from gridrunner.detection.submit import find_submit
from gridrunner.detection.words import bit_of

NEXT: Final = "Next"
TELLING: Final[dict[str, Any]] = {
    "id": "", "name": "", "class": "", "action": "", "onsubmit": "", "context": ""
}  # fmt: skip


def identifier_steps(group: Group) -> Iterator[Group]:
    """The first steps that a whole login could have: as it is, with a button that says "Next",
    without telling ids as well, and with a button that says nothing (an arrow).
    """
    name = _name_of(group)
    if name is None:
        return
    hidden = tuple(field for field in group.fields if not field.is_visible and field.type != "password")
    plain = replace(group, fields=(name, *hidden), raw=dict(group.raw, text=""))
    yield plain
    submit = find_submit(group)
    if submit is not None and submit not in group.buttons:
        return  # a link that sends stays what it is
    forgot = bit_of("forgot")
    going_on = replace(
        plain,
        buttons=tuple(_says(each, NEXT, bit_of("next")) if each is submit else each for each in group.buttons),
        links_inside=tuple(link for link in group.links_inside if not (link.bits | link.ids) & forgot),
        links_near=tuple(link for link in group.links_near if not (link.bits | link.ids) & forgot),
    )
    yield going_on
    yield replace(going_on, raw=dict(going_on.raw, **TELLING))
    yield replace(
        going_on, buttons=tuple(_says(each, "", 0) if each.text == NEXT else each for each in going_on.buttons)
    )


def _name_of(group: Group) -> Control | None:
    if len(group.passwords) != 1:
        return None
    before = [field for field in group.texts if field.order < group.passwords[0].order]
    return before[-1] if before else None


def _says(button: Control, text: str, bits: int) -> Control:
    return replace(button, text=text, bits=bits, ids=0, raw=dict(button.raw, text=text))


def password_step(group: Group) -> Group | None:
    """The second step of a whole login: its password and what belongs to it."""
    if len(group.passwords) != 1:
        return None
    texts = {id(each) for each in group.texts}
    fields = tuple(each for each in group.fields if id(each) not in texts)
    return replace(group, fields=fields, raw=dict(group.raw, text=""))
