"""How well the user's own detectors did, from one pass over the sites. Pure. The invariant: memory grows with what went
wrong and with the number of locales and tags, not with what was run.

A detector is a probe that answers in the words of `dom_probes.suite.comparison`; what its answers are compared with,
and what counts as right, is decided there. Each site counts with its last visit that was observed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from msgspec import Struct

from dom_probes.suite.comparison import KNOWN, Answer, Mark, compare_detectors
from gridrunner.model import Outcome, Site
from gridrunner.results.verdicts.cases import SiteVerdict
from gridrunner.text import make_line

MOST_GROUPS = 60
"""Locales and tags of a score, the largest first: what a page of a report shows."""

MOST_DIFFERENCES = 200
"""Sites on which detectors differ that are named; all are counted."""

WORDS_LIMIT = 160


class AnswerState(StrEnum):
    """What an answer came to as a whole: the worst of its points. UNCOMPARED: no one says what would be right."""

    RIGHT = "right"
    WRONG = "wrong"
    MISSED = "missed"
    BROKEN = "broken"
    UNCOMPARED = "uncompared"


class RoleScore(Struct, frozen=True, kw_only=True):
    """How often a detector was right about one role; `missed`: it gave none where one was wanted."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def compared(self) -> int:
        """All of them."""
        return self.right + self.wrong + self.missed


class GroupScore(Struct, frozen=True, kw_only=True):
    """The sites of a locale or a tag (`kind`), and on how many of them every point was right."""

    kind: str
    name: str
    sites: int
    right: int


class DetectorScore(Struct, frozen=True, kw_only=True):
    """How well one detector did. Of the sites that it was `asked` on it `answered` in known words on some; `right` are
    those on which every point was, `compared` those that had one. `by_list` of all `points` were judged by the site
    list, the others by gridrunner's own detection.
    """

    name: str
    asked: int
    answered: int
    compared: int
    right: int
    points: int
    by_list: int
    roles: Mapping[str, RoleScore]
    groups: tuple[GroupScore, ...] = ()
    mean_s: float | None = None
    slowest_s: float | None = None


class Difference(Struct, frozen=True, kw_only=True):
    """A site on which detectors differ, and what each of them came to, in the order of the scores."""

    site: str
    words: tuple[str, ...]


class Scores(Struct, frozen=True, kw_only=True):
    """The scores of a run's detectors, by name, and the sites on which they differ (`differing` in all)."""

    detectors: tuple[DetectorScore, ...] = ()
    differences: tuple[Difference, ...] = ()
    differing: int = 0


def state_of(answer: Answer) -> AnswerState:
    """What an answer came to as a whole."""
    if not answer.is_valid:
        return AnswerState.BROKEN
    marks = {point.mark for point in answer.points}
    if not marks:
        return AnswerState.UNCOMPARED
    for mark, state in ((Mark.WRONG, AnswerState.WRONG), (Mark.MISSED, AnswerState.MISSED)):
        if mark in marks:
            return state
    return AnswerState.RIGHT


def describe_answer(answer: Answer) -> str:
    """An answer in a few words: `right`, or what is not."""
    if answer.error:
        return make_line(f"no answer: {answer.error}", WORDS_LIMIT)
    if answer.mistakes:
        return make_line(f"not understood: {'; '.join(answer.mistakes)}", WORDS_LIMIT)
    off = [point for point in answer.points if point.mark is not Mark.RIGHT and not point.is_moot]
    said = [
        f"{point.mark} {point.what}" + (f": {point.given}" if point.mark is Mark.WRONG and point.given else "")
        for point in off
    ]
    return make_line("; ".join(said), WORDS_LIMIT) if said else state_of(answer).value


def answers_of(site: SiteVerdict) -> tuple[Answer, ...]:
    """What the user's detectors said in the last visit of a site that was observed."""
    visit = next((visit for visit in reversed(site.observations) if visit.outcome is Outcome.OBSERVED), None)
    return compare_detectors(site.site.expect, visit, visit.detection) if visit is not None and visit.probes else ()


