# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
#
# The release build: whole-program optimisation, guided by a profile. The program is compiled twice; between the two it does
# a bit of everything (bench/train.py), so that the compiler knows which way branches go and what belongs together.
# shellcheck shell=bash

# A profile fits only the sources that it was made with.
release_is_current() {
    [ -f build-release/guided ] && [ -z "$(find src meson.build meson_options.txt -newer build-release/guided -print -quit)" ]
}

build_release() {
    # shellcheck disable=SC2034 # whoever asked for it reads that
    BUILD_DIR=build-release
    if release_is_current; then
        say "build: release is current"
        return
    fi
    rm -rf build-release
    # Several threads count; what the training does not reach, or no program uses yet, is optimised as if there were no profile.
    configure build-release --buildtype=release -Db_lto=true -Dtests=disabled -Db_pgo=generate \
        -Dc_args='-fprofile-update=prefer-atomic -fprofile-partial-training -Wno-missing-profile'
    say "build: release, to be trained"
    compile release
    source "$ROOT/scripts/dev/bench.sh"
    bench_programs
    say "build: training"
    python3 bench/train.py build-release/src/sallyport || die "the training failed"
    meson configure build-release -Db_pgo=use
    say "build: release"
    compile release
    touch build-release/guided
}
