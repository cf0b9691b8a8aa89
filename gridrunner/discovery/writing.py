"""Conclusions as a YAML site list: what was found as entries, the evidence and what was not found as comments; pure.
Invariant: whatever pages said, it stays in its comment or its quoted text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, assert_never

from msgspec.structs import replace

from gridrunner.discovery.locales import locale_of
from gridrunner.discovery.words import By, Conclusion, Found, Login
from gridrunner.model import Expectation, ExpectedLogin, Site
from gridrunner.sites.values import derive_id
from gridrunner.sites.writing import write_site
from gridrunner.text import count_of, make_line, replace_unprintable

COMMENT_CHARS: Final = 300

_ROLES: Final = ("username", "password", "submit")


def write_list(
    conclusions: Sequence[Conclusion], *, asked: int, title: str, templates: Mapping[str, Site] | None = None
) -> str:
    """The list. `asked` is how many domains there are in all; `templates` are entries of an older list by domain, whose
    id, tags and locale are kept.
    """
    taken: set[str] = {site.id for site in (templates or {}).values()}
    known: dict[tuple[str, object], str] = {}
    found = sum(1 for conclusion in conclusions if conclusion.found is not None)
    lines = [f"# {make_line(title)}: {found:,} of {count_of(asked, 'domain', spec=',')} have a login that was seen."]
    if len(conclusions) < asked:
        lines.append(f"# Unfinished: {asked - len(conclusions):,} were not searched yet; the same command goes on.")
    lines += [
        "# Each entry was visited as it stands here. Look at what is below `none` before you rely on it.",
        "version: 1",
    ]
    lines.append("sites:" if found else "sites: []")
    for conclusion in conclusions:
        if conclusion.found is None:
            lines.append(f"  # {_say(conclusion.domain)}: none ({conclusion.why}): {_say(conclusion.detail)}")
            lines += [f"  #   {_say(line)}" for line in conclusion.tried[1:]]
            continue
        place = (conclusion.found.way.url, conclusion.found.way.steps)
        if place in known:
            lines.append(f"  # {_say(conclusion.domain)}: the same login as {_say(known[place])}")
            continue
        known[place] = conclusion.domain
        template = (templates or {}).get(conclusion.domain)
        site_id = template.id if template is not None else _make_id(conclusion.domain, taken)
        lines += [f"  # {line}" for line in _explain(conclusion, conclusion.found)]
        lines += write_site(_make_site(conclusion.found, site_id, template))
    return "\n".join(lines) + "\n"


def _make_site(found: Found, site_id: str, template: Site | None) -> Site:
    login = found.login
    present = login.present
    fields = {name: login.fields[name] for name in _ROLES if name in login.fields}
    if present is ExpectedLogin.NO:  # a way in through another service, and no form
        expect = Expectation(login=ExpectedLogin.NO, sso=login.sso)
    else:
        expect = replace(Expectation(login=present), **fields)
    return Site(
        id=site_id,
        url=found.way.url,
        locale=(template.locale if template is not None else None) or locale_of(found.language),
        tags=template.tags if template is not None else (),
        steps=found.way.steps,
        expect=expect,
    )


def _explain(conclusion: Conclusion, found: Found) -> Iterator[str]:
    way, login = found.way, found.login
    said = f" {way.says!r}" if way.says else ""
    where = "on its home page" if way.by is By.HOME else f"by {way.by}{said}"
    yield _say(f"{conclusion.domain}: {where}; {count_of(conclusion.pages, 'page')} asked")
    yield "  " + _say(_describe(login))
    if conclusion.leads_to:
        yield "  " + _say(f"the domain leads to {conclusion.leads_to}")
    ended_at = found.ended_at.partition("?")[0].partition("#")[0]
    if ended_at and ended_at != way.url.partition("?")[0].partition("#")[0]:
        yield "  " + _say(f"ends at {ended_at}")


def _describe(login: Login) -> str:
    match login.present:
        case ExpectedLogin.YES:
            aside = "; it stands beside another form" if login.is_aside else ""
            return f"confidence {login.confidence:.2f}; asks for {login.asks or 'nothing that has a name'}{aside}"
        case ExpectedLogin.NO:
            return f"no form: {', '.join(login.sso)} alone"
        case ExpectedLogin.UNKNOWN:
            return "a form that cannot be seen from outside"
        case _:
            assert_never(login.present)


def _make_id(domain: str, taken: set[str]) -> str:
    base = derive_id(f"https://{domain}")
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    taken.add(name)
    return name


def _say(text: str) -> str:
    return replace_unprintable(make_line(text, COMMENT_CHARS))