@dataclass(slots=True)
class _Tally:
    asked: int = 0
    answered: int = 0
    compared: int = 0
    right: int = 0
    by_list: int = 0
    roles: dict[str, dict[Mark, int]] = field(default_factory=dict)
    groups: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    timed: int = 0
    total_s: float = 0.0
    slowest_s: float = 0.0

    def add(self, site: Site, answer: Answer) -> None:
        self.asked += 1
        self.answered += answer.is_valid
        if answer.took_s is not None:
            self.timed += 1
            self.total_s += answer.took_s
            self.slowest_s = max(self.slowest_s, answer.took_s)
        if not answer.points and answer.is_valid:
            return
        is_right = state_of(answer) is AnswerState.RIGHT
        self.compared += 1
        self.right += is_right
        for point in answer.points:
            marks = self.roles.setdefault(point.what, dict.fromkeys(Mark, 0))
            marks[point.mark] += 1
            self.by_list += point.is_of_list
        for key in _groups_of(site):
            count = self.groups.setdefault(key, [0, 0])
            count[0] += 1
            count[1] += is_right

    def finish(self, name: str) -> DetectorScore:
        roles = {
            role: RoleScore(right=marks[Mark.RIGHT], wrong=marks[Mark.WRONG], missed=marks[Mark.MISSED])
            for role in KNOWN
            if (marks := self.roles.get(role)) is not None
        }
        largest = sorted(self.groups.items(), key=lambda item: (-item[1][0], item[0]))[:MOST_GROUPS]
        return DetectorScore(
            name=name,
            asked=self.asked,
            answered=self.answered,
            compared=self.compared,
            right=self.right,
            points=sum(score.compared for score in roles.values()),
            by_list=self.by_list,
            roles=roles,
            groups=tuple(
                GroupScore(kind=kind, name=group, sites=sites, right=right) for (kind, group), (sites, right) in largest
            ),
            mean_s=round(self.total_s / self.timed, 4) if self.timed else None,
            slowest_s=round(self.slowest_s, 4) if self.timed else None,
        )


def _groups_of(site: Site) -> Iterable[tuple[str, str]]:
    return [*([("locale", site.locale)] if site.locale else []), *(("tag", tag) for tag in site.tags)]


class Scorer:
    """Takes the sites of a run one at a time."""

    def __init__(self) -> None:
        self._tallies: dict[str, _Tally] = {}
        self._differing = 0
        self._differences: list[tuple[str, dict[str, str]]] = []

    def add(self, site: SiteVerdict) -> None:
        """Take the next site."""
        answers = answers_of(site)
        for answer in answers:
            self._tallies.setdefault(answer.name, _Tally()).add(site.site, answer)
        words = {answer.name: describe_answer(answer) for answer in answers}
        if len(set(words.values())) > 1:
            self._differing += 1
            if len(self._differences) < MOST_DIFFERENCES:
                self._differences.append((site.site.id, words))

    def finish(self) -> Scores:
        """The scores of what was taken: of detectors alone, which answered somewhere or failed everywhere."""
        names = list(self._tallies)
        return Scores(
            detectors=tuple(tally.finish(name) for name, tally in self._tallies.items()),
            differences=tuple(
                Difference(site=site, words=tuple(words.get(name, "") for name in names))
                for site, words in self._differences
            ),
            differing=self._differing,
        )


def describe_score(score: DetectorScore) -> str:
    """A score in one line: `right on 8 of 10 sites; login 10/10, username 6/9 (2 wrong, 1 missed)`."""
    parts = [f"right on {score.right} of {score.compared} sites"]
    roles = []
    for role, counts in score.roles.items():
        off = [f"{count} {word}" for count, word in ((counts.wrong, "wrong"), (counts.missed, "missed")) if count]
        roles.append(f"{role} {counts.right}/{counts.compared}" + (f" ({', '.join(off)})" if off else ""))
    if roles:
        parts.append(", ".join(roles))
    if score.answered < score.asked:
        parts.append(f"answered on {score.answered} of {score.asked}")
    if score.mean_s is not None:
        parts.append(f"{score.mean_s * 1000:.0f} ms per page")
    return "; ".join(parts)
