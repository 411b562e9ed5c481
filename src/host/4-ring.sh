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
	_server=
	if recall "$_DESK/.carrel/record" server && _pid=$_V && recall "$_DESK/.carrel/record" server_start; then
		look_at "$_pid" && [ "$_START" = "$_V" ] || return
		_server=$_pid.$_V
	fi
	_zellij=$(command -v zellij 2>/dev/null) || _zellij=
	if [ -z "$_zellij" ]; then
		recall "$_DESK/.carrel/record" server && [ -n "$_V" ] && _zellij=/proc/$_V/exe
	fi
	[ -x "$_zellij" ] || return
	call_plugin "$1" "$2" &
}

# call_plugin EVENT PANE: calls it by Zellij's command line, which first asks each server that it finds whether it lives: one that
# has no session yet ends of that question (0.45.1: the panic of its RemoveClient, in zellij-server's lib.rs; seen). So it is shown
# the pane's own server alone, where that can be. What Zellij says of a session that it does not find need not be true (0.45.1: its
# question was lost; see decision 0002): it is tried once more.
call_plugin() {
	# Not redirected where it is called: a shell keeps what it had before beside it, and who waits for the end of that waits for this.
	exec </dev/null >/dev/null 2>&1
	_HASTE='' _LEFT=$_BELL_PATIENCE
	_SOCKETS=
	each_base show_server
	for _try in once again; do
		_rounds=0
		while [ -z "$_SOCKETS" ] && [ "$_rounds" -lt 8 ] && a_server_begins; do
			_rounds=$((_rounds + 1))
			pause 0.3
		done
		# It may have ended meanwhile.
		[ -z "$_server" ] || { look_at "${_server%%.*}" && [ "$_START" = "${_server#*.}" ]; } || return
		env ${_SOCKETS:+"ZELLIJ_SOCKET_DIR=$_SOCKETS"} "$_zellij" pipe --name carrel_bell --args "pane=$2,event=$1" -- x &
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

# each_base FUNCTION WORD…: calls it with _BASE, each directory of ours below which Zellij may have its sockets: in one for each
# version of what they speak.
each_base() {
	_BASE=${ZELLIJ_SOCKET_DIR-}
	# macOS knows no such directory, whatever the variable says.
	[ -n "$_BASE" ] || [ -z "$_PROC" ] || _BASE=${XDG_RUNTIME_DIR:+$XDG_RUNTIME_DIR/zellij}
	if [ -n "$_BASE" ]; then
		[ ! -O "$_BASE" ] || "$@"
		return
	fi
	for _BASE in "${TMPDIR:-/tmp}"/zellij-[0-9]*; do
		[ ! -O "$_BASE" ] || "$@"
	done
}

# show_server: sets _SOCKETS to a directory that has a second name of the socket of _server alone, if it can; it is made once for
# each server. forget_servers takes those away whose servers have ended.
show_server() {
	[ -n "$_PROC" ] && [ -n "$_server" ] && [ -z "$_SOCKETS" ] || return 0
	_own=$_BASE/carrel-$_server
	[ ! -L "$_own" ] || return 0
	for _socket in "$_own"/*/"$ZELLIJ_SESSION_NAME" "$_BASE"/*/"$ZELLIJ_SESSION_NAME"; do
		[ -S "$_socket" ] || continue
		case $_socket in
		"$_own"/*) ;;
		*)
			_dir=${_socket%/*}
			_dir=$_own/${_dir##*/}
			# Zellij takes no longer one, in bytes.
			[ $((${#_dir} + ${#ZELLIJ_SESSION_NAME})) -lt 107 ] || return 0
			mkdir -p -- "$_dir" && ln -- "$_socket" "$_dir/$ZELLIJ_SESSION_NAME"
			# Of two that make it at once one finds it made.
			[ -S "$_dir/$ZELLIJ_SESSION_NAME" ] || return 0
			;;
		esac
		_SOCKETS=$_own
		return 0
	done
}

# a_server_begins: whether another server of Zellij's has begun in this second or the last.
a_server_begins() {
	_young=
	each_base look_for_young
	[ -n "$_young" ]
}

look_for_young() {
	set --
	for _socket in "$_BASE"/*/*; do
		# The one that this desk's pane is of has its session.
		[ ! -S "$_socket" ] || [ "${_socket##*/}" = "$ZELLIJ_SESSION_NAME" ] || set -- "$@" "$_socket"
	done
	[ $# -gt 0 ] || return 0
	# The last one is the time now.
	if [ -n "$_PROC" ]; then
		_times=$(stat -Lc %Y -- "$@" /proc/self 2>/dev/null)
	else
		_times=$(stat -f %m -- "$@" 2>/dev/null && date +%s)
	fi
	_now=${_times##*"$_NL"}
	for _time in ${_times%"$_NL"*}; do
		case $_time$_now in *[!0-9]* | '') return 0 ;; esac
		_time=$((_now - _time))
		[ "$_time" -ge 2 ] || [ "$_time" -lt 0 ] || _young=yes
	done
}
