#!/bin/bash
# shellcheck disable=SC2034  # $code is read by those who source this
# Sourced by the entry points: environment variables become flags of Selenium Grid's server, and the server is started.

declare -a arguments=()
server="" code=0

say() { printf '%s gridrunner: %s\n' "$(date -u +%H:%M:%S)" "$*" >&2; }
fail() {
    say "$*"
    exit 2
}

# A value inside the double quotes of curl's configuration.
quoted() {
    local value=${1//\\/\\\\}
    printf %s "${value//\"/\\\"}"
}

# flag --flag VARIABLE [DEFAULT]: passes the variable's value, or the default; nothing where both are empty.
flag() {
    local value=${!2:-${3-}}
    [ -z "$value" ] || arguments+=("$1" "$value")
}

# switch --flag VARIABLE [DEFAULT]: passes the flag alone where the variable says true.
switch() {
    local value=${!2:-${3-}}
    [ "$value" != true ] || arguments+=("$1")
}

# Flags of the hub and the node alike.
common_flags() {
    flag --bind-host SE_BIND_HOST false
    flag --log-level SE_LOG_LEVEL INFO
    flag --http-logs SE_HTTP_LOGS
    flag --structured-logs SE_STRUCTURED_LOGS
    flag --external-url SE_EXTERNAL_URL
    flag --tracing SE_ENABLE_TRACING false
    if [ "${SE_ENABLE_TLS:-false}" = true ]; then
        flag --https-certificate SE_HTTPS_CERTIFICATE /opt/selenium/secrets/tls.crt
        flag --https-private-key SE_HTTPS_PRIVATE_KEY /opt/selenium/secrets/tls.key
    fi
}

# Selenium's configuration also reads the environment, where `$NAME` stands for another variable: what is secret shows up
# in no list of processes.
pass_secrets() {
    # shellcheck disable=SC2016  # the server looks the variable up, not this shell
    [ -z "${SE_REGISTRATION_SECRET:-}" ] || export SERVER_REGISTRATION_SECRET='$SE_REGISTRATION_SECRET'
    # shellcheck disable=SC2016
    [ -z "${SE_ROUTER_USERNAME:-}" ] || export ROUTER_USERNAME='$SE_ROUTER_USERNAME'
    # shellcheck disable=SC2016
    [ -z "${SE_ROUTER_PASSWORD:-}" ] || export ROUTER_PASSWORD='$SE_ROUTER_PASSWORD'
}

# start_server ROLE [JAVA OPTIONS]: starts `java … ROLE flags` in the background; its process id is in $server. The
# options are what SE_JAVA_OPTS is when it is not set.
start_server() {
    pass_secrets
    local -a java_options=() extra=()
    read -ra java_options <<<"${SE_JAVA_OPTS:-${JAVA_OPTS:-${2-}}}"
    read -ra extra <<<"${SE_OPTS:-}"
    # No shared-memory file of performance figures: /tmp may be the only place that can be written to.
    java -XX:-UsePerfData "-XX:SharedArchiveFile=/opt/selenium/$1.jsa" "${java_options[@]}" -jar /opt/selenium/selenium-server.jar \
        "$1" "${arguments[@]}" "${extra[@]}" &
    server=$!
}

# Waits until the server has ended, however many signals arrive meanwhile; its exit code is in $code.
wait_for_server() {
    code=0
    while kill -0 "$server" 2>/dev/null; do
        wait "$server"
        code=$?
    done
}
