"""Where things stand: which places are pure, who may import whom, and what each folder may hold.

The tables are part of the design: a new folder, a new arrow or a new pure place is a line here, with a reason where it
is not plain.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.imports import (
    PACKAGE,
    ROOT,
    draw_imports,
    find_circle,
    list_calls,
    list_modules,
    read_imports,
)

MODULES = list_modules()
ARROWS = draw_imports(MODULES)

# ---------------------------------------------------------------------------------------------------------- pure places

PURE = (
    "gridrunner/limits.py",
    "gridrunner/model.py",
    "gridrunner/errors.py",
    "gridrunner/codec.py",
    "gridrunner/text.py",
    *(
        f"gridrunner/archive/{name}.py"
        for name in ("headers", "matching", "preflights", "scrubbing", "secrets", "seen")
    ),
    *(f"gridrunner/archive/{name}.py" for name in ("shapes", "traffic", "typed")),
    "gridrunner/browser/blocking.py",
    "gridrunner/browser/copy_rules.py",
    "gridrunner/browser/copy_styles.py",
    "gridrunner/browser/answers.py",
    "gridrunner/browser/homes.py",
    "gridrunner/browser/identity.py",
    "gridrunner/browser/outcomes.py",
    "gridrunner/browser/visitors.py",
    "gridrunner/browser/walls.py",
    "gridrunner/browser/devtools/dom.py",
    "gridrunner/browser/devtools/overrides.py",
    "gridrunner/browser/devtools/params.py",
    "gridrunner/browser/page_state.py",
    "gridrunner/browser/port.py",
    "gridrunner/browser/tab_settings.py",
    "gridrunner/browser/rebuilding.py",
    "gridrunner/browser/scrubbing.py",
    "gridrunner/detection",
    "gridrunner/discovery",
    "gridrunner/dispatch/machine",
    "gridrunner/dispatch/ports.py",
    "gridrunner/dispatch/records.py",
    "gridrunner/dispatch/settings.py",
    "gridrunner/dispatch/summary.py",
    "gridrunner/grid/drivers/aws/leases.py",
    "gridrunner/grid/drivers/aws/scaling.py",
    "gridrunner/grid/drivers/table.py",
    "gridrunner/grid/status.py",
    "gridrunner/judging/protocol.py",
    "gridrunner/planning",
    "gridrunner/results/history/entries.py",
    "gridrunner/results/history/news.py",
    "gridrunner/results/history/proposals.py",
    "gridrunner/results/history/rates.py",
    "gridrunner/results/history/standing.py",
    "gridrunner/results/history/totals.py",
    "gridrunner/results/history/statistics.py",
    "gridrunner/results/history/trails.py",
    "gridrunner/results/journal/events.py",
    "gridrunner/results/reports/again.py",
    "gridrunner/results/verdicts",
    *(f"gridrunner/settings/{part}.py" for part in ("archive", "checks", "dispatch", "egress", "fleet", "grid")),
    *(f"gridrunner/settings/{part}.py" for part in ("output", "selection", "store", "table", "values", "visits")),
    "gridrunner/sites/css.py",
    "gridrunner/sites/drafts.py",
    "gridrunner/sites/mistakes.py",
    "gridrunner/sites/quarantining.py",
    "gridrunner/sites/selection.py",
    "gridrunner/sites/values.py",
    "gridrunner/sites/writing.py",
    "gridrunner/sites/yaml_nodes.py",
    "docker/agent/gridrunner_agent/node_core.py",
    "dom_probes/suite/comparison.py",
    "dom_probes/suite/expectations.py",
    "dom_probes/suite/insertion.py",
)
"""Places that decide: no files, sockets, processes, threads, clocks or environment; what they need is passed in. Their
coverage is measured (`make coverage`).
"""

NOT_PURE = ("gridrunner/detection/training",)
"""Reads facts and writes weights; nothing imports it at run time."""

PURE_IMPORTS = {
    *("__future__", "collections", "dataclasses", "enum", "functools", "itertools", "types", "typing"),
    *("bisect", "contextlib", "datetime", "difflib", "email.utils", "fnmatch", "hashlib", "heapq", "html", "ipaddress"),
    "hmac",
    *("json", "math", "re", "statistics"),
    *("unicodedata", "urllib.parse"),
    "tomllib",  # text to values
    "pathlib",  # paths as values; what would touch the disk is found among the calls
    "random",  # random.Random is passed in
    "importlib.resources",  # the tables that lie beside detection
    *("msgspec", "protego", "publicsuffixlist", "tinycss2", "yaml"),  # the third brings its table along
}
"""What a pure place may import from elsewhere."""

IMPURE_CALLS = {
    *("open", "print", "input"),
    *(".open", ".read_text", ".read_bytes", ".write_text", ".write_bytes", ".iterdir", ".glob", ".rglob"),
    *(".exists", ".is_file", ".is_dir", ".stat", ".mkdir", ".unlink", ".rename", ".touch"),
    *(".home", ".cwd", ".resolve", ".expanduser"),
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
    *("random.random", "random.choice", "random.shuffle", "random.uniform", "random.randint", "random.randrange"),
}
"""By the whole name, or by its end where it begins with a dot."""

OWN_TABLES = {"gridrunner/detection/sso.py", "gridrunner/detection/ways.py", "gridrunner/detection/weights.py"} | {
    "gridrunner/browser/homes.py",
    "gridrunner/archive/matching.py",
    "gridrunner/browser/walls.py",
    "gridrunner/detection/words.py",
    "gridrunner/discovery/tables.py",
}
"""Read the tables in their folders' `data` once, which are installed with the package and as good as code."""


