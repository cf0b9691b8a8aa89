"""The fleet that terraform made, as it describes itself: `terraform output -json gridrunner > fleet.json`.

Owns the format, which is the seam between the terraform module and gridrunner. No secret is in it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from gridrunner import codec
from gridrunner.errors import UsageError, refuse_newer
from gridrunner.foreign import read_file
from gridrunner.planning.constants import NODES_PER_HUB

FLEET_FORMAT = 1
"""The newest format that this version reads."""

MOST_FLEET_BYTES = 1 << 20
"""Of the file: with 20 hubs it has 6 kB, and terraform may print other outputs beside it."""

IN_A_BUCKET = re.compile(r"s3:/+([^/]+)/(.+)")
"""What a path of --fleet is that names an object: the two slashes are one in a path."""

HOW_TO = "write it with: terraform output -json gridrunner > fleet.json"


class FleetHub(Struct, frozen=True, kw_only=True):
    """A hub with the auto scaling group of its nodes."""

    name: str
    url: str
    nodes_asg: str
    instance_id: str = ""


class NodeLimits(Struct, frozen=True, kw_only=True):
    """How many nodes there may be: at least `min` a hub, at most `max_per_hub` a hub."""

    min: int = 0
    max_per_hub: int = NODES_PER_HUB


class SpotShare(Struct, frozen=True, kw_only=True):
    """How much of a group is on demand, as the group's mixed instances policy has it."""

    base_on_demand: int = 0
    percent_on_demand: int = 0


class FleetFile(Struct, frozen=True, kw_only=True):
    """The fleet. `bucket`, `secret_parameter` and `login_parameter` "": it has none. `hubs_sleep`: their agents stop
    them when nobody needs them.
    """

    name: str
    region: str
    hubs: tuple[FleetHub, ...]
    format: int = FLEET_FORMAT
    slots_per_node: int = 2
    nodes: NodeLimits = field(default_factory=NodeLimits)
    instance_types: tuple[str, ...] = ()
    spot: SpotShare = field(default_factory=SpotShare)
    bucket: str = ""
    secret_parameter: str = ""
    login_parameter: str = ""
    hubs_sleep: bool = False

    @property
    def most_nodes(self) -> int:
        """Nodes that all hubs together may have."""
        return self.nodes.max_per_hub * len(self.hubs)


def read_fleet(path: Path | None) -> FleetFile:
    """The fleet in `path`, what `terraform output -json gridrunner` printed, or `terraform output -json` with all
    outputs; or in the object s3://…, where terraform put the same. Raises UsageError when there is none, or it is
    something else or of a newer format.
    """
    if path is None:
        raise UsageError("aws: which fleet? --fleet FILE (or GRIDRUNNER_FLEET) names none", hint=HOW_TO)
    in_bucket = IN_A_BUCKET.fullmatch(str(path))
    try:
        data = read_file(path, most_bytes=MOST_FLEET_BYTES) if in_bucket is None else _fetch(*in_bucket.groups())
        document: Any = codec.decode(data, dict)
    except OSError as error:
        raise UsageError(f"--fleet {path}: cannot be read: {error.strerror or error}", hint=HOW_TO) from error
    except (codec.BrokenJsonError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"--fleet {path}: is not JSON: {error}", hint=HOW_TO) from error
    if isinstance(document.get("gridrunner"), dict):
        document = document["gridrunner"]
    if "value" in document and "hubs" not in document:
        document = document["value"]
    number = document.get("format", FLEET_FORMAT) if isinstance(document, dict) else None
    if isinstance(number, int):
        hint = "update gridrunner, or use the terraform module that came with it"
        refuse_newer(UsageError, f"--fleet {path}: has format", number, FLEET_FORMAT, hint=hint)
    try:
        fleet = codec.decode(codec.encode(document), FleetFile)
    except codec.BrokenJsonError as error:
        raise UsageError(f"--fleet {path}: does not describe a fleet: {error}", hint=HOW_TO) from error
    if not fleet.hubs or fleet.slots_per_node < 1 or fleet.nodes.max_per_hub < 1:
        raise UsageError(f"--fleet {path}: describes a fleet without hubs, slots or nodes", hint=HOW_TO)
    return fleet


def _fetch(bucket: str, key: str) -> bytes:
    """The object that terraform wrote. Raises AwsRefused, AwsFault, UsageError."""
    from gridrunner.aws.clients import Aws  # noqa: PLC0415 - boto3 takes half a second, and most runs need none
    from gridrunner.aws.objects import SharedObject  # noqa: PLC0415 - the same

    data = SharedObject(Aws(), bucket, key).read().data
    if data is None:
        raise UsageError(f"--fleet s3://{bucket}/{key}: there is no such object", hint="terraform output fleet_url")
    return data
