"""The words of gridrunner as data: what is planned, visited, observed, detected and judged.

Everything here is frozen and knows nothing of files, browsers or clocks; `msgspec` reads and writes it as JSON with the
field names below. States are enums whose values are the words that users see. Frozen data is a `Struct` throughout.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from gridrunner.limits import AttemptNumber, Count, Seconds


class StepKind(StrEnum):
    """What can be done on a page before it is probed (docs/reference/site-lists.md)."""

    CLICK = "click"
    FILL = "fill"
    WAIT_FOR = "wait_for"
    FOLLOW = "follow"
    DISMISS = "dismiss"
    IDENTIFY = "identify"


class Step(Struct, frozen=True, kw_only=True):
    """One step before probing. `target` is CSS (`host >>> inner` crosses a shadow root or a frame), or for FOLLOW the
    word `login-link`, for DISMISS `cookie-wall`, for IDENTIFY the throwaway name to type; `value` is what FILL types.
    """

    kind: StepKind
    target: str
    value: str | None = None


class ExpectedLogin(StrEnum):
    """What a site list says about the login form; UNKNOWN: it is there, where it cannot be seen from outside."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """How a visit ended, from the site's side. Only OBSERVED has facts that a verdict can rest on."""

    OBSERVED = "observed"
    UNREACHABLE = "unreachable"  # no connection: name not found, refused, reset, bad certificate
    HTTP_ERROR = "http-error"  # the document came with status 400 or more
    BLOCKED = "blocked"  # a wall against bots stands in place of the page
    REFUSED = "refused"  # plain 401, 403, 406, 429, 451 or 503, and no wall that can be named
    AUTH_REQUIRED = "auth-required"  # HTTP authentication asked for
    REDIRECT_LOOP = "redirect-loop"
    DOWNLOAD = "download"  # the address answers with a file instead of a page
    NAVIGATED_AWAY = "navigated-away"  # the page kept leaving while it was probed
    STEP_FAILED = "step-failed"  # a step of the site list could not be done
    TIMED_OUT = "timed-out"  # nothing to probe at the visit's deadline
    CRASHED = "crashed"  # the renderer died on this page


class Expectation(Struct, frozen=True, kw_only=True):
    """What a site list expects of a site. `login` None: nothing is claimed (the suite then only reports)."""

    login: ExpectedLogin | None = None
    username: str | None = None
    password: str | None = None
    submit: str | None = None
    sso: tuple[str, ...] = ()
    outcome: Outcome = Outcome.OBSERVED

    @property
    def named_fields(self) -> dict[str, str]:
        """The selectors that are given, by the names that `Form.named_fields` has as well."""
        selectors = {"username": self.username, "password": self.password, "submit": self.submit}
        return {name: selector for name, selector in selectors.items() if selector is not None}


class SourceLine(Struct, frozen=True, kw_only=True):
    """Where an entry was written; `file` as the user named it, lines from 1."""

    file: str
    line: Count


class Quarantine(Struct, frozen=True, kw_only=True):
    """Failures of a site that `owner` knows of: it is visited and judged, but what fails is reported as skipped, up to
    and with the day `until`. `checks` are functions or whole ids of checks; empty: all of them.
    """

    owner: str
    reason: str
    until: date
    checks: tuple[str, ...] = ()


class Site(Struct, frozen=True, kw_only=True):
    """One entry of a site list. `visit_timeout_s` and `visitor` (auto, plain or a locale) None: the run's own hold."""

    id: str
    url: str
    locale: str | None = None
    tags: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    expect: Expectation = field(default_factory=Expectation)
    visit_timeout_s: Seconds | None = None
    visitor: str | None = None
    quarantine: Quarantine | None = None
    source: SourceLine | None = None


class PlannedSite(Struct, frozen=True, kw_only=True):
    """A site of a plan with the seconds that its visit is expected to take."""

    site: Site
    expected_s: Seconds


class Plan(Struct, frozen=True, kw_only=True):
    """What a run owes: every check of `checks` on every site, exactly once. `hash` covers sites and checks, not the
    expected durations; `sites` is in the order of the site list; `shard` is (i, n) of the part that this machine runs,
    whose site ids are `shard_sites` (None: all), and `cut` tells how all of it was cut (see `planning.shards`).
    """

    hash: str
    sites: tuple[PlannedSite, ...]
    checks: tuple[str, ...]
    shard: tuple[int, int] | None = None
    shard_sites: tuple[str, ...] | None = None
    cut: str = ""


