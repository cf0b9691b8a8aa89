"""The command line: one function a command, each as thin as it can be. What users may rely on is in
docs/reference/.

Imports of a command are its own, so that `gridrunner sites check` does not load a browser driver.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from gridrunner.commands.grid import add_grid_commands
from gridrunner.commands.parsing import add_setting, parser_of
from gridrunner.commands.store import add_store_commands
from gridrunner.errors import ExitCode, GridrunnerError, SiteListError
from gridrunner.settings.loading import SETTINGS, Origin, RunConfig, load_config
from gridrunner.terminal.streams import find_lost_output, guard_streams

EXIT_CODES = """\
exit codes:
  0 all passed   1 a site failed a check   2 usage or configuration   3 the grid failed or the run is incomplete
  4 nothing to run   130 interrupted (go on with --resume RUN)
"""

RUN_EXAMPLES = """\
examples:
  gridrunner run --sites sites/demo.yaml                      the demo list, in browsers of this machine
  gridrunner run --sites sites.csv --select tag:bank -k login only banks, only the checks named so
  gridrunner run --sites sites.yaml --shard 2/8               the second of eight CI machines
  gridrunner run --sites sites.yaml --grid http://hub:4444    through a Selenium Grid hub
  gridrunner run --sites sites.yaml --grid docker             in containers, brought up for this run
  gridrunner run --sites sites.yaml --grid aws --fleet fleet.json --scale auto --budget 10m
                                                              on a fleet that is raised for it and lowered again
  gridrunner run --resume runs/20261124-101500-ab12           what an interrupted run still owes

"""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C. A kind of its own, because CPython ends `python -m` by SIGINT, and not with our exit code, once a plain
    KeyboardInterrupt has passed through exec'd code, though it was caught (pythonrun.c, run_eval_code_obj): making a
    dataclass is such code, and imports make many.
    """


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise Interrupted


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    is_main = threading.current_thread() is threading.main_thread()
    if (
        is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    ):  # ignored, as under nohup, it stays so
        signal.signal(signal.SIGINT, _interrupt)
    guard_streams()
    try:
        return _execute(argv)
    finally:
        lost = find_lost_output()
        if lost:
            _say(f"gridrunner: {lost}; the exit code holds all the same")


def _execute(argv: Sequence[str] | None) -> int:
    try:
        arguments = _make_parser().parse_args(argv)
        code: int = arguments.command(arguments)
    except SiteListError as error:
        _say("\n".join(error.mistakes))
        _say(f"gridrunner: {error}; nothing was visited")
        return error.exit_code
    except GridrunnerError as error:
        _say(f"gridrunner: {error}")
        if error.hint:
            _say(f"  {error.hint}")
        return error.exit_code
    except KeyboardInterrupt:
        _say("gridrunner: interrupted")
        return ExitCode.INTERRUPTED
    except Exception:  # noqa: BLE001 - CPython would exit with 1, which says that a site failed
        _say(traceback.format_exc().rstrip())
        _say("gridrunner: the above is a defect of gridrunner, and no verdict on a site; please report it")
        return ExitCode.INCOMPLETE
    return code


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _config(arguments: argparse.Namespace) -> RunConfig:
    return load_config(vars(arguments), os.environ, Path.cwd())


# ------------------------------------------------------------------------------------------------------------ commands


def _run(arguments: argparse.Namespace) -> int:
    config = _config(arguments)
    from gridrunner.judging.child import started_ahead

    with started_ahead():
        from gridrunner.commands.run import execute_run

        return execute_run(config, os.environ, command=tuple(sys.argv[1:]))


def _plan(arguments: argparse.Namespace) -> int:
    from gridrunner.commands.plan import execute_plan

    return execute_plan(_config(arguments), os.environ, arguments)


def _judge(arguments: argparse.Namespace) -> int:
    from gridrunner.commands.judge import execute_judge

    return execute_judge(_config(arguments), arguments.run, os.environ)


