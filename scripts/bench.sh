#!/bin/sh
# Measures Carrel, and writes what came of it into docs/benchmarks: see bench/src/main.rs. Fails where a budget does not hold.
#
#   bench.sh [PART…]     size plugin launch clean race keys idle; all of them without one
#
# All of it takes about twenty minutes on two cores that have nothing else to do, and whatever else they do shows in the
# numbers. The race wants an older Claude Code beside the pinned one; it comes into the same cache.

set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$here"

scripts/tools.sh wasm claude zellij
target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$here/$target ;; esac
built=$target/wasm32-wasip1/release

# With names first: the last build is the one that is shipped and measured. The names of this form say of what type a
# function of a library was made, and so for whom.
named() {
    RUSTFLAGS="-C strip=none -C symbol-mangling-version=v0" cargo wasm --quiet
    cp "$built/carrel.wasm" "$target/carrel-named.wasm"
}

case " $* " in *" size "* | "  ") named ;; esac
case " $* " in
*" race "* | "  ") scripts/tools.sh older-claude ;;
esac
cargo build --quiet --release --target wasm32-wasip1 --example bare
cargo wasm
assignments=$(scripts/tools.sh paths)
eval "$assignments"
CARREL_WASM=$built/carrel.wasm
BENCH_BARE=$built/examples/bare.wasm
BENCH_NAMED=$target/carrel-named.wasm
export CARREL_ZELLIJ CARREL_CLAUDE CARREL_OLDER_CLAUDE CARREL_WASM BENCH_BARE BENCH_NAMED
cargo build --quiet --release --manifest-path bench/Cargo.toml --target-dir "$target/bench"
"$target/bench/release/carrel-bench" "$@"
