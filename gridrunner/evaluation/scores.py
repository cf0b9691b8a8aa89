"""How good detections are against labels; pure.

Figures are those of the corpus's own score: is a login form claimed where there is one, and is the best login form's
field a labelled one. Elements are compared by their canonical selectors, which visits resolve in the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from gridrunner.detection.predictions import claims_login
from gridrunner.evaluation.corpus import LabelledPage
from gridrunner.model import Detection, Element


class ScoredPage(Struct, frozen=True, kw_only=True):
    """A page, what was made of it (None: it could not be visited), and its labels as canonical selectors by role."""

    page: LabelledPage
    detection: Detection | None
    labels: Mapping[str, frozenset[str]]


class Figure(Struct, frozen=True, kw_only=True):
    """One row of the table: `hits` of `count`; `value` None where nothing was counted."""

    name: str
    hits: int
    count: int
    value: float | None


def score_pages(pages: Iterable[ScoredPage]) -> tuple[Figure, ...]:
    """The figures over a set of pages, in the order they are printed."""
    scored = list(pages)
    judged = [page for page in scored if page.page.login_present is not None]
    logins = [page for page in scored if page.page.kind == "login"]
    others = [page for page in scored if page.page.kind == "signup" and page.page.labels["password_new"]]
    identifier_first = [page for page in logins if page.labels["username"] and not page.page.labels["password_current"]]
    hits = {(truth, claim): 0 for truth in (True, False) for claim in (True, False)}
    for page in judged:
        hits[bool(page.page.login_present), _claims_login(page)] += 1
    true_positives, false_positives = hits[True, True], hits[False, True]
    false_negatives, true_negatives = hits[True, False], hits[False, False]
    doubled = 2 * true_positives
    return (
        _figure("login precision", true_positives, true_positives + false_positives),
        _figure("login recall", true_positives, true_positives + false_negatives),
        _figure("login F1", doubled, doubled + false_positives + false_negatives),
        _figure("login false positive rate", false_positives, false_positives + true_negatives),
        _top("username", "username", logins),
        _top("password_current", "password_current", logins),
        _top("submit", "submit", logins),
        _figure("identifier-first found", sum(map(_claims_login, identifier_first)), len(identifier_first)),
        _figure("new password given as current, signup", sum(map(_hands_out_new, others)), len(others)),
    )


def verdicts_of(pages: Iterable[ScoredPage]) -> Iterable[tuple[float, bool]]:
    """(confidence, whether it is right) of every verdict on a page with a truth; "unknown" is not a verdict."""
    for page in pages:
        detection, truth = page.detection, page.page.login_present
        if detection is not None and detection.login_present is not None and truth is not None:
            yield detection.confidence, detection.login_present == truth


def find_misses(pages: Iterable[ScoredPage]) -> frozenset[tuple[str, str]]:
    """What is wrong, as (figure, page id): `login` on pages with a truth, first choices of fields on login pages, and
    new passwords handed out on sign-ups.
    """
    return frozenset((name, page.page.id) for page in pages for name in _wrong_at(page))


def _wrong_at(page: ScoredPage) -> Iterable[str]:
    truth = page.page.login_present
    if truth is not None and truth != _claims_login(page):
        yield "login"
    if page.page.kind == "login":
        for role in ("username", "password_current", "submit"):
            element = _field(page, role)
            if page.page.labels[role] and (element is None or element.selector not in page.labels[role]):
                yield role
    if page.page.kind == "signup" and page.page.labels["password_new"] and _hands_out_new(page):
        yield "new-password-as-current"


def _figure(name: str, hits: int, count: int) -> Figure:
    return Figure(name=name, hits=hits, count=count, value=hits / count if count else None)


def _claims_login(page: ScoredPage) -> bool:
    return page.detection is not None and claims_login(page.detection)


def _field(page: ScoredPage, role: str) -> Element | None:
    login = page.detection.login if page.detection else None
    return login.named_fields.get(role.removesuffix("_current")) if login is not None else None


def _top(name: str, role: str, logins: list[ScoredPage]) -> Figure:
    labelled = [page for page in logins if page.page.labels[role]]
    hits = sum(
        (element := _field(page, role)) is not None and element.selector in page.labels[role] for page in labelled
    )
    return _figure(f"{name} top-1", hits, len(labelled))


def _hands_out_new(page: ScoredPage) -> bool:
    element = _field(page, "password_current")
    return element is not None and element.selector in page.labels["password_new"]
