#!/bin/sh
# Merges the runs of all shards into one: ci/merge-shards.sh SHARDS OUT [options of `gridrunner merge`…]
#
# SHARDS is a folder with the shards' run folders in it, at any depth; OUT becomes the merged run folder (report.html,
# junit.xml, summary.md). --history FILE remembers the run there, and forgets all but the newest 400.
#
# Ends with the exit code of the whole run: 0 all passed, 1 a site failed, 3 a shard is missing or incomplete. It is
# meant to run whatever became of the shards, and is the one step whose status counts.
set -eu

say() { printf 'merge-shards: %s\n' "$*" >&2; }
if [ $# -lt 2 ]; then
    say "usage: merge-shards.sh SHARDS OUT [options of gridrunner merge]"
    exit 2
fi
shards=$1 out=$2
shift 2

if [ ! -d "$shards" ] || [ -z "$(find "$shards" -name journal.jsonl -print | head -n 1)" ]; then
    say "no shard left a run under $shards: all of them died before they visited a site"
    exit 3
fi

exec gridrunner merge "$shards" --out "$out" "$@"
