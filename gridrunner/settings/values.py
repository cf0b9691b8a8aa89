"""What a setting is, and the parsers that several settings share. The rows stand with the struct of their part."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

ENV_PREFIX = "GRIDRUNNER_"

Member = TypeVar("Member", bound=StrEnum)


class BadSetting(ValueError):
    """A value that a setting cannot take; the message says what it takes."""


def parse_duration(text: str) -> float:
    """Seconds of `30`, `30s`, `1.5m`, `2h` or `500ms`."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h)?\s*", text)
    if match is None or float(match[1]) == 0:
        raise BadSetting("takes a duration above zero such as 30, 30s, 5m or 1h")
    return float(match[1]) * {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}[match[2] or "s"]


def parse_pause(text: str) -> float:
    """As `parse_duration`, or 0."""
    return 0.0 if re.fullmatch(r"\s*0+(?:\.0+)?\s*(ms|s|m|h)?\s*", text) else parse_duration(text)


def parse_share(text: str) -> float:
    """0.05 of `5%`."""
    match = re.fullmatch(r"\s*(\d{1,3}(?:\.\d+)?)\s*%\s*", text)
    if match is None or float(match[1]) > 100:
        raise BadSetting("takes a share from 0% to 100%, such as 5%")
    return float(match[1]) / 100


def parse_shard(text: str) -> tuple[int, int]:
    """`2/8` as (2, 8): the second of eight parts."""
    match = re.fullmatch(r"(\d+)/(\d+)", text.strip())
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise BadSetting("takes I/N with 1 <= I <= N, such as 2/8")
    return int(match[1]), int(match[2])


def whole(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"\d+", text.strip()) or int(text) < least:
            raise BadSetting(f"takes a whole number of {least} or more")
        return int(text)

    return parse


def one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            close = difflib.get_close_matches(text, words, 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise BadSetting(f"takes one of {', '.join(words)}{hint}")
        return text

    return parse


def member_of(kind: type[Member]) -> Callable[[str], Member]:
    words = one_of(*kind)

    def parse(text: str) -> Member:
        return kind(words(text))

    return parse


def flag(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.strip().lower() not in words:
        raise BadSetting("takes true or false")
    return words[text.strip().lower()]


def grid_name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", text):
        raise BadSetting("takes up to 32 of a-z, 0-9 and -, such as gridrunner or team-a")
    return text


def path_of(text: str) -> Path:
    if not text:
        raise BadSetting("takes a path")
    return Path(text)


class Setting(Struct, frozen=True, kw_only=True):
    """One row of the table: an option, a variable, a key of gridrunner.toml. Its default stands in the part's struct.

    `is_list` can be given several times; the value of one that `is_secret` is shown nowhere; `short` is a short option,
    and `short_value` what it stands for where it takes no value itself; `field` the name in the struct, where it is not
    that of the key (durations end in `_s`).
    """

    name: str
    parse: Callable[[str], Any]
    help: str
    metavar: str | None = None
    is_list: bool = False
    is_secret: bool = False
    short: str | None = None
    short_value: str | None = None
    field: str = ""

    @property
    def key(self) -> str:
        """The name in gridrunner.toml and of the parsed argument."""
        return self.name.replace("-", "_")

    @property
    def attribute(self) -> str:
        """The name in the part's struct."""
        return self.field or (f"{self.key}_s" if self.parse is parse_duration else self.key)

    @property
    def variable(self) -> str:
        """The name in the environment."""
        return ENV_PREFIX + self.key.upper()

    @property
    def is_flag(self) -> bool:
        """Whether it takes no value on the command line."""
        return self.parse is flag


class Part(Struct, frozen=True, kw_only=True):
    """Settings that belong together: a group in `--help`, a typed struct (`defaults`, whose fields the rows name)."""

    name: str
    title: str
    defaults: Struct
    rows: tuple[Setting, ...]
