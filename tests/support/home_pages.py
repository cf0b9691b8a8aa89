"""Replica home pages of domains: a build (where the login is, or what stands for one) in the words of a language, each
under a host name of its own. `home_server` serves them.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

Words = Mapping[str, str]

WORDS: Mapping[str, Words] = json.loads((Path(__file__).parent / "home_words.json").read_text(encoding="utf-8"))[
    "languages"
]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a path answers; `is_once`: only to a token that the home page gave out, and once."""

    body: str = ""
    status: int = 200
    kind: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    is_once: bool = False


Answer = str | Reply | None
Pages = Mapping[str, str | Reply]


@dataclass(frozen=True, kw_only=True)
class Home:
    """A domain. `login` is the page (host label and path) where its login is, "" where there is none; `pages` by path,
    those of a subdomain as `label:/path`; `otherwise` is what every other path answers.
    """

    build: str
    language: str
    pages: Pages
    login: str = ""
    otherwise: Answer = None

    @property
    def host(self) -> str:
        return f"{self.build}-{self.language}.demo.localhost"


def page(words: Words, language: str, body: str, *, header: str = "") -> str:
    return (
        f"<!doctype html><html lang={language}><meta charset=utf-8><title>{words['news'][:20]}</title>"
        f"<style>header,nav{{display:flex;gap:12px}}[hidden]{{display:none}}</style>"
        f"<header><a href=/>Rosa</a><a href=/about>{words['news'][:12]}</a>{header}</header>"
        f"<main><h1>Rosa</h1><p>{words['news']}</p>{body}</main><footer><a href=/imprint>Rosa GmbH</a></footer>"
    )


def login_form(words: Words) -> str:
    return (
        f"<form action=/session method=post><h2>{words['login']}</h2><label>{words['email']} "
        f"<input type=email name=email></label><label>{words['password']} "
        f"<input type=password name=password autocomplete=current-password></label>"
        f"<button>{words['login']}</button><a href=/reset>{words['forgot']}</a></form>"
    )


def first_step(words: Words) -> str:
    return (
        f"<form action=/next method=post><h2>{words['login']}</h2><label>{words['email']} "
        f"<input type=email name=email autocomplete=username></label><button>{words['login']}</button></form>"
    )


def signup_form(words: Words) -> str:
    return (
        f"<form action=/new method=post><h2>{words['signup']}</h2><label>{words['email']} <input type=email name=email>"
        f"</label><label>{words['password']} <input type=password name=pw1 autocomplete=new-password></label><label>"
        f"{words['password']} (2) <input type=password name=pw2 autocomplete=new-password></label>"
        f"<button>{words['signup']}</button></form>"
    )


USER_ICON = '<svg width=24 height=24 class="icon icon-user"><use href="#icon-user"/></svg>'


