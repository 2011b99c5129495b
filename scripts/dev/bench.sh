# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
#
# One tools/call, over and over, with wrk: straight to a tiny server, through nginx as a plain proxy, through the
# gateway with a policy and a decision log. All of it shares this machine's cores, so compare the rows with one
# another, not with other machines.
# shellcheck shell=bash

BENCH=$SCRATCH/bench
BENCH_PIDS=()

verb_bench() {
    source "$ROOT/scripts/dev/setup.sh"
    mkdir -p "$BENCH"
    install_packages "${BUILD_PACKAGES[@]}" wrk nginx-light
    build_variant plain
    trap bench_stop EXIT
    local seconds=${1:-8} upstream nginx gateway
    cc -O2 -D_GNU_SOURCE -o "$BENCH/upstream" bench/upstream.c
    bench_start upstream "$BENCH/upstream"
    upstream=$BENCH_PORT
    bench_nginx "$upstream"
    nginx=$BENCH_PORT
    bench_gateway "$upstream"
    gateway=$BENCH_PORT
    printf '%-10s %12s %10s %10s %8s\n' path 'calls/s' 'p50 us' 'p99 us' wrong
    bench_one direct "http://127.0.0.1:$upstream/mcp" "$seconds"
    bench_one nginx "http://127.0.0.1:$nginx/mcp" "$seconds"
    bench_one sallyport "http://127.0.0.1:$gateway/mcp/bench" "$seconds"
}

bench_stop() { [ ${#BENCH_PIDS[@]} -eq 0 ] || kill "${BENCH_PIDS[@]}" 2>/dev/null || true; }

# bench_start NAME COMMAND...: in the background; its port, said as "listening on HOST:PORT", is left in BENCH_PORT.
bench_start() {
    local name=$1 i
    shift
    : >"$BENCH/$name.log"
    "$@" >"$BENCH/$name.log" 2>&1 &
    BENCH_PIDS+=($!)
    BENCH_PORT=''
    for i in $(seq 200); do
        BENCH_PORT=$(sed -nE 's/.*listening on [^ ]*:([0-9]+).*/\1/p' "$BENCH/$name.log" | head -n 1)
        [ -z "$BENCH_PORT" ] || return 0
        sleep 0.05
    done
    die "bench: $name did not start (try $i): $(cat "$BENCH/$name.log")"
}

bench_nginx() {
    BENCH_PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    sed -e "s|@FOLDER@|$BENCH|" -e "s|@UPSTREAM@|$1|" -e "s|@PORT@|$BENCH_PORT|" bench/nginx.conf.in >"$BENCH/nginx.conf"
    PATH=$PATH:/usr/sbin nginx -c "$BENCH/nginx.conf" -e "$BENCH/nginx.log" &
    BENCH_PIDS+=($!)
    local i
    for i in $(seq 100); do
        (: >"/dev/tcp/127.0.0.1/$BENCH_PORT") 2>/dev/null && return 0
        sleep 0.05
    done
    die "bench: nginx did not start (try $i): $(cat "$BENCH/nginx.log")"
}

bench_gateway() {
    BENCH_TOKEN=$(build/src/sallyport token | head -n 1)
    export BENCH_TOKEN
    cat >"$BENCH/policy.json" <<'END'
{ "version": "1", "default": "deny", "hide": ["write_*"],
  "tools": { "read": { "require": [ { "conditions": [
    { "path": "args.path", "op": "within_path", "value": ["/srv/data"] },
    { "path": "args.limit", "op": "lte", "value": 100 } ] } ] } } }
END
    cat >"$BENCH/sallyport.json" <<END
{ "listen": "127.0.0.1:0", "decision_log": "decisions.jsonl",
  "servers": { "bench": { "url": "http://127.0.0.1:$1/mcp" } },
  "policies": { "bench": "policy.json" },
  "grants": { "bench": { "token_env": "BENCH_TOKEN", "servers": { "bench": "bench" } } } }
END
    rm -f "$BENCH/decisions.jsonl"
    bench_start gateway build/src/sallyport serve --config "$BENCH/sallyport.json"
}

bench_one() {
    local name=$1 url=$2 seconds=$3 connections
    for connections in 1 32; do
        wrk -t1 -c"$connections" -d2s -s bench/call.lua "$url" >/dev/null
        wrk -t1 -c"$connections" -d"${seconds}s" -s bench/call.lua "$url" |
            awk -v name="$name/$connections" '$1 == "RESULT" { printf "%-10s %12d %10d %10d %8d\n", name, $2, $3, $4, $5 }'
    done
}
