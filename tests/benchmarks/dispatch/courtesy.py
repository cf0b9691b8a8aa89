"""What one visit at a time per domain costs, in virtual time: the same sites and durations with the rules and without.

The mixed list: seven sites of ten have a domain of their own, two share it with one to nine others, one is a replica.
Visits scatter as in `makespan`, where one in fifty times out by surprise; with `failing` that share of sites fails and
is visited again, with `busy` that share of first visits is answered with 429.

Second visits of stragglers are one of the rules: of public hosts there are none. What that costs is shown apart, by
runs of which neither hedges.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

from msgspec.structs import replace

from gridrunner.dispatch.machine.balancer import Balancer
from gridrunner.dispatch.machine.machine import Machine
from gridrunner.dispatch.settings import DispatchSettings
from gridrunner.model import Observation, Result, Site, Status
from gridrunner.planning.domains import HOST_DELAY_S, find_domain
from gridrunner.planning.durations import expect_durations, find_early_sites
from gridrunner.planning.plan import make_plan
from tests.benchmarks.dispatch.makespan import CHECKS, Trial, make_trial
from tests.support.virtual_grid import Opening, VirtualGrid, Visiting

SITES, SLOTS = 5_000, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Wall seconds of one list without the rules and with them; `largest` is the number of sites of its largest
    domain.
    """

    what: str
    largest: int
    free_s: float
    polite_s: float

    @property
    def ratio(self) -> float:
        """What the rules make of the wall time."""
        return self.polite_s / self.free_s


def mix_domains(trial: Trial, rng: random.Random) -> Trial:
    """The trial with addresses of a mixed list."""
    urls: list[str] = []
    while len(urls) < len(trial.sites):
        number, kind = len(urls), rng.random()
        if kind < 0.1:
            urls.append(f"http://r{number}.localhost/")
        elif kind < 0.9 - 0.2 * 4.5 / 5.5:  # in sites, not in domains, the shares are as the docstring says
            urls.append(f"https://s{number}.example/")
        else:
            urls += [f"https://w{part}.s{number}.example/" for part in range(rng.randint(2, 10))]
    rng.shuffle(urls)
    sites = tuple(replace(site, url=url) for site, url in zip(trial.sites, urls, strict=False))
    return replace_sites(trial, sites)


def replace_sites(trial: Trial, sites: tuple[Site, ...]) -> Trial:
    """The trial with other sites of the same ids."""
    return Trial(sites=sites, history=trial.history, actual_s=trial.actual_s, timeout_s=trial.timeout_s)


def run_s(trial: Trial, *, host_delay_s: float | None, failing: float, busy: float, hedge: bool = True) -> float:
    """The machine's wall time; what fails and who is busy is the same with the rules and without."""
    rng = random.Random(7)
    failed = {site.id for site in trial.sites if rng.random() < failing}
    refusing = {site.id for site in trial.sites if rng.random() < busy}
    again = random.Random(0)

    def visit(site: Site, attempt: int, _hub: str, _at_s: float) -> Visiting:
        status = 429 if attempt == 1 and site.id in refusing else 200
        took_s = trial.actual_s[site.id] if attempt == 1 else again.choice(trial.history[site.id]).duration_s
        return Visiting(took_s=took_s, status=status)

    def judge(observations: tuple[Observation, ...]) -> tuple[list[Result], None]:
        return [
            Result(
                check=check,
                site=seen.site,
                attempt=seen.attempt,
                status=Status.FAILED if seen.site in failed else Status.PASSED,
            )
            for seen in observations
            for check in CHECKS
        ], None

    expected = expect_durations(trial.history, trial.sites, default_timeout_s=trial.timeout_s)
    machine = Machine(
        plan=make_plan(trial.sites, CHECKS, expected),
        settings=DispatchSettings(
            hedge=hedge, visit_timeout_s=trial.timeout_s, opens_at_once=SLOTS, host_delay_s=host_delay_s
        ),
        balancer=Balancer(["hub"], rng=random.Random(0)),
        early=find_early_sites(expected),
    )
    grid = VirtualGrid(
        machine=machine,
        capacities={"hub": SLOTS},
        visits=visit,
        judges=judge,  # type: ignore[arg-type] # a tuple is the sequence that it gets
        opens=lambda _hub, _at_s: Opening(took_s=1.5),
    )
    return grid.run().wall_s


def compare_courtesy(*, trials: int = 3) -> list[Price]:
    """Lists with nothing amiss, with failing sites, and with servers that are busy."""
    prices = []
    for what, failing, busy, hedge in (
        ("nothing fails", 0.0, 0.0, True),
        ("nothing fails, neither hedges", 0.0, 0.0, False),
        ("5 % of sites fail", 0.05, 0.0, True),
        ("5 % of sites fail, neither hedges", 0.05, 0.0, False),
        ("5 % fail, 1 % are busy, neither hedges", 0.05, 0.01, False),
    ):
        for seed in range(trials):
            rng = random.Random(seed)
            trial = mix_domains(make_trial(rng, sites=SITES, timeout_s=30.0), rng)
            domains = Counter(find_domain(site.url) for site in trial.sites)
            del domains[None]
            prices.append(
                Price(
                    what=what,
                    largest=max(domains.values()),
                    free_s=round(run_s(trial, host_delay_s=None, failing=failing, busy=busy, hedge=hedge), 1),
                    polite_s=round(run_s(trial, host_delay_s=HOST_DELAY_S, failing=failing, busy=busy, hedge=hedge), 1),
                )
            )
    return prices
