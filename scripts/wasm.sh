#!/bin/sh
# Builds the plugin so that the same sources make the same bytes, wherever they lie and whoever builds them: the names of
# directories are replaced in what the compiler writes down. `cargo wasm` builds the same program with this machine's names
# in its messages.
#
#   wasm.sh              target/wasm32-wasip1/release/carrel.wasm
#   wasm.sh twice        builds a copy of the tree once more, elsewhere, and fails where the two differ
#
# The second build shares nothing with the first but the toolchain and the sources of the packages: its tree, target dir, HOME,
# CARGO_HOME, language, time zone and clock are its own. It is kept in the cache of tools.sh, which outlives a checkout, so that
# only what has changed is compiled again; a first time takes about as long as the first build did.

set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
cd "$here"
target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$here/$target ;; esac
cargo_home=${CARGO_HOME:-$HOME/.cargo}
wasm=wasm32-wasip1/release/carrel.wasm

fail() {
    printf 'wasm: %s\n' "$*" >&2
    exit 1
}

# The flags, separated as cargo wants them. Where several fit, the compiler takes the last.
build() {
    # So that the sources are there, under the name that this machine's registry gives them.
    cargo fetch --locked --quiet --target wasm32-wasip1
    separator=$(printf '\037')
    flags=--remap-path-prefix=$here=/carrel$separator--remap-path-prefix=$target=/target
    for sources in "$cargo_home"/registry/src/*; do
        flags=$flags$separator--remap-path-prefix=$sources=/crates
    done
    flags=$flags$separator--remap-path-prefix=$(rustc --print sysroot)=/rust
    CARGO_ENCODED_RUSTFLAGS=$flags cargo wasm --locked
    ! grep -aqF -e "$cargo_home/" -e "$here/" "$target/$wasm" || fail "$target/$wasm names directories of this machine"
}

sum() {
    if command -v sha256sum >/dev/null 2>&1; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d' ' -f1
}

twice() {
    build
    elsewhere=${CARREL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/carrel-dev}/elsewhere
    mkdir -p "$elsewhere"
    # One build there at a time; where there is no flock, the second of two at once fails in its comparison.
    exec 9>"$elsewhere/lock"
    ! command -v flock >/dev/null 2>&1 || flock 9
    mkdir -p "$elsewhere/home" "$elsewhere/cargo"
    rm -rf "$elsewhere/new"
    mkdir "$elsewhere/new"
    # With new times: cargo compiles what is younger than its last build, and another checkout's files may all be older.
    cp -R .cargo Cargo.toml Cargo.lock rust-toolchain.toml src scripts README.md "$elsewhere/new/"
    if ! diff -r "$elsewhere/new" "$elsewhere/tree" >/dev/null 2>&1; then
        rm -rf "$elsewhere/tree"
        mv "$elsewhere/new" "$elsewhere/tree"
    fi
    for shared in registry git; do
        [ -e "$elsewhere/cargo/$shared" ] || [ ! -e "$cargo_home/$shared" ] || ln -s "$cargo_home/$shared" "$elsewhere/cargo/$shared"
    done
    # rustup finds its toolchains by its own variable; where there is none, in the HOME that is replaced here.
    env RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}" HOME="$elsewhere/home" CARGO_HOME="$elsewhere/cargo" \
        CARGO_TARGET_DIR="$elsewhere/target" LANG=C LC_ALL=C TZ=Pacific/Kiritimati SOURCE_DATE_EPOCH=86400 USER=somebody \
        "$elsewhere/tree/scripts/wasm.sh"
    one=$(sum "$target/$wasm")
    two=$(sum "$elsewhere/target/$wasm")
    printf '%s  here\n%s  elsewhere\n' "$one" "$two"
    [ "$one" = "$two" ] || fail "two builds of the same sources differ: $target/$wasm and $elsewhere/target/$wasm"
}

case ${1:-} in
'') build ;;
twice) twice ;;
*) fail "usage: wasm.sh [twice]" ;;
esac
