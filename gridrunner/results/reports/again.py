"""Which options of a run's command line belong to running one of its sites again. Pure.

What decides what is tested, and how a page is visited, stays; which sites, how many at once and where results go is
left out. Settings of gridrunner.toml and of the environment hold by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

VALUED = frozenset(
    {
        *("--checks", "--keyword", "-k", "--mark", "-m", "--blocked"),
        *("--probe", "--extension", "--allow-private", "--visit-timeout", "--fetch"),
        *("--visitor", "--user-agent", "--user-agent-suffix", "--egress", "--robots"),
        *("--grid", "--browser", "--isolation", "--hub-ca"),
    }
)
"""Options that are followed by a value."""

FLAGS = frozenset({"--try-insertion", "--dismiss-walls", "--no-sandbox"})


def list_kept_options(command: Sequence[str]) -> tuple[str, ...]:
    """The options of `command` (as typed, `run` first) that stay; none of another command's."""
    if command[:1] != ("run",) and list(command[:1]) != ["run"]:
        return ()
    kept: list[str] = []
    words = iter(command[1:])
    for word in words:
        name, equals, _ = word.partition("=")
        if word in FLAGS or (equals and name in VALUED) or (word[:2] in {"-k", "-m"} and len(word) > 2):
            kept.append(word)
        elif word in VALUED:
            kept += [word, next(words, "")]
    return tuple(kept)
