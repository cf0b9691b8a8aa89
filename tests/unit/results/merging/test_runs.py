from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gridrunner import codec
from gridrunner.errors import RunFolderError, UsageError
from gridrunner.model import Plan, Status, Verdict
from gridrunner.planning.shards import cut_shard
from gridrunner.results.journal.events import Decided, Event, Judged, Observed, RunEnded, SessionChange, SessionChanged
from gridrunner.results.merging.runs import MergeOutcome, find_runs, merge_runs
from gridrunner.results.record import exit_code_of, load_run
from tests.support.sample_runs import (
    CHECKS,
    FIELDS,
    FOUND,
    POINT,
    every_events,
    every_plan,
    every_record,
    fuzz,
    make_observation,
    make_plan_of,
    make_result,
    make_site,
    pass_site,
    write_run,
)

NAMES = [f"site-{index:02}" for index in range(16)]
PLAN = make_plan_of([make_site(name, line) for line, name in enumerate(NAMES, start=5)])


def started(hour: int) -> str:
    return f"2026-11-24T{hour:02}:00:00+00:00"


def write_shard(folder: Path, number: int, count: int = 8, *, hour: int = 8, plan: Plan = PLAN) -> Path:
    shard = cut_shard(plan, number, count)
    assert shard.shard_sites is not None
    events = [event for place, site in enumerate(shard.shard_sites) for event in pass_site(site, started_s=2.0 * place)]
    return write_run(folder / f"shard-{number}", shard, events, run=f"run-{number}", started=started(hour))


def write_results(folder: Path, name: str, hour: int, results: Iterable[Event], plan: Plan = PLAN) -> Path:
    return write_run(folder / name, plan, results, run=name, started=started(hour))


def merge(folders: Iterable[Path], out: Path) -> MergeOutcome:
    outcome = merge_runs(list(folders), out)
    record = load_run(out)
    assert exit_code_of(record) == outcome.exit_code
    cases = [(case.site.id, case.check) for case in record.verdicts()]
    assert len(cases) == len(set(cases)) == len(PLAN.sites) * len(PLAN.checks) == sum(outcome.cases.values())
    return outcome


def test_shards_make_the_whole_plan(tmp_path: Path) -> None:
    outcome = merge([write_shard(tmp_path, number) for number in range(1, 9)], tmp_path / "out")
    assert outcome.exit_code == 0
    assert outcome.cases[Verdict.PASSED] == 48
    assert (outcome.missing, outcome.duplicates, outcome.warnings) == ({}, 0, ())
    record = load_run(tmp_path / "out")
    assert record.plan == PLAN
    assert record.totals().slots == 8
    assert {seen.slot for tries in record.observations.values() for seen in tries} == {
        f"{n}/8:slot-1" for n in range(1, 9)
    }


def test_eight_shards_one_killed_one_truncated_one_run_twice(tmp_path: Path) -> None:
    folders = [write_shard(tmp_path, number) for number in (1, 2, 4, 5, 6, 7, 8)]
    again = write_shard(tmp_path / "again", 5, hour=9)
    truncated = folders[3 - 1] / "journal.jsonl"
    truncated.write_bytes(truncated.read_bytes()[:-30])
    outcome = merge([*folders, again], tmp_path / "out")
    lost = cut_shard(PLAN, 3, 8).shard_sites
    cut = cut_shard(PLAN, 4, 8).shard_sites
    assert lost is not None
    assert cut is not None
    assert outcome.exit_code == 3
    assert dict(outcome.missing) == {site: 3 for site in NAMES if site in lost} | {cut[-1]: 1}
    assert outcome.missing_shards == ("3/8",)
    assert outcome.duplicates == 6
    lines = len(truncated.read_bytes().splitlines())
    assert outcome.warnings == (
        f"run-4: {truncated}:{lines}: truncated last line dropped (166 bytes)",
        "no run of shard 3/8",
        f"7 results of 3 sites are missing: {', '.join(outcome.missing)}",
        "6 results were replaced by those of a newer run",
    )


def test_shards_cut_from_different_histories_are_named(tmp_path: Path) -> None:
    slow = [replace(planned, expected_s=60.0 if place == 15 else 1.0) for place, planned in enumerate(PLAN.sites)]
    other = replace(PLAN, sites=tuple(slow))
    folders = [write_shard(tmp_path, number, 3) for number in (1, 2)] + [write_shard(tmp_path, 3, 3, plan=other)]
    outcome = merge(folders, tmp_path / "out")
    alike, different = (cut_shard(plan, 1, 3).cut[:8] for plan in (PLAN, other))
    assert outcome.exit_code == 3
    assert outcome.warnings[0].startswith(
        f"the shards were not cut alike: 1/3 (run-1), 2/3 (run-2) as {alike}; 3/3 (run-3) as {different}: their "
        "machines planned from different histories"
    )
    whole = merge([write_shard(tmp_path / "whole", number, 3) for number in (1, 2, 3)], tmp_path / "out")
    assert (whole.exit_code, whole.warnings) == (0, ())


