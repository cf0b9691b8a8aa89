"""One file per command: arguments in, exit code out. `gridrunner.cli` holds the table that loads them."""
