#!/bin/sh
# What ci/github/action.yml runs: its inputs come as environment variables, so that none of them is ever part of a script.
set -eu

here=$(dirname "$0")
fail() { printf '::error title=gridrunner action::%s\n' "$*" >&2; exit 2; }

# One option a line: blanks and quotes in it need no escaping.
set --
while IFS= read -r line; do
    [ -z "$line" ] || set -- "$@" "$line"
done <<EOF
${ARGS-}
EOF

# Site lists, a line each as well.
add_sites() {
    [ -n "${SITES-}" ] || fail "the step $STEP needs the input sites"
    while IFS= read -r line; do
        [ -z "$line" ] || printf '%s\n' --sites "$line"
    done <<EOF
$SITES
EOF
}
case ${STEP-run} in
run | plan | shard)
    lists=$(add_sites) || exit 2
    while IFS= read -r word; do
        set -- "$@" "$word"
    done <<EOF
$lists
EOF
    ;;
esac

code=0
case ${STEP-run} in
run) gridrunner run --out "$OUT" --history "$HISTORY" "$@" || code=$? ;;
plan) gridrunner plan --out "$PLAN" --history "$HISTORY" "$@" || code=$? ;;
shard) "$here/../run-shard.sh" "$SHARD" "$OUT" --plan "$PLAN" "$@" || code=$? ;;
merge) "$here/../merge-shards.sh" "$SHARDS" "$OUT" --history "$HISTORY" "$@" || code=$? ;;
*) fail "the input step is run, plan, shard or merge" ;;
esac
printf 'exit-code=%s\n' "$code" >>"$GITHUB_OUTPUT"
exit "$code"
