# For how long a bell may ring, in hundredths of a second. It takes some 5 (measured on 0.45.1, two cores). Zellij's command line
# never ends where the server does that it has called, and takes a whole core for it (pipe_client in zellij-client's
# cli_client.rs of 0.45.1 asks a closed connection again and again).
_BELL_PATIENCE=500

# ring EVENT PANE: a doorbell. Says that something changed at a desk, and nothing of what; never reads its stdin, which
# holds the user's words. Claude waits for its hooks, so this does not wait for Zellij.
ring() {
	case ${1-} in *[!A-Za-z]* | '') return ;; esac
	is_uuid "${2-}" || return
	desk_paths "$2"
	_asked=$_DESK/.carrel/asked
	clear_way "$_asked"
	clear_way "$_DESK/.carrel/rang"
	# That a hook ran at all proves that Claude has read our settings; a key of the user's is none.
	[ "$1" = Key ] || { printf '' >"$_DESK/.carrel/rang"; } 2>/dev/null
	case $1 in
	# Beside a PermissionRequest: what kind it is.
	AskUserQuestion | ExitPlanMode)
		case $1 in ExitPlanMode) _kind=plan ;; *) _kind=question ;; esac
		{ printf '%s\n' "$_kind" >"$_asked"; } 2>/dev/null
		return
		;;
	PermissionRequest | Elicitation) { printf '' >>"$_asked"; } 2>/dev/null ;;
	# They may end a wait. A bell for each tool that Claude uses would be too many.
	PostToolUse | PostToolUseFailure | PermissionDenied | ElicitationResult)
		[ -e "$_asked" ] || return
		{ printf '' >"$_asked"; } 2>/dev/null
		;;
	UserPromptSubmit | Stop | StopFailure | SessionStart) [ ! -e "$_asked" ] || rm -f -- "$_asked" ;;
	esac
	[ -n "${ZELLIJ_SESSION_NAME-}" ] || return
	# Claude outlives a Zellij that was killed. Its session may be coming back just now under the same name, and a call to a
	# server that is starting can end it (measured on 0.45.1: the client that brings it back waits for ever).
	if recall "$_DESK/.carrel/record" server && _pid=$_V && recall "$_DESK/.carrel/record" server_start; then
		look_at "$_pid" && [ "$_START" = "$_V" ] || return
	fi
	_zellij=$(command -v zellij 2>/dev/null) || _zellij=
	if [ -z "$_zellij" ]; then
		recall "$_DESK/.carrel/record" server && [ -n "$_V" ] && _zellij=/proc/$_V/exe
	fi
	[ -x "$_zellij" ] || return
	call_plugin "$1" "$2" &
}

# call_plugin EVENT PANE: calls it by Zellij's command line. Where that does not find the server, a question of its may have been
# lost (seen on 0.45.1): it is tried once more.
call_plugin() {
	# Not redirected where it is called: a shell keeps what it had before beside it, and who waits for the end of that waits for this.
	exec </dev/null >/dev/null 2>&1
	_HASTE='' _LEFT=$_BELL_PATIENCE
	for _try in once again; do
		_rounds=0
		while [ "$_rounds" -lt 8 ] && a_server_begins; do
			_rounds=$((_rounds + 1))
			pause 0.3
		done
		"$_zellij" pipe --name carrel_bell --args "pane=$2,event=$1" -- x &
		_bell=$!
		while look_at "$_bell"; do
			spend 5 || {
				kill -s KILL "$_bell"
				return
			}
		done
		! wait "$_bell" || return
	done
}

# a_server_begins: whether another server of Zellij's has begun in this second or the last. Whatever is called, the command line first
# asks each server whether it lives, and one that has no session yet can end of that (0.45.1: the panic of its RemoveClient, in
# zellij-server's lib.rs): Carrel does not want to be the one who asks.
a_server_begins() {
	_sockets=${ZELLIJ_SOCKET_DIR:-${XDG_RUNTIME_DIR:+$XDG_RUNTIME_DIR/zellij}}
	if [ -n "$_sockets" ]; then
		set -- "$_sockets"/contract_version_*/*
	else
		set -- "${TMPDIR:-/tmp}"/zellij-[0-9]*/contract_version_*/*
	fi
	for _socket in "$@"; do
		shift
		# The one that this desk's pane is of has its session.
		[ ! -S "$_socket" ] || [ "${_socket##*/}" = "$ZELLIJ_SESSION_NAME" ] || set -- "$@" "$_socket"
	done
	[ $# -gt 0 ] || return
	# The last one is the time now.
	if [ -n "$_PROC" ]; then
		_times=$(stat -Lc %Y -- "$@" /proc/self 2>/dev/null)
	else
		_times=$(stat -f %m -- "$@" 2>/dev/null && date +%s)
	fi
	_now=${_times##*"$_NL"}
	for _time in ${_times%"$_NL"*}; do
		case $_time$_now in *[!0-9]* | '') return 1 ;; esac
		_time=$((_now - _time))
		[ "$_time" -ge 2 ] || [ "$_time" -lt 0 ] || return 0
	done
	return 1
}
