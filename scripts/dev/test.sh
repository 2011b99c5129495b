# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
#
# Runs the suites and adds their counts up. Every part writes one line "name passed failed skipped seconds";
# scripts/count-tests turns a runner's own report into that, and counts a crash as a failure.
# shellcheck shell=bash

TEST_PARTS=(unit asan tsan cli api apitsan wire wiredata wiretsan attacks dashboard window e2e peers conformance e2edata release guard)
RESULTS=$SCRATCH/test/results
source "$ROOT/scripts/dev/again.sh"

verb_test() {
    source "$ROOT/scripts/dev/setup.sh"
    setup_test
    local parts=("$@") part
    [ ${#parts[@]} -gt 0 ] || parts=("${TEST_PARTS[@]}")
    rm -rf "$SCRATCH/test"
    mkdir -p "$SCRATCH/test"
    : >"$RESULTS"
    for part in "${parts[@]}"; do
        declare -F "part_$part" >/dev/null || die "unknown test part '$part' (${TEST_PARTS[*]})"
    done
    # A part that dies, of a broken build for instance, is one failure; the others still run.
    for part in "${parts[@]}"; do
        ("part_$part") || echo "$part 0 1 0 0" >>"$RESULTS"
    done
    summary
}

# Unit tests, with the threads of meson: plain, under AddressSanitizer and UBSan, under ThreadSanitizer.
part_unit() { unit_tests plain; }
part_asan() { unit_tests asan; }
part_tsan() { unit_tests tsan; }

# The rows of decisions alone; they are unit tests too.
part_policy() { unit_tests plain policy/rows; }

# What commands print and how they end.
part_cli() { node_tests cli plain test/cli; }

# The control plane's API, held to its description.
part_api() { node_tests api asan test/admin; }
part_apitsan() { node_tests apitsan tsan test/admin; }

# Exact bytes on sockets and pipes, against the gateway built with sanitizers.
part_wire() { node_tests wire asan test/wire; }
part_wiretsan() { node_tests wiretsan tsan test/wire; }

# The same with servers, policies and grants in a database (test/lib/database.mjs). Not here: what is about the configuration
# file itself (life, life_load), about pipes, which have no database (stdio, heal, resume, bridge-stdio), about listeners and
# logs that are the same in both (tls, proxies, audit, sinks, outside), and what brings a database of its own.
WIRE_DATA=(attack auth bridge-attack bridge-legacy bridge-modern bridge-tasks bridge-urls child lists messages modern policy replay
    results sessions streams subscriptions tasks upstream workers)
part_wiredata() {
    local started=$SECONDS name files=()
    for name in "${WIRE_DATA[@]}"; do files+=("test/wire/$name.test.mjs"); done
    build_variant plain
    choose_wrapper plain
    TEST_DATA=1 run_node_tests wiredata "${files[@]}"
    scripts/count-tests tap "$SCRATCH/test/wiredata.tap" wiredata $((SECONDS - started)) "$SCRATCH/test/wiredata.second.tap" >>"$RESULTS"
}

# The dashboard's own parts, without a gateway; what its forms write is put to the program's checker.
part_dashboard() {
    local started=$SECONDS
    build_variant plain
    source "$ROOT/scripts/dev/dashboard.sh"
    say "dashboard tests"
    (cd "$DASHBOARD" && SALLYPORT=$ROOT/$BUILD_DIR/src/sallyport dashboard_node vitest run --reporter=tap-flat) >"$SCRATCH/test/dashboard.tap" 2>&1 ||
        { grep -A20 '^not ok' "$SCRATCH/test/dashboard.tap" || tail -n 40 "$SCRATCH/test/dashboard.tap"; } >&2
    scripts/count-tests flat "$SCRATCH/test/dashboard.tap" dashboard $((SECONDS - started)) >>"$RESULTS"
}

# The dashboard in a browser before a real gateway.
part_window() { node_tests window plain test/window; }

# The attack patterns of data/attacks: their worked examples, with and without their policies.
part_attacks() { node_tests attacks asan test/attacks; }

# Whole programs: the gateway's life, real clients and servers, the official conformance suites.
part_e2e() { node_tests e2e plain test/e2e; }
part_peers() { node_tests peers plain test/e2e/peers; }
part_conformance() { node_tests conformance plain test/e2e/conformance; }

# The same programs before a gateway with a database. Not here: what is about a configuration file (demo, the policies of the
# catalogue), what has a database anyway (pages, oauth, openid); of the suites the ways that differ.
E2E_DATA=(sessions peers/eras peers/inspector peers/resume peers/servers peers/tasks conformance/conformance conformance/tasks)
part_e2edata() {
    local started=$SECONDS name files=()
    for name in "${E2E_DATA[@]}"; do files+=("test/e2e/$name.test.mjs"); done
    build_variant plain
    choose_wrapper plain
    TEST_DATA=1 CONFORMANCE_WAYS="http stdio http-legacy" run_node_tests e2edata "${files[@]}"
    scripts/count-tests tap "$SCRATCH/test/e2edata.tap" e2edata $((SECONDS - started)) "$SCRATCH/test/e2edata.second.tap" >>"$RESULTS"
}

# The build that is released: it can be made, and does right what it was trained with (each answer is looked at).
part_release() {
    local started=$SECONDS
    build_variant release
    say "calls to the release build"
    python3 bench/train.py build-release/src/sallyport || return 1
    echo "release 1 0 0 $((SECONDS - started))" >>"$RESULTS"
}

# Instructions per call against bench/instructions.tsv.
part_guard() {
    local started=$SECONDS last
    source "$ROOT/scripts/dev/bench.sh"
    say "instructions per call"
    verb_bench guard >"$SCRATCH/test/guard.log" || true
    sed 's/^/    /' "$SCRATCH/test/guard.log" >&2
    last=$(tail -n 1 "$SCRATCH/test/guard.log")
    [[ $last =~ ^guard:\ ([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]] || return 1
    echo "guard ${BASH_REMATCH[1]} ${BASH_REMATCH[2]} ${BASH_REMATCH[3]} $((SECONDS - started))" >>"$RESULTS"
}

# ThreadSanitizer of gcc 12 does not know every address layout of newer kernels.
choose_wrapper() {
    WRAPPER=()
    if [ "$1" = tsan ] && setarch "$(uname -m)" -R true 2>/dev/null; then
        WRAPPER=(setarch "$(uname -m)" -R)
    fi
}

# unit_tests VARIANT [TEST...]
unit_tests() {
    local variant=$1 started=$SECONDS
    shift
    build_variant "$variant"
    choose_wrapper "$variant"
    say "unit tests: $variant"
    local first=$SCRATCH/test/unit-$variant.json second=$SCRATCH/test/unit-$variant.second.json
    run_unit_tests "$@" >"$SCRATCH/test/unit-$variant.log" 2>&1 ||
        sed -n '/Summary of Failures/q;p' "$SCRATCH/test/unit-$variant.log" >&2
    cp "$BUILD_DIR/meson-logs/testlog.json" "$first"
    again_unit "$variant" "$first" "$second"
    scripts/count-tests meson "$first" "unit-$variant" $((SECONDS - started)) "$second" >>"$RESULTS"
}

run_unit_tests() {
    ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
        TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 \
        "${WRAPPER[@]}" meson test -C "$BUILD_DIR" --no-rebuild --print-errorlogs --timeout-multiplier 4 "$@"
}

# node_tests NAME VARIANT DIR...: every *.test.mjs directly in the folders, against that build's binary.
node_tests() {
    local name=$1 variant=$2 started=$SECONDS files=() dir
    shift 2
    for dir in "$@"; do
        mapfile -t -O ${#files[@]} files < <(find "$dir" -maxdepth 1 -name '*.test.mjs' 2>/dev/null | sort)
    done
    [ ${#files[@]} -gt 0 ] || return 0
    build_variant "$variant"
    choose_wrapper "$variant"
    run_node_tests "$name" "${files[@]}"
    scripts/count-tests tap "$SCRATCH/test/$name.tap" "$name" $((SECONDS - started)) "$SCRATCH/test/$name.second.tap" >>"$RESULTS"
}

run_node_tests() {
    local name=$1
    shift
    say "$name tests: $# files"
    mkdir -p "$SCRATCH/test"
    if ! run_node_files "$name" 2 "$@"; then
        scripts/count-tests failures "$SCRATCH/test/$name.tap" >&2
        again_node "$name"
    fi
}

# run_node_files NAME AT_ONCE FILE...
run_node_files() {
    local name=$1 at_once=$2
    shift 2
    SALLYPORT=$ROOT/$BUILD_DIR/src/sallyport SALLYPORT_SCRATCH=$SCRATCH/test \
        "${WRAPPER[@]}" "$(node22)" --test --test-concurrency="$at_once" --test-timeout=900000 \
        --test-reporter=tap --test-reporter-destination="$SCRATCH/test/$name.tap" \
        --test-reporter=dot --test-reporter-destination=stderr "$@"
}

verb_e2e() {
    source "$ROOT/scripts/dev/setup.sh"
    setup_test
    if [ $# -eq 0 ]; then
        verb_test e2e peers conformance
        return
    fi
    build_variant plain
    SALLYPORT=$ROOT/$BUILD_DIR/src/sallyport "$(node22)" --test --test-reporter=spec "$@"
}

summary() {
    local passed=0 failed=0 skipped=0 name p f s seconds
    printf '\n%-14s %7s %7s %7s %8s\n' suite passed failed skipped seconds
    while read -r name p f s seconds; do
        printf '%-14s %7d %7d %7d %8d\n' "$name" "$p" "$f" "$s" "$seconds"
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    done <"$RESULTS"
    printf '%-14s %33d\n\n' 'in all' "$SECONDS"
    print_unsteady
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