Facts = Mapping[str, Any]
"""What the probes saw, as JSON: schema in `dom_probes/collect_page.js`, read only by `gridrunner.detection`."""


class Box(Struct, frozen=True, kw_only=True):
    """A rectangle in CSS pixels, relative to the top-left corner of the top document's viewport at scroll 0,0."""

    x: float
    y: float
    width: float
    height: float


class FormKind(StrEnum):
    """What a form is for."""

    LOGIN = "login"
    SIGNUP = "signup"
    CHANGE_PASSWORD = "change-password"
    RESET = "reset"
    OTP = "otp"
    NEWSLETTER = "newsletter"
    SEARCH = "search"
    PAYMENT = "payment"
    OTHER = "other"


class LoginStep(StrEnum):
    """Which part of a login a form is."""

    COMPLETE = "complete"
    IDENTIFIER = "identifier"
    PASSWORD = "password"


class Role(StrEnum):
    """What a field or button of a form is for."""

    USERNAME = "username"
    EMAIL = "email"
    PHONE = "phone"
    PASSWORD_CURRENT = "password-current"
    PASSWORD_NEW = "password-new"
    PASSWORD_CONFIRM = "password-confirm"
    OTP = "otp"
    REMEMBER_ME = "remember-me"
    SHOW_PASSWORD = "show-password"
    SUBMIT = "submit"
    OTHER = "other"


class Element(Struct, frozen=True, kw_only=True):
    """An element. `selector` leads to it, ` >>> ` stepping into a shadow root or a frame; `box` None: no layout."""

    selector: str
    box: Box | None = None
    label: str = ""


class Field(Struct, frozen=True, kw_only=True):
    """An element with its role; `score` is the probability (0 to 1) that the role is right."""

    role: Role
    score: float
    element: Element


class Form(Struct, frozen=True, kw_only=True):
    """A form, or a group of fields without one. `score` is the probability that `kind` is right, `login_score` that it
    is a login; `evidence` is readable, strongest first.
    """

    kind: FormKind
    score: float
    login_score: float
    step: LoginStep | None = None
    username: Element | None = None
    password_current: Element | None = None
    password_new: tuple[Element, ...] = ()
    submit: Element | None = None
    fields: tuple[Field, ...] = ()
    box: Box | None = None
    frame: str = ""
    evidence: tuple[str, ...] = ()

    @property
    def named_fields(self) -> dict[str, Element]:
        """What a site list can name of a form, as far as it was found; `password` is the current one."""
        elements = {"username": self.username, "password": self.password_current, "submit": self.submit}
        return {name: element for name, element in elements.items() if element is not None}


class SsoProvider(Struct, frozen=True, kw_only=True):
    """A button or link that logs in through another service; `name` is google, apple, saml, passkey, …"""

    name: str
    element: Element


class InsertionPoint(Struct, frozen=True, kw_only=True):
    """Where a one-click login would go: a `box` beside its field `anchor`, on its `side` (inside-end, below, above,
    end). `covers` names what the box would hide; empty means nothing interactive.
    """

    anchor: Element
    side: str
    box: Box
    covers: tuple[str, ...] = ()
    is_usable: bool = True
    evidence: tuple[str, ...] = ()


class Detection(Struct, frozen=True, kw_only=True):
    """What the scorer makes of facts, forms best first. `login_present` None: unknown, `hidden` parts may hold it.
    `login_is_aside`: the page is for another form. `opened_by`: what opens a login that is not shown, as CSS, or "".
    """

    login_present: bool | None
    confidence: float
    forms: tuple[Form, ...] = ()
    sso: tuple[SsoProvider, ...] = ()
    insertion_point: InsertionPoint | None = None
    hidden: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    weights_version: str = ""
    login_is_aside: bool = False
    opened_by: str = ""

    @property
    def login(self) -> Form | None:
        """The best login form, or None."""
        return next((form for form in self.forms if form.kind is FormKind.LOGIN), None)

    @property
    def best_form(self) -> Form | None:
        """The form that stands for the page: the best login, else the best of any kind; None when there is none."""
        return self.login or next(iter(self.forms), None)

    @property
    def found_login(self) -> ExpectedLogin:
        """`login_present` in the words of a site list."""
        said = ExpectedLogin.YES if self.login_present else ExpectedLogin.NO
        return ExpectedLogin.UNKNOWN if self.login_present is None else said


