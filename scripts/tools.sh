#!/bin/sh
# The tools that the tests and the tour need, at pinned versions, in a cache of their own: installs what is missing, says
# where things are. Quick when all is there; an interrupted installation is never taken for a finished one.
#
#   tools.sh wasm|zellij|claude|older-claude|shells …   install what is missing of these
#   tools.sh zellij@VERSION claude@VERSION …   the same for another version than the pinned one, beside it
#   tools.sh all                           the same for everything
#   tools.sh paths [zellij@VERSION] [claude@VERSION]
#                                          print shell assignments: CARREL_ZELLIJ, CARREL_CLAUDE, CARREL_OLDER_CLAUDE
#
# The cache: $CARREL_CACHE, or carrel-dev in the user's cache dir. Whoever has the programs elsewhere sets these three
# to their absolute paths, and nothing is installed in their place.

set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cache=${CARREL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/carrel-dev}

# The versions. Zellij's is the one that the plugin is built against, the toolchain's is the one that builds everything.
# The older Claude Code is one that knows no shared login, and loses updates of a shared .claude.json.
claude_version=2.1.330
older_claude_version=2.1.120
zellij_version=$(sed -n 's/^zellij-tile = "=\(.*\)"$/\1/p' "$here/Cargo.toml")
toolchain=$(sed -n 's/^channel = "\(.*\)"$/\1/p' "$here/rust-toolchain.toml")

say() { printf 'tools: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
# alone WHAT: until this script ends, nobody else installs that: tests may want the same at the same time.
alone() {
    mkdir -p "$cache"
    have flock || return 0
    exec 9>>"$cache/$1.lock"
    flock 9
}

wasm() {
    # Without rustup the toolchain is somebody's own, and so is the target.
    have rustup || return 0
    # The sysroot tells in a few milliseconds what `rustup target list` takes ten times as long for.
    sysroot=$(cd "$here" && rustc --print sysroot)
    [ -d "$sysroot/lib/rustlib/wasm32-wasip1/lib" ] && return 0
    say "adding the target wasm32-wasip1 to the toolchain $toolchain"
    (cd "$here" && rustup target add wasm32-wasip1)
}

zellij_path() { printf '%s\n' "${CARREL_ZELLIJ:-$cache/zellij-$zellij_version/bin/zellij}"; }

zellij() {
    [ -x "$(zellij_path)" ] && return 0
    [ -z "${CARREL_ZELLIJ:-}" ] || fail "CARREL_ZELLIJ=$CARREL_ZELLIJ is not there"
    have cargo || fail "cargo is needed to build Zellij"
    # Not gcc alone: that comes without what it needs to link.
    programs cc:build-essential make perl
    say "building Zellij $zellij_version, once: about ten minutes on two cores"
    # One place for an unfinished build, so that the next try goes on where this one ended. Outside of this repository:
    # its cargo configuration and toolchain file are for the plugin.
    alone "zellij-$zellij_version"
    [ ! -x "$(zellij_path)" ] || return 0
    work=$cache/zellij-$zellij_version.unfinished
    mkdir -p "$work"
    if have rustup && rustup toolchain list | grep -q "^$toolchain"; then
        RUSTUP_TOOLCHAIN=$toolchain
        export RUSTUP_TOOLCHAIN
    fi
    if [ "$zellij_version" != "$pinned_zellij" ]; then
        # Built to be tried, and not to be measured: half the time without link-time optimization.
        export CARGO_PROFILE_RELEASE_LTO=false CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
    fi
    (cd "$work" && unset CARGO_BUILD_TARGET CARGO_TARGET_DIR RUSTFLAGS CARGO_ENCODED_RUSTFLAGS &&
        cargo install zellij --version "$zellij_version" --locked --no-track --root "$work/root" --target-dir "$work/target")
    rm -rf "$cache/zellij-$zellij_version"
    mv "$work/root" "$cache/zellij-$zellij_version"
    rm -rf "$work"
}

# npm is told not to run scripts, so the native program is taken from the package of this platform.
claude_path() {
    if [ -n "${CARREL_CLAUDE:-}" ]; then
        printf '%s\n' "$CARREL_CLAUDE"
        return
    fi
    packages=$cache/claude-code-$claude_version/node_modules/@anthropic-ai
    case $(uname -s) in Darwin) system=darwin ;; *) system=linux ;; esac
    case $(uname -m) in arm64 | aarch64) machine=arm64 ;; *) machine=x64 ;; esac
    libc=
    for loader in /lib/ld-musl-*; do [ -e "$loader" ] && [ ! -e /lib64/ld-linux-x86-64.so.2 ] && libc=-musl; done
    for package in "$packages/claude-code-$system-$machine$libc" "$packages/claude-code-$system-$machine"*; do
        if [ -x "$package/claude" ]; then
            printf '%s\n' "$package/claude"
            return
        fi
    done
    printf '%s\n' "$packages/claude-code-$system-$machine$libc/claude"
}