def _merge(arguments: argparse.Namespace) -> int:
    from gridrunner.commands.merge import execute_merge
    from gridrunner.run.publishing import KEYS, make_publisher

    wanted = KEYS | {"history", "store_group", "fleet"}
    config = load_config(
        {key: value for key, value in vars(arguments).items() if key in wanted}, os.environ, Path.cwd()
    )
    history = None if config.origin_of("history").origin is Origin.DEFAULT else config["history"]
    publisher = make_publisher(config, os.environ)
    if not any(name.startswith("s3://") for name in arguments.runs):
        runs = [Path(name) for name in arguments.runs]
        return execute_merge(
            runs, arguments.out, arguments.junit, publisher=publisher, history=history, are_attempts=arguments.attempts
        )
    from gridrunner.run.storing import gather_runs, remember_in_stores

    with gather_runs(arguments.runs, config, os.environ, _say) as gathered:
        return execute_merge(
            gathered.folders,
            arguments.out,
            arguments.junit,
            publisher=publisher,
            history=history,
            lost=gathered.lost,
            remember=None if history is not None else remember_in_stores(gathered, _say),
        )


def _report(arguments: argparse.Namespace) -> int:
    from gridrunner.commands.merge import execute_report

    return execute_report(arguments.run, strict_junit=arguments.strict_junit)


def _probe(arguments: argparse.Namespace) -> int:
    from gridrunner.commands.probe import execute_probe

    return execute_probe(_config(arguments), os.environ, arguments)


def _evaluate(arguments: argparse.Namespace) -> int:
    from gridrunner.commands.evaluate import EvaluateOptions, execute_evaluate

    asked = {name: getattr(arguments, name) for name in EvaluateOptions.__struct_fields__}
    return execute_evaluate(EvaluateOptions(**asked), os.environ)


def _sites_check(arguments: argparse.Namespace) -> int:
    from gridrunner.sites.checking import describe_lists
    from gridrunner.sites.lists import read_site_lists

    print(describe_lists(read_site_lists(arguments.lists, sys.stdin.buffer)))
    return ExitCode.OK


def _sites_import(arguments: argparse.Namespace) -> int:
    from gridrunner.sites.importing import import_list

    text = import_list(arguments.source, arguments.kind, arguments.limit, sys.stdin.buffer)
    if arguments.out is None:
        print(text, end="")
    else:
        arguments.out.write_text(text, encoding="utf-8")
    return ExitCode.OK


def _sites_capture(arguments: argparse.Namespace) -> int:
    from gridrunner.commands.capture import execute_capture

    return execute_capture(_config(arguments), os.environ, arguments)


def _sites_serve(arguments: argparse.Namespace) -> int:
    from gridrunner.sites.replay import ReplayServer

    with ReplayServer(arguments.folder, port=arguments.port) as server:
        for name in server.site_names():
            print(f"http://{name}.demo.localhost:{server.port}/", flush=True)
        _say("serving until Ctrl-C")
        try:
            while True:
                _wait_for_signal()
        except KeyboardInterrupt:
            return ExitCode.OK


def _wait_for_signal() -> None:
    signal.pause()


def _history_show(arguments: argparse.Namespace) -> int:
    from gridrunner.commands.history import show_history

    return show_history(_config(arguments)["history"], arguments.limit)


def _history_prune(arguments: argparse.Namespace) -> int:
    from gridrunner.commands.history import prune_history

    return prune_history(_config(arguments)["history"], arguments.keep)


