# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
#
# Measures the gateway beside nginx and haproxy on this machine; docs/benchmarks.md says how and shows the figures.
# shellcheck shell=bash

BENCH=$SCRATCH/bench
BENCH_PACKAGES=(nginx-light haproxy valgrind)

bench_usage() {
    cat <<'END'
usage: ./dev bench [quick|full|memory|peers|guard|catalogue|redact|replay|window|report] [arguments]

  quick [scenario ...]                            two rounds of a second: does everything work? keeps nothing (the default)
  full [--rounds N] [--seconds S] [scenario ...]  5 rounds of 4 s each; raw rows to bench/results/rounds.tsv
  memory                                          memory at start, of idle connections and streams; bench/results/memory.tsv
  peers                                           other MCP proxies from npm, crates and Go; bench/results/peers.tsv
  soak [--minutes N] [--share F]                  half load for 30 minutes: does it grow? bench/results/soak.tsv
  guard [--update]                                instructions per call of five paths against bench/instructions.tsv
  catalogue                                       imports 43,000 servers with 730,000 tools, then asks; keeps nothing
  redact [FILE...]                                what looking through results costs, for texts of three sizes
  replay [ROWS]                                   a million recorded calls through three drafts; keeps nothing
  window [ROUNDS]                                 how soon the dashboard's pages can be used, in Chromium, with an empty cache
  report                                          tables of docs/benchmarks.md and charts from bench/results
END
}

verb_bench() {
    source "$ROOT/scripts/dev/setup.sh"
    local mode=${1:-quick}
    shift || true
    mkdir -p "$BENCH" bench/results
    case $mode in
        quick) bench_tools && python3 bench/rounds.py --quick "$@" ;;
        full) bench_tools && python3 bench/rounds.py "$@" ;;
        memory) bench_tools && python3 bench/memory.py "$@" ;;
        peers) bench_tools && python3 bench/peers.py "$@" ;;
        soak) bench_tools && python3 bench/soak.py "$@" ;;
        guard) bench_tools unguided && python3 bench/guard.py "$@" ;;
        catalogue) bench_catalogue ;;
        replay) bench_replay "$@" ;;
        window)
            setup_test && build_variant plain
            SALLYPORT=$ROOT/$BUILD_DIR/src/sallyport "$(node22)" bench/window.mjs "$@"
            uptime
            ;;
        redact) build_variant plain && ninja -C "$BUILD_DIR" bench/bench_redact && "$BUILD_DIR/bench/bench_redact" "$@" ;;
        report) python3 bench/report.py "$@" ;;
        help | -h | --help) bench_usage ;;
        *)
            bench_usage >&2
            die "bench: what is '$mode'?"
            ;;
    esac
}

# bench_tools [VARIANT...]: the builds to measure (all that are measured if none is named), and what measures them.
bench_tools() {
    local variant variants=("$@")
    [ $# -gt 0 ] || variants=(release unguided)
    install_packages "${BUILD_PACKAGES[@]}" "${BENCH_PACKAGES[@]}"
    for variant in "${variants[@]}"; do
        build_variant "$variant"
    done
    bench_programs
}

# The load generator with its servers.
bench_programs() {
    local flags=(-std=gnu17 -O2 -D_GNU_SOURCE -Wall -Wextra -Wconversion -Wshadow -Werror -Ibench)
    local load=(bench/load/message.c bench/load/histogram.c bench/load/process.c bench/answer.c)
    mkdir -p "$BENCH"
    say "bench: load generator and servers"
    cc "${flags[@]}" -o "$BENCH/load" bench/load/{main,user,response,transport}.c "${load[@]}" -lssl -lcrypto
    cc "${flags[@]}" -o "$BENCH/pipes" bench/pipes.c "${load[@]}"
    cc "${flags[@]}" -o "$BENCH/upstream" bench/upstream.c bench/answer.c
    cc "${flags[@]}" -o "$BENCH/child" bench/child.c bench/answer.c
    cc "${flags[@]}" -o "$BENCH/relay" bench/relay.c
}

# With SALLYPORT_DATA the tools are made of the real ones in that folder.
bench_replay() {
    local folder=$BENCH/replay draft
    build_variant plain
    ninja -C "$BUILD_DIR" bench/bench_rehearse
    rm -rf "$folder"
    mkdir -m 700 "$folder"
    "$BUILD_DIR/bench/bench_rehearse" write "$folder/log.jsonl" "${1:-1000000}"
    for draft in bench/replay/*.json; do
        "$BUILD_DIR/bench/bench_rehearse" play "$folder/log.jsonl" "$draft" 3
    done
    uptime
    rm -rf "$folder"
}

bench_catalogue() {
    local folder=$BENCH/catalogue real=${SALLYPORT_DATA:-}/tools-real.jsonl.zst from=()
    [ ! -f "$real" ] || from=(--from "$real")
    build_variant plain
    ninja -C "$BUILD_DIR" bench/bench_catalogue
    rm -rf "$folder"
    mkdir -m 700 "$folder"
    python3 bench/catalogue_lines.py "${from[@]}" >"$BENCH/tools.jsonl"
    "$BUILD_DIR/src/sallyport" catalogue import "$BENCH/tools.jsonl" --data "$folder" --json
    stat -c 'catalogue.db has %s bytes' "$folder/catalogue.db"
    "$BUILD_DIR/bench/bench_catalogue" "$folder" 5
}
