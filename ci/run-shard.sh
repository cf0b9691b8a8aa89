#!/bin/sh
# Runs one shard of a run on this machine: ci/run-shard.sh I/N OUT [options of `gridrunner run`…]
#
# The run folder is made under OUT, which is what a CI system keeps and hands to ci/merge-shards.sh. Give every shard the
# same plan (--plan FILE, from `gridrunner plan --out FILE`): shards that are cut by different histories do not fit together.
#
# Ends with 0 when the shard did its part, whatever its sites came to (the merge decides that, once), also when there are
# fewer sites than shards; with gridrunner's own exit code when it did not: 2 usage, 3 grid or incomplete, 130 interrupted.
set -eu

say() { printf 'run-shard: %s\n' "$*" >&2; }
if [ $# -lt 2 ]; then
    say "usage: run-shard.sh I/N OUT [options of gridrunner run]"
    exit 2
fi
shard=$1 out=$2
shift 2
mkdir -p "$out"

code=0
gridrunner run --shard "$shard" --out "$out" --history "$out/history.sqlite" "$@" || code=$?
case $code in
0) ;;
1)
    say "shard $shard is complete; sites failed, which the merge reports"
    code=0
    ;;
4)
    say "shard $shard has nothing to run"
    code=0
    ;;
*) say "shard $shard ended with exit code $code; what it did not reach is missing in the merge" ;;
esac
exit "$code"
