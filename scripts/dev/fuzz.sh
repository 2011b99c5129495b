# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
#
# Runs libFuzzer targets, each for some seconds and two at a time, with AddressSanitizer and UBSan. New inputs stay in
# .dev/fuzz; what crashes is kept there too and named at the end.
# shellcheck shell=bash

verb_fuzz() {
    source "$ROOT/scripts/dev/setup.sh"
    mkdir -p "$SCRATCH"
    install_packages "${BUILD_PACKAGES[@]}" clang libclang-rt-14-dev libsimdjson-dev g++
    local wanted='' seconds=60 word programs program targets=()
    for word in "$@"; do
        if [[ $word =~ ^[0-9]+$ ]]; then seconds=$word; else wanted=$word; fi
    done
    build_fuzz
    mapfile -t programs < <(find build-fuzz/fuzz -maxdepth 1 -type f -perm -u+x | sort)
    for program in "${programs[@]}"; do
        word=$(basename "$program")
        word=${word#fuzz_}
        [ -z "$wanted" ] || [ "$word" = "$wanted" ] || continue
        targets+=("$word")
    done
    [ ${#targets[@]} -gt 0 ] || die "no such fuzz target '$wanted'; there are: $(printf '%s\n' "${programs[@]##*/fuzz_}" | tr '\n' ' ')"
    fuzz_targets "$seconds" "${targets[@]}"
    say "fuzz: nothing found"
}

build_fuzz() {
    CC=clang CXX=clang++ configure build-fuzz -Dfuzz=true -Dtests=disabled --buildtype=debugoptimized \
        -Db_sanitize=address,undefined -Db_lundef=false
    say "build: fuzz"
    ninja -C build-fuzz >"$SCRATCH/fuzz.build.log" 2>&1 || {
        tail -n 30 "$SCRATCH/fuzz.build.log" >&2
        die "the fuzz build failed"
    }
}

# fuzz_targets SECONDS TARGET...: two at a time; all are run, then the verdict is given.
fuzz_targets() {
    local seconds=$1 target running=0 bad=()
    shift
    rm -rf "$SCRATCH/fuzz/failed"
    mkdir -p "$SCRATCH/fuzz/failed"
    for target in "$@"; do
        if [ "$running" -ge "${FUZZ_JOBS:-2}" ]; then
            wait -n || true
            running=$((running - 1))
        fi
        fuzz_one "$target" "$seconds" &
        running=$((running + 1))
    done
    wait
    mapfile -t bad < <(ls "$SCRATCH/fuzz/failed")
    [ ${#bad[@]} -eq 0 ] || die "something was found by: ${bad[*]}; the inputs are in $SCRATCH/fuzz/TARGET"
}

fuzz_one() {
    local name=$1 seconds=$2 folder=$SCRATCH/fuzz/$1 arguments=() kind
    mkdir -p "$folder/corpus"
    [ ! -f "fuzz/$name.dict" ] || arguments+=("-dict=fuzz/$name.dict")
    for kind in corpus regression; do
        [ ! -d "fuzz/$kind/$name" ] || arguments+=("fuzz/$kind/$name")
    done
    "build-fuzz/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$folder/" "$folder/corpus" "${arguments[@]}" >"$folder/log" 2>&1 || {
        tail -n 40 "$folder/log" >&2
        touch "$SCRATCH/fuzz/failed/$name"
        return 0
    }
    say "fuzz: $name, $seconds seconds, $(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/log") inputs"
}
