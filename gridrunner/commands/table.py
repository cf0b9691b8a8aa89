"""The commands: one table. Each is in a file of `gridrunner.commands`, which is imported when it is called."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from gridrunner import __version__
from gridrunner.commands.parsing import EXIT_CODES, Parser

GROUPS: Mapping[str, str] = {
    "sites": "check, import, discover and capture site lists; serve replica pages",
    "grid": "bring a grid up, look at it, scale it, take it down",
    "runs": "the run folders under --out",
    "history": "durations and outcomes of earlier runs",
    "store": "runs that shards put into S3 (`run --store`)",
    "config": "settings and where they come from",
}

COMMANDS: Mapping[str, tuple[str, str]] = {
    "demo": ("demo:DEMO", "run the demo list: replica login pages in more than twenty languages, no internet needed"),
    "init": ("init:INIT", "write a starter project: list, detector, check, settings, CI file"),
    "run": ("run:RUN", "plan, visit, judge, report: the main job"),
    "plan": ("plan:PLAN", "what `run` would do, with expected times and cost; visits nothing"),
    "judge": ("judge:JUDGE", "judge the recorded observations of a run again; no browser"),
    "merge": ("merge:MERGE", "one run out of shards, resumed and repeated runs; proves completeness"),
    "drift": ("drift:DRIFT", "the site changed, or your change did: a live run against replays of an archive"),
    "report": ("report:REPORT", "render report.html, junit.xml and summary.md again from the journal"),
    "probe": ("probe:PROBE", "one page: detection with evidence, and a screenshot with the fields marked"),
    "evaluate": ("evaluate:EVALUATE", "visit every page of a labelled corpus, print the scores, write the predictions"),
    "sites check": ("sites:CHECK", "read lists, report every mistake with file:line; visits nothing"),
    "sites import": ("sites:IMPORT", "make a YAML list from CSV, a Tranco ranking or URLs"),
    "sites discover": ("discover:DISCOVER", "from bare domains to a site list; --recheck finds entries that moved"),
    "sites capture": ("capture:CAPTURE", "keep a page, or the failed pages of a run, as replayable sites; scrubbed"),
    "sites serve": ("sites:SERVE", "serve replica pages under host names of their own, until Ctrl-C"),
    "grid up": ("grid:UP", "bring a grid up, or to another size; returns when it is ready"),
    "grid status": ("grid:STATUS", "hubs, nodes, slots, sessions and whose they are, queues"),
    "grid scale": ("grid:SCALE", "more nodes, or fewer: those that go end their sessions first"),
    "grid drain": ("grid:DRAIN", "let a node end its sessions and leave; it gets no new ones"),
    "grid reap": ("grid:REAP", "end the sessions of runs that are over; those of others stay"),
    "grid down": ("grid:DOWN", "take the grid down; only what was made by `grid up` or a run is touched"),
    "runs list": ("runs:LIST", "the newest runs: verdict, counts, what changed since the one before"),
    "runs prune": ("runs:PRUNE", "remove all but the newest run folders"),
    "history show": ("history:SHOW", "what is newly broken, flapping, blocked, slower; slowest and flakiest sites"),
    "history report": (
        "history:REPORT",
        "one page of the newest runs: a strip for each site, rates, trends, two runs compared",
    ),
    "history import": ("history:IMPORT", "add the runs of folders to the history"),
    "history propose-quarantine": (
        "quarantine:PROPOSE",
        "flapping sites to put in quarantine, as YAML or a patch, and those that can leave it; changes nothing",
    ),
    "history prune": ("history:PRUNE", "forget all but the newest runs, or what is older than so many days"),
    "store push": ("store:PUSH", "put run folders there whose own upload was refused; overwrites nothing"),
    "store list": ("store:LIST", "the groups of runs, or with --store-group its runs, complete or not"),
    "config show": ("config:SHOW", "every setting, its value and where the value came from"),
    "completion": ("completion:COMPLETION", "print the completion script of a shell: bash, zsh or tcsh"),
}
"""What is typed: where it is (module of `gridrunner.commands` and name of its Command), and a line on it."""

EXAMPLES = """\
examples:
  gridrunner demo                                             the demo list, in browsers of this machine
  gridrunner run --sites sites.yaml --probe my-detector.js    your detector on every page of a list
  gridrunner run --sites sites.csv --select tag:bank          only the sites with the tag bank
  gridrunner run --sites sites.yaml --shard 2/8               the second of eight CI machines
  gridrunner run --sites sites.yaml --grid http://hub:4444    through a Selenium Grid hub
  gridrunner run --sites sites.yaml --grid docker             in containers, brought up for this run
  gridrunner run --sites sites.yaml --grid aws --fleet fleet.json --scale auto --budget 10m
                                                              on a fleet that is raised for it and lowered again
  gridrunner run --resume runs/20261124-101500-ab12           what an interrupted run still owes

"""


def make_parser() -> Parser:
    """The parser of every command; each loads its own arguments when it is reached."""
    parser = Parser(
        prog="gridrunner",
        description="Runs the login-form detection suite over a list of sites in parallel browsers, and gives CI one "
        "JUnit file.",
        epilog=EXAMPLES + EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"gridrunner {__version__}")
    levels = {"": _add_level(parser)}
    for words, (source, summary) in COMMANDS.items():
        group, _, name = words.rpartition(" ")
        if group not in levels:
            text = GROUPS[group]
            levels[group] = _add_level(levels[""].add_parser(group, help=text, description=_sentence(text)))
        levels[group].add_parser(
            name, help=summary, description=_sentence(summary), source=f"gridrunner.commands.{source}"
        )
    return parser


def _add_level(parser: argparse.ArgumentParser) -> Any:
    return parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
