#!/bin/sh
# Runs the parts of the test suite that are named, in this order, each to its end, and says how long each took. Fails where
# one fails. The totals are sums of cargo's own `test result:` lines; where a part ended without one, none are printed.
#
#   test.sh fmt lint unit stories host reproducible plugin real
#
# `reproducible` builds the plugin as it is released, twice; `wasm` builds it once, with this machine's names in it: quicker
# while working.

set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$here"

# Tests hang programs up. Whoever was started by nohup, or in the background of a script, has such signals ignored, and with it
# all that it starts: a shell cannot undo that.
if [ -z "${CARREL_TEST_SIGNALS-}" ] && env --default-signal=HUP true 2>/dev/null; then
    CARREL_TEST_SIGNALS=default exec env --default-signal=HUP,INT,QUIT,TERM "$here/scripts/test.sh" "$@"
fi
unset CARREL_TEST_SIGNALS

# Tests on the real programs; everything else in tests/ runs without them.
real="harness real compat"

notes=$(mktemp -d "${TMPDIR:-/tmp}/carrel-test.XXXXXX")
trap 'rm -rf "$notes"' EXIT
trap 'exit 130' INT TERM
: >"$notes/results"
: >"$notes/summary"
failed=
incomplete=

now() { date +%s; }

# cargo test for one target; the result lines are kept, and a run without one is remembered.
cargo_test() {
    label=$1
    shift
    echo "── $label"
    { code=0; cargo test "$@" || code=$?; echo "$code" >"$notes/code"; } | tee "$notes/output"
    code=$(cat "$notes/code")
    if ! grep '^test result:' "$notes/output" >>"$notes/results"; then
        incomplete="$incomplete $label"
    elif [ "$code" != 0 ] && ! grep -q '^test result: FAILED' "$notes/output"; then
        incomplete="$incomplete $label"
    fi
    return "$code"
}

# Every file of tests/ that the pattern chooses; all of them run, whatever becomes of one.
cargo_tests() {
    all=0
    [ $# -gt 0 ] || echo "no test files"
    for name in "$@"; do
        cargo_test "tests/$name" --test "$name" || all=1
    done
    return "$all"
}

# The files of tests/: `host` for those on the host program, `stories` for the rest that needs no real programs.
test_names() {
    for file in tests/*.rs tests/*/main.rs; do
        [ -e "$file" ] || continue
        name=${file#tests/}
        name=${name%.rs}
        name=${name%/main}
        case " $real " in *" $name "*) continue ;; esac
        case $1:$name in
        host:host*) echo "$name" ;;
        stories:host*) ;;
        stories:*) echo "$name" ;;
        esac
    done
}

part_fmt() { cargo fmt --check && cargo fmt --check --manifest-path bench/Cargo.toml; }

# third_party NAME MANIFEST PACKAGE...: sets `kept` to a build dir in the cache of tools.sh, which outlives a checkout: what others
# wrote is compiled once there. What is ours is removed from it, so that it is compiled anew, whatever the times of its files
# are. Whoever else wants it waits until `exec 8>&-`.
third_party() {
    builds=${CARREL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/carrel-dev}/builds
    kept=$builds/$1
    manifest=$2
    shift 2
    mkdir -p "$builds" && : >>"$kept.lock" || return 1
    exec 8>"$kept.lock"
    if command -v flock >/dev/null 2>&1 && ! flock -n 8; then
        echo "waiting for another run, which is using $kept"
        flock 8
    fi
    [ -d "$kept" ] || return 0
    for package in "$@"; do
        CARGO_TARGET_DIR=$kept cargo clean --quiet --manifest-path "$manifest" -p "$package" || return 1
        CARGO_TARGET_DIR=$kept cargo clean --quiet --manifest-path "$manifest" -p "$package" --target wasm32-wasip1 || return 1
    done
}

