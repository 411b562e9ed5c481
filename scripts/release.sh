#!/bin/sh
# What a release is made of. The release workflow calls this, and so does whoever wants to see the same files.
#
#   release.sh version             the version in Cargo.toml
#   release.sh check TAG           fails where the tag, Cargo.toml and the changelog do not agree, or the entry has no date
#   release.sh notes VERSION       the changelog's entry of that version, without its heading
#   release.sh pack VERSION DIR [REPOSITORY]
#                                  puts the built wasm, its checksum and the notes into DIR; REPOSITORY, the address of the
#                                  project's page, goes into the lines to install with
#
# It builds nothing, and publishes nothing.

set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
changelog=${CARREL_CHANGELOG:-$here/CHANGELOG.md}

fail() {
    printf 'release: %s\n' "$*" >&2
    exit 1
}

version() { sed -n 's/^version = "\(.*\)"$/\1/p' "$here/Cargo.toml" | head -n 1; }

# The rest of the heading of a version's entry, or nothing.
heading() { awk -v version="$1" '$1 == "##" && $2 == version { sub(/^## [^ ]+ ?/, ""); print; exit }' "$changelog"; }

# The entry between its heading and the next one, without blank lines around it. A version that has no entry is an error.
notes() {
    grep -q "^## $1\( \|\$\)" "$changelog" || fail "no entry \"## $1\" in $changelog"
    awk -v version="$1" '
        $1 == "##" { inside = ($2 == version); next }
        !inside { next }
        /^$/ { if (begun) blank = blank "\n"; next }
        { printf "%s%s\n", blank, $0; blank = ""; begun = 1 }
    ' "$changelog"
}

check() {
    tag=$1
    version=$(version)
    [ "$tag" = "v$version" ] || fail "the tag is $tag, Cargo.toml says $version: expected v$version"
    [ -n "$(notes "$version")" ] || fail "the entry of $version in $changelog is empty"
    case $(heading "$version") in
    "- "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]) ;;
    *) fail "the entry of $version in $changelog has no date: expected \"## $version - 2026-01-31\"" ;;
    esac
}

pack() {
    version=$1
    out=$2
    target=${CARGO_TARGET_DIR:-$here/target}
    wasm=$target/wasm32-wasip1/release/carrel.wasm
    [ -f "$wasm" ] || fail "$wasm is not there: make wasm"
    mkdir -p "$out"
    name=carrel-$version.wasm
    cp "$wasm" "$out/$name"
    if command -v sha256sum >/dev/null 2>&1; then
        (cd "$out" && sha256sum "$name" >"$name.sha256")
    else
        (cd "$out" && shasum -a 256 "$name" >"$name.sha256")
    fi
    {
        notes "$version"
        [ -z "${3:-}" ] || cat <<NOTES

### Install

In the \`plugins\` block of \`~/.config/zellij/config.kdl\`; the rest is in the README of this version:

\`\`\`kdl
carrel location="$3/releases/download/v$version/$name"
\`\`\`

SHA-256: \`$(cut -d' ' -f1 "$out/$name.sha256")\`. Who built it, and from what: \`gh attestation verify $name --repo ${3#https://*/}\`.
NOTES
    } >"$out/notes.md"
}

usage() { fail "usage: release.sh version | check TAG | notes VERSION | pack VERSION DIR [REPOSITORY]"; }

command=${1:-}
[ $# -eq 0 ] || shift
case $command:$# in
version:0) version ;;
check:1) check "$1" ;;
notes:1) notes "$1" ;;
pack:2 | pack:3) pack "$@" ;;
*) usage ;;
esac
