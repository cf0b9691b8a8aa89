"""Saved facts and labels as training examples.

Facts are JSON lines `{"id", "facts"}`, as `gridrunner evaluate --facts` writes them with the labels that it knows.
Labels of your own are JSON lines as well, and go before those:

    {"id": …, "site": key of the split, "kind": page kind, "login_present": true | false | null,
     "forms": {"0": form kind, …},            kinds of <form> elements by document order, where known
     "fields": {selector: [role, …]}}         labelled elements: username, password_current, password_new, submit

Labels of real corpora are incomplete: what is not labelled is not taken for wrong. A group is an example of "no login"
only where the page has none, the form has another kind, or it holds a new password. Invariant: examples of one site
carry its key, so that a split by site is possible.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from gridrunner.detection.corrections import Correction
from gridrunner.detection.features import is_first_step, measure_group
from gridrunner.detection.fields import (
    find_disguised_passwords,
    measure_password,
    measure_username,
    username_candidates,
)
from gridrunner.detection.sections import read_page
from gridrunner.detection.snapshot import Control, Group
from gridrunner.detection.training.errands import ERRAND_WEIGHT, other_pairs, other_steps, step_of_both
from gridrunner.detection.training.steps import identifier_steps, password_step
from gridrunner.errors import UsageError
from gridrunner.model import FormKind


@dataclass(slots=True, kw_only=True)
class Example:
    """One row: features, the truth (1 or 0), where it comes from."""

    page: str
    site: str
    features: dict[str, float]
    truth: int
    choice: int = 0
    weight: float = 1.0


@dataclass(slots=True, kw_only=True)
class LabelledGroup:
    """A group with what is known of it: whether it is a login (None: not known), and its kind."""

    group: Group
    features: dict[str, float]
    is_login: bool | None
    kind: FormKind | None


@dataclass(slots=True, kw_only=True)
class TrainingPage:
    """A page with its labels and its groups."""

    id: str
    site: str
    kind: str
    login_present: bool | None
    facts: dict[str, Any]
    fields: dict[str, list[str]]
    groups: list[LabelledGroup] = field(default_factory=list)


def read_pages(
    facts_path: Path, labels_path: Path | None, corrections: Mapping[str, Correction] | None = None
) -> Iterator[TrainingPage]:
    """The pages that have both facts and labels, in the order of the facts, labels as `corrections` have them. Raises
    UsageError for a broken line.
    """
    labels = None if labels_path is None else {label["id"]: label for label in _lines(labels_path)}
    for line in _lines(facts_path):
        label = _own_label(line) if labels is None else labels.get(line["id"])
        if label is not None:
            right = (corrections or {}).get(line["id"])
            if right is not None:
                label = {**label, "kind": right.kind, "login_present": right.login_present}
            yield label_page(line["facts"], label)


def _own_label(line: dict[str, Any]) -> dict[str, Any]:
    """The label that `gridrunner evaluate --facts` writes beside the facts: selectors by role."""
    fields: dict[str, list[str]] = {}
    for role, selectors in (line.get("labels") or {}).items():
        for selector in selectors:
            fields.setdefault(selector, []).append(role)
    return {**line, "fields": fields}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                value = json.loads(line)
                value["id"]
            except (ValueError, KeyError, TypeError) as error:
                raise UsageError(f"{path}:{number}: not a line of facts or labels: {error}") from error
            yield value


def label_page(facts: dict[str, Any], label: dict[str, Any]) -> TrainingPage:
    """A page's groups with what its label says of each."""
    page = TrainingPage(
        id=str(label["id"]),
        site=str(label.get("site") or label["id"]),
        kind=str(label.get("kind") or ""),
        login_present=label.get("login_present"),
        facts=facts,
        fields={str(selector): list(roles) for selector, roles in (label.get("fields") or {}).items()},
    )
    forms = label.get("forms") or {}
    for group in read_page(facts).groups:
        if not any(control.is_visible for control in group.fields):
            continue
        features = measure_group(group)
        order = group.raw.get("form_order")
        form_kind = forms.get(str(order)) if order is not None else None
        roles = {role for control in group.fields for role in page.fields.get(control.element.selector, ())}
        page.groups.append(
            LabelledGroup(
                group=group,
                features=features,
                is_login=_is_login(page, form_kind, roles, bool(forms), features),
                kind=_kind_of(page, form_kind, roles, group),
            )
        )
    return page


def _is_login(
    page: TrainingPage,
    form_kind: str | None,
    roles: set[str],
    has_form_kinds: bool,
    features: dict[str, float],
) -> bool | None:
    has_login_label = bool(roles & {"username", "password_current"})
    if page.kind.startswith("login") and has_login_label:
        return True
    if form_kind is not None:
        return form_kind == "login"
    if page.login_present is False or "password_new" in roles:
        return False
    if page.login_present and not has_form_kinds and page.fields and features["n.pw0"]:
        return None if features["n.identifier_step"] else False
    return None


