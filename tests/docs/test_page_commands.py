from __future__ import annotations

from pathlib import Path

from tests.support.page_commands import PageCommand, PageFile, read_page, says_it

PAGE = """\
Words, and `$ code` in them.

```yaml lists/my.yaml
version: 1
```

```console
$ gridrunner run \\
    --sites lists/my.yaml
3 sites: … passed
$ echo $?
0
```

```yaml
not: a file
```
"""


def test_files_and_commands_come_in_order(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    assert read_page(page) == [
        PageFile("lists/my.yaml", "version: 1\n"),
        PageCommand("gridrunner run \\\n    --sites lists/my.yaml", ("3 sites: … passed",)),
        PageCommand("echo $?", ("0",)),
    ]


def test_what_is_said_is_compared_however_it_is_wrapped() -> None:
    command = PageCommand("run", ("3 sites: … passed in …", "report …"))
    assert says_it(command, "3 sites: 2\n  passed in 1.2 s\nreport  runs/x")
    assert not says_it(command, "3 sites: 2 failed in 1.2 s\nreport runs/x")
    assert not says_it(command, "report runs/x\n3 sites: 2 passed in 1 s")