def test_the_last_attempt_of_the_newest_run_wins(tmp_path: Path) -> None:
    rest = [event for name in NAMES[1:] for event in pass_site(name)]
    old = write_results(tmp_path, "old", 8, [Judged(result=make_result(check, NAMES[0])) for check in CHECKS])
    new = write_results(
        tmp_path,
        "new",
        9,
        [
            *rest,
            Judged(result=make_result(FOUND, NAMES[0], Status.FAILED)),
            Judged(result=make_result(FOUND, NAMES[0], attempt=2)),
            Judged(result=make_result(FIELDS, NAMES[0], Status.FAILED)),
        ],
    )
    outcome = merge([new, old], tmp_path / "out")
    verdicts = {case.check: case.verdict for case in load_run(tmp_path / "out").verdicts() if case.site.id == NAMES[0]}
    # the newer run did not judge POINT: the older one did
    assert verdicts == {FOUND: Verdict.FLAKY, FIELDS: Verdict.FAILED, POINT: Verdict.PASSED}
    assert outcome.exit_code == 1
    assert outcome.duplicates == 2
    assert outcome.runs == ("old", "new")


def test_visits_come_from_the_newest_run_that_judged(tmp_path: Path) -> None:
    seen = [Observed(observation=make_observation(NAMES[0], title="new, but not judged"))]
    old = write_results(tmp_path, "old", 8, pass_site(NAMES[0], started_s=1.0))
    new = write_results(tmp_path, "new", 9, seen)
    merge([old, new], tmp_path / "out")
    (observation,) = load_run(tmp_path / "out").observations[NAMES[0]]
    assert observation.title == f"Log in to {NAMES[0]}"
    assert observation.started_s == 1.0
    third = write_results(tmp_path, "third", 10, pass_site(NAMES[0], started_s=1.0, attempt=2))
    merge([old, new, third], tmp_path / "out")
    (observation,) = load_run(tmp_path / "out").observations[NAMES[0]]
    assert (observation.attempt, observation.started_s, observation.slot) == (2, 7201.0, "third:slot-1")


def test_the_same_runs_give_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    folders = [write_shard(tmp_path, number, 3, hour=8 + number) for number in (1, 2, 3)]
    folders.append(write_shard(tmp_path / "again", 2, 3, hour=12))
    seen = set()
    for number, order in enumerate(permutations(folders)):
        merge(order, tmp_path / f"out-{number}")
        seen.add(
            (tmp_path / f"out-{number}" / "journal.jsonl").read_bytes()
            + (tmp_path / f"out-{number}" / "plan.json").read_bytes()
        )
    assert len(seen) == 1


def test_a_merged_run_merges_again_to_the_same_verdicts(tmp_path: Path) -> None:
    shards = [write_shard(tmp_path, number, 4) for number in (1, 2, 3, 4)]
    merge(shards[:2], tmp_path / "half")
    outcome = merge([tmp_path / "half", *shards[2:]], tmp_path / "out")
    assert outcome.exit_code == 0
    assert outcome.runs == ("run-1", "run-2", "run-3", "run-4")
    once = merge([tmp_path / "out"], tmp_path / "again")
    assert once.exit_code == 0
    assert once.run == outcome.run


