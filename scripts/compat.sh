#!/bin/sh
# Runs tests/compat.rs, a pane's life, with each Zellij and Claude Code below, and writes the results into the table of
# docs/compatibility.md. Installs what is missing; each Zellij takes about ten minutes to build, once. What is in the table
# of a pair that is not run this time stays.
#
#   compat.sh [ZELLIJ/CLAUDE …]    all pairs, or these

set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$here"
document=docs/compatibility.md
steps="open talk proof state close keep resume resurrect"

# The newest first. Of Claude Code: the newest that there is, the pinned one, one from the middle, and those with which
# something began that Carrel relies on, with the last one before it. A Zellij that Carrel is not for gets one line.
pairs="0.45.1/2.1.332 0.45.1/2.1.330 0.45.1/2.1.197 0.45.1/2.1.144 0.45.1/2.1.143 0.45.1/2.1.119 0.45.1/2.1.116
0.45.0/2.1.332 0.45.0/2.1.330 0.45.0/2.1.197 0.45.0/2.1.144 0.45.0/2.1.143 0.45.0/2.1.119
0.44.3/2.1.330 0.44.2/2.1.330 0.44.1/2.1.330 0.44.0/2.1.330"
[ $# -eq 0 ] || pairs=$*

say() { printf 'compat: %s\n' "$*" >&2; }

target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$here/$target ;; esac
scripts/tools.sh wasm
scripts/wasm.sh
cargo test --no-run --test compat
CARREL_WASM=$target/wasm32-wasip1/release/carrel.wasm
export CARREL_WASM

notes=$(mktemp -d "${TMPDIR:-/tmp}/carrel-compat.XXXXXX")
trap 'rm -rf "$notes"' EXIT
trap 'exit 130' INT TERM
for pair in $pairs; do
    zellij=${pair%/*} claude=${pair#*/}
    # Else those of the pair before would be taken for the user's own.
    unset CARREL_ZELLIJ CARREL_CLAUDE
    scripts/tools.sh "zellij@$zellij" "claude@$claude"
    assignments=$(scripts/tools.sh paths "zellij@$zellij" "claude@$claude")
    eval "$assignments"
    export CARREL_ZELLIJ CARREL_CLAUDE
    say "Zellij $zellij with Claude Code $claude"
    cargo test --quiet --test compat -- --nocapture >"$notes/out" 2>&1 || :
    row="| $zellij | $claude |"
    failed=
    for step in $steps; do
        if [ -n "$failed" ]; then
            row="$row – |"
        elif grep -q "compat: $step\$" "$notes/out"; then
            row="$row ok |"
        else
            row="$row **no** |"
            failed=$step
        fi
    done
    [ -z "$failed" ] || {
        say "  failed at: $failed"
        grep -m 1 -A 1 'panicked at' "$notes/out" >&2 || :
    }
    printf '%s %s |\n' "$row" "$(date -u +%Y-%m-%d)" >>"$notes/rows"
done

# A row takes the place of the one of its pair; a new pair's comes last.
awk -v rows="$notes/rows" '
    function pair(line, cells) { split(line, cells, "|"); return cells[2] cells[3] }
    BEGIN { while ((getline line < rows) > 0) { fresh[pair(line)] = line; order[++count] = pair(line) } }
    in_table && !/^\|/ {
        for (i = 1; i <= count; i++) if (order[i] in fresh) { print fresh[order[i]]; delete fresh[order[i]] }
        in_table = 0
    }
    /^\| Zellij \| Claude Code \|/ { in_table = 1; head = 2 }
    in_table && head == 0 && (pair($0) in fresh) { print fresh[pair($0)]; delete fresh[pair($0)]; next }
    { print; if (head > 0) head-- }
' "$document" >"$notes/document"
cat "$notes/document" >"$document"
say "written: $document. Where a version is new or has stopped working, change src/manager/compatibility.rs too: a test compares them."
