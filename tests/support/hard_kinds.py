"""Hard pages by kind, each kind in many languages and in builds of its own, as entries for a labelled corpus.

Kinds: what users of password managers report as wrong (public trackers, 2015 to 2026), told anew. A page's build
follows from its place, so that the languages of a kind differ in markup as well as in words; no page is anybody's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from tests.support.hard_words import WORDS, Words

Labels = dict[str, str]
RIGHT_TO_LEFT: Final = frozenset({"ar"})


class HardPage(NamedTuple):
    """One page: its kind for the corpus (login, signup, other), its markup, its labels as selectors by role."""

    kind: str
    html: str
    labels: Labels


Row = Callable[[str, str], str]


def _tied(label: str, control: str) -> str:
    name = control.split("id=")[1].split(" ", maxsplit=1)[0].rstrip(">")
    return f"<p><label for={name}>{label}</label><br>{control}</p>"


def _around(label: str, control: str) -> str:
    return f"<div class=row><label>{label} {control}</label></div>"


def _beside(label: str, control: str) -> str:
    return f"<tr><td>{label}</td><td>{control}</td></tr>"


def _shown_inside(label: str, control: str) -> str:
    return f"<div class=field>{control.replace('>', f' placeholder={_quoted(label)}>', 1)}</div>"


def _spoken(label: str, control: str) -> str:
    return f"<span>{control.replace('>', f' aria-label={_quoted(label)}>', 1)}</span>"


def _above(label: str, control: str) -> str:
    return f"<div><div>{label}</div><div>{control}</div></div>"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', "&quot;") + '"'


ROWS: Final[tuple[Row, ...]] = (_tied, _around, _beside, _shown_inside, _spoken, _above)


class Build(NamedTuple):
    """How a page is put together: its rows, its button, its form, and what its fields are called."""

    row: Row
    button: str
    form: str
    names: tuple[str, str]

    def rows(self, *rows: tuple[str, str]) -> str:
        """Fields with their labels."""
        text = "".join(self.row(label, control) for label, control in rows)
        return f"<table>{text}</table>" if self.row is _beside else text

    def press(self, words: str) -> str:
        """The button that sends."""
        return self.button.replace("WORDS", words)

    def wrap(self, inside: str) -> str:
        """The form."""
        return self.form.replace("INSIDE", inside)


BUTTONS: Final = (
    "<button id=s>WORDS</button>",
    "<input type=submit id=s value='WORDS'>",
    "<button id=s type=button>WORDS</button>",
    "<div id=s role=button tabindex=0>WORDS</div>",
    "<a id=s class='btn btn-primary' href='javascript:void(0)'>WORDS</a>",
    "<div id=s class=button style='cursor:pointer' onclick='void 0'>WORDS</div>",
)
FORMS: Final = (
    "<form method=post action=/x>INSIDE</form>",
    "<div class=box>INSIDE</div>",
    "<form onsubmit='return false'>INSIDE</form>",
    "<section><div>INSIDE</div></section>",
)
NAMES: Final = (
    ("email", "password"),
    ("u", "p"),
    ("f1", "f2"),
    ("textfield-1062", "textfield-1063"),
    ("j_username", "j_password"),
)


def _build(place: int) -> Build:
    """Builds in turn: the counts have no common divisor, so that all combinations come."""
    return Build(
        row=ROWS[place % len(ROWS)],
        button=BUTTONS[(place * 5 + place // 6) % len(BUTTONS)],
        form=FORMS[(place * 3 + place // 4) % len(FORMS)],
        names=NAMES[place % len(NAMES)],
    )


def _field(name: str, kind: str, extra: str = "") -> str:
    return f"<input id={name} name={name} type={kind}{' ' + extra if extra else ''}>"


def _login(words: Words, build: Build) -> tuple[str, Labels]:
    user, password = build.names
    fields = build.rows((words.email, _field(user, "text")), (words.password, _field(password, "password")))
    html = f"<h2>{words.login}</h2>" + build.wrap(
        f"{fields}{build.press(words.login)}<p><a href=/f>{words.forgot}</a></p>"
    )
    return html, {"username": f"#{user}", "password_current": f"#{password}", "submit": "#s"}


def _whole(words: Words, build: Build) -> HardPage:
    html, labels = _login(words, build)
    return HardPage("login", html, labels)


def _first_step(words: Words, build: Build) -> HardPage:
    html = f"<h1>{words.login}</h1>" + build.wrap(
        f"{build.rows((words.email, _field(build.names[0], 'email')))}{build.press(words.on)}"
    )
    html += f"<p>{words.no} <a href=/new>{words.signup}</a></p>"
    return HardPage("login", html, {"username": f"#{build.names[0]}", "submit": "#s"})


def _step_elsewhere(heading: str, button: str, words: Words, build: Build) -> HardPage:
    html = f"<title>{heading}</title><h1>{heading}</h1><p>{words.have} <a href=/in>{words.login}</a></p>" + build.wrap(
        f"{build.rows((words.email, _field('e', 'email')))}{build.press(button)}"
    )
    return HardPage("other", html, {})


def _signup_step(words: Words, build: Build) -> HardPage:
    return _step_elsewhere(words.signup, words.on, words, build)


def _guest_checkout(words: Words, build: Build) -> HardPage:
    return _step_elsewhere(words.track, words.guest, words, build)


def _tracking(words: Words, build: Build) -> HardPage:
    return _step_elsewhere(words.track, words.on, words, build)


def _code_as_password(words: Words, build: Build) -> HardPage:
    code = _field("code", "password", "maxlength=6 inputmode=numeric")
    html = f"<h1>{words.code}</h1>" + build.wrap(f"{build.rows((words.code, code))}{build.press(words.on)}")
    return HardPage("other", html, {})


def _code_beside(words: Words, build: Build) -> HardPage:
    user, password = build.names
    fields = build.rows(
        (words.user, _field(user, "text")),
        (words.password, _field(password, "password")),
        (words.code, _field("c3", "password", "autocomplete=one-time-code")),
    )
    html = f"<h1>{words.login}</h1>" + build.wrap(f"{fields}{build.press(words.login)}")
    return HardPage("login", html, {"username": f"#{user}", "password_current": f"#{password}", "submit": "#s"})


def _shut(words: Words, build: Build) -> HardPage:
    inside, labels = _login(words, build)
    html = f"<p>{words.search} <input type=search id=q></p><div id=box style='display:none'>{inside}</div>"
    return HardPage("login", f"<button aria-controls=box>{words.login}</button>{html}", labels)


def _signup_with_switch(words: Words, build: Build) -> HardPage:
    user, password = build.names
    fields = build.rows(
        (words.email, _field(user, "email")),
        (words.password, _field(password, "password", "autocomplete=new-password")),
        (words.repeat, _field("again", "password", "autocomplete=new-password")),
    )
    switch = f"<button type=button>{words.login}</button>"
    html = f"<h1>{words.signup}</h1>" + build.wrap(f"{fields}{build.press(words.on)}<p>{words.have} {switch}</p>")
    return HardPage("signup", html, {"password_new": f"#{password}"})


def _search_above(words: Words, build: Build) -> HardPage:
    inside, labels = _login(words, build)
    html = f"<header><b>Shop</b> <input id=hs placeholder={_quoted(words.search)}></header><main>{inside}</main>"
    return HardPage("login", html, labels)


def _list_above(words: Words, build: Build) -> HardPage:
    inside, labels = _login(words, build)
    html = f"<div class=all><div><select aria-label=A><option>A<option>B</select></div><div>{inside}</div></div>"
    return HardPage("login", html, labels)


def _masked_name(words: Words, build: Build) -> HardPage:
    user, password = build.names
    fields = build.rows((words.user, _field(user, "password")), (words.password, _field(password, "password")))
    html = f"<h1>{words.login}</h1>" + build.wrap(f"{fields}{build.press(words.login)}")
    return HardPage("login", html, {"username": f"#{user}", "password_current": f"#{password}", "submit": "#s"})


def _drawn_over(words: Words, build: Build) -> HardPage:
    def drawn(label: str, name: str, kind: str) -> str:
        style = "position:absolute;inset:0;opacity:0;width:100%"
        box = "position:absolute;inset:0;border:1px solid #567"
        control = f"<input id={name} type={kind} aria-label={_quoted(label)} style='{style}'>"
        return f"<div style='position:relative;height:40px;width:300px'><div style='{box}'>{label}</div>{control}</div>"

    fields = drawn(words.user, "a1", "text") + drawn(words.password, "a2", "password")
    html = f"<h1>{words.login}</h1>" + build.wrap(f"{fields}{build.press(words.login)}")
    return HardPage("login", html, {"username": "#a1", "password_current": "#a2", "submit": "#s"})


TRAPS: Final = (
    "position:absolute;clip-path:inset(50%)",
    "position:absolute;left:-5000px",
    "opacity:.01;position:absolute",
    "height:0;overflow:hidden",
    "display:grid;grid-template-rows:0fr;overflow:clip;height:0",
    "position:absolute;clip:rect(0,0,0,0)",
)


def _trap(words: Words, build: Build) -> HardPage:
    inside, labels = _login(words, build)
    trap = TRAPS[ROWS.index(build.row)]
    pot = f"<div style='{trap}'><input name=username id=h1><input type=password name=password id=h2></div>"
    marker = "<form method=post action=/x>" if "<form method=post action=/x>" in inside else "</h2>"
    return HardPage("login", inside.replace(marker, marker + pot, 1), labels)


def _fades_in(words: Words, build: Build) -> HardPage:
    inside, labels = _login(words, build)
    style = "<style>.late{animation:in .3s .3s both}@keyframes in{from{opacity:0}}</style>"
    return HardPage("login", f"{style}<div class=late>{inside}</div>", labels)


KINDS: Final[dict[str, Callable[[Words, Build], HardPage]]] = {
    "whole": _whole,
    "first-step": _first_step,
    "signup-step": _signup_step,
    "guest": _guest_checkout,
    "track": _tracking,
    "code-as-password": _code_as_password,
    "code-beside": _code_beside,
    "shut": _shut,
    "switch": _signup_with_switch,
    "search-above": _search_above,
    "list-above": _list_above,
    "masked-name": _masked_name,
    "drawn": _drawn_over,
    "trap": _trap,
    "fades-in": _fades_in,
}
EVERY: Final = 2
"""A kind takes every second language, beginning with another one each: thirteen languages a kind, all languages in
turn."""


def hard_kinds() -> Iterator[tuple[str, str, HardPage]]:
    """The pages, as (id, language, page)."""
    for number, (kind, make) in enumerate(KINDS.items()):
        for place, (language, words) in enumerate(WORDS.items()):
            if (place + number) % EVERY == 0:
                page = make(words, _build(place + number * 7))
                direction = " dir=rtl" if language in RIGHT_TO_LEFT else ""
                yield (
                    f"{kind}-{language}",
                    language,
                    page._replace(html=f"<html lang={language}{direction}>{page.html}"),
                )
