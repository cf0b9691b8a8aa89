"""How well the user's own detectors did: counted by role, locale and tag, and beside one another."""

from __future__ import annotations

from typing import Any

from gridrunner.model import Detection, Expectation, ExpectedLogin, Observation, Outcome, Verdict
from gridrunner.results.verdicts.cases import SiteVerdict
from gridrunner.results.verdicts.scores import Difference, GroupScore, RoleScore, Scorer, describe_score
from tests.support.sample_runs import make_detection, make_site

YES = Expectation(login=ExpectedLogin.YES, username="#user")
NO = Expectation(login=ExpectedLogin.NO)


def answer(said: dict[str, Any], took_s: float = 0.01, **leads: str | None) -> dict[str, Any]:
    return {"value": said, "matches": leads, "took_s": took_s}


RIGHT = answer({"login": True, "username": "#user", "password": "#pass"}, username="#user", password="#pass")
NOTHING = answer({"login": False}, took_s=0.03)
OTHER = answer({"login": True, "username": ".q"}, username="#search")
BROKEN = {"error": "JavaScript: oops", "took_s": 0.02}


def visited(
    name: str, expect: Expectation, probes: dict[str, Any], *, detection: Detection | None = None, **given: object
) -> SiteVerdict:
    found = {"expected": {"username": {"selector": "#user", "matches": "#user"}}, **probes}
    seen = Observation(site=name, attempt=1, outcome=Outcome.OBSERVED, detection=detection, probes=found)
    site = make_site(name, expect=expect, **given)
    return SiteVerdict(site=site, verdict=Verdict.PASSED, cases=(), observations=(seen,), busy_s=1.0)


def test_a_score_counts_by_role_locale_and_tag() -> None:
    scorer = Scorer()
    ours = make_detection()
    scorer.add(visited("a", YES, {"my.js": RIGHT}, detection=ours, locale="de", tags=("bank",)))
    scorer.add(visited("b", YES, {"my.js": NOTHING}, detection=ours, locale="de"))
    scorer.add(visited("c", YES, {"my.js": OTHER}, detection=ours, locale="fr"))
    scorer.add(visited("d", NO, {"my.js": NOTHING}, locale="fr"))
    scorer.add(visited("e", YES, {"my.js": BROKEN}, detection=ours, locale=None, tags=()))
    (score,) = scorer.finish().detectors
    assert (score.name, score.asked, score.answered, score.compared, score.right) == ("my.js", 5, 4, 5, 2)
    assert score.roles == {
        "login": RoleScore(right=3, missed=1),
        "username": RoleScore(right=1, wrong=1, missed=1),
        "password": RoleScore(right=1, missed=2),
    }
    assert (score.points, score.by_list) == (10, 7)
    assert set(score.groups) == {
        GroupScore(kind="locale", name="de", sites=2, right=1),
        GroupScore(kind="locale", name="fr", sites=2, right=1),
        GroupScore(kind="tag", name="bank", sites=1, right=1),
        GroupScore(kind="tag", name="classic", sites=3, right=1),
    }
    assert (score.mean_s, score.slowest_s) == (0.02, 0.03)
    assert describe_score(score) == (
        "right on 2 of 5 sites; login 3/4 (1 missed), username 1/3 (1 wrong, 1 missed), password 1/3 (2 missed); "
        "answered on 4 of 5; 20 ms per page"
    )


def test_detectors_side_by_side_name_the_sites_on_which_they_differ() -> None:
    scorer = Scorer()
    scorer.add(visited("same", NO, {"old.js": NOTHING, "new.js": NOTHING}))
    scorer.add(visited("better", YES, {"old.js": OTHER, "new.js": RIGHT}))
    scorer.add(visited("worse", YES, {"old.js": RIGHT, "new.js": BROKEN}))
    scores = scorer.finish()
    assert [score.name for score in scores.detectors] == ["old.js", "new.js"]
    assert (scores.differing, scores.differences) == (
        2,
        (
            Difference(site="better", words=("wrong username: #search", "right")),
            Difference(site="worse", words=("right", "no answer: JavaScript: oops")),
        ),
    )


def test_a_probe_that_is_no_detector_has_no_score() -> None:
    scorer = Scorer()
    scorer.add(visited("a", YES, {"title.js": {"value": "Log in"}}))
    assert scorer.finish().detectors == ()
