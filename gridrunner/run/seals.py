"""Which folders of replica pages a run that is resumed or captured may serve. Owns the seal; the invariant: nothing of
this machine is served because a run folder says so: either this user's own run served it, or a list that the user names
now does.

A run folder may come from anywhere, and a folder named in it may be `/`. So what a run serves is sealed (HMAC-SHA256)
with a key that stands outside of all run folders: one's own run goes on by `--resume RUN` alone, on the machine that
made it, and another's wants its lists named again.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from gridrunner import codec
from gridrunner.errors import UsageError
from gridrunner.foreign import read_file
from gridrunner.results.journal.events import JournalHeader

KEY_BYTES = 32
"""Of the key: as many as the hash has (RFC 2104, section 3)."""


def seal_replays(run: str, plan: str, replays: Sequence[str], env: Mapping[str, str]) -> str:
    """The seal of what a run serves; "" where it serves nothing, or this machine keeps no key for its user."""
    key = _read_key(env, may_make=True) if replays else None
    return _compute(key, run, plan, replays) if key is not None else ""


def list_replays(
    header: JournalHeader, named: Sequence[Path], env: Mapping[str, str], *, hint: str
) -> tuple[Path, ...]:
    """The folders that the run of `header` served, which may be served again: it is sealed, or they are all among those
    that the user has `named`. Raises UsageError with `hint` otherwise.
    """
    replays = tuple(Path(text) for text in header.replays)
    is_ours = _find_key(header, env) is not None
    known = {path.resolve() for path in named}
    strangers = [path for path in replays if path.resolve() not in known]
    if strangers and not is_ours:
        raise UsageError(
            f"the run folder wants replica pages served from {strangers[0]}, and was not made by this user "
            "on this machine",
            hint=hint,
        )
    return replays


def renew_seal(header: JournalHeader, plan: str, env: Mapping[str, str]) -> str:
    """The seal of the run of `header` once its plan has the hash `plan`; "" where its seal is not of this user and
    machine.
    """
    key = _find_key(header, env)
    return _compute(key, header.run, plan, header.replays) if key is not None else ""


def _find_key(header: JournalHeader, env: Mapping[str, str]) -> bytes | None:
    """The user's key where the run of `header` was sealed with it."""
    key = _read_key(env, may_make=False) if header.replays and header.seal else None
    if key is None:
        return None
    seal = _compute(key, header.run, header.plan, header.replays)
    return key if hmac.compare_digest(header.seal.encode(), seal.encode()) else None


def _compute(key: bytes, run: str, plan: str, replays: Sequence[str]) -> str:
    return hmac.new(key, codec.encode([run, plan, list(replays)]), hashlib.sha256).hexdigest()


def _read_key(env: Mapping[str, str], *, may_make: bool) -> bytes | None:
    """The user's key; None where there is none and none can be kept."""
    base = env.get("XDG_STATE_HOME") or (os.path.join(env["HOME"], ".local", "state") if env.get("HOME") else "")  # noqa: PTH118
    if not base or not Path(base).is_absolute():
        return None
    path = Path(base) / "gridrunner" / "key"
    try:
        if may_make and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
        key = read_file(path, most_bytes=KEY_BYTES)
    except OSError:  # made by another run at the same moment, or a home that takes nothing: then lists are named again
        return None
    return key if len(key) == KEY_BYTES else None