class ReadyBy(StrEnum):
    """Why the page was taken to be ready: what was looked for was there, nothing moved any more, or time was up."""

    FOUND = "found"
    QUIET = "quiet"
    DEADLINE = "deadline"


class FaultKind(StrEnum):
    """What failed on our side of the line; never charged to a site."""

    HUB_UNREACHABLE = "hub-unreachable"
    SESSION_NOT_CREATED = "session-not-created"
    SESSION_LOST = "session-lost"
    INTERRUPTED = "interrupted"
    NETWORK = "network"  # the browser's machine reaches no site
    INTERNAL = "internal"


class Fault(Struct, frozen=True, kw_only=True):
    """A failure of the grid, a session or gridrunner itself, in one sentence."""

    kind: FaultKind
    message: str


class Timings(Struct, frozen=True, kw_only=True):
    """Seconds of a visit by phase, of all of it (`total_s`), and of its waits for readiness by cause (`waits`)."""

    total_s: Seconds = 0.0
    context_s: Seconds = 0.0
    navigate_s: Seconds = 0.0
    ready_s: Seconds = 0.0
    steps_s: Seconds = 0.0
    probe_s: Seconds = 0.0
    detect_s: Seconds = 0.0
    evidence_s: Seconds = 0.0
    waits: Mapping[str, Seconds] = field(default_factory=dict)


PHASES = tuple(name.removesuffix("_s") for name in Timings.__struct_fields__ if name not in {"total_s", "waits"})


class PageEvent(Struct, frozen=True, kw_only=True):
    """Something the page did that a report should show; `kind` is console-error, network-failure, dialog, popup,
    crash, download, navigation, step or extension-error. `text` comes from the page: escape it wherever it is shown.
    """

    kind: str
    text: str


EXPECTED_PROBE = "expected"  # where the list's selectors lead: `{"username": {"selector": …, "matches": … or null}}`
INSERTION_PROBE = "insertion"  # the key under which `--try-insertion` says what became of its button


class Observation(Struct, frozen=True, kw_only=True):
    """The record of one visit. Exactly one of `outcome` and `fault` is set. Paths are relative to the run folder (facts
    are gzipped JSON); `started_s` counts from the begin of the run; `visitor` says as whom.
    """

    site: str
    attempt: AttemptNumber
    outcome: Outcome | None = None
    detail: str = ""
    fault: Fault | None = None
    url: str = ""
    title: str = ""
    http_status: Count | None = None
    address: str = ""
    retry_after_s: Seconds | None = None
    blocked_by: str = ""
    ready_by: ReadyBy | None = None
    detection: Detection | None = None
    facts_path: str | None = None
    screenshot_path: str | None = None
    capture_path: str | None = None
    viewport: tuple[Count, Count] = (1366, 900)
    events: tuple[PageEvent, ...] = ()
    probes: Mapping[str, Any] = field(default_factory=dict)
    visitor: Mapping[str, str] = field(default_factory=dict)
    timings: Timings = field(default_factory=Timings)
    started_s: Seconds = 0.0
    hub: str = ""
    node: str = ""
    session: str = ""
    slot: str = ""


class Status(StrEnum):
    """What pytest said of one check on one observation; ERROR is ours (a fault, a broken check), FAILED the site's."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


class Result(Struct, frozen=True, kw_only=True):
    """One check judged on one attempt. `message` is one line, `details` explain it, `properties` are its own."""

    check: str
    site: str
    attempt: AttemptNumber
    status: Status
    message: str = ""
    details: str = ""
    properties: tuple[tuple[str, str], ...] = ()  # of pytest's `record_property`
    duration_s: Seconds = 0.0


class Verdict(StrEnum):
    """What is reported for one (check, site) after all attempts. FLAKY passed after it had failed; NOT_RUN is owed."""

    PASSED = "passed"
    FLAKY = "flaky"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    NOT_RUN = "not-run"
