# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

verb_build() {
    source "$ROOT/scripts/dev/setup.sh"
    setup_build
    local variant
    for variant in "${@:-plain}"; do
        build_variant "$variant"
        say "$BUILD_DIR/src/sallyport"
    done
}
