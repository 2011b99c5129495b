# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
#
# Static checks. All are run, then the verdict is given, so that one round shows everything.
# shellcheck shell=bash

LINT_CHECKS=(layers size banned lock format dashboard shell spelling cppcheck tidy)

verb_lint() {
    source "$ROOT/scripts/dev/setup.sh"
    setup_lint
    local checks=("$@") check bad=()
    [ ${#checks[@]} -gt 0 ] || checks=("${LINT_CHECKS[@]}")
    for check in "${checks[@]}"; do
        declare -F "lint_$check" >/dev/null || die "unknown check '$check' (${LINT_CHECKS[*]})"
        say "lint: $check"
        "lint_$check" || bad+=("$check")
    done
    [ ${#bad[@]} -eq 0 ] || die "lint found something in: ${bad[*]}"
    say "lint: clean"
}

setup_lint() {
    mkdir -p "$SCRATCH"
    install_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
}

# Names end with NUL, for xargs -0.
c_sources() { git ls-files -z --cached --others --exclude-standard -- 'src/*.[ch]' 'test/*.[ch]' 'fuzz/*.[ch]' 'bench/*.[ch]'; }

lint_layers() { scripts/check-layers; }
lint_size() { scripts/check-size; }
lint_banned() { scripts/check-banned; }
lint_format() { c_sources | xargs -0 -r clang-format --dry-run -Werror; }

# Types, rules and format of the dashboard's sources.
lint_dashboard() {
    source "$ROOT/scripts/dev/dashboard.sh"
    build_dashboard
    (cd "$DASHBOARD" && dashboard_node tsc --noEmit && dashboard_node biome check --error-on-warnings .)
}

# Lock files must not name the registry of the machine that they were made on.
lint_lock() {
    local found
    found=$(git ls-files -- '*package-lock.json' | xargs -r grep -l '"resolved": *"http' || true)
    [ -z "$found" ] || {
        printf 'these lock files name a registry; run scripts/strip-lock on them:\n%s\n' "$found" >&2
        return 1
    }
}

lint_shell() {
    local scripts
    mapfile -t scripts < <(git ls-files --cached --others --exclude-standard | while read -r file; do
        [ -f "$file" ] || continue
        case $file in
            *.sh) echo "$file" ;;
            *) head -c 64 "$file" | head -n 1 | tr -d '\0' | grep -qE '^#!.*\b(ba)?sh\b' && echo "$file" ;;
        esac
    done)
    shellcheck -x "${scripts[@]}"
}

lint_spelling() {
    have codespell || return 0
    git ls-files -z -- '*.md' '*.c' '*.h' '*.mjs' '*.sh' dev scripts |
        xargs -0 -r codespell -L 'te,nd,nam,fo,defalt,alow,raed,expct,inflight' --quiet-level=2
}

lint_cppcheck() {
    cppcheck --quiet --std=c11 --language=c --error-exitcode=1 --inline-suppr -j 2 -I src \
        --enable=warning,performance,portability --suppress=missingIncludeSystem \
        --suppress-xml=scripts/cppcheck-allowed --library=posix src
}

# Only src/: the compile commands of a plain build, made by clang so that it knows its own flags.
lint_tidy() {
    CC=clang configure build-tidy -Dtests=disabled
    ninja -C build-tidy build.ninja >/dev/null # files that came since
    # Headers that the build makes must be there.
    ninja -C build-tidy -t targets rule CUSTOM_COMMAND | grep '\.h$' | xargs -r ninja -C build-tidy >/dev/null
    git ls-files -- 'src/*.c' | xargs -r scripts/check-tidy build-tidy
}
