#!/bin/sh
# The tour: Carrel in a Zellij of its own, to be tried by hand.
#
# Normally everything is a demo that leaves nothing behind: a HOME with a user who has used Claude Code before, sockets, a
# Zellij configuration, and a stand-in for the Messages API, so that Claude answers without a login and without a network.
# With REAL=1 it is the user's own HOME, login and `claude`; only Zellij's configuration, cache and sockets are the tour's.
# In both cases it ends with Zellij (Ctrl q), and everything that the tour started ends with it.
#
# CARREL_WASM=FILE shows that plugin, an absolute path; what is built already is then not built again.
# CARREL_TOUR_DIR=DIR makes the tour's dir below that one instead of /tmp: an absolute path, and a short one.

set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
real=${REAL:-}
session=tour

say() { printf 'tour: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

if ! [ -t 0 ] || ! [ -t 1 ]; then fail "this needs a terminal"; fi

cd "$here"
target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$here/$target ;; esac
given=${CARREL_WASM:-}
wasm=${given:-$target/wasm32-wasip1/release/carrel.wasm}
stand_in=$target/debug/examples/messages_api
[ -z "$given" ] || [ -f "$given" ] || fail "CARREL_WASM=$given is not there"
[ -n "$given" ] || scripts/tools.sh wasm
scripts/tools.sh zellij
[ -n "$real" ] || scripts/tools.sh claude
if [ -z "$given" ]; then
    say "building the plugin (a first build takes about three minutes)"
    scripts/wasm.sh
fi
if [ -z "$real" ] && ! { [ -n "$given" ] && [ -x "$stand_in" ]; }; then cargo build --example messages_api; fi
assignments=$(scripts/tools.sh paths)
eval "$assignments"

# Short, for the sockets' sake; resolved, because macOS links /tmp.
root=$(cd "$(mktemp -d "${CARREL_TOUR_DIR:-/tmp}/cXXXXXX")" && pwd -P)
api=

# Everything that was started with the tour's dir in its environment or argv.
started() {
    if [ -r /proc/self/environ ]; then
        for process in /proc/[0-9]*; do
            if grep -qsaF "$root/" "$process/environ" "$process/cmdline"; then echo "${process#/proc/}"; fi
        done
    else
        ps -axEww -o pid=,command= | while read -r pid rest; do
            case $rest in *"$root/"*) echo "$pid" ;; esac
        done
    fi
}

finish() {
    trap '' INT TERM HUP
    in_tour "$CARREL_ZELLIJ" kill-session "$session" >/dev/null 2>&1 || true
    [ -z "$api" ] || kill "$api" 2>/dev/null || true
    # Claude writes for a few seconds after its terminal is gone. What is real may finish that in peace.
    tries=0
    while [ -n "$(started)" ] && [ "$tries" -lt 100 ]; do
        if [ -z "$real" ]; then for pid in $(started); do kill -9 "$pid" 2>/dev/null || true; done; fi
        tries=$((tries + 1))
        sleep 0.1
    done
    rm -rf "$root"
}

# Runs a program inside the tour: in the demo with an environment made from nothing.
in_tour() {
    if [ -n "$real" ]; then
        env -u ZELLIJ -u ZELLIJ_SESSION_NAME -u ZELLIJ_PANE_ID -u ZELLIJ_CONFIG_FILE \
            PATH="$root/bin:$PATH" XDG_CACHE_HOME="$root/cache" \
            ZELLIJ_SOCKET_DIR="$root/s" ZELLIJ_CONFIG_DIR="$root/z" "$@"
    else
        env -i PATH="$root/bin:/usr/bin:/bin:/usr/sbin:/sbin" HOME="$root/home" TMPDIR="$root/tmp" \
            XDG_RUNTIME_DIR="$root/run" ZELLIJ_SOCKET_DIR="$root/s" ZELLIJ_CONFIG_DIR="$root/z" \
            TERM="${TERM:-xterm-256color}" COLORTERM="${COLORTERM:-}" LANG="${LANG:-C.UTF-8}" SHELL=/bin/sh \
            USER=reader PS1='$ ' ANTHROPIC_API_KEY="$key" ANTHROPIC_BASE_URL="$url" CLAUDE_CODE_TMPDIR="$root/tmp" \
            CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL=1 \
            DISABLE_AUTOUPDATER=1 DISABLE_TELEMETRY=1 DISABLE_ERROR_REPORTING=1 "$@"
    fi
}

