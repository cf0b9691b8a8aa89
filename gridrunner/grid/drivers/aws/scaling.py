"""What each hub's group may have, and whether waiting for its nodes still makes sense: decisions without I/O.

The invariants: never more than a group's maximum or fewer than its minimum, and a wait that cannot succeed ends with
the reason that AWS gave.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from gridrunner.errors import UsageError
from gridrunner.text import count_of

HOPELESS = (
    "InstanceLimitExceeded",
    "InvalidAMIID",
    "InvalidParameterValue",
    "MaxSpotInstanceCountExceeded",
    "UnauthorizedOperation",
    "VcpuLimitExceeded",
    "not authorized",
)
"""Words in the message of a failed scaling activity after which trying again changes nothing: quotas, permissions and a
launch template that is wrong (EC2 API reference, "Error codes"). A lack of capacity is not among them: it passes."""


class GroupLimits(Struct, frozen=True, kw_only=True):
    """What a group may have and is to have now."""

    name: str
    least: int
    most: int
    desired: int


class GroupView(Struct, frozen=True, kw_only=True):
    """A group and its hub at one moment. `most` is what it may have; `instances` counts those that are not leaving;
    `registered` the nodes that are UP in the hub; `failures` what AWS said of launches that failed since the wait
    began, newest first.
    """

    name: str
    desired: int
    most: int = 0
    instances: int = 0
    leaving: int = 0
    registered: int = 0
    failures: tuple[str, ...] = ()
    hub_problem: str = ""


def require_possible(nodes: int, groups: Sequence[GroupLimits]) -> None:
    """Raises UsageError for more or fewer nodes than the groups may have."""
    most, least = sum(group.most for group in groups), sum(group.least for group in groups)
    if nodes > most:
        raise UsageError(
            f"{nodes} nodes are more than the fleet may have: {most} "
            f"({', '.join(f'{group.name} {group.most}' for group in groups)})",
            hint="raise max_nodes_per_hub or the number of hubs with terraform; a hub carries about 60 nodes",
        )
    if nodes < least:
        raise UsageError(
            f"{nodes} nodes are fewer than the fleet has to have: {least}",
            hint="lower min_nodes_per_hub with terraform",
        )


class ScaleProgress(Struct, frozen=True, kw_only=True):
    """How a wait stands: `line` for people, `is_done`, and `problem` (why it cannot succeed any more, or "")."""

    line: str
    is_done: bool
    problem: str = ""


def weigh_progress(views: Sequence[GroupView]) -> ScaleProgress:
    """How far groups are on their way to what they are to have."""
    desired = sum(view.desired for view in views)
    instances = sum(view.instances for view in views)
    registered = sum(view.registered for view in views)
    leaving = sum(view.leaving for view in views)
    failures = [reason for view in views for reason in view.failures]
    problems = [view.hub_problem for view in views if view.hub_problem]
    parts = [f"{registered} of {count_of(desired, 'node')} registered", count_of(instances, "instance")]
    if leaving:
        parts.append(f"{leaving} draining")
    if failures:
        parts.append(shorten(failures[0]))
    elif problems:
        parts.append(problems[0])
    is_done = leaving == 0 and all(view.instances == view.desired and view.registered == view.desired for view in views)
    hopeless = next((reason for reason in failures if any(word in reason for word in HOPELESS)), "")
    return ScaleProgress(line=", ".join(parts), is_done=is_done, problem=shorten(hopeless) if hopeless else "")


def explain_shortage(views: Sequence[GroupView]) -> str:
    """Why nodes are missing, as far as AWS and the hubs say, in one phrase."""
    for view in views:
        if view.failures:
            return f"{view.name}: {shorten(view.failures[0])}"
    for view in views:
        if view.hub_problem:
            return view.hub_problem
    for view in views:
        if view.instances > view.registered:
            return (
                f"{view.name}: {view.instances - view.registered} instances run and have not registered: look at their "
                "logs (log group of the fleet), the registration secret and the security groups"
            )
    return "AWS has launched no more instances and gives no reason"


def shorten(reason: str) -> str:
    """AWS' own words without its boilerplate, in one line."""
    words = " ".join(reason.split())
    words = re.sub(r"\s*Launching EC2 instance failed\.?$", "", words)
    return words[:240].rstrip(". ")
