from __future__ import annotations

import errno
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridrunner import codec
from gridrunner.errors import OutputLost, RunFolderError
from gridrunner.results.journal.events import EVENT_TYPES, Decided, Event, Judged, Observed, Resumed, RunEnded
from gridrunner.results.journal.lines import JournalReader, JournalWriter
from gridrunner.results.record import load_run
from tests.support.journals import read_journal
from tests.support.sample_runs import (
    every_events,
    every_plan,
    fuzz,
    make_detection,
    make_header,
    make_observation,
    make_result,
    pass_site,
    write_run,
)

PLAN = every_plan()
HEADER = make_header(PLAN)


def write_journal(path: Path, events: list[Event]) -> bytes:
    path.unlink(missing_ok=True)
    with JournalWriter(path, HEADER) as writer:
        for event in events:
            writer.write(event)
    return path.read_bytes()


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_journal(tmp_path / "j", every_events())
    journal = read_journal(tmp_path / "j")
    assert journal.header == HEADER
    assert list(journal.events) == every_events()
    assert journal.warnings == ()


def test_each_event_type_names_itself_first() -> None:
    for event in every_events():
        name = event.event
        assert EVENT_TYPES[name] is type(event)
        assert codec.encode(event).startswith(f'{{"event":"{name}"'.encode())


def test_a_line_is_in_the_file_as_soon_as_write_returns(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j", HEADER)
    writer.write(RunEnded(exit_code=0))
    assert (tmp_path / "j").read_bytes().count(b"\n") == 2
    writer.close()
    with pytest.raises(RunFolderError, match="closed"):
        writer.write(RunEnded(exit_code=0))


def test_half_a_surrogate_pair_from_a_page_does_not_stop_the_run(tmp_path: Path) -> None:
    with JournalWriter(tmp_path / "j", HEADER) as writer:
        probes = {"k\ud800": ["\udfff", 1, {"x": "\ud83d\ude00"}]}
        writer.write(Observed(observation=make_observation("a", title="half \ud800 pair", probes=probes)))
    (event,) = read_journal(tmp_path / "j").events
    assert isinstance(event, Observed)
    assert event.observation.title == "half \ufffd pair"
    assert event.observation.probes == {"k\ufffd": ["\ufffd", 1, {"x": "\U0001f600"}]}
    assert event.observation.detection == make_detection()


def test_threads_do_not_mix_lines(tmp_path: Path) -> None:
    with JournalWriter(tmp_path / "j", HEADER) as writer:

        def write_many(name: str) -> None:
            for event in list(pass_site(name)) * 50:
                writer.write(event)

        threads = [threading.Thread(target=write_many, args=(f"site-{index}",)) for index in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(read_journal(tmp_path / "j").events) == 8 * 50 * 5


def test_a_truncated_last_line_is_dropped_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "j"
    data = write_journal(path, every_events())
    path.write_bytes(data[:-20])
    journal = read_journal(path)
    assert list(journal.events) == every_events()[:-1]
    assert journal.warnings == (f"{path}:{len(every_events()) + 1}: truncated last line dropped (48 bytes)",)


def test_a_bad_line_in_the_middle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "j"
    lines = write_journal(path, every_events()).split(b"\n")
    lines[3] = b'{"event":"observation","obs\xff'
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(RunFolderError, match=r"j:4: not a journal event: .*observation"):
        read_journal(path)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b'{"x":' * 100_000, "nested too deeply"),
        (b'{"event":"surprise"}', "unknown event 'surprise'"),
        (b'{"event":"result","result":{"check":1}}', "Expected `str`"),
        (b'{"event":null}', "unknown event 'None'"),
        (b"[]", "Expected `object`"),
        (b"\x00\x00", "malformed"),
    ],
)
def test_what_is_no_event_is_refused_whatever_it_is(tmp_path: Path, line: bytes, what: str) -> None:
    path = tmp_path / "j"
    path.write_bytes(codec.encode(HEADER) + b"\n" + line + b"\n")
    with pytest.raises(RunFolderError, match="j:2: not a journal event") as caught:
        read_journal(path)
    assert what in str(caught.value)
    assert len(str(caught.value)) < 400 + len(str(path))


@pytest.mark.parametrize("data", [b"", b'{"format":1,"run', b"\x00\n", b"{}\n", b'{"format":"x"}\n', b"[1]\n"])
def test_a_journal_without_a_header_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "j").write_bytes(data)
    with pytest.raises(RunFolderError, match="j"):
        read_journal(tmp_path / "j")


def test_a_newer_format_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "j").write_bytes(b'{"format":7,"something":"new"}\n')
    with pytest.raises(RunFolderError, match="journal format 7; this gridrunner reads up to 1"):
        read_journal(tmp_path / "j")


def test_a_missing_journal_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"nowhere/j cannot be read: No such file"):
        read_journal(tmp_path / "nowhere" / "j")


