"""A detection as a line of a predictions file (docs/reference/evaluation.md). Its five kinds: login, signup,
change-password, reset and, for everything else, other.
"""

from __future__ import annotations

from typing import Any, Final

from gridrunner.model import Detection, Element, Form, FormKind

KINDS: Final = frozenset({FormKind.LOGIN, FormKind.SIGNUP, FormKind.CHANGE_PASSWORD, FormKind.RESET})


def claims_login(detection: Detection) -> bool:
    """Whether a page counts as a login page where there are two answers only. "Unknown" is a login where its form was
    found in the page though nobody sees it now, and none where only something unreadable was found; a page that says
    it is for the sign-up beside the login is none, nor is one that shows a form for a new password and keeps the
    login shut.
    """
    login = detection.login
    if detection.login_present is False or login is None or detection.login_is_aside:
        return False
    is_shown = detection.login_present is True
    return is_shown or not any(form.password_new for form in detection.forms if form is not login)


def to_prediction(page_id: str, detection: Detection) -> dict[str, Any]:
    """The prediction for a page; all its forms are listed, whatever the page is for."""
    return {
        "id": page_id,
        "login_present": claims_login(detection),
        "forms": [_form(form) for form in detection.forms],
    }


def _form(form: Form) -> dict[str, Any]:
    return {
        "kind": (form.kind if form.kind in KINDS else FormKind.OTHER).value,
        "score": form.score,
        "username": _selector(form.username),
        "password_current": _selector(form.password_current),
        "password_new": [element.selector for element in form.password_new],
        "submit": _selector(form.submit),
    }


def _selector(element: Element | None) -> str | None:
    return element.selector if element else None
