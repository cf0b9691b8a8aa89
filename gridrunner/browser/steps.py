"""The steps of a site list, done with real input events: click, fill, wait for, follow the login link, dismiss a wall,
give a throwaway name.

Each step waits for its own target and says in one sentence what was wrong when it cannot be done. Nothing here submits
credentials or leaves the site unless the list says so.
"""

from __future__ import annotations

import time

from msgspec import Struct

from dom_probes import read_probe
from gridrunner.browser.frames import collect_facts
from gridrunner.browser.port import CommandFailed, DeadlinePassed, Page, PageError
from gridrunner.browser.readiness import wait_until_ready
from gridrunner.browser.selectors import Located, NotThere, WaitFor, locate
from gridrunner.detection import LoginLink, detect, find_wall_button, rank_login_links
from gridrunner.model import Facts, LoginStep, Step, StepKind

ANNOUNCE_S = 0.05
"""A click that navigates announces it within this: the navigation is requested in the click's own task (0.2 to 3 ms
after the release when tried, Chromium 156, 2026-11-24)."""


WALL_GONE_S = 2.0
"""How long a wall that was answered may take to fade; consent managers animate for 0.2 to 0.4 s."""

WALL_LOOK_S = 0.3
"""One look at whether the button still shows: `locate` answers at once when it does."""


class StepLimits(Struct, frozen=True, kw_only=True):
    """How long a step waits for its target (Cypress waits 4 s, Playwright's expectations 5 s, its actions 30 s), and
    how long a site may take to ask for the password after a name: it looks the name up first. Many never ask, because
    no account has that name; then this is what the step costs.
    """

    step_s: float = 10.0
    password_s: float = 3.0


class StepFailed(PageError):
    """A step could not be done; the message says which and why."""


def do_steps(page: Page, steps: tuple[Step, ...], limits: StepLimits, *, deadline: float) -> None:
    """Do the steps in order. Raises StepFailed, KeptLeaving, PageGone or SessionLost."""
    for number, step in enumerate(steps, 1):
        name = f"step {number} ({step.kind}: {step.target})"
        limit = min(deadline, time.monotonic() + limits.step_s)
        try:
            _do_step(page, step, limits, deadline=limit)
        except NotThere as error:
            raise StepFailed(f"{name}: {error}") from None
        except CommandFailed as error:
            raise StepFailed(f"{name}: the browser refused: {error}") from None
        except DeadlinePassed:
            raise StepFailed(f"{name}: not done within {limits.step_s:g} s") from None
        page.state.note("step", name)


def _do_step(page: Page, step: Step, limits: StepLimits, *, deadline: float) -> None:
    match step.kind:
        case StepKind.WAIT_FOR:
            _find(page, step.target, WaitFor.VISIBLE, deadline=deadline)
        case StepKind.CLICK:
            click(page, _find(page, step.target, WaitFor.CLICKABLE, deadline=deadline), deadline=deadline)
        case StepKind.FILL:
            click(page, _find(page, step.target, WaitFor.CLICKABLE, deadline=deadline), deadline=deadline)
            page.insert_text(step.value or "", deadline=deadline)
        case StepKind.FOLLOW:
            _follow_login_link(page, deadline=deadline)
        case StepKind.IDENTIFY:
            _give_a_name(page, step.target, limits, deadline=deadline)
        case StepKind.DISMISS:
            ready = wait_until_ready(page, deadline=deadline)
            if not dismiss_wall(page, collect_facts(page, ready, deadline=deadline), deadline=deadline):
                page.state.note("step", "sees no cookie wall")


def _find(page: Page, selector: str, wait_for: WaitFor, *, deadline: float) -> Located:
    """The element when it can be used; looked for anew in the next document when the page leaves meanwhile."""
    while True:
        documents, frames = page.state.documents, len(page.state.frames)
        try:
            return locate(page, selector, wait_for=wait_for, deadline=deadline)
        except CommandFailed:
            # the document or frame went away under the question, or has not come yet: wait for what replaces it
            page.wait_until(
                lambda: page.state.documents != documents or len(page.state.frames) != frames,  # noqa: B023
                deadline=deadline,
            )


def click(page: Page, where: Located, *, deadline: float) -> None:
    """Press and release the left mouse button in the middle of the element, and wait for a navigation it starts."""
    documents = page.state.documents
    page.click(where.x, where.y, deadline=deadline)
    is_navigating = False

    def navigates() -> bool:
        return page.state.documents != documents or page.state.is_navigating

    try:
        page.wait_until(navigates, deadline=min(deadline, time.monotonic() + ANNOUNCE_S))
        is_navigating = True
    except DeadlinePassed:
        pass
    if is_navigating:
        page.wait_until(lambda: page.state.documents != documents, deadline=deadline)