def _config_show(arguments: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.table import Table

    from gridrunner.settings.loading import describe_config

    table = Table("setting", "value", "from", box=None, pad_edge=False)
    for row in describe_config(_config(arguments)):
        table.add_row(*row)
    Console().print(table, markup=False)
    return ExitCode.OK


# -------------------------------------------------------------------------------------------------------------- parser


def _make_parser() -> argparse.ArgumentParser:
    parser = parser_of(
        None,
        "gridrunner",
        "Runs the login-form detection suite over a list of sites in parallel browsers, and gives CI one JUnit file.",
        epilog=RUN_EXAMPLES + EXIT_CODES,
    )
    from gridrunner import __version__

    parser.add_argument("--version", action="version", version=f"gridrunner {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    run = parser_of(commands, "run", "plan, visit, judge, report: the main job", _run, RUN_EXAMPLES + EXIT_CODES)
    plan = parser_of(commands, "plan", "what `run` would do, with expected times and cost; visits nothing", _plan)
    for setting in SETTINGS:
        add_setting(run, setting)
        if setting.name not in {"out", "plan"}:
            add_setting(plan, setting)
    plan.add_argument("--out", dest="plan_out", type=Path, metavar="FILE", help="write the plan here, for --plan")
    _add_planning_options(plan)

    judge = parser_of(
        commands, "judge", "judge the recorded observations of a run again; no browser", _judge, EXIT_CODES
    )
    judge.add_argument("run", type=Path, metavar="RUN", help="run folder")
    for setting in SETTINGS:
        if setting.key in {"checks", "keyword", "mark", "junit", "json", "ci", "baseline"}:
            add_setting(judge, setting)

    merge = parser_of(
        commands, "merge", "one run out of shards, resumed and repeated runs; proves completeness", _merge
    )
    merge.add_argument(
        "runs", nargs="*", metavar="RUN", help="run folders, or s3://BUCKET/PREFIX where `run --store` put them"
    )
    merge.add_argument(
        "--junit", nargs="+", type=Path, default=[], metavar="XML", help="merge JUnit files of other tools"
    )
    merge.add_argument(
        "--attempts",
        action="store_true",
        help="the JUnit files are of the same jobs, done again: of each case the newest counts, and not the worst",
    )
    merge.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the merged run is written")
    for setting in SETTINGS:
        if setting.key in {"json", "ci", "baseline", "history", "store_group", "fleet"}:
            add_setting(merge, setting)

    report = parser_of(
        commands, "report", "render report.html, junit.xml and summary.md again from the journal", _report
    )
    report.add_argument("run", type=Path, metavar="RUN", help="run folder")
    report.add_argument(
        "--strict-junit",
        action="store_true",
        help="junit.xml valid against Jenkins' junit-10.xsd, for readers that check it: what a case's properties would "
        "hold stands in its system-out",
    )

    probe = parser_of(
        commands, "probe", "one page: detection with evidence, and a screenshot with the fields marked", _probe
    )
    probe.add_argument("url", metavar="URL")
    probe.add_argument("--screenshot", type=Path, default=Path("probe.png"), metavar="FILE", help="default: probe.png")
    probe.add_argument("--json", dest="as_json", action="store_true", help="print the detection as JSON")
    for setting in SETTINGS:
        if setting.key in {"browser", "visit_timeout", "grid"}:
            add_setting(probe, setting)

    evaluate = parser_of(
        commands,
        "evaluate",
        "visit every page of a labelled corpus, print the scores, write the predictions",
        _evaluate,
    )
    pages = evaluate.add_mutually_exclusive_group(required=True)
    pages.add_argument("--corpus", type=Path, metavar="DIR|ZIP", help="labelled pages to visit")
    pages.add_argument("--from-facts", type=Path, metavar="FILE", help="score the facts of an earlier --facts again")
    evaluate.add_argument("--predictions", type=Path, metavar="FILE", help="write one JSON line a page here")
    evaluate.add_argument("--facts", type=Path, metavar="FILE", help="keep the facts of every page, for training")
    evaluate.add_argument(
        "--known", type=Path, metavar="FILE", help="declared failures: exit 1 when a page is worse or better than that"
    )
    evaluate.add_argument("--write-known", type=Path, metavar="FILE", help="declare the failures of now here")
    evaluate.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="browsers at once (default: cores)"
    )

    _add_sites_commands(commands)
    add_grid_commands(commands)
    _add_history_commands(commands)
    add_store_commands(commands)
    config = parser_of(commands, "config", "settings and where they come from")
    shown = config.add_subparsers(title="commands", metavar="COMMAND", required=True)
    config_show = parser_of(shown, "show", "every setting, its value and where the value came from", _config_show)
    for setting in SETTINGS:
        add_setting(config_show, setting)
    return parser


def _add_sites_commands(commands: Any) -> None:
    sites = parser_of(commands, "sites", "check, import, capture and serve site lists and replica pages")
    inner = sites.add_subparsers(title="commands", metavar="COMMAND", required=True)
    check = parser_of(inner, "check", "read lists, report every mistake with file:line; visits nothing", _sites_check)
    check.add_argument("lists", nargs="+", metavar="LIST", help=".yaml, .csv, .txt, or - for standard input")
    imported = parser_of(inner, "import", "make a YAML list from CSV, a Tranco ranking or URLs", _sites_import)
    imported.add_argument("source", metavar="FILE", help="the file, or - for standard input")
    imported.add_argument("--kind", choices=["auto", "csv", "tranco", "text"], default="auto", help="default: auto")
    imported.add_argument("--limit", type=int, metavar="N", help="only the first N")
    imported.add_argument("--out", type=Path, metavar="FILE", help="default: standard output")
    capture = parser_of(
        inner, "capture", "keep a page, or the failed pages of a run, as replayable sites; scrubbed", _sites_capture
    )
    capture.add_argument("source", metavar="URL|RUN", help="an address, or a run folder: its failed sites")
    capture.add_argument(
        "--site",
        action="append",
        default=[],
        metavar="ID",
        help="of a run: this site, whatever became of it (repeatable); of an address: the id that it gets",
    )
    capture.add_argument(
        "--out",
        dest="folder",
        type=Path,
        default=Path("sites/captured"),
        metavar="DIR",
        help="pages go into DIR, their list is DIR.yaml; both are added to (default sites/captured)",
    )
    for setting in SETTINGS:
        if setting.key in {"browser", "visit_timeout", "grid"}:
            add_setting(capture, setting)
    serve = parser_of(inner, "serve", "serve replica pages under host names of their own, until Ctrl-C", _sites_serve)
    serve.add_argument(
        "folder", nargs="?", type=Path, default=Path("sites/demo"), metavar="DIR", help="default: sites/demo"
    )
    serve.add_argument("--port", type=int, default=8080, metavar="N", help="default: 8080; 0 takes a free one")


def _add_history_commands(commands: Any) -> None:
    history = parser_of(commands, "history", "durations and outcomes of earlier runs")
    inner = history.add_subparsers(title="commands", metavar="COMMAND", required=True)
    show = parser_of(
        inner, "show", "slowest, flakiest and most faulted sites; first-attempt failure rate", _history_show
    )
    show.add_argument("--limit", type=int, default=10, metavar="N", help="rows a table (default 10)")
    prune = parser_of(inner, "prune", "forget all but the newest runs", _history_prune)
    prune.add_argument("--keep", type=int, default=50, metavar="N", help="runs to keep (default 50)")
    for command in (show, prune):
        add_setting(command, next(setting for setting in SETTINGS if setting.key == "history"))


def _add_planning_options(plan: argparse.ArgumentParser) -> None:
    plan.add_argument("--slots-per-node", type=int, metavar="N", help="default: those of --fleet, else 4")
    plan.add_argument(
        "--instance-type", metavar="TYPE", help="default: the first of --fleet, else c6i.xlarge; for the cost"
    )
    plan.add_argument(
        "--price-per-node-hour", type=float, metavar="USD", help="default: AWS' price of the instance type"
    )
    plan.add_argument("--simulate", action="store_true", help="wall time at p50 and p95 for 1 to 5,000 slots")


if __name__ == "__main__":
    sys.exit(main())