class Builds:
    """Every build, as a method, in the words of a language."""

    def __init__(self, language: str) -> None:
        self.language, self.words = language, WORDS[language]
        self.login = page(self.words, language, login_form(self.words))

    def _home(self, header: str = "", body: str = "") -> str:
        return page(self.words, self.language, body, header=header)

    def _link(self, path: str, word: str = "login", attributes: str = "") -> str:
        return f'<a href="{path}" {attributes}>{self.words[word]}</a>'

    def _make(self, build: str, home: str, login: str = "", pages: Pages | None = None, rest: Answer = None) -> Home:
        shown = {"/": home, **({} if not login or login == "/" else {login: self.login}), **(pages or {})}
        return Home(build=build, language=self.language, pages=shown, login=login, otherwise=rest)

    # ------------------------------------------------------------------------------------------------------- by a link

    def header_link(self) -> Home:
        return self._make("header", self._home(self._link("/members/enter")), "/members/enter")

    def beside_signup(self) -> Home:
        home = self._home(self._link("/join", "signup") + self._link("/go/in"))
        return self._make(
            "beside-signup", home, "/go/in", {"/join": page(self.words, self.language, signup_form(self.words))}
        )

    def first_step(self) -> Home:
        step = page(self.words, self.language, first_step(self.words))
        return self._make("first-step", self._home(self._link("/id")), "/id", {"/id": step})

    def rendered(self) -> Home:
        script = (
            "<script>fetch('/api/me').then((answer) => answer.json()).then(() => setTimeout(() => {"
            "const link = document.createElement('a'); link.href = '/in';"
            f"link.textContent = {json.dumps(self.words['login'])};"
            "document.querySelector('header').append(link); }, 100));</script>"
        )
        me = Reply(body="{}", kind="application/json")
        return self._make("rendered", self._home(body=script), "/in", {"/api/me": me})

    def in_shadow(self) -> Home:
        script = (
            "<site-header></site-header><script>customElements.define('site-header', class extends HTMLElement {"
            "connectedCallback() { this.attachShadow({mode: 'open'}).innerHTML = "
            f"{json.dumps('<nav>' + self._link('/sh') + '</nav>')}; }} }});</script>"
        )
        return self._make("shadow", self._home(body=script), "/sh")

    def subdomain(self) -> Home:
        return self._make("subdomain", self._home(self._link("http://my.{host}/start")), "my:/start")

    def new_tab_link(self) -> Home:
        return self._make("tab-link", self._home(self._link("/tab", attributes="target=_blank rel=noopener")), "/tab")

    def new_tab_button(self) -> Home:
        button = f"<button onclick=\"window.open('/opened')\">{self.words['login']}</button>"
        return self._make("tab-button", self._home(button), "/opened")

    def passing_link(self) -> Home:
        """The address of the login is good once: what lasts is the way from the home page."""
        once = Reply(body=self.login, is_once=True)
        return self._make("passing", self._home(self._link("/oidc?state={token}")), "/oidc", {"/oidc": once})

    def choice(self) -> Home:
        kinds = f"<a href=/kind/a>{self.words['login']} A</a> <a href=/kind/b>{self.words['login']} B</a>"
        pages = {"/kind": self._home(body=kinds), "/kind/b": self.login}
        return self._make("choice", self._home(self._link("/kind")), "/kind/a", pages)

    def providers_alone(self) -> Home:
        buttons = "<button>Sign in with Google</button><button>Sign in with Apple</button>"
        ways_in = page(self.words, self.language, f"<h2>{self.words['login']}</h2>{buttons}")
        return self._make("providers", self._home(self._link("/sso")), "/sso", {"/sso": ways_in})

    def everything_is_there(self) -> Home:
        """Every path shows something, and the login is linked all the same."""
        return self._make("soft-link", self._home(self._link("/any/in")), "/any/in", rest=self._home())

    # ---------------------------------------------------------------------------------------- accounts, menus, overlays

    def account_link(self) -> Home:
        return self._make("account", self._home(self._link("/x/17", "account")), "/x/17")

    def icon_link(self) -> Home:
        return self._make("icon", self._home(f"<a href=/customer/ class=action>{USER_ICON}</a>"), "/customer/")

    def icon_button(self) -> Home:
        press = f'<button aria-haspopup=true onclick="show()">{USER_ICON}</button><span id=here></span>'
        link = json.dumps(self._link("/icon-in"))
        script = f"<script>function show() {{ here.innerHTML = {link}; }}</script>"
        return self._make("icon-menu", self._home(press, script), "/icon-in")

    def hidden_menu(self) -> Home:
        press = '<button aria-expanded=false onclick="drawer.hidden = false">☰</button>'
        return self._make("menu", self._home(f"{press}<nav id=drawer hidden>{self._link('/m')}</nav>"), "/m")

    def lazy_menu(self) -> Home:
        press = f"<button class=burger id=burger>{self.words['menu']}</button><div id=drawer></div>"
        link = json.dumps(self._link("/lazy"))
        script = f"<script>burger.onclick = () => setTimeout(() => {{ drawer.innerHTML = {link}; }}, 50);</script>"
        return self._make("lazy-menu", self._home(press, script), "/lazy")

    def made_dialog(self) -> Home:
        button = f"<button id=open>{self.words['login']}</button>"
        script = (
            "<script>document.querySelector('#open').onclick = () => {"
            "const dialog = document.createElement('dialog');"
            f"dialog.innerHTML = {json.dumps(login_form(self.words))};"
            "document.body.append(dialog); dialog.showModal(); };</script>"
        )
        return self._make("dialog", self._home(button, script), "/")

    def put_away_form(self) -> Home:
        button = f'<button aria-controls=box onclick="box.hidden = false">{self.words["login"]}</button>'
        box = f"<div id=box hidden role=dialog>{login_form(self.words)}</div>"
        return self._make("put-away", self._home(button, box), "/")

    def behind_consent(self) -> Home:
        wall = (
            "<div id=consent class=cookie-banner style='position:fixed;inset:0;background:#fff;z-index:9'>"
            "<p>Cookies</p><button id=cookie-reject onclick='consent.remove()'>Reject all</button></div>"
        )
        return self._make("consent", f"{self.made_dialog().pages['/']}{wall}", "/")

    def home_form(self) -> Home:
        return self._make("home-form", self._home(body=login_form(self.words)), "/")

    # -------------------------------------------------------------------------------------------- nobody links to these

    def change_password(self) -> Home:
        moves = {"/.well-known/change-password": move_to("/settings/password"), "/settings/password": move_to("/s/in")}
        return self._make("change-password", self._home(), "/s/in", moves)

    def path_alone(self) -> Home:
        return self._make("path", self._home(), "/login")

    def in_robots(self) -> Home:
        robots = Reply(body="User-agent: *\nDisallow: /cart\nDisallow: /inner/signin\n", kind="text/plain")
        return self._make("robots", self._home(), "/inner/signin", {"/robots.txt": robots})

    def in_sitemap(self) -> Home:
        paths = ("/", "/roses", "/area/sign-in", "/blog")
        urls = "".join(f"<url><loc>http://{{host}}{path}</loc></url>" for path in paths)
        text = f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
        sitemap = Reply(body=text, kind="application/xml")
        return self._make("sitemap", self._home(), "/area/sign-in", {"/sitemap.xml": sitemap})

    def gate(self) -> Home:
        """Every path but the home page leads to the login."""
        return self._make("gate", self._home(), "/gate/login", rest=move_to("/gate/login"))

    # ---------------------------------------------------------------------------------------------- no login at all

    def nothing(self) -> Home:
        return self._make("nothing", self._home())

    def wall(self) -> Home:
        body = "<title>Just a moment...</title><p>Checking"
        challenge = Reply(status=403, headers={"cf-mitigated": "challenge"}, body=body)
        return self._make("wall", "", pages={"/": challenge}, rest=challenge)

    def app_alone(self) -> Home:
        badges = (
            "<a href=https://apps.apple.com/app/rosa/id1>App Store</a>"
            "<a href=https://play.google.com/store/apps/rosa>Google Play</a>"
        )
        return self._make("app", self._home(body=badges))

    def signup_trap(self) -> Home:
        join = page(self.words, self.language, signup_form(self.words))
        return self._make("signup", self._home(self._link("/join", "signup")), pages={"/join": join})

    def newsletter_trap(self) -> Home:
        form = (
            f"<form action=/news method=post><h2>{self.words['newsletter']}</h2><label>{self.words['email']} "
            f"<input type=email name=newsletter></label><button>{self.words['send']}</button></form>"
        )
        return self._make("newsletter", self._home(body=form))

    def newsletter_button_trap(self) -> Home:
        """A newsletter whose button says what a login's would, as German ones do: it is not pressed."""
        form = (
            f"<form action=/news method=post><h2>{self.words['newsletter']}</h2><label>{self.words['email']} "
            f"<input type=email name=newsletter></label><button>{self.words['login']}</button></form>"
        )
        return self._make("news-button", self._home(body=form))

    def soft_trap(self) -> Home:
        """Every path shows the home page, with status 200."""
        return self._make("soft", self._home(), rest=self._home())

    def back_home_trap(self) -> Home:
        return self._make("back-home", self._home(), rest=move_to("/"))

    def article_trap(self) -> Home:
        title = f"{self.words['login']}: {self.words['news']} {self.words['news']}"
        article = page(self.words, self.language, f"<article><h2>{title}</h2><p>{self.words['news']}</p></article>")
        return self._make("article", self._home(body=f"<a href=/blog/7>{title}</a>"), pages={"/blog/7": article})

    def reset_trap(self) -> Home:
        form = (
            f"<form><h2>{self.words['forgot']}</h2><label>{self.words['email']} <input type=email></label>"
            f"<button>{self.words['send']}</button></form>"
        )
        lost = page(self.words, self.language, form)
        return self._make("reset", self._home(self._link("/lost", "forgot")), pages={"/lost": lost})

    def provider_trap(self) -> Home:
        """A way in through another service is no login of the site, wherever it leads."""
        link = '<a href="http://my.{host}/google">Sign in with Google</a>'
        return self._make("provider", self._home(body=link), pages={"my:/google": self.login})

    def dead_end(self) -> Home:
        """A link that says it leads to a login, and leads to an article."""
        closed = page(self.words, self.language, f"<p>{self.words['news']}</p>")
        return self._make("dead-end", self._home(self._link("/closed")), pages={"/closed": closed})

    def broken(self) -> Home:
        error = Reply(status=500, body="<title>500</title>")
        return self._make("broken", "", pages={"/": error}, rest=error)


