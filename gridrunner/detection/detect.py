"""Facts -> detection: every group is scored, its fields get roles, the page gets a verdict with a probability.

Each step is a function of its own elsewhere: features, trained scorers, fields, submit, insertion point, providers,
what is hidden. Invariant: pure, total over any facts (hostile ones too), and `login_present` is None rather than False
when a part of the page that could hold the form was not readable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from gridrunner.detection.features import is_first_step, measure_group
from gridrunner.detection.fields import (
    find_carried_username,
    find_disguised_passwords,
    measure_password,
    measure_username,
    username_candidates,
)
from gridrunner.detection.hidden import find_hidden_parts
from gridrunner.detection.insertion import choose_insertion_point
from gridrunner.detection.phrases import say_reasons
from gridrunner.detection.purpose import find_aside_reason, is_put_away
from gridrunner.detection.roles import other_fields
from gridrunner.detection.sections import read_page
from gridrunner.detection.snapshot import Control, Group, Snapshot, show_group
from gridrunner.detection.sso import find_providers
from gridrunner.detection.submit import find_submit
from gridrunner.detection.weights import Scorer, Weights, shipped_weights
from gridrunner.detection.words import bit_of
from gridrunner.model import Detection, Element, Facts, Field, Form, FormKind, LoginStep, Role

LOGIN_CUT: Final = 0.5
"""Probability from which a group is called a login: with calibrated scores a half makes the fewest errors."""

NEW_CUT: Final = 0.7
"""Probability of being a new password from which a field is not handed out as the login's, even in a login."""

UNKNOWN_CONFIDENCE: Final = 0.5
"""Confidence of "unknown": nothing was seen either way."""


@dataclass(slots=True, kw_only=True)
class _Assessed:
    """A group with its scores and chosen fields."""

    group: Group
    features: dict[str, float]
    login: float
    kind: FormKind
    score: float
    passwords: list[Control]
    new_chances: list[float]
    current: Control | None
    username: Control | None
    username_score: float
    submit: Control | None


def detect(facts: Facts, *, weights: Weights | None = None) -> Detection:
    """The verdict on a page. `weights` None: those that come with gridrunner."""
    weights = weights or shipped_weights()
    snapshot = read_page(facts)
    groups = [group for group in snapshot.groups if any(control.is_visible for control in group.fields)]
    assessed = [_assess(group, weights) for group in groups]
    assessed.sort(key=_rank)
    best = assessed[0] if assessed and assessed[0].kind is FormKind.LOGIN else None
    chance = max((each.login for each in assessed), default=0.0)
    others = [each.group for each in assessed if each.kind is not FormKind.LOGIN]
    hidden = find_hidden_parts(facts)
    unseen = _find_unseen_login(snapshot.groups, weights) if best is None else None
    if unseen is not None:
        hidden = (*hidden, f"login form {unseen.group.element.selector}, which is in the page but not shown")
        assessed.insert(0, unseen)
    aside = find_aside_reason(best.group, others) if best is not None else ""
    if best is not None:
        present: bool | None = True
        confidence = best.login
        evidence = ((aside,) if aside else ()) + _reasons(best, weights, 6)
    elif hidden:
        present, confidence = None, UNKNOWN_CONFIDENCE
        evidence = tuple(f"not seen: {part}" for part in hidden)
    else:
        present, confidence = False, min(1.0 - chance, HOLLOW_CONFIDENCE if _is_hollow(snapshot) else 1.0)
        evidence = _negative_evidence(assessed, weights)
    return Detection(
        login_present=present,
        confidence=round(confidence, 4),
        forms=tuple(_form(each, weights) for each in assessed),
        sso=find_providers(snapshot),
        insertion_point=choose_insertion_point(best.username, best.current, best.group.frame) if best else None,
        hidden=hidden,
        evidence=evidence,
        weights_version=weights.version,
        login_is_aside=bool(aside),
        opened_by=_opener_of(unseen.group) if unseen is not None else "",
    )


HOLLOW_CONFIDENCE: Final = 0.8
"""Confidence of "no login" on a page that shows nothing to press, read or fill in: it may draw itself on a canvas, or
have waited longer than we did. By hand, 2026-11-30; one page of the corpus is like this; it has no label."""


def _is_hollow(snapshot: Snapshot) -> bool:
    pages = [frame.page for frame in snapshot.frames]
    return not any(page.get(what) for page in pages for what in ("fields", "buttons", "links"))


