#!/bin/sh
# Puts the plugin where Zellij users keep theirs, shows what is there, takes it away. It changes no configuration: the lines to
# add are printed.
#
#   install.sh install [WASM]   builds the plugin, or takes this one
#   install.sh where            what there is of Carrel on this machine
#   install.sh uninstall        keeps all conversations and removes everything of Carrel

set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
config=${ZELLIJ_CONFIG_DIR:-${XDG_CONFIG_HOME:-$HOME/.config}/zellij}
state=${XDG_STATE_HOME:-$HOME/.local/state}/carrel

install() {
    wasm=${1:-}
    if [ -z "$wasm" ]; then
        "$here/scripts/tools.sh" wasm
        "$here/scripts/wasm.sh"
        target=${CARGO_TARGET_DIR:-$here/target}
        wasm=$target/wasm32-wasip1/release/carrel.wasm
    fi
    plugin=$config/plugins/carrel.wasm
    mkdir -p "$config/plugins"
    # By rename: a session that starts in this moment reads the old one or the new one.
    cp "$wasm" "$plugin.new"
    mv "$plugin.new" "$plugin"
    sed "s|@PLUGIN@|$(printf %s "$plugin" | sed 's/[\\|&"]/\\&/g')|" <<'LINES'
Installed: @PLUGIN@

Put this into config.kdl, each block into the block of the same name if there is one. A load_plugins block replaces Zellij's
own list, so keep "zellij:link" in it. Nothing was changed for you.

plugins {
    carrel location="file:@PLUGIN@"
}
load_plugins {
    "zellij:link"
    carrel
}
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
    }
}

Then start a new Zellij session and answer its question with y. To see what is installed: make where. To leave: make uninstall.
LINES
}

# The program that ran last knows best; where there is none, this one, without its comments: Linux takes no argument of more
# than 128 KiB.
host() {
    if [ -f "$state/carrel.sh" ]; then
        /bin/sh "$state/carrel.sh" "$1"
    else
        CARREL_STATE=$state /bin/sh -c "$(sed '/^[[:blank:]]*#/d' "$here"/src/host/*.sh)" carrel "$1"
    fi
}

case ${1:-} in
install) install "${2:-}" ;;
where | uninstall) host "$1" ;;
*)
    printf 'usage: install.sh install [WASM] | where | uninstall\n' >&2
    exit 2
    ;;
esac
