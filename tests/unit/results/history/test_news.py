from __future__ import annotations

from msgspec.structs import replace

from gridrunner.results.history.news import TOLD_SITES, find_news, write_body, write_title
from gridrunner.results.history.standing import Standing
from tests.support.planted_histories import plant_history
from tests.support.sample_runs import HOSTILE


def test_only_what_is_new_tonight_is_told() -> None:
    planting = plant_history(400, 40, each=3)
    news = find_news(planting.runs, planting.runs[-1])
    assert {standing: {site.site for site in sites} for standing, sites in news.told.items()} == {
        standing: {one.site for one in planting.planted if one.standing is standing}
        for standing in (Standing.NEWLY_BROKEN, Standing.NEWLY_BLOCKED, Standing.MENDED)
    }
    assert write_title(news) == "gridrunner: 3 newly broken, 3 newly blocked, 3 newly mended"
    body = write_body(news, ["https://ci.example/7"])
    assert body.endswith("\n\nhttps://ci.example/7")
    assert "- newly-broken-0: no login form found, expected one\n" in body


def test_a_night_like_the_one_before_is_no_news() -> None:
    planting = plant_history(60, 30, each=1)
    last = planting.runs[-1]
    again = replace(last, run="again", started="2026-12-30T01:30:00+00:00")
    news = find_news(planting.runs, again)
    assert (news.is_worth_telling, news.told) == (False, {})
    assert find_news(planting.runs, again, "2 results not run").is_worth_telling


def test_a_first_run_has_no_news() -> None:
    assert not find_news([], plant_history(60, 30, each=1).runs[-1]).is_worth_telling


def test_a_message_is_short_and_mentions_nobody() -> None:
    planting = plant_history(400, 30, each=14)
    run = planting.runs[-1]
    sites = tuple([replace(site, why=HOSTILE.replace("\ud800", "") if site.why else "") for site in run.sites])
    news = find_news(planting.runs, replace(run, sites=sites))
    body = write_body(news, [])
    assert "  and 4 more" in body
    assert body.count("\n- ") == 3 * TOLD_SITES
    assert len(body) < 8_000
    for mark in ("<", "@e", "://", "\x1b", "::"):
        assert mark not in body