def _opener_of(group: Group) -> str:
    opener = str(group.raw.get("opened_by") or "")
    return group.frame.path + opener if opener else ""


def _find_unseen_login(groups: list[Group], weights: Weights) -> _Assessed | None:
    shown = [group for each in groups if (group := show_group(each)) is not None]
    found = [_assess(group, weights) for group in shown]
    sure = [
        each for each in found if each.kind is FormKind.LOGIN and each.login >= UNSEEN_CUT and each.current is not None
    ]
    return max(sure, key=lambda each: each.login, default=None)


UNSEEN_CUT: Final = 0.5
"""Probability from which a form that nobody sees now makes the verdict "unknown" instead of "no": since the words of
such forms are read (2026-11-30), the same as for those that are seen."""


def _rank(each: _Assessed) -> tuple[bool, float]:
    """Logins first, the likeliest first; one in a header or in something that opens gives way to the page's own, a mere
    first step or a password of another type to a form that has it all.
    """
    if each.kind is not FormKind.LOGIN:
        return True, 0.0
    surroundings = f"{each.group.raw.get('context')} {each.group.raw.get('class')} {each.group.raw.get('id')}"
    cost = ASIDE_COST * (bool(_ASIDE.search(surroundings)) + is_put_away(each.group))
    cost += STEP_COST if not each.passwords else DISGUISED_COST * (not each.group.passwords)
    return False, cost - each.login


_ASIDE: Final = re.compile(
    r"modal|popup|pop-up|dialog|drawer|drop-?down|overlay|lightbox|flyout|tooltip|collapse|hover|nav|header|\bmenu|widget|hidden",
    re.IGNORECASE,
)
"""Ids and classes of the places for a page's second login form. On 14 pages of the development corpus the unlabelled
login stands in one and the labelled one does not, on none it is the other way round (2026-11-24)."""

ASIDE_COST: Final = 0.2
STEP_COST: Final = 0.4
DISGUISED_COST: Final = 0.2
"""Probability that such a form gives away to another login of the page; a tie-break between logins, not a verdict."""


def _assess(group: Group, weights: Weights) -> _Assessed:
    features = measure_group(group)
    login = _login_scorer(features, weights).probability(features)
    passwords = group.passwords or find_disguised_passwords(group)
    chances = [
        weights.password_new.probability(measure_password(each, passwords, group, features)) for each in passwords
    ]
    kind, score = _kind(login, features, group, weights)
    current = _current_password(passwords, chances, kind)
    username, username_score = _username(group, passwords, current, weights)
    return _Assessed(
        group=group, features=features, login=login, kind=kind, score=score, passwords=passwords, new_chances=chances,
        current=current, username=username if _names_a_user(kind, passwords) else None,
        username_score=username_score, submit=find_submit(group),
    )  # fmt: skip


def _login_scorer(features: Mapping[str, float], weights: Weights) -> Scorer:
    return weights.step if is_first_step(features) else weights.login


def _reasons(each: _Assessed, weights: Weights, count: int) -> tuple[str, ...]:
    return say_reasons(_login_scorer(each.features, weights).reasons(each.features, count))


def _names_a_user(kind: FormKind, passwords: list[Control]) -> bool:
    """Whether one of a form's text fields says who the user is: in a payment it is a card's number, elsewhere a
    search.
    """
    return kind is FormKind.LOGIN or (bool(passwords) and kind is not FormKind.PAYMENT)


def _kind(login: float, features: dict[str, float], group: Group, weights: Weights) -> tuple[FormKind, float]:
    if login >= LOGIN_CUT:
        return FormKind.LOGIN, login
    stated = _stated_kind(group, features)
    if stated is not None:
        return stated, 1.0 - login
    chances = {FormKind(name): scorer.probability(features) for name, scorer in weights.kinds.items()}
    kind = max(chances, key=lambda each: chances[each])
    total = sum(chances.values()) or 1.0
    return kind, (1.0 - login) * chances[kind] / total


def _stated_kind(group: Group, features: dict[str, float]) -> FormKind | None:
    """The kinds that few training pages have and that markup states: codes (also one letter a box) and payments."""
    tokens = {token for field in group.fields if field.is_visible for token in field.autocomplete}
    boxes = sum(field.raw.get("maxlength") == 1 for field in group.texts)
    asks_code = features["text.otp"] and not features["text.email"] and len(group.texts) <= 2
    if not group.passwords and ("one-time-code" in tokens or boxes >= 4 or asks_code):
        return FormKind.OTP
    if any(token.startswith("cc-") for token in tokens):
        return FormKind.PAYMENT
    return None


