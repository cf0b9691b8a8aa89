"""The run folders under --out: listed, remembered, compared, pruned, and their page."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridrunner.cli import main
from gridrunner.errors import ExitCode, NothingToRun
from gridrunner.model import Status
from gridrunner.results.journal.events import Event, Judged, Observed
from gridrunner.results.journal.locking import locked_run
from gridrunner.results.record import load_run
from gridrunner.run.keeping import put_on_shelf, read_shelf
from gridrunner.run.selecting import keep_last_failed
from gridrunner.run.shelf import choose_old, leave_out_shelf, list_runs, point_latest, read_card
from gridrunner.run.shelf_page import describe_change
from tests.support.sample_runs import FOUND, make_observation, make_plan_of, make_result, make_site, write_run


def add_run(out: Path, name: str, red: str, green: str = "", *, source: str = "") -> Path:
    """A run with one letter per site."""
    events: list[Event] = []
    for sites, status in ((red, Status.FAILED), (green, Status.PASSED)):
        for site in sites:
            events.append(Observed(observation=make_observation(site)))
            events.append(Judged(result=make_result(FOUND, site, status)))
    plan = make_plan_of([make_site(site) for site in red + green], [FOUND])
    return write_run(out / name, plan, events, run=name, started=f"2026-11-24T0{len(list_runs(out))}:00:00+00:00")


def sites(names: str) -> list[str]:
    return [site.id for site in keep_last_failed([make_site(name) for name in names], OUT)]


OUT = Path()


@pytest.fixture(autouse=True)
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_failed_is_remembered_over_runs(out: Path) -> None:
    add_run(out, "run-1", red="abc", green="d")
    add_run(out, "run-2", red="a", green="b")
    assert sites("abcd") == ["a", "c"]
    add_run(out, "run-3", red="", green="c")
    assert sites("abcd") == ["a"]
    with pytest.raises(NothingToRun, match="failed were a, which are in none of these lists"):
        sites("bd")


def test_a_star_names_the_runs_and_not_what_the_shelf_keeps_beside_them(out: Path) -> None:
    runs = [add_run(out, name, red="", green="a") for name in ("run-1", "run-2")]
    put_on_shelf(load_run(runs[1]), runs[1])
    assert leave_out_shelf(sorted(out.glob("[!.]*"))) == runs
    assert leave_out_shelf([out / "latest"]) == [out / "latest"]
    assert leave_out_shelf([out / "latest", runs[0]]) == [out / "latest", runs[0]]
    assert leave_out_shelf([out / "index.html"]) == [out / "index.html"]
    assert main(["merge", *map(str, sorted(out.glob("[!.]*"))), "--out", str(out / "merged")]) == ExitCode.OK


def test_changes_are_told_of_each_site_since_it_was_last_judged(out: Path) -> None:
    for name, red, green in (("run-1", "ab", "c"), ("run-2", "a", ""), ("run-3", "c", "ab"), ("run-4", "c", "ab")):
        add_run(out, name, red, green)
    shelf = read_shelf(out)
    assert [(change.broken, change.mended) for _, _, change in shelf] == [
        ((), ()),
        ((), ()),
        (("c",), ("a", "b")),
        ((), ()),
    ]
    assert [describe_change(change) for _, _, change in shelf] == [
        "",
        "nothing",
        "1 broken (c), 2 mended (a, b)",
        "nothing",
    ]


def test_a_card_is_made_anew_when_the_journal_grew(out: Path) -> None:
    folder = add_run(out, "run-1", red="a")
    before = read_card(folder)
    assert before is not None
    assert (out / ".shelf" / "run-1.json").is_file()
    (out / ".shelf" / "run-1.json").write_text("{broken")
    assert read_card(folder) == before
    with (folder / "journal.jsonl").open("a") as journal:
        journal.write('{"event":"decision","text":"later"}\n')
    grown = read_card(folder)
    assert grown is not None
    assert grown.journal_bytes > before.journal_bytes
    (folder / "plan.json").write_text("{")
    (folder / "journal.jsonl").write_text("")
    assert read_card(folder) is None


def test_latest_and_the_page_lead_to_the_runs(out: Path) -> None:
    for name in ("run-1", "run-2"):
        folder = add_run(out, name, red="a" if name == "run-1" else "", green="" if name == "run-1" else "a")
        put_on_shelf(load_run(folder), folder)
    assert (out / "latest").resolve() == (out / "run-2").resolve()
    assert [run.name for run in list_runs(out)] == ["run-1", "run-2"]
    page = (out / "index.html").read_text()
    assert page.index("run-2/report.html") < page.index("run-1/report.html")
    assert "1 mended (a)" in page
    assert "<script" not in page
    (out / "latest").unlink()
    (out / "latest").mkdir()
    point_latest(out / "run-1")
    assert not (out / "latest").is_symlink()


def test_the_page_shows_hostile_names_as_text(out: Path) -> None:
    plan = make_plan_of([make_site("a", source=None)], [FOUND])
    folder = write_run(out / "run-<b>", plan, [Observed(observation=make_observation("a"))], run="x")
    put_on_shelf(load_run(folder), folder)
    page = (out / "index.html").read_text()
    assert "run-%3Cb%3E/report.html" in page
    assert "<b>" not in page


def test_old_runs_go_and_those_that_are_written_stay(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(4):
        add_run(out, f"run-{number}", red="a")
    (out / "notes").mkdir()
    assert [run.name for run in choose_old(list_runs(out), 3)] == ["run-0"]
    assert main(["runs", "prune", "--keep", "2", "--dry-run", "--out", str(out)]) == 0
    assert len(list_runs(out)) == 4
    with locked_run(out / "run-0"):
        assert main(["runs", "prune", "--keep", "2", "--out", str(out)]) == 3
    assert [run.name for run in list_runs(out)] == ["run-0", "run-2", "run-3"]
    assert main(["runs", "prune", "--keep", "2", "--out", str(out)]) == 0
    assert main(["runs", "list", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "run-0 stays: it is being written" in said
    assert "run-3  failed   1 failed  nothing" in said
    assert (out / "notes").is_dir()
    assert main(["runs", "list", "--out", str(out / "none")]) == 4
