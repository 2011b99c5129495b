# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
#
# One tools/call, over and over, with wrk: through nginx as a plain proxy and through the gateway with a token, a policy of
# 20 tools with conditions and limits, metrics and the decision log on. Interleaved rounds, each candidate alone on the
# first core, load and upstream on the second. Compare the rows with one another, not with other machines.
# shellcheck shell=bash

BENCH=$SCRATCH/bench
BENCH_PIDS=()

verb_bench() {
    source "$ROOT/scripts/dev/setup.sh"
    local rounds=${1:-5} seconds=${2:-4} round connections upstream nginx gateway
    mkdir -p "$BENCH" bench/results
    install_packages "${BUILD_PACKAGES[@]}" wrk nginx-light
    build_variant release
    trap bench_stop EXIT
    cc -O2 -D_GNU_SOURCE -o "$BENCH/upstream" bench/upstream.c
    bench_start upstream taskset -c 1 "$BENCH/upstream"
    upstream=$BENCH_PORT
    bench_nginx "$upstream"
    nginx=$BENCH_PORT
    bench_gateway "$upstream"
    gateway=$BENCH_PORT
    BENCH_RAW=$BENCH/raw.tsv
    printf 'round\tpath\tconnections\tcalls_per_s\tp50_us\tp99_us\twrong\tcpu_us_per_call\n' >"$BENCH_RAW"
    for round in $(seq "$rounds"); do
        for connections in 1 64; do
            bench_one "$round" direct "$connections" "http://127.0.0.1:$upstream/mcp" "$seconds" "$BENCH_PID_UPSTREAM"
            bench_one "$round" nginx "$connections" "http://127.0.0.1:$nginx/mcp" "$seconds" "$BENCH_PID_NGINX"
            bench_one "$round" sallyport "$connections" "http://127.0.0.1:$gateway/mcp/bench" "$seconds" "$BENCH_PID_GATEWAY"
        done
    done
    cp "$BENCH_RAW" "bench/results/call.tsv"
    bench_summary
}

# Medians over the rounds, and the ratio to nginx in the same round.
bench_summary() {
    python3 - "$BENCH_RAW" <<'END'
import csv, statistics, sys
rows = list(csv.DictReader(open(sys.argv[1]), delimiter='\t'))
print(f"{'path':10} {'conns':>5} {'calls/s':>9} {'(min-max)':>17} {'p50 us':>7} {'p99 us':>7} {'CPU us':>7} {'x nginx (min-max)':>20} {'wrong':>6}")
for connections in ('1', '64'):
    for path in ('direct', 'nginx', 'sallyport'):
        mine = [r for r in rows if r['path'] == path and r['connections'] == connections]
        rate = [float(r['calls_per_s']) for r in mine]
        base = {r['round']: float(r['calls_per_s']) for r in rows if r['path'] == 'nginx' and r['connections'] == connections}
        ratio = sorted(float(r['calls_per_s']) / base[r['round']] for r in mine)
        median = lambda key: statistics.median(float(r[key]) for r in mine)
        print(f"{path:10} {connections:>5} {statistics.median(rate):9.0f} {f'({min(rate):.0f}-{max(rate):.0f})':>17} {median('p50_us'):7.0f} {median('p99_us'):7.0f} "
              f"{median('cpu_us_per_call'):7.1f} {f'{statistics.median(ratio):.2f} ({ratio[0]:.2f}-{ratio[-1]:.2f})':>20} {sum(int(r['wrong']) for r in mine):6}")
END
}

bench_stop() { [ ${#BENCH_PIDS[@]} -eq 0 ] || kill "${BENCH_PIDS[@]}" 2>/dev/null || true; }

# bench_start NAME COMMAND...: in the background; its port, said as "listening on HOST:PORT", is left in BENCH_PORT.
bench_start() {
    local name=$1 i
    shift
    : >"$BENCH/$name.log"
    "$@" >"$BENCH/$name.log" 2>&1 &
    BENCH_PIDS+=($!)
    printf -v "BENCH_PID_${name^^}" '%s' "$!"
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
    PATH=$PATH:/usr/sbin taskset -c 0 nginx -c "$BENCH/nginx.conf" -e "$BENCH/nginx.log" &
    BENCH_PIDS+=($!)
    BENCH_PID_NGINX=$!
    local i
    for i in $(seq 100); do
        (: >"/dev/tcp/127.0.0.1/$BENCH_PORT") 2>/dev/null && return 0
        sleep 0.05
    done
    die "bench: nginx did not start (try $i): $(cat "$BENCH/nginx.log")"
}

bench_gateway() {
    BENCH_TOKEN=$(build-release/src/sallyport token | head -n 1)
    export BENCH_TOKEN
    python3 - >"$BENCH/policy.json" <<'END'
import json
rule = {"require": [{"conditions": [{"path": "args.path", "op": "within_path", "value": ["/srv/data"]}]}],
        "deny_if": [{"conditions": [{"path": "args.limit", "op": "gt", "value": 100}]}],
        "limits": [{"counter": "calls", "window": "minute", "max": 1000000000}]}
names = ["read"] + [f"tool_{i}" for i in range(19)]
print(json.dumps({"version": "1", "default": "deny", "hide": ["write_*"], "tools": {name: rule for name in names}}))
END
    cat >"$BENCH/sallyport.json" <<END
{ "listen": "127.0.0.1:0", "decision_log": "decisions.jsonl", "limits_file": "limits.db",
  "servers": { "bench": { "url": "http://127.0.0.1:$1/mcp" } },
  "policies": { "bench": "policy.json" },
  "grants": { "bench": { "token_env": "BENCH_TOKEN", "servers": { "bench": "bench" } } } }
END
    rm -f "$BENCH"/decisions.jsonl "$BENCH"/limits.db*
    bench_start gateway taskset -c 0 build-release/src/sallyport serve --config "$BENCH/sallyport.json"
}

# CPU seconds of a process and its children so far (user + system, softirq in its context included).
bench_cpu() {
    local pid total=0
    for pid in "$1" $(pgrep -P "$1" || true); do
        total=$(awk -v t="$total" -v hz="$(getconf CLK_TCK)" '{ print t + ($14 + $15) / hz }' "/proc/$pid/stat")
    done
    printf '%s' "$total"
}

bench_one() {
    local round=$1 name=$2 connections=$3 url=$4 seconds=$5 pid=$6 before after
    before=$(bench_cpu "$pid")
    taskset -c 1 wrk -t1 -c"$connections" -d"${seconds}s" -s bench/call.lua "$url" >"$BENCH/wrk.out"
    after=$(bench_cpu "$pid")
    awk -v round="$round" -v name="$name" -v c="$connections" -v s="$seconds" -v cpu="$(awk "BEGIN { print $after - $before }")" \
        '$1 == "RESULT" { printf "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%.2f\n", round, name, c, $2, $3, $4, $5, cpu * 1e6 / ($2 * s) }' \
        "$BENCH/wrk.out" >>"$BENCH_RAW"
}
