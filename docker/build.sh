#!/bin/sh
# Builds gridrunner/hub, gridrunner/node-chrome and gridrunner/agent; what is up to date is left alone: docker/build.sh
#
# docker/build.sh --refresh builds everything anew, with the browser and the packages that Debian has today: browsers that
# visit strangers' pages need it weekly. Its tag has the day in it, because a tag that was pushed is never used again.
#
# Environment: BASE_IMAGE, a Debian 12 or newer image (default: debian:bookworm-slim from a registry, else one that
# docker/make-base-image.sh makes); TAG (default: this version of gridrunner; another Selenium version is added to it);
# SELENIUM_VERSION with SELENIUM_SHA256; SELENIUM_JAR, a jar that is at hand.
# Works with the legacy builder and with BuildKit. Prints the tags to stdout.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=docker/versions.env
pinned=$(unset SELENIUM_VERSION SELENIUM_SHA256 && . "$here/versions.env" && echo "$SELENIUM_VERSION")
# shellcheck source=docker/versions.env
. "$here/versions.env"
say() { printf 'build: %s\n' "$*" >&2; }
fail() { say "$*"; exit 2; }

refresh=false
case ${1:-} in
"") ;;
--refresh) refresh=true ;;
*) fail "usage: docker/build.sh [--refresh]" ;;
esac

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$here/../pyproject.toml" | head -n 1)
day=$(date -u +%Y%m%d)
if $refresh; then tag=${TAG:-$version-$day}; else tag=${TAG:-$version}; fi
[ "$SELENIUM_VERSION" = "$pinned" ] || tag=$tag-selenium$SELENIUM_VERSION

docker version --format '{{.Server.Version}}' >/dev/null || fail "no Docker engine answers; see above"

find_base() {
    if [ -n "${BASE_IMAGE:-}" ]; then
        echo "$BASE_IMAGE"
    elif $refresh && timeout 120 docker pull --quiet debian:bookworm-slim >/dev/null 2>&1; then
        echo debian:bookworm-slim
    elif $refresh; then
        say "no registry has debian:bookworm-slim for us: making a base image from Debian's packages"
        "$here/make-base-image.sh" gridrunner/debian:bookworm-slim
        echo gridrunner/debian:bookworm-slim
    elif docker image inspect gridrunner/debian:bookworm-slim >/dev/null 2>&1; then
        echo gridrunner/debian:bookworm-slim # an earlier build had to make it
    elif docker image inspect debian:bookworm-slim >/dev/null 2>&1 ||
        timeout 120 docker pull --quiet debian:bookworm-slim >/dev/null 2>&1; then
        echo debian:bookworm-slim
    else
        say "no registry has debian:bookworm-slim for us: making a base image from Debian's packages"
        "$here/make-base-image.sh" gridrunner/debian:bookworm-slim
        echo gridrunner/debian:bookworm-slim
    fi
}

# digest_of WORDS…: of the words and of every file in the folder that goes into the image.
digest_of() {
    folder=$1
    shift
    { printf '%s\n' "$@" && cd "$here/$folder" && find . -type f ! -name selenium-server.jar ! -path '*/__pycache__/*' -exec sha256sum {} + | sort; } |
        sha256sum | cut -c 1-32
}

# build NAME FOLDER PARENT [build arguments…]: tags gridrunner/NAME:$tag unless it has the content already.
build() {
    name=$1 folder=$2 parent=$3
    shift 3
    content=$(digest_of "$folder" "$parent" "$@")
    image=gridrunner/$name:$tag
    if ! $refresh && [ "$(docker image inspect --format '{{index .Config.Labels "gridrunner.content"}}' "$image" 2>/dev/null)" = "$content" ]; then
        say "$image is up to date"
        return
    fi
    if [ "$name" = base ]; then "$here/fetch-selenium.sh" "$here/base/selenium-server.jar"; fi
    say "$image"
    if $refresh; then set -- --no-cache "$@"; fi
    log=$(mktemp)
    if ! docker build --tag "$image" --label "gridrunner.content=$content" --label "gridrunner.version=$version" \
        --label "gridrunner.built=$day" \
        --build-arg "BASE_IMAGE=$parent" "$@" "$here/$folder" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        fail "$image could not be built; see above"
    fi
    rm -f "$log"
}

base=$(find_base)
base_id=$(docker image inspect --format '{{.Id}}' "$base") || fail "there is no image $base"
build base base "$base" --build-arg "SELENIUM_VERSION=$SELENIUM_VERSION" --build-arg "SELENIUM_SHA256=$SELENIUM_SHA256" \
    --label "gridrunner.base=$base_id"
parent=gridrunner/base:$tag
parent_id=$(docker image inspect --format '{{.Id}}' "$parent")
build hub hub "$parent" --label "gridrunner.base=$parent_id"
build node-chrome node-chrome "$parent" --label "gridrunner.base=$parent_id"
build agent agent "$parent" --label "gridrunner.base=$parent_id"
if $refresh; then
    browser=$(docker run --rm --network none --entrypoint cat "gridrunner/node-chrome:$tag" /opt/selenium/browser-version)
    say "the browser is Chromium $browser"
fi
printf 'gridrunner/hub:%s\ngridrunner/node-chrome:%s\ngridrunner/agent:%s\n' "$tag" "$tag" "$tag"
