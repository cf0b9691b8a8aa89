"""Facts as the collector would write them, put together by hand: `page(form(field(…), button(…)))`."""

from __future__ import annotations

from typing import Any

Raw = dict[str, Any]


def field(kind: str = "text", *, label: str = "", name: str = "", **more: Any) -> Raw:
    return {
        "what": "fields",
        "type": kind,
        "label": label,
        "name": name,
        "id": more.pop("id", ""),
        "hidden": "",
        **more,
    }


def button(text: str, *, kind: str = "submit", **more: Any) -> Raw:
    return {"what": "buttons", "type": kind, "text": text, "id": "", "name": "", "hidden": "", **more}


def link(text: str, href: str = "/", **more: Any) -> Raw:
    return {"what": "links", "text": text, "href": href, "id": "", "class": "", "hidden": "", **more}


def heading(text: str) -> Raw:
    return {"what": "headings", "tag": "h1", "text": text, "hidden": ""}


def form(*members: Raw, **more: Any) -> Raw:
    return {"what": "groups", "members": members, "is_form": True, "hidden_inputs": [], **more}


def page(*parts: Raw, title: str = "", lang: str = "en", frames: list[Raw] | None = None) -> Raw:
    """One frame's facts. Order, group, selector and box are filled in by place."""
    facts: Raw = {key: [] for key in ("fields", "buttons", "links", "headings", "groups", "frames")}
    facts.update(title=title, lang=lang, url="https://example.org/", page_size=[1366, 900], frames=frames or [])
    order = 0

    def place(part: Raw, group: int | None) -> None:
        nonlocal order
        order += 1
        what = part.pop("what")
        part = {"order": order, "selector": f"#e{order}", **part}
        part.setdefault("box", {"x": 10, "y": 30 * order, "width": 200, "height": 24})
        if what in {"fields", "buttons"}:
            part.setdefault("group", group)
            part.setdefault("chain", [1000 + (group or 0), 1])
        facts[what].append(part)

    for part in parts:
        if part["what"] != "groups":
            place(part, None)
            continue
        members = part.pop("members")
        raw = {key: value for key, value in part.items() if key != "what"}
        first, index = order + 1, len(facts["groups"])
        facts["groups"].append(raw)
        for member in members:
            place(member, index)
        raw.setdefault("box", {"x": 0, "y": 0, "width": 400, "height": 300})
        raw.update(order=first, last_order=order, selector=f"#group{index}", form_order=index)
    return facts


def whole(top: Raw, *frames: Raw, closed_roots: list[Raw] | None = None) -> Raw:
    """The facts of a page: its top frame, and further frames as the visit describes them."""
    first = {
        "frame_id": "top",
        "parent": None,
        "owner_selector": None,
        "offset": [0, 0],
        "is_readable": True,
        "page": top,
    }
    return {"version": 1, "url": top["url"], "frames": [first, *frames], "closed_roots": closed_roots or []}


def login(**more: Any) -> Raw:
    return form(
        field(label="User name", name="user"),
        field("password", label="Password", name="pass"),
        field("checkbox", label="Remember me", name="remember"),
        button("Log in"),
        link("Forgot password?", "/forgot"),
        id="login",
        method="post",
        **more,
    )


def signup() -> Raw:
    return form(
        field(label="First name", name="first"),
        field("email", label="E-mail", name="mail"),
        field("password", label="Choose a password", name="p1", autocomplete="new-password"),
        field("password", label="Repeat password", name="p2", autocomplete="new-password"),
        field("checkbox", label="I agree to the terms"),
        button("Create account"),
        id="register",
        method="post",
        action="/register",
    )
