"""Run folders of others: whatever they hold, a command ends in a sentence, and one of many costs only itself."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gridrunner.browser.evidence import EvidenceStore
from gridrunner.cli import main
from gridrunner.errors import OutputLost, RunFolderError
from gridrunner.judging.source import read_facts
from gridrunner.planning.plan import make_plan, plan_hash
from gridrunner.results.journal.events import JournalHeader, Observed
from gridrunner.results.journal.lines import JournalWriter
from gridrunner.results.journal.planfile import write_plan
from gridrunner.results.merging.runs import merge_runs
from gridrunner.results.record import load_run
from tests.support.sample_runs import (
    STARTED,
    fuzz,
    make_header,
    make_observation,
    make_plan_of,
    make_site,
    pass_site,
    write_run,
)

PLAN = make_plan_of([make_site("one"), make_site("two")])
SECRET = "the-secret-of-this-machine"


def write_good(folder: Path, site: str = "one") -> Path:
    return write_run(folder, PLAN, pass_site(site), run=folder.name)


def edit_line(folder: Path, number: int, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a line of a journal as JSON that Python's own module writes: 1e308 as it stands."""
    lines = (folder / "journal.jsonl").read_bytes().splitlines()
    event = json.loads(lines[number])
    change(event)
    lines[number] = json.dumps(event).encode()
    (folder / "journal.jsonl").write_bytes(b"\n".join(lines) + b"\n")


def add_line(line: bytes) -> Callable[[Path], None]:
    def add(folder: Path) -> None:
        with (folder / "journal.jsonl").open("ab") as file:
            file.write(line + b"\n")

    return add


def replace_file(name: str, target: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).symlink_to(target)

    return change


