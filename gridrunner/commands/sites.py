"""`gridrunner sites check`, `import` and `serve`: site lists and replica pages, without a browser."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from gridrunner.commands.parsing import Command, say
from gridrunner.errors import ExitCode, UsageError
from gridrunner.sites.checking import describe_lists
from gridrunner.sites.demo import find_demo_pages
from gridrunner.sites.importing import KINDS, import_list
from gridrunner.sites.lists import read_site_lists
from gridrunner.sites.replay import ReplayServer


def check_lists(arguments: argparse.Namespace) -> int:
    """Print what the lists hold. Raises SiteListError with every mistake."""
    print(describe_lists(read_site_lists(arguments.lists, sys.stdin.buffer)))
    return ExitCode.OK


def import_sites(arguments: argparse.Namespace) -> int:
    """Print a YAML list, or write it with --out."""
    text = import_list(arguments.source, arguments.kind, arguments.limit, sys.stdin.buffer)
    if arguments.out is None:
        print(text, end="")
    else:
        write_new(arguments.out, text, is_forced=arguments.force)
    return ExitCode.OK


def write_new(path: Path, text: str, *, is_forced: bool) -> None:
    """Write a list that a user may edit. Raises UsageError where another text stands there already."""
    if not is_forced and path.exists() and path.read_text(encoding="utf-8", errors="replace") != text:
        raise UsageError(
            f"--out {path}: is there already, and holds something else",
            hint="name another file, or overwrite it with --force",
        )
    path.write_text(text, encoding="utf-8")


def serve_sites(arguments: argparse.Namespace) -> int:
    """Serve replica pages until Ctrl-C."""
    with ReplayServer(arguments.folder or find_demo_pages(), port=arguments.port) as server:
        for name in server.site_names():
            print(f"http://{name}.demo.localhost:{server.port}/", flush=True)
        say("serving until Ctrl-C")
        try:
            while True:
                signal.pause()
        except KeyboardInterrupt:
            return ExitCode.OK


def _configure_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lists", nargs="+", metavar="LIST", help=".yaml, .csv, .txt, or - for standard input")


def _configure_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="FILE", help="the file, or - for standard input")
    parser.add_argument("--kind", choices=KINDS, default="auto", help="default: auto")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="default: standard output; a file with another text is left alone"
    )
    parser.add_argument("--force", action="store_true", help="overwrite --out, whatever stands there")


def _configure_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", type=Path, metavar="DIR", help="default: the pages of the demo list")
    parser.add_argument("--port", type=int, default=8080, metavar="N", help="default: 8080; 0 takes a free one")


CHECK = Command(configure=_configure_check, execute=check_lists)
IMPORT = Command(configure=_configure_import, execute=import_sites)
SERVE = Command(configure=_configure_serve, execute=serve_sites)
