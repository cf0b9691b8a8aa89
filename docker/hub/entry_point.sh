#!/bin/bash
# Starts a hub. Every variable is in docs/images.md with its unit, default and flag.
set -u
# shellcheck source=docker/base/server.sh
. /opt/bin/server.sh

common_flags
flag --host SE_HUB_HOST
flag --port SE_HUB_PORT 4444
flag --sub-path SE_SUB_PATH
flag --session-request-timeout SE_SESSION_REQUEST_TIMEOUT 300
flag --session-retry-interval SE_SESSION_RETRY_INTERVAL 15
# A dead node gets no sessions after one check, and is forgotten four of its heartbeats later.
flag --healthcheck-interval SE_HEALTHCHECK_INTERVAL 5
flag --purge-nodes-interval SE_PURGE_NODES_INTERVAL 5
flag --newsession-threadpool-size SE_NEW_SESSION_THREAD_POOL_SIZE
flag --reject-unsupported-caps SE_REJECT_UNSUPPORTED_CAPS
flag --relax-checks SE_RELAX_CHECKS
flag --disable-ui SE_DISABLE_UI

[ -n "${SE_REGISTRATION_SECRET:-}" ] ||
    say "SE_REGISTRATION_SECRET is not set: anyone who reaches this hub can drain its nodes and register others"

start_server hub
stopped=
trap 'stopped=yes; kill -TERM "$server"' TERM INT
wait_for_server
if [ -n "$stopped" ]; then exit 0; fi
say "the server ended by itself (exit code $code): see its words above"
exit $((code ? code : 1)) # wrong flags end it with 0
