"""What checks are judged on, read from the folder of a recorded run."""

from __future__ import annotations

from pathlib import Path

from gridrunner import codec
from gridrunner.judging.protocol import Batch
from gridrunner.judging.source import RunSource
from gridrunner.planning.plan import owed_sites
from gridrunner.results.record import load_run


def load_source(folder: Path, batch_file: Path | None = None) -> RunSource:
    """The recorded run in `folder` with the latest attempt of each site, or the part of it that `batch_file` names.

    Raises RunFolderError.
    """
    record = load_run(folder)
    sites = {planned.site.id: planned.site for planned in owed_sites(record.plan)}
    if batch_file is None:
        latest = {site: attempts[-1] for site, attempts in record.observations.items() if attempts}
        return RunSource(folder=folder, sites=sites, observations=latest)
    batch = codec.decode(batch_file.read_bytes(), Batch)
    return RunSource(
        folder=folder,
        sites={site: sites[site] for site in batch.attempts},
        observations={
            site: observation
            for site, attempt in batch.attempts.items()
            for observation in record.observations.get(site, ())
            if observation.attempt == attempt
        },
        checks=frozenset(batch.checks),
        fails_blocked=batch.fails_blocked,
        attempts=batch.attempts,
    )