claude() {
    [ -x "$(claude_path)" ] && return 0
    [ -z "${CARREL_CLAUDE:-}" ] || fail "the Claude Code that the environment names is not there: $CARREL_CLAUDE"
    # It comes from the npm registry.
    programs npm
    say "installing Claude Code $claude_version (about 250 MB), once"
    alone "claude-code-$claude_version"
    [ ! -x "$(claude_path)" ] || return 0
    work=$cache/claude-code-$claude_version.unfinished
    rm -rf "$work"
    mkdir -p "$work"
    npm install --prefix "$work" --ignore-scripts --no-audit --no-fund "@anthropic-ai/claude-code@$claude_version" >&2
    rm -rf "$cache/claude-code-$claude_version"
    mv "$work" "$cache/claude-code-$claude_version"
    [ -x "$(claude_path)" ] || fail "npm has installed no native claude for this platform: $(claude_path) is missing"
}

# older FUNCTION: that function, for the older Claude Code.
older() (
    claude_version=$older_claude_version
    CARREL_CLAUDE=${CARREL_OLDER_CLAUDE:-}
    "$1"
)

shells() {
    wanted="dash bash busybox shellcheck strace bwrap:bubblewrap"
    # No busybox is packaged for macOS; its /bin/dash and its bash 3.2 are tested there instead.
    [ "$(uname -s)" != Darwin ] || wanted="dash bash shellcheck"
    # shellcheck disable=SC2086 # one word per program
    programs $wanted
}

# programs NAME[:PACKAGE]…: installs those that are missing, or says how. Most packages are named after their program.
programs() {
    missing=
    for program in "$@"; do have "${program%%:*}" || missing="$missing ${program#*:}"; done
    missing=${missing# }
    [ -n "$missing" ] || return 0
    if have apt-get && [ "$(id -u)" = 0 ]; then
        say "installing $missing"
        # shellcheck disable=SC2086 # one word per package
        { apt-get install -y --no-install-recommends $missing ||
            { apt-get update && apt-get install -y --no-install-recommends $missing; }; } >&2
    elif have apt-get; then
        fail "missing: $missing. Install with: sudo apt-get install $missing"
    else
        fail "missing: $missing. Install with your system's package manager (macOS: brew install $missing)"
    fi
}

quoted() { printf "'%s'\n" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"; }

paths() {
    printf 'CARREL_ZELLIJ=%s\n' "$(quoted "$(zellij_path)")"
    printf 'CARREL_CLAUDE=%s\n' "$(quoted "$(claude_path)")"
    printf 'CARREL_OLDER_CLAUDE=%s\n' "$(quoted "$(older claude_path)")"
}

pinned_zellij=$zellij_version
[ -n "$zellij_version" ] || fail "no version of zellij-tile in Cargo.toml"
[ -n "$toolchain" ] || fail "no channel in rust-toolchain.toml"
[ $# -gt 0 ] || set -- help
wants_paths=
for part in "$@"; do
    case $part in
    wasm | zellij | claude | shells) "$part" ;;
    older-claude) older claude ;;
    paths) wants_paths=yes ;;
    zellij@[0-9]*)
        zellij_version=${part#*@}
        [ -n "$wants_paths" ] || zellij
        ;;
    claude@[0-9]*)
        claude_version=${part#*@}
        [ -n "$wants_paths" ] || claude
        ;;
    all)
        wasm
        shells
        claude
        older claude
        zellij
        ;;
    *) fail "usage: tools.sh all | paths | wasm zellij claude older-claude shells zellij@VERSION claude@VERSION" ;;
    esac
done
[ -z "$wants_paths" ] || paths
