"""Run folders in S3, where several CI machines find them. Owns the keys below a prefix:

    runs/<group>/plan.json                      the plan that all shards of a pipeline share: the first to come puts it
    runs/<group>/<i-of-n>/<run>/claim.json      put before the first visit: a claim without a journal died
    runs/<group>/<i-of-n>/<run>/…               the run folder; journal.jsonl is put last and stands for "complete"
    history/…                                   what is kept of earlier runs (see `shelf`)

The invariant: nothing that is there is ever overwritten by something else: everything is put with `If-None-Match: *`
("Conditional writes", Amazon S3 User Guide). The history alone changes, by `swap`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gridrunner import codec
from gridrunner.aws.clients import Aws, AwsFault, AwsRefused
from gridrunner.errors import UsageError
from gridrunner.foreign import find_inside
from gridrunner.model import Plan
from gridrunner.results.journal.lines import JOURNAL_NAME
from gridrunner.results.journal.planfile import PLAN_NAME, decode_plan, encode_plan
from gridrunner.results.store.bucket import Bucket
from gridrunner.results.store.keys import Claim, StoredRun, StoreUrl
from gridrunner.text import count_of

CLAIM_NAME = "claim.json"

AT_ONCE = 8
"""Files on their way at once: a small object takes 20 to 50 ms, and evidence is many small ones."""

MOST_PLACES = 100
"""How often one run may be resumed and stored again."""

Say = Callable[[str], None]


class RunStore:
    """One store. Every method raises AwsRefused and AwsFault, naming the action that was denied. `objects` are all that
    it holds, runs and what else is kept there.
    """

    def __init__(self, url: StoreUrl, aws: Aws) -> None:
        self.url = url
        self.objects = Bucket(url, aws)

    def check(self) -> None:
        """Look whether the store can be read at all."""
        self.objects.list_names("", most=1)

    def agree_on_plan(self, group: str, plan: Plan) -> Plan:
        """The plan of `group`: this one, or the one that another shard put first, whose expected durations then hold
        for all, so that shards cut from it fit together. Raises UsageError when it owes something else.
        """
        name = f"runs/{group}/{PLAN_NAME}"
        if self.objects.put_new(name, encode_plan(plan)):
            return plan
        stored = self.objects.get(name)
        if stored is None:
            raise AwsFault(f"{self.objects.show(name)}: was there and is gone")
        agreed = decode_plan(stored[0], self.objects.show(name))
        if agreed.hash != plan.hash:
            raise UsageError(
                f"{self.objects.show(name)}: group {group} has plan {agreed.hash[:12]}, but these lists and checks "
                f"make {plan.hash[:12]}",
                hint="give all shards the same lists and options, or this pipeline a --store-group of its own",
            )
        return agreed

    def claim(self, group: str, claim: Claim) -> str:
        """Take a place for a run and say who it is. A run that was claimed and never completed keeps its place; one
        that was stored complete and then resumed gets another.
        """
        shard = f"{claim.shard[0]}-of-{claim.shard[1]}" if claim.shard else "1-of-1"
        for number in range(1, MOST_PLACES):
            place = f"runs/{group}/{shard}/{claim.run}" + (f".{number}" if number > 1 else "")
            if self.objects.put_new(f"{place}/{CLAIM_NAME}", codec.encode(claim)):
                return place
            if not self.objects.list_names(f"{place}/{JOURNAL_NAME}", most=1):
                return place
        raise AwsRefused(
            f"{self.objects.show(f'runs/{group}/{shard}/{claim.run}')}: has been stored {MOST_PLACES} times"
        )

    def put_run(self, place: str, folder: Path, say: Say, *, is_small: bool = False) -> int:
        """Put a run folder at its place, its journal last; returns the number of files. `is_small`: plan and journal
        alone. Raises RunFolderError where a file cannot be read, AwsRefused where another content is there.
        """
        names = [PLAN_NAME] if is_small else sorted(_list_files(folder))
        names = [name for name in names if name not in {JOURNAL_NAME, CLAIM_NAME}]
        total = sum((folder / name).stat().st_size for name in names) + (folder / JOURNAL_NAME).stat().st_size
        say(f"store: {count_of(len(names) + 1, 'file')}, {total / (1 << 20):.1f} MiB to {self.objects.show(place)}")

        def put(name: str) -> None:
            if not self.objects.put_new(f"{place}/{name}", folder / name):
                shown = self.objects.show(f"{place}/{name}")
                raise AwsRefused(f"{shown}: is there already with other content; nothing was overwritten")

        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="store") as pool:
            jobs = [pool.submit(put, name) for name in names]
            try:
                for job in jobs:
                    job.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        put(JOURNAL_NAME)
        return len(names) + 1

    def groups(self) -> list[str]:
        """The groups that have runs, by name."""
        return self.objects.list_folders("runs/")

    def runs(self, group: str) -> list[StoredRun]:
        """The runs of a group, complete or not, by place."""
        files: dict[str, list[str]] = {}
        for name in self.objects.list_names(f"runs/{group}/"):
            parts = name.split("/", 4)
            if len(parts) == 5:  # runs, group, shard, run, file
                files.setdefault("/".join(parts[:4]), []).append(parts[4])
        return [
            StoredRun(place=place, files=tuple(names), claim=self._read_claim(place) if CLAIM_NAME in names else None)
            for place, names in sorted(files.items())
        ]

    def _read_claim(self, place: str) -> Claim | None:
        stored = self.objects.get(f"{place}/{CLAIM_NAME}")
        try:
            return codec.decode(stored[0], Claim) if stored is not None else None
        except (codec.BrokenJsonError, UnicodeDecodeError):
            return None

    def fetch(self, runs: Sequence[StoredRun], into: Path) -> list[Path]:
        """Download runs into folders below `into`; returns those folders. Raises RunFolderError for a full disk."""
        folders, downloads = [], []
        for run in runs:
            folder = _place_inside(into, "/".join(run.place.split("/")[2:]))
            if folder is not None:
                folders.append(folder)
                files = [(name, _place_inside(folder, name)) for name in run.files if name != CLAIM_NAME]
                downloads += [(f"{run.place}/{name}", path) for name, path in files if path is not None]

        # An object that is removed while we read is left out: the merge says what is missing.
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="store") as pool:
            for job in [pool.submit(self.objects.download, name, path) for name, path in downloads]:
                job.result()
        return folders


def _place_inside(folder: Path, name: str) -> Path | None:
    """Where an object of this name goes; None for one that would lead out of `folder`: a key may be any text."""
    try:
        return find_inside(folder, name)
    except OSError:
        return None


def _list_files(folder: Path) -> list[str]:
    return [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    ]
