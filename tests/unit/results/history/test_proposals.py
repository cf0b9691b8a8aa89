from __future__ import annotations

from msgspec.structs import replace

from gridrunner.results.history.proposals import propose_quarantines, propose_releases
from gridrunner.results.history.standing import Standing, judge_trails
from gridrunner.results.history.trails import make_trails
from tests.support.planted_histories import plant_history


def test_flapping_sites_are_proposed_and_broken_ones_when_they_are_wanted() -> None:
    planting = plant_history(400, 40, each=3)
    trails = make_trails(planting.runs)
    stood = judge_trails(trails, 40)
    flapping = {one.site for one in planting.planted if one.standing is Standing.FLAPPING}
    proposals = propose_quarantines(trails, stood, are_broken_wanted=False)
    assert {proposal.site for proposal in proposals} == flapping
    assert all(proposal.reason.startswith("flapping: failed at first in ") for proposal in proposals)
    more = {proposal.site for proposal in propose_quarantines(trails, stood, are_broken_wanted=True)} - flapping
    assert more
    assert all(name.startswith("broken-") for name in more)


def test_a_site_in_quarantine_is_not_proposed_again_and_leaves_when_it_is_well() -> None:
    planting = plant_history(60, 30, each=2)
    held = {"flapping-0", "flapping-1", planting.runs[-1].sites[0].site} | {
        site.site for site in planting.runs[-1].sites if site.site.startswith("site-")
    }
    runs = [
        replace(run, sites=tuple([replace(site, is_quarantined=site.site in held) for site in run.sites]))
        for run in planting.runs
    ]
    trails = make_trails(runs)
    proposals = propose_quarantines(trails, judge_trails(trails, 30), are_broken_wanted=False)
    assert [proposal.site for proposal in proposals] == []
    released = {release.site: release.reason for release in propose_releases(trails)}
    assert released
    assert "flapping-0" not in released or released["flapping-0"].startswith("passed")
    assert set(released.values()) == {"passed at first in its last 10 runs"}
    assert propose_releases(trails, well_runs=31) == []