def move_to(path: str) -> Reply:
    return Reply(status=302, headers={"Location": path})


LINKS = (
    *(Builds.header_link, Builds.beside_signup, Builds.first_step, Builds.rendered, Builds.in_shadow),
    *(Builds.subdomain, Builds.new_tab_link, Builds.new_tab_button, Builds.passing_link, Builds.choice),
    *(Builds.providers_alone, Builds.everything_is_there),
)
INSIDE = (
    *(Builds.account_link, Builds.icon_link, Builds.icon_button, Builds.hidden_menu, Builds.lazy_menu),
    *(Builds.made_dialog, Builds.put_away_form, Builds.behind_consent, Builds.home_form),
)
UNLINKED = (Builds.change_password, Builds.path_alone, Builds.in_robots, Builds.in_sitemap, Builds.gate)
WITHOUT = (
    *(Builds.nothing, Builds.wall, Builds.app_alone, Builds.signup_trap, Builds.newsletter_trap),
    *(Builds.newsletter_button_trap, Builds.soft_trap),
    *(
        Builds.back_home_trap,
        Builds.article_trap,
        Builds.reset_trap,
        Builds.provider_trap,
        Builds.dead_end,
        Builds.broken,
    ),
)


def all_homes() -> list[Home]:
    """90 homes: every build two or three times, the languages in turn."""
    languages = itertools.cycle(WORDS)
    return [
        build(Builds(next(languages)))
        for builds, times in ((LINKS, 3), (INSIDE, 2), (UNLINKED, 2), (WITHOUT, 2))
        for build in builds
        for _ in range(times)
    ]