def test_reopening_cuts_a_truncated_line_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "j"
    data = write_journal(path, every_events())
    path.write_bytes(data[:-20])
    later = make_header(PLAN, started="2026-11-24T09:00:00+00:00")
    with JournalWriter(path, later) as writer:
        writer.write(RunEnded(exit_code=0))
        assert writer.warnings == (f"{path}: a truncated last line of 48 bytes was cut off",)
    journal = read_journal(path)
    assert journal.header == HEADER
    assert journal.warnings == ()
    resumed = Resumed(started=later.started, cut_bytes=48)
    assert list(journal.events) == [*every_events()[:-1], resumed, RunEnded(exit_code=0)]


def test_reopening_keeps_a_whole_line_that_only_lacks_its_newline(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(write_journal(path, every_events())[:-1])
    with JournalWriter(path, HEADER) as writer:
        assert writer.warnings == ()
    assert list(read_journal(path).events) == [*every_events(), Resumed(started=HEADER.started)]


def test_reopening_for_another_plan_is_refused(tmp_path: Path) -> None:
    write_journal(tmp_path / "j", [])
    other = make_header(PLAN, plan="f" * 64)
    with pytest.raises(RunFolderError, match=f"belongs to plan {PLAN.hash[:12]}, this run to plan ffffffffffff"):
        JournalWriter(tmp_path / "j", other)


def test_a_header_cut_short_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(b'{"format":1,"ru')
    with JournalWriter(path, HEADER) as writer:
        assert writer.warnings
    assert read_journal(path).header == HEADER


def test_a_disk_that_takes_nothing_is_an_error_of_ours() -> None:
    with pytest.raises(RunFolderError, match="cannot be written"):
        JournalWriter(Path("/proc/nowhere/journal.jsonl"), HEADER)


@fuzz(300)
@given(data=st.data())
def test_a_journal_cut_anywhere_loses_only_its_last_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp() / "cut"
    write_run(folder, PLAN, every_events())
    path = folder / "journal.jsonl"
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    cut = data.draw(st.integers(first, len(whole)))
    path.write_bytes(whole[:cut])
    journal = read_journal(path)
    kept = len(journal.events)
    assert list(journal.events) == every_events()[:kept]
    assert kept >= whole[:cut].count(b"\n") - 1
    assert len(list(load_run(folder).verdicts())) == len(PLAN.sites) * len(PLAN.checks)
    with JournalWriter(path, HEADER) as writer:
        writer.write(Judged(result=make_result(PLAN.checks[0], "passing")))
    assert len(read_journal(path).events) == kept + 2


@fuzz(500)
@given(
    garbage=st.one_of(
        st.binary(max_size=200),
        st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.dictionaries(st.text(), inner)
        ).map(codec.encode),
        st.sampled_from(every_events())
        .map(codec.encode)
        .flatmap(
            lambda line: st.integers(0, len(line) - 1).map(lambda index: line[:index] + b"\xfe" + line[index + 1 :])
        ),
    ),
    place=st.integers(0, len(every_events())),
    is_terminated=st.booleans(),
)
def test_garbage_is_dropped_at_the_end_and_named_anywhere_else(
    tmp_path_factory: pytest.TempPathFactory, garbage: bytes, place: int, is_terminated: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "garbage.jsonl"
    lines = [codec.encode(event) for event in every_events()]
    lines.insert(place, garbage)
    path.write_bytes(b"\n".join([codec.encode(HEADER), *lines]) + b"\n" * is_terminated)
    try:
        journal = read_journal(path)
    except RunFolderError as error:
        assert f"garbage.jsonl:{place + 2}" in str(error)  # noqa: PT017 - both endings are right, each with its own rule
    else:
        kept = [event for event in journal.events if event in every_events()]
        assert journal.warnings or kept == every_events()
        assert kept[:place] == every_events()[:place]


def test_a_line_that_is_longer_than_any_is_named_and_not_taken_for_a_truncated_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.jsonl"
    with JournalWriter(path, HEADER) as journal:
        journal.write(Decided(text="x" * 3000))
    monkeypatch.setattr("gridrunner.results.journal.lines.MOST_LINE_BYTES", 2000)
    with pytest.raises(RunFolderError, match=r"journal\.jsonl:2: not a journal event"):
        list(JournalReader(path).read_lines())


def test_a_disk_that_is_full_in_the_middle_ends_in_3_and_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int, _data: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "journal.jsonl"
    with JournalWriter(path, HEADER) as journal:
        with monkeypatch.context() as patched:
            patched.setattr("os.write", refuse)
            with pytest.raises(OutputLost, match="cannot be written: No space left on device") as caught:
                journal.write(Decided(text="x"))
        journal.write(Decided(text="y"))
    assert caught.value.exit_code == 3
    assert f"--resume {tmp_path}" in str(caught.value.hint)
    assert [event for event, _, _ in JournalReader(path).read_lines()] == [Decided(text="y")]
