# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
#
# A second look at what failed, where TEST_AGAIN=1 asks for it, as continuous integration does: some of the four thousand tests
# drive browsers and other people's programs on whatever machine there is. By hand a failure is a failure. What was
# good only the second time is named at the end, with what it said before: it has a cause, which is to be found.
# Sanitizers get no second look, nor do more failures than a few (scripts/count-tests).
# shellcheck shell=bash

UNSTEADY=$SCRATCH/test/unsteady

# again_of KIND REPORT: what to run once more, a line each; nothing unless that is wanted.
again_of() {
    if [ "${TEST_AGAIN:-0}" = 1 ]; then scripts/count-tests again "$1" "$2"; fi
}

# note_unsteady KIND REPORT NAME
note_unsteady() { scripts/count-tests unsteady "$1" "$2" "$3" >>"$UNSTEADY"; }

again_node() {
    local name=$1 files
    mapfile -t files < <(again_of tap "$SCRATCH/test/$name.tap")
    [ ${#files[@]} -gt 0 ] || return 0
    say "$name tests: a second look at ${files[*]##*/}"
    if run_node_files "$name.second" 1 "${files[@]}"; then
        note_unsteady tap "$SCRATCH/test/$name.tap" "$name"
    else
        scripts/count-tests failures "$SCRATCH/test/$name.second.tap" >&2
    fi
}

# again_unit VARIANT REPORT SECOND
again_unit() {
    local variant=$1 first=$2 second=$3 programs
    mapfile -t programs < <(again_of meson "$first")
    [ ${#programs[@]} -gt 0 ] || return 0
    say "unit tests: $variant: a second look at ${programs[*]}"
    if run_unit_tests "${programs[@]}" >"$SCRATCH/test/unit-$variant.second.log" 2>&1; then
        note_unsteady meson "$first" "unit-$variant"
    fi
    cp "$BUILD_DIR/meson-logs/testlog.json" "$second"
}

print_unsteady() {
    [ ! -s "$UNSTEADY" ] || { cat "$UNSTEADY" && echo; }
}
