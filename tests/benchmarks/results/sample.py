"""One visit of a page with a login form, as long in a journal as those of the demo list."""

from __future__ import annotations

from gridrunner.model import (
    Box,
    Detection,
    Element,
    Field,
    Form,
    FormKind,
    InsertionPoint,
    Observation,
    Outcome,
    PageEvent,
    ReadyBy,
    Role,
    Timings,
)

_USERNAME = Element(
    selector="#login-form input[name='user']", box=Box(x=480, y=330, width=400, height=40), label="E-mail"
)
_PASSWORD = Element(
    selector="#login-form input[name='pass']", box=Box(x=480, y=400, width=400, height=40), label="Password"
)
_SUBMIT = Element(selector="#login-form button", box=Box(x=480, y=470, width=400, height=44), label="Log in")
_DETECTION = Detection(
    login_present=True,
    confidence=0.98,
    forms=(
        Form(
            kind=FormKind.LOGIN,
            score=0.97,
            login_score=0.98,
            username=_USERNAME,
            password_current=_PASSWORD,
            submit=_SUBMIT,
            fields=(
                Field(role=Role.USERNAME, score=0.95, element=_USERNAME),
                Field(role=Role.PASSWORD_CURRENT, score=0.99, element=_PASSWORD),
                Field(role=Role.SUBMIT, score=0.98, element=_SUBMIT),
            ),
            box=Box(x=440, y=250, width=480, height=300),
            evidence=(
                "+2.1 one password field, autocomplete=current-password",
                "+1.2 the button says 'Log in'",
                "+0.8 a link to a forgotten password",
                "+0.4 the form's action holds 'login'",
            ),
        ),
    ),
    insertion_point=InsertionPoint(
        anchor=_USERNAME,
        side="inside-end",
        box=Box(x=844, y=336, width=28, height=28),
        evidence=("room of 28 px at the end of the field",),
    ),
    evidence=("login form with username, password and submit",),
    weights_version="1",
)


def make_observation(site: str, attempt: int, *, started_s: float, slot: str, lasts_s: float) -> Observation:
    """A visit of `site` that began `started_s` seconds into the run and took `lasts_s` seconds of its slot."""
    return Observation(
        site=site,
        attempt=attempt,
        outcome=Outcome.OBSERVED,
        url=f"https://{site}.example/login?next=%2Faccount",
        title=f"Log in to {site}",
        http_status=200,
        ready_by=ReadyBy.FOUND,
        detection=_DETECTION,
        events=(PageEvent(kind="console-error", text="ReferenceError: analytics is not defined"),),
        timings=Timings(
            total_s=lasts_s,
            context_s=round(lasts_s * 0.1, 3),
            navigate_s=round(lasts_s * 0.4, 3),
            ready_s=round(lasts_s * 0.3, 3),
            probe_s=round(lasts_s * 0.1, 3),
            detect_s=round(lasts_s * 0.1, 3),
        ),
        started_s=started_s,
        hub="http://hub-1:4444",
        node="http://node-3:5555",
        session="5e551011aa0411f09d1f0242ac120002",
        slot=slot,
    )
