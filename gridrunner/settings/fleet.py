"""The settings of a fleet on AWS and of a store that several CI machines share, as rows of `config.SETTINGS`."""

from __future__ import annotations

import re

from gridrunner.settings.values import BadValue, Setting, parse_duration, path_of

AUTO = "auto"


def _scale(text: str) -> str | int:
    if text == AUTO:
        return AUTO
    if not re.fullmatch(r"\d+", text) or int(text) < 1:
        raise BadValue("takes auto, or a number of nodes of 1 or more")
    return int(text)


def _store(text: str) -> str:
    if text == "fleet" or re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\s?#]*)?", text):
        return text.rstrip("/")
    raise BadValue("takes s3://bucket/prefix, or fleet for the bucket of --fleet")


def _group(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", text):
        raise BadValue("takes up to 100 letters, digits, dots, - and _, such as a pipeline's number")
    return text


FLEET_SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="fleet",
        parse=path_of,
        default=None,
        metavar="FILE",
        help="the fleet on AWS, as `terraform output -json gridrunner` describes it; needed by --grid aws",
    ),
    Setting(
        name="scale",
        parse=_scale,
        default=None,
        metavar="auto|N",
        help="with --grid aws: raise the fleet to N nodes for this run, or to what --budget takes, and lower it again",
    ),
    Setting(
        name="budget",
        parse=parse_duration,
        default=None,
        metavar="TIME",
        help="wall time to reach, such as 10m: `plan` prints the nodes that it takes, --scale auto raises to them",
    ),
    Setting(
        name="scale-timeout",
        parse=parse_duration,
        default=600.0,
        metavar="TIME",
        help="bound of the wait for nodes of a fleet (default 10m: an instance takes one to three minutes)",
    ),
    Setting(
        name="serve-address",
        parse=str,
        default=None,
        metavar="ADDRESS",
        help="address of this machine that a fleet's nodes reach, for lists with replica pages (default: none)",
    ),
    Setting(
        name="store",
        parse=_store,
        default=None,
        metavar="s3://BUCKET/PREFIX",
        help="put the run there as well, and keep the history there; `fleet`: the bucket of --fleet; merge reads it",
    ),
    Setting(
        name="store-group",
        parse=_group,
        default=None,
        metavar="NAME",
        help="what the shards of one pipeline share in the store; default: the CI pipeline's number, else the plan",
    ),
)
