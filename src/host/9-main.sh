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

# notify bell|osc PANE NOTICE: rings in the pane's own terminal, as a program there would: Zellij tells the terminals of its
# clients. Answers done, or failed WHY.
notify() {
	is_uuid "${2-}" || return
	desk_paths "$2"
	_tty=
	this_boot
	_group=
	if group_of_record "$_DESK/.carrel/record" && [ -z "$_FOREIGN" ] && recall "$_DESK/.carrel/record" group_start &&
		look_at "$_group" && [ "$_START" = "$_V" ]; then
		_WHY="its terminal cannot be written"
		if [ -n "$_PROC" ]; then
			_tty=$(readlink -- "/proc/$_group/fd/0" 2>/dev/null) || _tty=
		else
			_tty=/dev/$(ps -o tty= -p "$_group" 2>/dev/null)
		fi
	else
		_WHY="its launcher is not there any more"
	fi
	case $_tty in /dev/pts/[0-9]* | /dev/tty[a-z]*) [ -c "$_tty" ] && [ -w "$_tty" ] || _tty= ;; *) _tty= ;; esac
	if [ -z "$_tty" ]; then
		say notify failed "$_WHY"
		return
	fi
	# One small write, which no other writer's comes into.
	if [ "$1" = osc ]; then printf '\033]777;notify;Claude waits for you;%s\007' "${3-}" >"$_tty"; else printf '\007' >"$_tty"; fi
	say notify 'done'
}

# end PID START SHARED: ends a Claude of the shared dir, if it is still that process.
#
#   ended JSON    what its registry file said last
#   gone          it had ended already
#   refused WHY   nothing was done
#   alive WHY     it was told to end, and goes on
end_claude() {
	_pid=${1-}
	if ! look_at "$_pid" || [ "$_START" != "${2-}" ]; then
		say gone
		return
	fi
	_registered=${3-}/sessions/$_pid.json
	if [ ! -f "$_registered" ] || [ -L "$_registered" ] || is_of_another_process "$_registered"; then
		say refused "the process $_pid is not in the registry of ${3-}; nothing was ended"
		return
	fi
	# Where the start is not in the file, it cannot be known whose it is.
	case $_TEXT in
	*"\"procStart\":\"$_START\""*) ;;
	*)
		say refused "the registry does not tell when the process $_pid was started; nothing was ended. End it yourself"
		return
		;;
	esac
	if environment_of "$_pid" && variable CARREL_PANE && [ -n "$_V" ]; then
		say refused "the process $_pid belongs to the pane $_V of Carrel's; nothing was ended"
		return
	fi
	_last=$_TEXT
	_rounds=0
	kill -s TERM "$_pid" 2>/dev/null
	while look_at "$_pid" && [ "$_START" = "$2" ]; do
		_rounds=$((_rounds + 1))
		if [ "$_rounds" -gt 160 ]; then
			say alive "Claude (pid $_pid) was told to end and has not after some seconds; end it yourself, and go on with its conversation by r"
			return
		fi
		pause
	done
	say ended "$_last"
}

main() {
	_command=${1-}
	[ $# -eq 0 ] || shift
	case $_command in
	boot) boot "$@" ;;
	clean) clean "$@" ;;
	scan) scan "$@" ;;
	owners) owners ;;
	sessions) sessions "$@" ;;
	find) find_conversation "$@" ;;
	seed-out) seed_out "$@" ;;
	seed-in) seed_in "$@" ;;
	changes-out) changes_out "$@" ;;
	changes-in) changes_in "$@" ;;
	is-dir) if [ -d "${1-}" ]; then say dir yes; else say dir no; fi ;;
	box) box "${1-}" ;;
	probe) probe "${1-}" ;;
	probe-again) probe "${1-}" yes ;;
	notify) notify "$@" ;;
	end) end_claude "$@" ;;
	where) where ;;
	uninstall) uninstall ;;
	*)
		printf 'carrel: unknown command "%s"; a user can call "where" and "uninstall", the plugin calls the rest\n' "$_command" >&2
		exit 2
		;;
	esac
}

main "$@"
