#!/bin/bash
# Tells a healthy hub or node from a sick one: check-grid.sh [--host HOST] [--port PORT]
#
# Exit code 0: it answers and can do its work, also with every slot busy, also a hub that no node has come to yet, also
# a node that is being drained. 1: no answer, not ready, or a node that its own server calls DOWN or that can write
# nothing. `ready` of /status says false when every slot is busy, so it is not asked.
set -u

host=127.0.0.1 port=${SE_HUB_PORT:-4444}
[ ! -e /opt/bin/browser ] || port=${SE_NODE_PORT:-5555}
while [ $# -gt 0 ]; do
    case $1 in
    --host) host=${2:?--host needs a value} && shift 2 ;;
    --port) port=${2:?--port needs a value} && shift 2 ;;
    *) echo "usage: check-grid.sh [--host HOST] [--port PORT]" >&2 && exit 2 ;;
    esac
done
protocol=http
[ "${SE_ENABLE_TLS:-false}" != true ] || protocol=https
# Without SE_SUB_PATH: the hub answers at its root as well, /readyz there alone.
url=${SE_SERVER_PROTOCOL:-$protocol}://$host:$port

sick() {
    echo "sick: $*"
    exit 1
}

# The password goes by standard input: it must not show up in the list of processes. The certificate is our own, for
# another name than the loopback address: it is not what is checked here.
ask() {
    local user=${SE_ROUTER_USERNAME:-} password=${SE_ROUTER_PASSWORD:-}
    {
        if [ -n "$user" ] && [ -n "$password" ]; then
            printf 'user = "%s"\n' "$(printf '%s:%s' "$user" "$password" | sed 's/[\\"]/\\&/g')"
        fi
    } | curl --config - --silent --show-error --fail --insecure --max-time 4 "$url$1" 2>&1
}

answer=$(ask /status) || sick "$url answers no status: $answer"
words=$(
    jq --raw-output '
        def count(state): map(select(.availability == state)) | length;
        def busy: map(select(.session != null)) | length;
        .value
        | if .nodes then
            (.nodes | map(select(.availability == "UP") | .slots[]?)) as $slots
            | "ok: hub, \(.nodes | count("UP")) nodes up, \(.nodes | count("DRAINING")) draining, " +
              "\($slots | busy) of \($slots | length) slots busy"
          elif .node then
            "\(if .node.availability == "DOWN" then "sick" else "ok" end): node \(.node.availability), " +
            "\(.node.slots | busy) of \(.node.slots | length) slots busy"
          else "sick: no hub and no node" end' <<<"$answer" 2>&1
) || sick "$url answers something else: ${answer:0:200}"

# A hub is ready when its parts are, with or without nodes. A node that is being drained says it is not: it is no sick one.
if [[ $words == *": hub"* ]]; then
    answer=$(ask /readyz) || sick "$url is not ready: $answer"
fi

# A browser that cannot write its profile fails in ways that name no cause.
if [ "$host" = 127.0.0.1 ] && [ -e /opt/bin/browser ]; then
    file=$(mktemp 2>&1) || sick "${TMPDIR:-/tmp} cannot be written to: $file"
    head -c 65536 /dev/zero >"$file" 2>/dev/null || { rm -f "$file" && sick "${TMPDIR:-/tmp} is full"; }
    rm -f "$file"
fi
echo "$words"
[ "${words%%:*}" = ok ]
