"""Makes docs/reference/settings.md from the table of settings: `make docs`."""

from __future__ import annotations

from pathlib import Path

from gridrunner.settings.loading import show_value
from gridrunner.settings.table import PARTS, default_of
from gridrunner.settings.values import Part, Setting

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"

HEAD = """\
<!-- Made from the table of settings by `make docs`; do not edit. -->

# Settings

Every setting of a run can be given in three places; the command line goes before the environment, the environment
before the file, the file before the default. `gridrunner config show` prints each setting with its value and where the
value came from.

| place | `--visit-timeout 45s` | a list, `--select tag:bank --select locale:de` | a switch, `--dry-run` |
|---|---|---|---|
| command line | `--visit-timeout 45s` | give the option several times | `--dry-run` |
| environment | `GRIDRUNNER_VISIT_TIMEOUT=45s` | `GRIDRUNNER_SELECT=tag:bank,locale:de` | `GRIDRUNNER_DRY_RUN=true` |
| `gridrunner.toml` in this folder | `visit-timeout = "45s"` | `select = ["tag:bank", "locale:de"]` | `dry-run = true` |

In the file, `visit-timeout` and `visit_timeout` are the same key. Unknown keys, unknown `GRIDRUNNER_` variables and bad
values are errors (exit code 2), with the name that was probably meant. Times are `500ms`, `45`, `45s`, `10m` or `1h`.
An empty variable counts as not set.

```toml
# gridrunner.toml
sites = ["my-sites.yaml"]
checks = ["my_checks.py"]
slots = 4
retries = 2
```
"""


def render_page() -> str:
    """The page as Markdown."""
    return HEAD + "".join(map(_render_part, PARTS))


def _render_part(part: Part) -> str:
    title = part.title[0].upper() + part.title[1:]
    return f"\n## {title}\n\n| option | default | meaning |\n|---|---|---|\n" + "".join(map(_render_row, part.rows))


def _render_row(setting: Setting) -> str:
    option = f"--{setting.name}" + (f" {setting.metavar}" if setting.metavar else "")
    names = f"`{setting.short}`, `{option}`" if setting.short else f"`{option}`"
    default = show_value(default_of(setting.key))
    shown = "" if default in {"-", "false"} else f"`{default}`"
    return f"| {_escape(names)} | {shown} | {_escape(setting.help)} |\n"


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf-8")