def _current_password(passwords: list[Control], chances: list[float], kind: FormKind) -> Control | None:
    if not passwords or kind not in {FormKind.LOGIN, FormKind.CHANGE_PASSWORD}:
        return None
    chances = [chance + _second_factor_cost(field, passwords) for field, chance in zip(passwords, chances, strict=True)]
    place = min(range(len(passwords)), key=lambda index: chances[index])
    limit = NEW_CUT if kind is FormKind.LOGIN else 0.5
    return passwords[place] if chances[place] < limit else None


SECOND_FACTOR_COST: Final = 2.0
"""What a code, a PIN or a box that takes no input loses to a plain password beside it: more than any probability."""


def _second_factor_cost(field: Control, passwords: list[Control]) -> float:
    if field.raw.get("disabled"):
        return SECOND_FACTOR_COST  # nothing can be filled in there now
    if field.raw.get("covered_by") and any(each.raw.get("covered_by") == "" for each in passwords):
        return SECOND_FACTOR_COST  # what lies under a part of the form is a trap
    factors = bit_of("otp") | bit_of("pin")
    words = field.bits or field.near_bits or field.ids
    is_factor = bool(words & factors) and any(
        not (each.bits or each.near_bits or each.ids) & factors for each in passwords if each is not field
    )
    return SECOND_FACTOR_COST if is_factor else 0.0


def _username(
    group: Group, passwords: list[Control], current: Control | None, weights: Weights
) -> tuple[Control | None, float]:
    password = current or (passwords[0] if passwords else None)
    candidates = username_candidates(group, passwords)
    if not candidates:
        return (find_carried_username(group, password), 0.5) if password else (None, 0.0)
    chances = [weights.username.probability(measure_username(each, candidates, password)) for each in candidates]
    place = max(range(len(candidates)), key=lambda index: chances[index])
    return candidates[place], chances[place]


def _form(each: _Assessed, weights: Weights) -> Form:
    new = tuple(
        field.element
        for field, chance in zip(each.passwords, each.new_chances, strict=True)
        if field is not each.current and (chance >= 0.5 or each.kind is not FormKind.LOGIN)
    )
    box = each.group.element.box
    return Form(
        kind=each.kind,
        score=round(each.score, 4),
        login_score=round(each.login, 4),
        step=_step(each),
        username=each.username.element if each.username else None,
        password_current=each.current.element if each.current else None,
        password_new=new,
        submit=each.submit.element if each.submit else None,
        fields=tuple(_fields(each)),
        box=box if box and box.width and box.height else None,
        frame=each.group.frame.path.removesuffix(" >>> "),
        evidence=_reasons(each, weights, 8),
    )


def _step(each: _Assessed) -> LoginStep | None:
    if each.kind is not FormKind.LOGIN:
        return None
    if each.current is None:
        return LoginStep.IDENTIFIER
    return LoginStep.COMPLETE if each.username and each.username.is_visible else LoginStep.PASSWORD


def _fields(each: _Assessed) -> Iterator[Field]:
    taken: set[str] = set()

    def one(role: Role, score: float, element: Element) -> Field:
        taken.add(element.selector)
        return Field(role=role, score=round(score, 4), element=element)

    if each.username and each.kind is FormKind.LOGIN:
        yield one(Role.USERNAME, each.username_score, each.username.element)
    previous_new = False
    for field, chance in zip(each.passwords, each.new_chances, strict=True):
        if field is each.current or (chance < 0.5 and each.kind is FormKind.LOGIN):
            yield one(Role.PASSWORD_CURRENT, 1.0 - chance, field.element)
        else:
            role = Role.PASSWORD_CONFIRM if previous_new else Role.PASSWORD_NEW
            previous_new = True
            yield one(role, chance, field.element)
    if each.submit:
        yield one(Role.SUBMIT, 1.0, each.submit.element)
    for found in other_fields(each.group, each.passwords):
        if found.element.selector not in taken:
            yield found


def _negative_evidence(assessed: list[_Assessed], weights: Weights) -> tuple[str, ...]:
    if not assessed:
        return ("no visible field that a login could have",)
    nearest = max(assessed, key=lambda each: each.login)
    return _reasons(nearest, weights, 6)