def test_every_kind_of_verdict_survives(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", every_plan(), every_events())
    outcome = merge_runs([folder], tmp_path / "out")
    merged = load_run(tmp_path / "out")
    assert [(case.verdict, case.reason, case.attempts) for case in merged.verdicts()] == [
        (case.verdict, case.reason, case.attempts) for case in every_record().verdicts()
    ]
    assert merged.totals() == every_record().totals() or merged.header.slots == 0
    assert merged.sessions == every_record().sessions
    assert merged.faults == every_record().faults
    assert outcome.missing == {"lost": 3, "unreached": 3, "unfinished": 3}
    assert outcome.exit_code == exit_code_of(merged) == 3


def test_times_are_on_the_clock_of_the_first_run(tmp_path: Path) -> None:
    opened = SessionChanged(change=SessionChange.OPENED, slot="slot-1", at_s=3.0)
    first = write_results(tmp_path, "first", 8, [*pass_site(NAMES[0]), Decided(text="x", at_s=1)])
    later = write_results(tmp_path, "later", 9, [opened, *pass_site(NAMES[1], started_s=4.0)])
    merge([later, first], tmp_path / "out")
    record = load_run(tmp_path / "out")
    assert record.header.started == started(8)
    assert (record.sessions[0].at_s, record.sessions[0].slot) == (3603.0, "later:slot-1")
    assert record.observations[NAMES[1]][0].started_s == 3604.0
    assert record.ended == RunEnded(exit_code=3, at_s=3606.0, reason="merged from 2 runs")


def test_different_plans_are_refused_naming_both(tmp_path: Path) -> None:
    other = make_plan_of([make_site("other")])
    one = write_results(tmp_path, "one", 8, [])
    two = write_results(tmp_path, "two", 9, [], other)
    with pytest.raises(RunFolderError, match=f"one of {PLAN.hash[:12]}, two of {other.hash[:12]}"):
        merge_runs([one, two], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_newer_format_is_named_and_costs_only_itself(tmp_path: Path) -> None:
    good = write_shard(tmp_path, 1)
    newer = write_shard(tmp_path, 2)
    (newer / "journal.jsonl").write_bytes(b'{"format":9}\n')
    outcome = merge_runs([good, newer], tmp_path / "out")
    assert (outcome.exit_code, outcome.runs) == (3, ("run-1",))
    assert "journal format 9" in outcome.warnings[0]
    with pytest.raises(RunFolderError, match="journal format 9"):
        merge_runs([newer], tmp_path / "out")


def test_a_run_of_another_plan_among_many_is_named_and_costs_only_itself(tmp_path: Path) -> None:
    folders = [write_shard(tmp_path, number) for number in (1, 2)]
    other = write_shard(tmp_path, 3, plan=make_plan_of([make_site("stranger")]))
    outcome = merge_runs([other, *folders], tmp_path / "out")
    assert (outcome.exit_code, outcome.runs) == (3, ("run-1", "run-2"))
    assert outcome.warnings[0].startswith("not read at all: ")
    assert "run-3 is of plan " in outcome.warnings[0]


@pytest.mark.parametrize("change", [b'"format":9', b'"format":9,"plan":"of another shape"'])
def test_a_plan_of_a_newer_format_is_refused(tmp_path: Path, change: bytes) -> None:
    newer = write_shard(tmp_path, 1)
    plan = newer / "plan.json"
    plan.write_bytes(plan.read_bytes().replace(b'"format":1', change))
    with pytest.raises(RunFolderError, match="plan format 9"):
        merge_runs([newer], tmp_path / "out")


def test_damage_in_the_middle_counts_up_to_there_and_is_never_green(tmp_path: Path) -> None:
    whole = write_results(tmp_path, "whole", 8, [event for name in NAMES for event in pass_site(name)])
    bad = write_results(tmp_path, "bad", 9, [event for name in NAMES for event in pass_site(name)])
    lines = (bad / "journal.jsonl").read_bytes().split(b"\n")
    lines[11] = b"garbage"
    (bad / "journal.jsonl").write_bytes(b"\n".join(lines))
    outcome = merge([whole, bad], tmp_path / "out")
    assert outcome.missing == {}
    assert outcome.exit_code == 3
    assert "the journal of bad cannot be read after line 11" in outcome.warnings
    assert load_run(tmp_path / "out").header.damaged == ("the journal of bad cannot be read after line 11",)


def test_a_run_that_cannot_be_read_at_all_costs_only_itself(tmp_path: Path) -> None:
    whole = write_results(tmp_path, "whole", 8, [event for name in NAMES for event in pass_site(name)])
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "journal.jsonl").touch()
    outcome = merge([whole, empty, tmp_path / "nowhere"], tmp_path / "out")
    assert outcome.exit_code == 3
    assert any(line.startswith("not read at all: empty: ") for line in outcome.warnings)
    assert any(line.startswith("not read at all: nowhere: ") for line in outcome.warnings)
    with pytest.raises(RunFolderError, match="none of the runs to merge could be read"):
        merge_runs([empty], tmp_path / "out")


def test_a_shard_without_a_plan_file_is_still_counted(tmp_path: Path) -> None:
    folders = [write_shard(tmp_path, number, 2) for number in (1, 2)]
    (folders[0] / "plan.json").write_bytes(b'{"form')
    assert merge(folders, tmp_path / "out").exit_code == 0
    (folders[1] / "plan.json").unlink()
    with pytest.raises(RunFolderError, match="no run has a plan that can be read"):
        merge_runs(folders, tmp_path / "out")


def test_runs_are_found_below_a_folder_of_artifacts(tmp_path: Path) -> None:
    for number in (1, 2):
        write_shard(tmp_path / "artifacts" / f"job-{number}" / "runs", number, 2)
    assert len(find_runs(tmp_path / "artifacts")) == 2
    assert merge([tmp_path / "artifacts"], tmp_path / "artifacts" / "merged").exit_code == 0
    # a second time the merged run, which is now below the folder, is not taken for a shard
    assert merge([tmp_path / "artifacts"], tmp_path / "artifacts" / "merged").duplicates == 0


def test_out_may_not_be_one_of_the_runs(tmp_path: Path) -> None:
    folder = write_shard(tmp_path, 1)
    with pytest.raises(UsageError, match="is one of the runs to merge"):
        merge_runs([folder], folder)


def test_evidence_comes_along_and_nothing_from_elsewhere(tmp_path: Path) -> None:
    shot = "evidence/site-00/shot.png"
    stray = tmp_path / "secret.png"
    stray.write_bytes(b"secret")
    events: list[Event] = [
        Observed(observation=make_observation(NAMES[0], screenshot_path=shot, facts_path="evidence/site-00/none.gz")),
        Judged(result=make_result(FOUND, NAMES[0])),
        Observed(
            observation=make_observation(
                NAMES[1], screenshot_path="../secret.png", capture_path="evidence/../../secret.png"
            )
        ),
        Observed(observation=make_observation(NAMES[2], screenshot_path=str(stray), capture_path="evidence/link.png")),
    ]
    folder = write_results(tmp_path, "run", 8, events)
    (folder / "evidence" / "site-00").mkdir(parents=True)
    (folder / shot).write_bytes(b"picture")
    (folder / "evidence" / "link.png").symlink_to(stray)
    outcome = merge([folder], tmp_path / "out")
    assert (tmp_path / "out" / shot).read_bytes() == b"picture"
    assert (tmp_path / "out" / shot).stat().st_ino == (folder / shot).stat().st_ino
    assert [path.name for path in (tmp_path / "out" / "evidence").rglob("*") if path.is_file()] == ["shot.png"]
    assert "5 files of evidence are missing from the runs" in outcome.warnings


@fuzz(150)
@given(data=st.data())
def test_shards_damaged_anywhere_never_lose_a_case_in_silence(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("merge", numbered=True)
    folders = [write_shard(root, number, 3) for number in (1, 2, 3)]
    victim = data.draw(st.sampled_from(folders)) / "journal.jsonl"
    content = victim.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    garbage = data.draw(st.binary(max_size=30))
    is_cut_off = data.draw(st.booleans())
    victim.write_bytes(content[:cut] + garbage + (b"" if is_cut_off else content[cut:]))
    try:
        outcome = merge(folders, root / "out")
    except RunFolderError as error:
        assert "format" in str(error) or "plan" in str(error)  # noqa: PT017 - a header may be damaged into another one
        return
    if outcome.exit_code == 0:
        assert outcome.missing == {}
        assert outcome.cases[Verdict.PASSED] == 48
    else:
        assert outcome.warnings


@fuzz(150)
@given(data=st.data())
def test_results_in_any_order_keep_their_sites(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    root = tmp_path_factory.mktemp("order", numbered=True)
    checks = [*CHECKS, "other.py::test_other"]
    statuses = st.sampled_from(Status)
    results = [
        Judged(result=make_result(check, site, data.draw(statuses), attempt))
        for site in (*NAMES[:2], "stranger")
        for check in checks
        for attempt in range(1, data.draw(st.integers(1, 5)) // 4 + 2)
    ]
    run = write_results(root, "run", 8, data.draw(st.permutations(results)))
    outcome = merge([run], root / "out")
    verdicts = list(load_run(run).site_verdicts())
    assert list(outcome.record.site_verdicts()) == verdicts
    assert list(load_run(root / "out").site_verdicts()) == verdicts
    lines = (root / "out" / "journal.jsonl").read_bytes().splitlines()
    assert sum(b'"result"' in line for line in lines) == sum(len(case.attempts) for case in outcome.record.verdicts())


def test_what_is_merged_is_written_as_it_was(tmp_path: Path) -> None:
    folder = write_results(tmp_path, "run", 8, [event for name in NAMES for event in pass_site(name)])
    merge([folder], tmp_path / "out")
    lines = set((folder / "journal.jsonl").read_bytes().splitlines())
    results = [line for line in (tmp_path / "out" / "journal.jsonl").read_bytes().splitlines() if b'"result"' in line]
    assert len(results) == 48
    assert all(line in lines and codec.decode(line, Judged) for line in results)
