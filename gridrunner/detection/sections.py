"""One `<form>` around a whole page, two logins in one dialog: groups are cut into the parts that each do one thing.

Many servers wrap search, login and newsletter into one form, and script-built pages have none at all. A part is the
smallest container of a password that also holds a text field before it and a button after it. Two such parts are two
groups; a single one is cut out only where the fields left over have a button of their own. In the other direction, a
loose password without a text field takes in the loose text fields just before it. Invariant: every control stays in
exactly one group, and a form that does one thing stays whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec.structs import replace

from gridrunner.detection.fields import is_one_line
from gridrunner.detection.snapshot import TEXT_TYPES, Control, Group, Snapshot, read_snapshot
from gridrunner.detection.submit import looks_like_button
from gridrunner.detection.words import bit_of
from gridrunner.model import Facts

_NOT_SENDING: Final = ("show", "forgot", "sso", "captcha", "guest")


def read_page(facts: Facts) -> Snapshot:
    """The facts of a page as objects, its groups cut into parts that do one thing each."""
    snapshot = read_snapshot(facts)
    snapshot.groups = cut_groups(snapshot.groups)
    return snapshot


def cut_groups(groups: Iterable[Group]) -> list[Group]:
    """The groups, cut and joined, numbered anew in their order."""
    by_frame: dict[int, list[Group]] = {}
    for group in groups:
        by_frame.setdefault(id(group.frame), []).append(group)
    parts = [part for each in by_frame.values() for group in _join_loose(_join_rows(each)) for part in _cut(group)]
    return [replace(part, index=index) for index, part in enumerate(parts)]


def _typed(group: Group) -> list[Control]:
    kinds = TEXT_TYPES | {"password"}
    return [field for field in group.fields if field.is_visible and field.type in kinds]


def _sends(button: Control) -> bool:
    """Whether a button could send a form, as against showing a password or opening another way in."""
    if not button.is_visible or button.type == "reset":
        return False
    bits = button.bits | button.ids
    if any(bits & bit_of(concept) for concept in _NOT_SENDING):
        return False
    return button.type in {"submit", "image"} or bool(button.text)


def _cut(group: Group) -> list[Group]:
    typed = _typed(group)
    passwords = [field for field in typed if field.type == "password"]
    if not passwords or len(typed) < 3:
        return [group]
    pressed = [*group.buttons, *(link for link in group.links_inside if looks_like_button(link))]
    senders = sorted((button for button in pressed if _sends(button)), key=lambda each: each.order)
    containers = _containers(typed, passwords, senders)
    if not containers:
        return _cut_halves(group, typed, passwords)
    if len(containers) == 1 and all(next(iter(containers)) in _chain(field) for field in typed):
        return _cut_halves(group, typed, passwords)
    inside = {container: [field for field in typed if container in _chain(field)] for container in containers}
    rest = [field for field in typed if not any(container in _chain(field) for container in containers)]
    if len(containers) == 1 and (not rest or not _stands_alone(next(iter(containers)), inside, rest, senders)):
        return [group]
    parts = [_part(group, container) for container in sorted(containers, key=lambda each: inside[each][0].order)]
    left_over = _left_over(group, containers)
    return parts + ([left_over] if left_over.fields else [])


def _cut_halves(group: Group, typed: list[Control], passwords: list[Control]) -> list[Group]:
    """A login and a registration side by side in one form with one button: its halves, each with that button."""
    if len(passwords) < 2:
        return [group]
    containers: list[int] = []
    for password in passwords:
        for container in _chain(password):
            if any(container in _chain(field) for field in typed if field.type != "password"):
                if container not in containers:
                    containers.append(container)
                break
    held = [[field for field in typed if container in _chain(field)] for container in containers]
    is_apart = len(containers) == 2 and sum(map(len, held)) == len(typed) and held[0][-1].order < held[1][0].order
    if not is_apart or [field.type for field in held[0]].count("password") == len(passwords):
        return [group]
    marks = bit_of("new_password") | bit_of("confirm")
    is_new = [any(field.any_bits & marks for field in half) for half in held]
    if is_new[0] == is_new[1]:
        return [group]
    return [_part(group, container, shared=group.buttons) for container in containers]


def _chain(control: Control) -> Sequence[int]:
    chain = control.raw.get("chain") or ()
    return chain if isinstance(chain, (list, tuple)) else ()


def _containers(typed: list[Control], passwords: list[Control], senders: list[Control]) -> set[int]:
    """The smallest complete container of each password; one inside of another gives way to the outer one."""
    found: set[int] = set()
    for password in passwords:
        chain = _chain(password)
        for container in chain:
            has_text = any(container in _chain(field) for field in typed if field.type != "password")
            has_sender = any(container in _chain(button) and button.order > password.order for button in senders)
            if has_text and has_sender:
                found.add(container)
                break
        else:
            return set()  # a password that belongs to no complete part: leave the group whole
    outer = set(found)
    for container in found:
        for password in passwords:
            chain = _chain(password)
            if container in chain:
                outer -= {each for each in found if each != container and each in chain[: chain.index(container)]}
    return outer


def _stands_alone(
    container: int, inside: dict[int, list[Control]], rest: list[Control], senders: list[Control]
) -> bool:
    """Whether the fields left over do something of their own: a button of theirs, and the part's speaks of logging
    in.
    """
    part = inside[container]
    first, last = part[0].order, part[-1].order
    own = [button for button in senders if container in _chain(button) and button.order > last]
    if not own or not any((button.bits | button.ids) & bit_of("login") for button in own):
        return False
    before = [field for field in rest if field.order < first]
    after = [field for field in rest if field.order > last]
    others = [button for button in senders if container not in _chain(button)]
    is_closed_before = (
        not before or any(before[-1].order < button.order < first for button in others) or _is_aside(before)
    )
    is_closed_after = not after or any(button.order > after[0].order for button in others) or _is_aside(after)
    return is_closed_before and is_closed_after


def _is_aside(fields: list[Control]) -> bool:
    aside = bit_of("search") | bit_of("newsletter")
    return all(field.type == "search" or field.any_bits & aside for field in fields)


def _part(group: Group, container: int, shared: tuple[Control, ...] = ()) -> Group:
    """The part of a group inside of a container; `shared` are the buttons of a group that its parts have in common."""
    fields = tuple(field for field in group.fields if container in _chain(field))
    buttons = shared or tuple(button for button in group.buttons if container in _chain(button))
    first = min(control.order for control in (*fields, *buttons))
    last = max(control.order for control in (*fields, *buttons))
    password = next(field for field in fields if field.type == "password" and field.is_visible)
    raw: dict[str, Any] = dict(group.raw)
    raw.update(
        is_part=True,
        order=first,
        last_order=last,
        above=password.raw.get("above") or "",
        text=" ".join(control.text for control in (*fields, *buttons) if control.is_visible)[:600],
    )
    between = tuple(link for link in (*group.links_inside, *group.links_near) if first - 2 <= link.order <= last + 4)
    return replace(group, fields=fields, buttons=buttons, raw=raw, links_inside=between, links_near=())


def _left_over(group: Group, containers: set[int]) -> Group:
    def is_left(control: Control) -> bool:
        return not any(container in _chain(control) for container in containers)

    fields = tuple(field for field in group.fields if is_left(field))
    raw = dict(group.raw, is_part=True, text="")
    return replace(group, fields=fields, buttons=tuple(button for button in group.buttons if is_left(button)), raw=raw)


def _join_rows(groups: list[Group]) -> list[Group]:
    """Forms of a single field, joined where one asks for a name, the next for a password and the last only sends: pages
    that give each row of a table its form, and copy the values into a third.
    """
    ordered = sorted(groups, key=lambda each: int(each.raw.get("order") or 0))
    result: list[Group] = []
    while ordered:
        first = ordered.pop(0)
        if len(ordered) > 1 and _are_rows(first, ordered[0], ordered[1]):
            second, third = ordered.pop(0), ordered.pop(0)
            raw: dict[str, Any] = dict(third.raw, order=first.raw.get("order"), above=first.raw.get("above"))
            raw["text"] = " ".join(str(each.raw.get("text") or "") for each in (first, second, third))
            result.append(
                replace(
                    third, raw=raw, fields=first.fields + second.fields + third.fields, heading=first.heading,
                    heading_distance=first.heading_distance,
                )
            )  # fmt: skip
        else:
            result.append(first)
    return result


def _are_rows(first: Group, second: Group, third: Group) -> bool:
    if not (first.is_form and second.is_form and third.is_form):
        return False
    names, passwords = _typed(first), _typed(second)
    is_pair = len(names) == 1 and names[0].type in TEXT_TYPES and [each.type for each in passwords] == ["password"]
    sends_itself = any(button.raw.get("group") is not None for button in (*first.buttons, *second.buttons))
    return is_pair and not sends_itself and not _typed(third) and any(_sends(button) for button in third.buttons)


def _join_loose(groups: list[Group]) -> list[Group]:
    """Loose passwords without a text field, joined with the loose text fields that stand just before them."""
    result: list[Group] = []
    for group in sorted(groups, key=lambda each: int(each.raw.get("order") or 0)):
        before = result[-1] if result else None
        if before is not None and _belong_together(before, group):
            raw = dict(
                group.raw, order=before.raw.get("order"), above=before.raw.get("above") or group.raw.get("above")
            )
            raw["text"] = f"{before.raw.get('text') or ''} {group.raw.get('text') or ''}"
            links = {id(link): link for link in (*before.links_inside, *group.links_inside)}
            result[-1] = replace(
                group, raw=raw, fields=before.fields + group.fields, buttons=before.buttons + group.buttons,
                links_inside=tuple(links.values()), heading=before.heading, heading_distance=before.heading_distance,
            )  # fmt: skip
        else:
            result.append(group)
    return result


def _are_interleaved(previous: list[Control], typed: list[Control]) -> bool:
    """Whether a password of one group stands between the fields of the other, and both have one: a sign-up whose rows
    are grouped by what is beside them.
    """
    passwords = [field for field in typed if field.type == "password"]
    if not passwords or not any(field.type == "password" for field in previous):
        return False
    return previous[0].order < passwords[0].order < previous[-1].order


def _belong_together(before: Group, group: Group) -> bool:
    if before.is_form or group.is_form or before.frame is not group.frame:
        return False
    typed, previous = _typed(group), _typed(before)
    if _are_interleaved(previous, typed):
        return True
    if not typed or any(field.type != "password" for field in typed):
        return False
    aside = bit_of("search") | bit_of("newsletter")
    is_name = 1 <= len(previous) <= 2 and all(
        field.type in TEXT_TYPES - {"search", "textarea"} or (field.type == "textarea" and is_one_line(field))
        for field in previous
    )
    return is_name and not any(control.any_bits & aside for control in (*previous, *before.buttons))
