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
	"$_zellij" pipe --name carrel_bell --args "pane=$2,event=$1" -- x </dev/null >/dev/null 2>&1 &
}