part_lint() {
    all=0
    cargo lint || all=1
    { third_party lint Cargo.toml zellij-carrel && CARGO_TARGET_DIR=$kept cargo lint-wasm 8>&-; } || all=1
    exec 8>&-
    shellcheck scripts/*.sh .ci/run || all=1
    # The host program is one script in several files; alone none of them makes sense.
    cat src/host/*.sh | shellcheck - || all=1
    return "$all"
}

part_unit() {
    all=0
    cargo_test "src/" --lib || all=1
    cargo_test "the examples in the documentation" --doc || all=1
    return "$all"
}

# shellcheck disable=SC2046 # one word per test file
part_stories() { cargo_tests $(test_names stories); }

threads_asked_for=${RUST_TEST_THREADS-}
# wait_together TWICE|ONE_MORE: how many tests at a time, set for cargo: as many as keep the cores busy. Those of the host program
# wait for about half of their time (measured on two cores); real Claudes have many threads each, and too many at once are slow.
wait_together() {
    cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
    [ "$cores" -le 4 ] || cores=4
    case $1 in TWICE) together=$((cores * 2)) ;; *) together=$((cores + 1)) ;; esac
    RUST_TEST_THREADS=${threads_asked_for:-$together}
    export RUST_TEST_THREADS
}

part_host() {
    wait_together TWICE
    # shellcheck disable=SC2046
    cargo_tests $(test_names host)
}

part_wasm() { cargo wasm && check_size; }

# The same bytes from another place: else nobody could tell whether a release is what its sources say. What is tested after
# that is the file that would be released.
part_reproducible() { scripts/wasm.sh twice && check_size; }

check_size() {
    # The budget: a bare plugin on zellij-tile has 1.12 MB, Zellij's own have 1.22 to 1.77 MB.
    size=$(wc -c <"${CARGO_TARGET_DIR:-target}/wasm32-wasip1/release/carrel.wasm")
    echo "carrel.wasm: $((size)) bytes of 1600000"
    [ "$size" -le 1600000 ]
}

# What was built before; an older wasm is not tested.
built() {
    case " $failed " in *" wasm "* | *" reproducible "*)
        echo "not run: an older wasm would be tested"
        incomplete="$incomplete $1"
        return 1
        ;;
    esac
    target=${CARGO_TARGET_DIR:-target}
    case $target in /*) ;; *) target=$here/$target ;; esac
    CARREL_WASM=$target/wasm32-wasip1/release/carrel.wasm
    export CARREL_WASM
}

# A package and a target dir of its own: nothing else needs that runtime. Clippy compiles what it lints, so that a hundred
# packages below it are built once and not twice; its lints are errors there.
part_plugin() {
    built plugin || return 1
    third_party bench bench/Cargo.toml carrel-bench zellij-carrel || return 1
    all=0
    RUSTC_WORKSPACE_WRAPPER=clippy-driver cargo_test "bench/tests" --manifest-path bench/Cargo.toml --target-dir "$kept" 8>&- || all=1
    exec 8>&-
    return "$all"
}

part_real() {
    built real || return 1
    if ! scripts/tools.sh claude older-claude zellij || ! assignments=$(scripts/tools.sh paths); then
        incomplete="$incomplete real"
        return 1
    fi
    eval "$assignments"
    export CARREL_ZELLIJ CARREL_CLAUDE CARREL_OLDER_CLAUDE
    wait_together ONE_MORE
    # shellcheck disable=SC2086 # one word per test file
    cargo_tests $real
}

for part in "$@"; do
    echo "━━ $part"
    began=$(now)
    verdict=ok
    if ! "part_$part"; then
        verdict=FAILED
        failed="$failed $part"
    fi
    printf '%-8s %-6s %4s s\n' "$part" "$verdict" "$(($(now) - began))" | tee -a "$notes/summary"
done

echo "━━ summary"
cat "$notes/summary"
totals=$(awk '{ passed += $4; failed += $6 } END { printf "%d passed, %d failed", passed, failed }' "$notes/results")
if [ -n "$incomplete" ]; then
    echo "failed:$failed; no totals, because these gave no result:$incomplete"
elif [ ! -s "$notes/results" ]; then
    [ -z "$failed" ] || echo "failed:$failed"
else
    [ -z "$failed" ] || echo "failed:$failed"
    echo "$totals"
fi
[ -z "$failed" ]