def make_pipe(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return change


def write_file(name: str, data: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_bytes(data)

    return change


def in_visit(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    return lambda folder: edit_line(folder, 2, lambda event: change(event["observation"]))


def in_header(**values: Any) -> Callable[[Path], None]:
    return lambda folder: edit_line(folder, 0, lambda event: event.update(values))


DEEP = b"[" * 1_000_000
HOSTILE: dict[str, Callable[[Path], None]] = {
    "times of no clock": add_line(b'{"event":"decision","text":"x","at_s":1e308}'),
    "times before all clocks": add_line(b'{"event":"visit-started","site":"one","attempt":1,"at_s":-1e308}'),
    "no number": add_line(b'{"event":"decision","text":"x","at_s":NaN}'),
    "an endless number": add_line(b'{"event":"decision","text":"x","at_s":1' + b"0" * 5000 + b"}"),
    "attempts without end": add_line(b'{"event":"visit-started","site":"one","attempt":99999999999999999999}'),
    "a visit without end": in_visit(lambda visit: visit["timings"].update(total_s=1e308)),
    "a visit at no time": in_visit(lambda visit: visit.update(started_s=-1e308)),
    "a status of no protocol": in_visit(lambda visit: visit.update(http_status=10**30)),
    "an event nested deep": add_line(b'{"event":"decision","text":' + DEEP),
    "an unknown key nested deep": add_line(b'{"event":"decision","text":"x","more":' + DEEP),
    "a header nested deep": write_file("journal.jsonl", b'{"format":1,"run":' + DEEP + b"\n"),
    "a plan nested deep": write_file("plan.json", b'{"format":1,"plan":' + DEEP),
    "a journal that is a pipe": make_pipe("journal.jsonl"),
    "a plan that is a pipe": make_pipe("plan.json"),
    "a journal without end": replace_file("journal.jsonl", "/dev/zero"),
    "a plan without end": replace_file("plan.json", "/dev/zero"),
    "a journal elsewhere": replace_file("journal.jsonl", "../secret"),
    "a plan elsewhere": replace_file("plan.json", "../secret"),
    "slots without end": in_header(slots=10**30),
    "a beginning in no year": in_header(started="0001-01-01T00:00:00+23:59"),
    "an end in no year": add_line(b'{"event":"resumed","started":"9999-12-31T23:59:59-23:59"}'),
    "an odd time": in_header(started="yesterday"),
    "half a character": add_line(b'{"event":"decision","text":"\\ud800"}'),
    "bytes": write_file("journal.jsonl", bytes(range(256)) * 100),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_folder_is_named_and_costs_only_itself(
    tmp_path: Path, change: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret").write_text(SECRET, encoding="utf-8")
    good = write_good(tmp_path / "good", "one")
    bad = write_good(tmp_path / "bad", "two")
    change(bad)
    codes = {
        "report": main(["report", str(bad)]),
        "merge": main(["merge", str(good), str(bad), "--out", str(tmp_path / "out")]),
    }
    said = "".join(capsys.readouterr())
    assert codes["report"] in {0, 2}
    assert codes["merge"] in {0, 3}
    assert "Traceback" not in said
    assert SECRET not in said
    merged = load_run(tmp_path / "out")
    assert {case.verdict for case in merged.verdicts() if case.site.id == "one"} == {"passed"}


BAD_SITES = [
    ("../../../escaped", "https://example.org/"),
    ("/tmp/escaped", "https://example.org/"),
    ("a/b", "https://example.org/"),
    ("..", "https://example.org/"),
    ("a" * 300, "https://example.org/"),
    ("nul\0", "https://example.org/"),
    ("one", "file:///etc/passwd"),
    ("one", "javascript:alert(1)"),
    ("one", "x"),
    ("one", ""),
    ("one", "https://user:password@example.org/"),
]


@pytest.mark.parametrize(("name", "url"), BAD_SITES)
def test_a_plan_holds_no_site_that_no_list_may(tmp_path: Path, name: str, url: str) -> None:
    """Its hash fits: it is no signature."""
    site = make_site(name)
    plan = make_plan([replace(site, url=url)], ["check"], {})
    plan = replace(plan, hash=plan_hash(plan))
    folder = write_run(tmp_path / "run", plan, [])
    with pytest.raises(RunFolderError, match="is not a plan that gridrunner made: site"):
        load_run(folder)
    assert main(["run", "--resume", str(folder)]) == 2


def test_a_plan_of_more_results_than_memory_holds_is_refused(tmp_path: Path) -> None:
    sites = [make_site(f"s{number}") for number in range(20_000)]
    plan = make_plan_of(sites, tuple(f"c{number}" for number in range(6_000)))
    write_plan(tmp_path / "plan.json", plan)
    with pytest.raises(RunFolderError, match="it owes 120,000,000 results"):
        load_run(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "/etc/hostname",
        "../secret",
        "evidence/../../secret",
        "evidence/link",
        "evidence/pipe",
        "evidence/none",
        "x" * 5000,
    ],
)
def test_facts_come_from_the_evidence_of_the_run_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_bytes(gzip.compress(b"{}"))
    folder = tmp_path / "run"
    (folder / "evidence").mkdir(parents=True)
    (folder / "evidence" / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "evidence" / "pipe")
    with pytest.raises(RunFolderError, match="the evidence of the run has no such file"):
        read_facts(folder, name)


def test_facts_that_are_none_or_too_many_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    for name, data in {
        "bomb": gzip.compress(bytes(200 << 20), 9),
        "plain": b"{}",
        "list": gzip.compress(b"[]"),
        "deep": gzip.compress(b'{"a":' + DEEP),
        "text": gzip.compress(b"\xff"),
    }.items():
        (folder / name).write_bytes(data)
        with pytest.raises(RunFolderError, match=r"cannot be read: |holds no facts: "):
            read_facts(tmp_path, f"evidence/{name}")


@pytest.mark.parametrize("site", ["../../escaped", "linked", "a\0b"])
def test_evidence_is_written_below_the_run_folder_or_not_at_all(tmp_path: Path, site: str) -> None:
    folder = tmp_path / "run"
    (folder / "evidence").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (folder / "evidence" / "linked").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputLost, match=r"leads out of|does not name anything"):
        EvidenceStore(run_folder=folder).write(site, "screenshot-1.webp", b"x")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"run", "elsewhere"}


def test_a_journal_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    target = tmp_path / "profile"
    target.write_text(SECRET + "\n", encoding="utf-8")
    folder = tmp_path / "run"
    folder.mkdir()
    for leads_to in (target, tmp_path / "new-file"):
        (folder / "journal.jsonl").unlink(missing_ok=True)
        (folder / "journal.jsonl").symlink_to(leads_to)
        with pytest.raises(RunFolderError):
            JournalWriter(folder / "journal.jsonl", JournalHeader(run="r", plan=PLAN.hash, started=STARTED))
    assert target.read_text(encoding="utf-8") == SECRET + "\n"
    assert not (tmp_path / "new-file").exists()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def replace_part(value: Any, data: st.DataObject) -> Any:
    """`value` with one part, somewhere in it, of another shape."""
    if isinstance(value, dict) and value and data.draw(st.booleans()):
        key = data.draw(st.sampled_from(sorted(value)))
        return {**value, key: replace_part(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(value) - 1))
        return [*value[:place], replace_part(value[place], data), *value[place + 1 :]]
    return data.draw(JSON)


@fuzz(150)
@given(data=st.data())
def test_any_shape_in_any_place_is_read_or_named(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    base = tmp_path_factory.getbasetemp() / "shapes"
    good, other, bad = (write_good(base / name, site) for name, site in (("g", "one"), ("o", "one"), ("b", "two")))
    name = data.draw(st.sampled_from(["plan.json", "journal.jsonl"]))
    lines = (bad / name).read_bytes().splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    lines[number] = json.dumps(replace_part(json.loads(lines[number]), data)).encode()
    (bad / name).write_bytes(b"\n".join(lines) + b"\n")
    with contextlib.suppress(RunFolderError):
        load_run(bad)
    merge_runs([good, other, bad], base / "out")
    cases = load_run(base / "out").verdicts([PLAN.checks[0]])
    assert any(case.attempts for case in cases if case.site.id == "one")


def test_a_long_run_stays_readable_when_it_is_merged(tmp_path: Path) -> None:
    """Times at the bound, moved by the beginnings of the runs: what is written can be read again."""
    late = make_observation("one", started_s=9.9e8)
    runs = [
        write_run(tmp_path / name, PLAN, [Observed(observation=late)], run=name, started=started)
        for name, started in (("a", "1970-01-01T00:00:00+00:00"), ("b", "2020-01-01T00:00:00+00:00"))
    ]
    merge_runs(runs, tmp_path / "out")
    (seen,) = load_run(tmp_path / "out").observations["one"]
    assert seen.started_s == 1e9
    assert make_header(PLAN).plan == PLAN.hash
