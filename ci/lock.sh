#!/bin/sh
# Resolves what development and CI install, for every Python and platform at once, into requirements/*.lock with hashes:
# ci/lock.sh VENV. What is locked already stays unless it no longer fits; `ci/lock.sh VENV --upgrade` takes the newest.
#
# Packages come from the index that uv is set up for, and no address of an index is written down.
set -eu

venv=${1:?the environment to take uv from}
shift

lock() {
    file=requirements/$1.lock
    shift
    "$venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --no-emit-index-url --no-emit-find-links --output-file "$file" "$@"
    if grep -nE '^--|://' "$file" >&2; then
        printf 'lock: %s names an index or an address, which is nobody else'"'"'s business\n' "$file" >&2
        exit 1
    fi
}

lock dev pyproject.toml --extra dev "$@"
lock axe requirements/axe.in --no-deps "$@"
lock analysers requirements/analysers.in "$@"