def _kind_of(page: TrainingPage, form_kind: str | None, roles: set[str], group: Group) -> FormKind | None:
    if form_kind is not None:
        return FormKind(form_kind)
    if "password_new" in roles:
        return FormKind.CHANGE_PASSWORD if page.kind == "change-password" else FormKind.SIGNUP
    if page.kind in {"signup", "change-password"} and group.passwords:
        return FormKind(page.kind)
    return None


STEP_WEIGHT: Final = 0.1
"""Weight of a made-up example among whole logins. From 0.03 to 0.4 the error on held-out sites stays the same
(2026-11-24)."""

MADE_UP_WEIGHT: Final = 1 / 4
"""Weight of each of the four first steps made from a login, where first steps are learnt: one login, one example. With
one and a half times of it 95 instead of 93 of 100 made-up steps of held-out sites are found, and five forms of pages
without a login instead of two (2026-11-26)."""


def step_examples(page: TrainingPage) -> Iterator[Example]:
    """The two steps that labelled logins would be if they came apart, where their words still say so."""
    for labelled in page.groups:
        if labelled.is_login is not True:
            continue
        first = next(identifier_steps(labelled.group), None)
        for step, says_so in ((first, "n.identifier_step"), (password_step(labelled.group), "n.password_step")):
            features = measure_group(step) if step is not None else {}
            if features.get(says_so):
                yield Example(page=page.id, site=page.site, features=features, truth=1, weight=STEP_WEIGHT)
        for other in other_pairs(labelled.group):
            features = measure_group(other)
            yield Example(page=page.id, site=page.site, features=features, truth=0, weight=ERRAND_WEIGHT)


def identifier_examples(page: TrainingPage) -> Iterator[Example]:
    """Groups with text fields and no password, truth 1: the first step of a login; labelled ones, and made-up ones."""
    for labelled in page.groups:
        if is_first_step(labelled.features):
            if labelled.is_login is not None and labelled.group.texts:
                truth = int(labelled.is_login)
                yield Example(page=page.id, site=page.site, features=labelled.features, truth=truth)
        elif labelled.is_login:
            for step in identifier_steps(labelled.group):
                features = measure_group(step)
                if is_first_step(features):
                    yield Example(page=page.id, site=page.site, features=features, truth=1, weight=MADE_UP_WEIGHT)
            both = step_of_both(labelled.group)
            if both is not None:
                features = measure_group(both)
                yield Example(page=page.id, site=page.site, features=features, truth=1, weight=ERRAND_WEIGHT)
            for step in other_steps(labelled.group):
                features = measure_group(step)
                yield Example(page=page.id, site=page.site, features=features, truth=0, weight=ERRAND_WEIGHT)


def username_examples(page: TrainingPage) -> Iterator[Example]:
    """Every candidate in the groups that have a labelled username."""
    for place, labelled in enumerate(page.groups):
        passwords = _passwords_of(labelled.group)
        candidates = username_candidates(labelled.group, passwords)
        truths = ["username" in page.fields.get(each.element.selector, ()) for each in candidates]
        if labelled.is_login is not True or not any(truths):
            continue
        current = [each for each in passwords if "password_current" in page.fields.get(each.element.selector, ())]
        password = next(iter(current or passwords), None)
        for candidate, truth in zip(candidates, truths, strict=True):
            features = measure_username(candidate, candidates, password)
            yield Example(page=page.id, site=page.site, features=features, truth=int(truth), choice=place)


def password_examples(page: TrainingPage) -> Iterator[Example]:
    """Every labelled password; truth 1: a new one."""
    for labelled in page.groups:
        passwords = _passwords_of(labelled.group)
        for each in passwords:
            roles = page.fields.get(each.element.selector, ())
            is_new = "password_new" in roles or (not roles and labelled.kind in {FormKind.SIGNUP, FormKind.RESET})
            is_current = "password_current" in roles or (
                not roles and labelled.is_login is True and len(passwords) == 1
            )
            if is_new == is_current:
                continue
            features = measure_password(each, passwords, labelled.group, labelled.features)
            yield Example(page=page.id, site=page.site, features=features, truth=int(is_new))
        step = password_step(labelled.group) if labelled.is_login else None
        of_step = measure_group(step) if step is not None else {}
        if step is not None and of_step["n.password_step"]:
            features = measure_password(step.passwords[0], step.passwords, step, of_step)
            yield Example(page=page.id, site=page.site, features=features, truth=0, weight=STEP_WEIGHT)


def _passwords_of(group: Group) -> list[Control]:
    return group.passwords or find_disguised_passwords(group)
