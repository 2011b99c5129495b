# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
#
# Installs what is missing and nothing else: Debian packages by apt-get, npm packages by lock file.
# shellcheck shell=bash

# Debian 12 packages. docs/dependencies.md says what each is for.
BUILD_PACKAGES=(gcc libc6-dev meson ninja-build pkg-config python3 libuv1-dev node-llhttp libssl-dev
    libpcre2-dev libsqlite3-dev libsodium-dev libzstd-dev libcurl4-openssl-dev libjansson-dev libcmocka-dev)
RUN_PACKAGES=(ca-certificates openssl)
TEST_PACKAGES=(clang clang-format clang-tidy libclang-rt-14-dev g++ libsimdjson-dev cppcheck shellcheck codespell git procps
    nginx-light haproxy valgrind sqlite3 chromium python3-aiosmtpd ccache)

verb_setup() {
    mkdir -p "$SCRATCH"
    case ${1:-test} in
        run) setup_run ;;
        build) setup_build ;;
        test | all) setup_test ;;
        *) die "setup: run, build or test, not '$1'" ;;
    esac
    say "setup: everything is there"
}

setup_build() {
    mkdir -p "$SCRATCH"
    install_packages "${BUILD_PACKAGES[@]}"
    install_node
    install_modules dashboard
}

setup_run() {
    mkdir -p "$SCRATCH"
    install_packages "${BUILD_PACKAGES[@]}" "${RUN_PACKAGES[@]}"
    install_node
    install_modules dashboard
    install_modules data/demo
}

setup_test() {
    mkdir -p "$SCRATCH"
    install_packages "${BUILD_PACKAGES[@]}" "${RUN_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
    install_node
    install_modules dashboard
    install_modules data/demo
    install_modules test/e2e
}

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

install_packages() {
    local missing=() package
    if ! have apt-get; then
        say "no apt-get here: please make sure yourself that these are installed: $*"
        return 0
    fi
    for package in "$@"; do
        installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "apt-get install ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
        >"$SCRATCH/apt.log" 2>&1 || {
        tail -n 20 "$SCRATCH/apt.log" >&2
        die "apt-get failed; all of it: $SCRATCH/apt.log"
    }
}

# Node may come from elsewhere than Debian; only its absence is mended.
install_node() {
    if ! have node; then install_packages nodejs; fi
    if ! have npm; then install_packages npm; fi
}

# install_modules DIR: the locked npm packages of a folder, without running any of their install scripts.
install_modules() {
    local dir=$1 stamp=$1/node_modules/.sallyport-lock
    [ -f "$dir/package-lock.json" ] || return 0
    cmp -s "$dir/package-lock.json" "$stamp" && return 0
    say "npm ci in $dir"
    (cd "$dir" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >"$SCRATCH/npm.log" 2>&1 || {
        tail -n 20 "$SCRATCH/npm.log" >&2
        die "npm ci failed in $dir; all of it: $SCRATCH/npm.log"
    }
    cp "$dir/package-lock.json" "$stamp"
}
