# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
#
# Runs libFuzzer targets, each for some seconds, with AddressSanitizer and UBSan. New inputs stay in .dev/fuzz; what
# crashes is kept there too and named at the end.
# shellcheck shell=bash

verb_fuzz() {
    source "$ROOT/scripts/dev/setup.sh"
    mkdir -p "$SCRATCH"
    install_packages "${BUILD_PACKAGES[@]}" clang libclang-rt-14-dev
    local wanted='' seconds=60 word programs program found=''
    for word in "$@"; do
        if [[ $word =~ ^[0-9]+$ ]]; then seconds=$word; else wanted=$word; fi
    done
    CC=clang configure build-fuzz -Dfuzz=true -Dtests=disabled --buildtype=debugoptimized \
        -Db_sanitize=address,undefined -Db_lundef=false
    say "build: fuzz"
    ninja -C build-fuzz >"$SCRATCH/fuzz.build.log" 2>&1 || {
        tail -n 30 "$SCRATCH/fuzz.build.log" >&2
        die "the fuzz build failed"
    }
    mapfile -t programs < <(find build-fuzz/fuzz -maxdepth 1 -type f -perm -u+x | sort)
    for program in "${programs[@]}"; do
        word=$(basename "$program")
        word=${word#fuzz_}
        [ -z "$wanted" ] || [ "$word" = "$wanted" ] || continue
        found=yes
        fuzz_one "$program" "$word" "$seconds"
    done
    [ -n "$found" ] || die "no such fuzz target '$wanted'; there are: $(printf '%s\n' "${programs[@]##*/}" | tr '\n' ' ')"
    say "fuzz: nothing found"
}

fuzz_one() {
    local program=$1 name=$2 seconds=$3 folder=$SCRATCH/fuzz/$2 arguments=()
    mkdir -p "$folder/corpus"
    [ ! -f "fuzz/$name.dict" ] || arguments+=("-dict=fuzz/$name.dict")
    [ ! -d "fuzz/corpus/$name" ] || arguments+=("fuzz/corpus/$name")
    say "fuzz: $name, $seconds seconds"
    "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$folder/" "$folder/corpus" "${arguments[@]}" >"$folder/log" 2>&1 || {
        tail -n 40 "$folder/log" >&2
        die "$name: something was found; the input is in $folder"
    }
    grep -E 'stat::number_of_executed_units|DONE' "$folder/log" >&2 || true
}
