#!/bin/bash
# Starts a node, and drains it when it is told to stop. Every variable is in docs/images.md with its unit, default and flag.
set -u
# shellcheck source=docker/base/server.sh
. /opt/bin/server.sh

[ -n "${SE_EVENT_BUS_HOST:-}" ] || fail "SE_EVENT_BUS_HOST is not set: name the hub, as in SE_EVENT_BUS_HOST=selenium-hub"
port=${SE_NODE_PORT:-5555}
drain_timeout_s=${SE_NODE_DRAIN_TIMEOUT:-120}
[[ $drain_timeout_s =~ ^[0-9]+$ ]] || fail "SE_NODE_DRAIN_TIMEOUT=$drain_timeout_s: whole seconds, such as 120"

# Chromium's sandbox needs user namespaces with networks and process numbers of their own.
can_sandbox() { unshare --user --map-root-user --net --pid --fork chroot / true 2>/dev/null; }
case ${SE_NODE_SANDBOX:-auto} in
on)
    can_sandbox || fail "SE_NODE_SANDBOX=on, but user namespaces are not allowed here: start the container with" \
        "--security-opt seccomp=docker/seccomp.json, or choose SE_NODE_SANDBOX=off"
    export GRIDRUNNER_SANDBOX=on
    ;;
off) export GRIDRUNNER_SANDBOX=off ;;
auto) if can_sandbox; then export GRIDRUNNER_SANDBOX=on; else export GRIDRUNNER_SANDBOX=off; fi ;;
*) fail "SE_NODE_SANDBOX=$SE_NODE_SANDBOX: on, off or auto" ;;
esac
say "the browsers' sandbox is $GRIDRUNNER_SANDBOX (SE_NODE_SANDBOX=${SE_NODE_SANDBOX:-auto})"

common_flags
flag --host SE_NODE_HOST
flag --port SE_NODE_PORT 5555
flag --grid-url SE_NODE_GRID_URL
arguments+=(--publish-events "tcp://$SE_EVENT_BUS_HOST:${SE_EVENT_BUS_PUBLISH_PORT:-4442}")
arguments+=(--subscribe-events "tcp://$SE_EVENT_BUS_HOST:${SE_EVENT_BUS_SUBSCRIBE_PORT:-4443}")
flag --max-sessions SE_NODE_MAX_SESSIONS 1
flag --override-max-sessions SE_NODE_OVERRIDE_MAX_SESSIONS false
flag --session-timeout SE_NODE_SESSION_TIMEOUT 60
flag --heartbeat-period SE_NODE_HEARTBEAT_PERIOD 5
flag --register-period SE_NODE_REGISTER_PERIOD 120
flag --register-cycle SE_NODE_REGISTER_CYCLE 2
switch --register-shutdown-on-failure SE_NODE_REGISTER_SHUTDOWN_ON_FAILURE true
flag --drain-after-session-count SE_DRAIN_AFTER_SESSION_COUNT 0
flag --node-down-failure-threshold SE_NODE_DOWN_FAILURE_THRESHOLD
flag --connection-limit-per-session SE_NODE_CONNECTION_LIMIT_PER_SESSION 20
flag --enable-managed-downloads SE_NODE_ENABLE_MANAGED_DOWNLOADS
flag --enable-cdp SE_NODE_ENABLE_CDP true

# One kind of slot: which browser fills it is decided session by session (/opt/bin/browser).
stereotype=${SE_NODE_STEREOTYPE:-$(
    jq --null-input --compact-output \
        --arg name "${SE_NODE_BROWSER_NAME:-chrome}" \
        --arg version "${SE_NODE_BROWSER_VERSION:-$(cat /opt/selenium/browser-version)}" \
        --arg platform "${SE_NODE_PLATFORM_NAME:-Linux}" \
        --arg container "${SE_NODE_CONTAINER_NAME:-$HOSTNAME}" \
        --arg binary "${SE_BROWSER_BINARY_LOCATION:-/opt/bin/browser}" \
        '{browserName: $name, browserVersion: $version, platformName: $platform, "se:containerName": $container,
          "goog:chromeOptions": {binary: $binary}}'
)}
extra_stereotype=${SE_NODE_STEREOTYPE_EXTRA:-null}
stereotype=$(jq --compact-output --argjson extra "$extra_stereotype" '. + $extra' <<<"$stereotype") ||
    fail "SE_NODE_STEREOTYPE and SE_NODE_STEREOTYPE_EXTRA are JSON objects of capabilities"
arguments+=(--detect-drivers false --driver-configuration "display-name=chrome"
    "max-sessions=${SE_NODE_MAX_SESSIONS:-1}" "webdriver-executable=/opt/bin/driver" "stereotype=$stereotype")

# A node's server passes on what a few sessions say: the simplest collector and compiler cost least.
start_server node "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"

# The node's own server finishes its session and leaves; the hub sends it no other. The second signal, and the end of
# the time, cut the session short.
# shellcheck disable=SC2329  # a trap and the end of the time call these
stop_now() { kill -TERM "$server" 2>/dev/null; }
# shellcheck disable=SC2329
drain() {
    trap 'say "told to stop again: leaving at once"; stop_now' TERM INT
    if [ "${SE_NODE_GRACEFUL_SHUTDOWN:-true}" != true ]; then
        stop_now
        return
    fi
    local protocol=http
    [ "${SE_ENABLE_TLS:-false}" != true ] || protocol=https
    if printf 'header = "X-REGISTRATION-SECRET: %s"\n' "$(quoted "${SE_REGISTRATION_SECRET:-}")" |
        curl --config - --silent --show-error --fail --insecure --max-time 10 --request POST --output /dev/null \
            --header 'Content-Type: application/json; charset=utf-8' \
            "$protocol://127.0.0.1:$port/se/grid/node/drain"; then
        say "draining: the session is finished first, for up to $drain_timeout_s s"
    else
        say "the server cannot be drained: leaving at once"
        stop_now
        return
    fi
    (
        sleep "$drain_timeout_s"
        say "still busy after $drain_timeout_s s (SE_NODE_DRAIN_TIMEOUT): leaving"
        stop_now
    ) &
}
trap drain TERM INT
wait_for_server
exit "$code"