def _follow_login_link(page: Page, *, deadline: float) -> None:
    """Follow what leads to the login. Where several say so, the first that comes to one counts, or else the best."""
    ready = wait_until_ready(page, deadline=deadline)
    facts = collect_facts(page, ready, deadline=deadline)
    seen = detect(facts)
    opener = (LoginLink(label="", selector=seen.opened_by),) if seen.opened_by else ()
    hidden = page.run(read_probe("find_hidden_links.js"), deadline=deadline)
    submits = {form.submit.selector for form in seen.forms if form.submit is not None}
    links = opener or tuple(link for link in rank_login_links(facts, hidden) if link.selector not in submits)
    if not links and seen.login_present:
        page.state.note("step", "the page shows a login itself: nothing is followed")
        return
    if not links:
        raise NotThere("no link or button of the page says that it leads to a login")
    home = str(facts.get("url") or "")
    for link in links:
        _follow(page, link, deadline=deadline)
        if len(links) == 1 or not _lacks_login(page, deadline=deadline):
            return
        page.state.note("step", f"no login behind {link.label or link.selector!r}: goes back")
        _open(page, home, deadline=deadline)
    _follow(page, links[0], deadline=deadline)


def _follow(page: Page, link: LoginLink, *, deadline: float) -> None:
    """Press the link, or ask for the address of one that only a menu shows; what was to open in a window of its own,
    which no page may have, opens here.
    """
    page.state.note("step", f"follows {link.label or link.selector!r}")
    if not link.selector:
        _open(page, link.address, deadline=deadline)
        return
    documents, page.state.opened = page.state.documents, ""
    click(page, _find(page, link.selector, WaitFor.CLICKABLE, deadline=deadline), deadline=deadline)
    if page.state.documents == documents and page.state.opened.startswith(("http://", "https://")):
        _open(page, page.state.opened, deadline=deadline)


def _open(page: Page, url: str, *, deadline: float) -> None:
    documents = page.state.documents
    navigation = page.navigate(url)
    page.wait_until(lambda: page.state.documents != documents or navigation.is_answered, deadline=deadline)
    if navigation.is_answered and navigation.error:
        raise NotThere(f"what it leads to cannot be had: {navigation.error}")
    page.wait_until(lambda: page.state.documents != documents or page.state.did_download, deadline=deadline)


def _lacks_login(page: Page, *, deadline: float) -> bool:
    """Whether what a link led to has surely no login; a page that takes too long to tell is taken to have one."""
    try:
        ready = wait_until_ready(page, deadline=deadline)
        return detect(collect_facts(page, ready, deadline=deadline)).login_present is False
    except (CommandFailed, DeadlinePassed):
        return False


def _give_a_name(page: Page, name: str, limits: StepLimits, *, deadline: float) -> None:
    """Take the first step of a login with a throwaway name. A form that asks for a password as well is left alone: sent
    with a name alone it would be a failed login, which sites count.
    """
    ready = wait_until_ready(page, deadline=deadline)
    form = detect(collect_facts(page, ready, deadline=deadline)).login
    if form is None or form.username is None:
        raise NotThere("the page has no first step of a login that takes a name")
    if form.step is not LoginStep.IDENTIFIER:
        page.state.note("step", "the login asks for the password already: no name is given")
        return
    click(page, _find(page, form.username.selector, WaitFor.CLICKABLE, deadline=deadline), deadline=deadline)
    page.insert_text(name, deadline=deadline)
    if form.submit is not None:
        page.state.note("step", f"gives the name {name!r} and presses {form.submit.label or form.submit.selector!r}")
        click(page, _find(page, form.submit.selector, WaitFor.CLICKABLE, deadline=deadline), deadline=deadline)
    else:
        page.state.note("step", f"gives the name {name!r} and presses Enter")
        page.press_enter(deadline=deadline)
    try:
        _find(
            page, "input[type=password]", WaitFor.VISIBLE, deadline=min(deadline, time.monotonic() + limits.password_s)
        )
    except (NotThere, DeadlinePassed):
        page.state.note("step", f"no password is asked for within {limits.password_s:g} s")


def dismiss_wall(page: Page, facts: Facts, *, deadline: float) -> bool:
    """Answer the cookie wall that `facts` show, refusing where it can be refused; False where there is none.

    The click is an event of the page. Raises CommandFailed, PageGone or SessionLost.
    """
    button = find_wall_button(facts)
    if button is None:
        return False
    name = button.label or button.selector
    limit = min(deadline, time.monotonic() + WALL_GONE_S)
    try:
        where = locate(page, button.selector, wait_for=WaitFor.CLICKABLE, deadline=limit)
    except NotThere as error:
        page.state.note("step", f"cannot dismiss a cookie wall with {name!r}: {error}")
        return False
    click(page, where, deadline=deadline)
    page.state.note("step", f"dismisses a cookie wall with {name!r}")
    limit = min(deadline, time.monotonic() + WALL_GONE_S)
    try:
        while time.monotonic() < limit:
            locate(page, button.selector, wait_for=WaitFor.VISIBLE, deadline=time.monotonic() + WALL_LOOK_S)
    except (NotThere, DeadlinePassed, CommandFailed):  # gone, as it should be, or the whole document with it
        return True
    return True