def is_within(path: str, places: Iterable[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def pure_files() -> list[str]:
    files: set[str] = set()
    for place in PURE:
        files.update(path.relative_to(ROOT).as_posix() for path in [ROOT / place, *(ROOT / place).rglob("*.py")])
    return sorted(name for name in files if name.endswith(".py") and not is_within(name, NOT_PURE))


@pytest.mark.parametrize("name", pure_files())
def test_a_pure_place_imports_only_what_is_pure(name: str) -> None:
    impure = set()
    for imported in read_imports(ROOT / name):
        own = MODULES.get(imported) or MODULES.get(imported.rpartition(".")[0])
        if own is not None:
            is_pure = is_within(own.relative_to(ROOT).as_posix(), PURE) or own.name == "__init__.py"
        else:
            is_pure = any(f"{imported}.".startswith(f"{allowed}.") for allowed in PURE_IMPORTS) or imported == "urllib"
            is_pure |= imported.startswith("dom_probes.suite.")
        if not is_pure:
            impure.add(imported)
    assert impure == set()


@pytest.mark.parametrize("name", pure_files())
def test_a_pure_place_asks_nothing_of_the_machine(name: str) -> None:
    asked = [
        f"{name}:{line} {call}"
        for line, call in list_calls(ROOT / name)
        if call in IMPURE_CALLS or ("." in call and f".{call.rpartition('.')[2]}" in IMPURE_CALLS)
    ]
    assert name in OWN_TABLES or asked == []


def test_every_pure_place_is_there() -> None:
    assert [place for place in (*PURE, *NOT_PURE, *OWN_TABLES) if not (ROOT / place).exists()] == []


# --------------------------------------------------------------------------------------------------------------- arrows

BASE = {"model", "limits", "errors", "codec", "text", "foreign", "__init__"}

DISPATCH = {"dispatch/ports", "dispatch/records", "dispatch/settings", "dispatch/summary"}
"""What the machine, its threads and whoever starts them say to one another: plain data."""

MAY_IMPORT: dict[str, set[str]] = {
    "__init__": set(),  # the version
    "__main__": {"cli"},
    "limits": set(),
    "model": {"limits"},
    "text": set(),
    "errors": {"text"},
    "codec": set(),
    "foreign": set(),
    "host": BASE,
    # decide
    "planning": BASE,
    "detection": BASE,
    "detection/training": BASE | {"detection"},
    # one outside system each
    "settings": BASE | {"grid/drivers/table", "planning"},
    "sites": BASE | {"detection"},  # the providers that a list may name are those that can be found
    "aws": BASE,
    "discovery": BASE | {"detection", "planning", "sites"},
    "archive": BASE,
    "browser": BASE | {"archive", "host", "detection", "planning", "settings", "sites"},
    "browser/devtools": BASE | {"archive", "browser", "host"},  # speaks what port.py asks; nothing in browser/ knows it
    "grid": BASE,
    "grid/drivers/table": set(),  # rows alone: every wing that needs one reads it
    "grid/hubs": BASE | {"host", "grid", "grid/drivers/table", "browser", "browser/devtools", "planning"},
    "grid/drivers": BASE | {"grid", "grid/drivers/table", "grid/hubs", "browser", "planning"},
    "grid/drivers/aws": BASE | {"grid", "grid/drivers", "grid/drivers/table", "grid/hubs", "aws", "planning"},
    "grid/drivers/docker": BASE | {"grid", "grid/drivers", "grid/drivers/table", "grid/hubs", "planning"},
    "results/journal": BASE | {"planning", "sites"},
    "results/verdicts": BASE | {"planning", "results/journal"},
    "results": BASE | {"results/journal", "results/verdicts", "planning"},
    "results/history": BASE | {"results", "results/journal", "results/verdicts", "planning"},
    "results/merging": BASE | {"results", "results/journal", "results/verdicts"},
    "results/reports": BASE | {"results", "results/history", "results/journal", "results/verdicts", "planning"},
    "results/store": BASE | {"results/journal", "aws"},
    # carry out
    **{name: BASE | DISPATCH | {"planning"} for name in DISPATCH},
    "dispatch/machine": BASE | DISPATCH | {"planning", "results/verdicts"},
    "dispatch": BASE | DISPATCH | {"dispatch/machine", "host", "planning"},
    "judging": BASE | {"detection", "host", "planning", "results", "results/journal"},
    "evaluation": BASE | {"detection", "sites"},
    "pytest_plugin": BASE | {"grid/hubs", "judging"},
    "terminal": BASE | DISPATCH | {"aws", "discovery", "grid", "planning", "results/verdicts"},
    # join
    "run": BASE
    | DISPATCH
    | {
        "archive",
        "aws",
        "browser",
        "discovery",
        "dispatch",
        "dispatch/machine",
        "grid",
        "grid/drivers",
        "grid/drivers/aws",
        "grid/hubs",
    }
    | {"grid/drivers/table"}
    | {"judging", "planning", "results", "results/journal", "results/reports", "results/store", "results/verdicts"}
    | {"results/history"}
    | {"host", "results/merging", "settings", "sites", "terminal"},
    "commands": BASE
    | DISPATCH
    | {
        "browser",
        "detection",
        "discovery",
        "dispatch",
        "evaluation",
        "grid",
        "grid/drivers",
        "grid/drivers/table",
        "grid/hubs",
        "judging",
        "planning",
    }
    | {"results", "results/journal", "results/merging", "results/reports", "results/store", "results/verdicts"}
    | {"results/history"}
    | {"run", "settings", "sites", "terminal"},
    "cli": BASE | {"commands", "host", "run", "terminal"},
}
"""What a wing may import beside itself. A module belongs to the longest name here that its path begins with; a wing
that is allowed does not bring along the wings within it.
"""


def wing_of(module: str) -> str:
    path = MODULES[module].relative_to(PACKAGE).with_suffix("").as_posix()
    names = [name for name in MAY_IMPORT if is_within(path, [name])]
    return max(names, key=len, default=path)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_its_wing_may(module: str) -> None:
    wing = wing_of(module)
    assert wing in MAY_IMPORT, "a new wing needs a line in MAY_IMPORT"
    assert {wing_of(imported) for imported in ARROWS[module]} - MAY_IMPORT[wing] - {wing} == set()


def test_every_wing_of_the_table_is_there() -> None:
    wings = {wing_of(module) for module in MODULES}
    assert MAY_IMPORT.keys() - wings == set()
    assert set().union(*MAY_IMPORT.values()) - MAY_IMPORT.keys() == set()


def test_no_imports_go_in_a_circle() -> None:
    assert find_circle(ARROWS) == []


def test_no_wings_need_one_another() -> None:
    between: dict[str, set[str]] = {}
    for module, others in ARROWS.items():
        between.setdefault(wing_of(module), set()).update(map(wing_of, others))
    assert find_circle({wing: others - {wing} for wing, others in between.items()}) == []


SHARED_BY_COMMANDS = {"gridrunner.commands.parsing", "gridrunner.commands.table"}


def test_commands_import_no_commands() -> None:
    commands = {module for module in MODULES if module.startswith("gridrunner.commands.")} - SHARED_BY_COMMANDS
    arrows = {(module, other) for module in commands for other in ARROWS[module] & commands}
    assert arrows == set()


# ------------------------------------------------------------------------------------------------------ outside systems

ROOMS: dict[str, set[str]] = {
    "apprise": {"run"},
    "argparse": {"commands", "detection/training", "pytest_plugin"},
    "boto3": {"aws"},
    "botocore": {"aws"},
    "docker": {"grid/drivers/docker"},
    "http.server": {"sites", "evaluation"},  # replica pages; the pages of a corpus
    "junitparser": {"results/merging"},
    "pytest": {"judging", "pytest_plugin"},
    "requests": {"grid/drivers/docker"},  # what Docker's SDK raises
    "rich": {"terminal", "commands", "run", "results/reports"},
    "selenium": {"grid/hubs", "browser", "judging", "pytest_plugin"},  # browser: the options of a session alone
    "sqlite3": {"results/history"},
    "subprocess": {"grid/hubs", "judging"},
    "tinycss2": {"browser", "sites"},  # styles of a copied page; selectors of a list
    "urllib3": {"grid/hubs", "judging"},
    "warcio": {"archive"},
    "websocket": {"browser/devtools"},
    "yaml": {"sites"},
}
"""Each outside system, and the wings that may speak to it."""


@pytest.mark.parametrize("system", ROOMS)
def test_an_outside_system_has_its_room(system: str) -> None:
    speakers = {
        wing_of(module)
        for module, path in MODULES.items()
        if any(f"{name}.".startswith(f"{system}.") for name in read_imports(path))
    }
    assert speakers == ROOMS[system]


# ---------------------------------------------------------------------------------------------------------------- sizes

MOST_LINES = 400


def test_a_module_is_read_in_one_sitting() -> None:
    paths = [*PACKAGE.rglob("*.py"), *ROOT.glob("docker/agent/**/*.py"), *ROOT.glob("dom_probes/**/*.py")]
    lines = {path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_the_root_of_the_package_stays_small() -> None:
    files = sorted(path.name for path in PACKAGE.glob("*.py"))
    assert len(files) <= 10, files


def test_nothing_stands_at_the_root_without_a_reason() -> None:
    assert {Path(path).name for path in (ROOT / "tests").glob("*.py")} == {"conftest.py"}


# ---------------------------------------------------------------------------------------------------------------- tests

UNIT = ROOT / "tests" / "unit"

SOURCES = (PACKAGE, ROOT, ROOT / "docker" / "agent")
"""What tests/unit mirrors: tests/unit/planning/test_plan.py is for planning/plan.py in one of these."""

ACROSS = {
    "detection/test_look_alikes.py",
    "dispatch/machine/test_elastic.py",
    "dispatch/machine/test_machine_properties.py",
    "results/test_foreign_runs.py",
    "sites/test_fuzz.py",
    "sites/test_real_list.py",
    "test_layers.py",
}
"""About several modules together."""

STARTS_PROCESSES = ("subprocess", "multiprocessing", "tests.support.command_line.CommandLine")


def unit_tests() -> list[Path]:
    return sorted(UNIT.rglob("test_*.py"))


def test_unit_tests_mirror_the_tree() -> None:
    strays = []
    for path in unit_tests():
        name = path.relative_to(UNIT)
        stem = name.stem.removeprefix("test_")
        mirrored = [
            source / name.parent / part for source in SOURCES for part in (f"{stem}.py", f"__{stem}__.py", stem)
        ]
        if name.as_posix() not in ACROSS and not any(part.exists() for part in mirrored):
            strays.append(name.as_posix())
    assert strays == []


@pytest.mark.parametrize("path", unit_tests(), ids=lambda path: path.relative_to(UNIT).as_posix())
def test_a_unit_test_starts_no_process(path: Path) -> None:
    assert read_imports(path).isdisjoint(STARTS_PROCESSES)


def test_helpers_of_tests_are_in_one_place() -> None:
    elsewhere = {"tests/terraform/schema/extract_names.py"}  # made the table beside it
    helpers = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests").rglob("*.py")
        if not path.name.startswith("test_")
        and path.name != "conftest.py"
        and path.relative_to(ROOT / "tests").parts[0] not in {"support", "benchmarks", "chaos"}
    ]
    assert set(helpers) - elsewhere == set()
