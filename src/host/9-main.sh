# find SESSION SHARED: where a conversation lies; SHARED, the option shared_dir, may be empty.
#
#   desk PANE          at that pane's desk
#   in_use WHY         a living Claude of the shared dir has it open
#   found FILE TEXT    in the shared dir; TEXT is the file's first "cwd":"…"
#   none WHY
find_conversation() {
	is_uuid "${1-}" || {
		say none "not a session id"
		return 1
	}
	if find_at_desk "$1"; then
		say desk "$_AT"
		return
	fi
	find_shared "${2-}" || {
		say none "$_WHY"
		return 1
	}
	if in_use "$_SHARED" "$1"; then
		say in_use "$_WHY"
	elif find_transcript "$_SHARED" "$1"; then
		say found "$_FOUND" "$(grep -m 1 -o -E '"cwd": ?"([^"\\]|\\.)*"' -- "$_FOUND" 2>/dev/null | head -n 1 | head -c 8192)"
	else
		say none "there is no conversation $1 in $_SHARED/projects"
	fi
}

# ring EVENT PANE: a doorbell. Says that something changed at a desk, and nothing of what; never reads its stdin, which
# holds the user's words. Claude waits for its hooks, so this does not wait for Zellij.
ring() {
	case ${1-} in *[!A-Za-z]* | '') return ;; esac
	is_uuid "${2-}" || return
	[ -n "${ZELLIJ_SESSION_NAME-}" ] || return
	_zellij=$(command -v zellij 2>/dev/null) || _zellij=
	if [ -z "$_zellij" ]; then
		desk_paths "$2"
		recall "$_DESK/.carrel/record" server && [ -n "$_V" ] && _zellij=/proc/$_V/exe
	fi
	[ -x "$_zellij" ] || return
	"$_zellij" pipe --name carrel_bell --args "pane=$2,event=$1" -- x </dev/null >/dev/null 2>&1 &
}

main() {
	_command=${1-}
	[ $# -eq 0 ] || shift
	case $_command in
	run) run "$@" ;;
	ring)
		ring "$@" </dev/null >/dev/null 2>&1
		# Claude shows a hook's failure to the user.
		exit 0
		;;
	boot) boot "$@" ;;
	clean) clean "$@" ;;
	scan) scan "$@" ;;
	owners) owners ;;
	sessions) sessions "$@" ;;
	find) find_conversation "$@" ;;
	seed-out) seed_out "$@" ;;
	seed-in) seed_in "$@" ;;
	is-dir) if [ -d "${1-}" ]; then say dir yes; else say dir no; fi ;;
	box) box "${1-}" ;;
	probe) probe "${1-}" ;;
	probe-again) probe "${1-}" yes ;;
	where) where ;;
	uninstall) uninstall ;;
	*)
		printf 'carrel: unknown command "%s"; a user can call "where" and "uninstall", the plugin calls the rest\n' "$_command" >&2
		exit 2
		;;
	esac
}

# The state dir is the dir that this file lies in; the plugin names it before the file is installed.
_STATE=${CARREL_STATE-}
unset CARREL_STATE
[ -n "$_STATE" ] || case $0 in
/*/*) _STATE=${0%/*} ;;
*)
	printf 'carrel: call this program by its absolute path\n' >&2
	exit 2
	;;
esac
while :; do
	case $_STATE in ?*/) _STATE=${_STATE%/} ;; *) break ;; esac
done
main "$@"
