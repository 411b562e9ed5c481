#!/bin/sh
# Builds the plugin so that the same sources make the same bytes, wherever they lie and whoever builds them: the names of
# directories are replaced in what the compiler writes down. `cargo wasm` builds the same program with this machine's names
# in its messages.
#
#   wasm.sh              target/wasm32-wasip1/release/carrel.wasm
#   wasm.sh twice        builds it in two other places, fails where the two differ, and puts it there too
#
# The two builds share nothing but the toolchain and the sources of the packages: tree, target dir, HOME, CARGO_HOME, language,
# time zone and clock are each one's own. They are kept in the cache of tools.sh, which outlives a checkout, so that only what has
# changed is compiled again.

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

# A build in a place of its own, NAME, with these assignments in its environment; what it says goes to the place's log.
build_in() {
    place=$builds/$1
    tree=$place/$1
    shift
    mkdir -p "$place/home" "$place/cargo"
    rm -rf "$place/new"
    mkdir "$place/new"
    # With new times: cargo compiles what is younger than its last build, and another checkout's files may all be older.
    cp -R .cargo Cargo.toml Cargo.lock rust-toolchain.toml src scripts README.md "$place/new/"
    if ! diff -r "$place/new" "$tree" >/dev/null 2>&1; then
        rm -rf "$tree"
        mv "$place/new" "$tree"
    fi
    for shared in registry git; do
        [ -e "$place/cargo/$shared" ] || [ ! -e "$cargo_home/$shared" ] || ln -s "$cargo_home/$shared" "$place/cargo/$shared"
    done
    # rustup finds its toolchains by its own variable; where there is none, in the HOME that is replaced here.
    env RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}" HOME="$place/home" CARGO_HOME="$place/cargo" CARGO_TARGET_DIR="$place/target" \
        "$@" "$tree/scripts/wasm.sh" >"$place/log" 2>&1
}

twice() {
    builds=${CARREL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/carrel-dev}/builds
    mkdir -p "$builds" "$target/${wasm%/*}"
    # Two of these at once would take each other's trees.
    exec 9>"$builds/lock"
    ! command -v flock >/dev/null 2>&1 || flock 9
    echo "building $builds/one and $builds/another" >&2
    # So that neither waits for the other's download.
    cargo fetch --locked --quiet --target wasm32-wasip1
    build_in one LANG=en_US.UTF-8 TZ=UTC SOURCE_DATE_EPOCH=1 &
    one=$!
    failed=
    build_in another LANG=C LC_ALL=C TZ=Pacific/Kiritimati SOURCE_DATE_EPOCH=86400 USER=somebody || failed=another
    wait "$one" || failed="$failed one"
    for place in $failed; do cat "$builds/$place/log" >&2; done
    [ -z "$failed" ] || fail "the build failed: $failed"
    one=$(sum "$builds/one/target/$wasm")
    another=$(sum "$builds/another/target/$wasm")
    printf '%s  one\n%s  another\n' "$one" "$another"
    [ "$one" = "$another" ] || fail "two builds of the same sources differ: $builds/one/target/$wasm and $builds/another/target/$wasm"
    cp "$builds/one/target/$wasm" "$target/$wasm.new"
    mv "$target/$wasm.new" "$target/$wasm"
}

case ${1:-} in
'') build ;;
twice) twice ;;
*) fail "usage: wasm.sh [twice]" ;;
esac
