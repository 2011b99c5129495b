# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
#
# Starts a gateway with the example configuration of data/demo: the official filesystem server on a scratch folder
# behind a default-deny policy, beside an embedded database whose first admin is whoever opens the link that is printed.
# The grant's token is made here, once for this work tree; none is ever shipped.
# shellcheck shell=bash

DEMO=$SCRATCH/demo
DATA=$DEMO/data

verb_run() {
    source "$ROOT/scripts/dev/setup.sh"
    local listen=127.0.0.1:8700
    [ "${1:-}" != --demo ] || listen=127.0.0.1:0
    setup_run
    build_variant plain
    prepare_demo "$listen"
    if [ "${1:-}" = --demo ]; then
        DATA=$DEMO/played
        play_demo
    else
        fill_catalogue
        start_gateway
        show_endpoint
        trap 'kill "$GATEWAY_PID" 2>/dev/null' INT TERM
        wait "$GATEWAY_PID" || wait "$GATEWAY_PID"
    fi
}

prepare_demo() {
    mkdir -p "$DEMO/files/outbox"
    printf 'Welcome. Agents may read this file, but not change it.\n' >"$DEMO/files/welcome.txt"
    [ -s "$DEMO/token" ] || (umask 077 && build/src/sallyport token | head -n 1 >"$DEMO/token")
    SALLYPORT_DEMO_TOKEN=$(cat "$DEMO/token")
    export SALLYPORT_DEMO_TOKEN
    local name
    for name in sallyport.json files.policy.json; do
        sed -e "s|@LISTEN@|$1|" -e "s|@NODE@|$(command -v node)|" -e "s|@FOLDER@|$DEMO/files|" \
            -e "s|@SERVER@|$ROOT/data/demo/node_modules/@modelcontextprotocol/server-filesystem/dist/index.js|" \
            "data/demo/$name.in" >"$DEMO/$name"
    done
    (umask 077 && : >"$DEMO/gateway.log") # the first admin's link is in it
    chmod 600 "$DEMO/gateway.log"
}

# So that the catalogue has something in it before anybody has called a tool. Nothing depends on it.
fill_catalogue() {
    (umask 077 && mkdir -p "$DATA")
    build/src/sallyport scan --data "$DATA" --name files -- \
        node data/demo/node_modules/@modelcontextprotocol/server-filesystem/dist/index.js "$DEMO/files" >"$DEMO/scan.txt" ||
        echo "the example server could not be scanned: $DEMO/scan.txt" >&2
}

# Leaves GATEWAY_PID and ENDPOINT.
start_gateway() {
    local address='' i
    build/src/sallyport serve --config "$DEMO/sallyport.json" --data "$DATA" 2> >(tee "$DEMO/gateway.log" >&2) &
    GATEWAY_PID=$!
    for i in $(seq 200); do
        address=$(grep -oE 'listening on [^ ]+' "$DEMO/gateway.log" | head -n 1 | cut -d' ' -f3) || true
        [ -z "$address" ] || break
        kill -0 "$GATEWAY_PID" 2>/dev/null || die "the gateway did not start"
        sleep 0.05
    done
    [ -n "$address" ] || die "the gateway said no address within 10 seconds (try $i)"
    GATEWAY=http://$address
    ENDPOINT=$GATEWAY/mcp/files
}

# The gateway prints it until there is an admin.
show_setup() {
    local link
    link=$(grep -oE 'https?://[^ ]+/setup#[^ ]+' "$DEMO/gateway.log" | head -n 1) || true
    if [ -n "$link" ]; then
        cat <<END

  1. Make the first admin, in a browser, within an hour:
       $link
     It leads to the dashboard, $GATEWAY/, and makes an API key, too. With that:
       export SALLYPORT_URL=$GATEWAY SALLYPORT_KEY=...
       $ROOT/build/src/sallyport server add NAME URL
END
    else
        cat <<END

  1. The database has an admin already ($DATA).
     Dashboard: $GATEWAY/   API: $GATEWAY/api/v1, docs/api.md
END
    fi
}

show_endpoint() {
    show_setup
    cat <<END

  2. Let an agent use the server that the configuration file declares, under its policy.
     Claude Code:
       claude mcp add --transport http files $ENDPOINT --header "Authorization: Bearer $SALLYPORT_DEMO_TOKEN"
     Cursor (.cursor/mcp.json) and most others:
       { "mcpServers": { "files": { "url": "$ENDPOINT",
         "headers": { "Authorization": "Bearer $SALLYPORT_DEMO_TOKEN" } } } }

  3. Change what it may do:  $DEMO/files.policy.json   (the next call follows)
     See what it did:        $DEMO/decisions.jsonl
     See what its tools do:  $DEMO/scan.txt   (sallyport scan)
     Is it well?             $GATEWAY/readyz

  ./dev run --demo plays an agent and shows each decision. Ctrl-C stops the gateway.

END
}

play_demo() {
    fill_catalogue
    start_gateway 2>/dev/null
    local status=0
    node data/demo/agent.mjs "$ENDPOINT" "$SALLYPORT_DEMO_TOKEN" "$DEMO/files" "$DEMO/decisions.jsonl" || status=$?
    kill "$GATEWAY_PID"
    wait "$GATEWAY_PID" || status=$?
    return "$status"
}