url=
key=sk-ant-dummy-key-for-the-stand-in-0123456789
trap finish EXIT
trap 'exit 130' INT TERM HUP

mkdir -p "$root/bin" "$root/run" "$root/s" "$root/tmp" "$root/z/layouts"
chmod 700 "$root/run"
ln -s "$CARREL_ZELLIJ" "$root/bin/zellij"
cp "$wasm" "$root/carrel.wasm"

if [ -n "$real" ]; then
    say "REAL: your own HOME, your own login, your own claude; what you ask costs what it always costs"
    command -v claude >/dev/null 2>&1 || say "no claude in your PATH: Carrel will say so too"
    project=$(pwd)
    cache=$root/cache/zellij
    about="This is your own Claude."
else
    project=$root/home/project
    cache=$root/home/.cache/zellij
    about="A demo user; a stand-in answers for Claude."
    ln -s "$CARREL_CLAUDE" "$root/bin/claude"
    mkdir -p "$project" "$root/home/.claude"
    echo "A demo project. Nothing here outlives the tour." >"$project/README.md"
    echo "This user likes short answers." >"$root/home/.claude/CLAUDE.md"
    echo '{"theme":"dark","permissions":{"defaultMode":"default"}}' >"$root/home/.claude/settings.json"
    cat >"$root/home/.claude.json" <<JSON
{"hasCompletedOnboarding":true,"hasSeenAutoDefaultNudge":true,"fullscreenUpsellSeenCount":3,
 "customApiKeyResponses":{"approved":["$(printf %s "$key" | tail -c 20)"],"rejected":[]},
 "projects":{"$project":{"hasTrustDialogAccepted":true}}}
JSON
    chmod 600 "$root/home/.claude.json"

    "$stand_in" 0 "$root/url" >"$root/api.log" 2>&1 </dev/null &
    api=$!
    until [ -s "$root/url" ]; do
        kill -0 "$api" 2>/dev/null || fail "the stand-in did not start: $(cat "$root/api.log")"
        sleep 0.05
    done
    url=$(cat "$root/url")
fi

# On macOS Zellij keeps its grants elsewhere; there the demo, too, begins with its question.
mkdir -p "$cache"
cat >"$cache/permissions.kdl" <<KDL
"$root/carrel.wasm" {
    ReadApplicationState
    ChangeApplicationState
    RunCommands
    ReadCliPipes
}
KDL

cat >"$root/z/config.kdl" <<KDL
show_startup_tips false
show_release_notes false
web_server false
default_layout "tour"
plugins {
    carrel location="file:$root/carrel.wasm"
}
load_plugins {
    carrel
}
// None of these keys is taken by Zellij's own defaults.
keybinds {
    shared_except "locked" {
        bind "Alt c" {
            MessagePlugin "carrel" {
                name "new"
            }
        }
        bind "Alt Shift c" {
            LaunchOrFocusPlugin "carrel" {
                floating true
                move_to_focused_tab true
            }
        }
        bind "Alt w" {
            MessagePlugin "carrel" {
                name "next"
            }
        }
    }
}
KDL

cat >"$root/z/layouts/tour.kdl" <<KDL
layout {
    cwd "$project"
    pane split_direction="vertical" {
        pane focus=true {
            plugin location="carrel" {
                role "claude"
            }
        }
        pane {
            plugin location="carrel" {
                role "claude"
            }
        }
    }
    pane size="30%" {
        plugin location="carrel" {
            role "panel"
        }
    }
    pane size=3 borderless=true command="/bin/sh" {
        args "$root/keys.sh"
    }
}
KDL

# No line of it is longer than a hundred columns: what wraps would push the first one out.
cat >"$root/keys.sh" <<SH
stty -echo 2>/dev/null
printf '\033[?25l\033[1m Alt c\033[0m new Claude pane   \033[1mAlt Shift c\033[0m panel in front   \033[1mAlt w\033[0m next that waits   '
printf '\033[1mAlt arrows\033[0m move\n'
printf ' \033[1mCtrl p x\033[0m close a pane   \033[1mCtrl q\033[0m end the tour   %s\n' '$about'
[ -n "$real" ] || printf ' Ask anything; "run: touch note" makes Claude ask for a permission, "slow: 20" keeps it busy.'
while :; do sleep 3600; done
SH

cd "$project"
in_tour "$CARREL_ZELLIJ" --session "$session"
