# owners: tells of each desk who owns it. It changes nothing.
#
#   owner UUID VERDICT WHY SERVER BYTES OPENED CLEANUP KEPT SESSION
#
# VERDICT: "alive" (a process of it lives, or it cannot be judged), "server" (the Zellij server lives in which it was opened;
# SERVER is its pid), "saved" (a saved session of Zellij's names it: it can come back), "nobody". BYTES of disk; OPENED in
# seconds since the epoch; CLEANUP "no" where the desk goes only by an explicit gc; KEPT "unkept" where a conversation lies in it.
# SESSION is the name that its Zellij session had. Last "end".

owners() {
	this_boot
	for _place in $_PLACES; do
		real_dir "$_STATE/$_place" || continue
		for _desk in "$_STATE/$_place"/pane-*; do
			_uuid=${_desk##*/pane-}
			is_desk "$_uuid" && exists "$_desk" || continue
			judge_owner
			_why=$_WHY
			_bytes=$(du -sk -- "$_desk" 2>/dev/null) || :
			_bytes=${_bytes%%[!0-9]*}
			_unkept=
			for _file in "$_desk"/projects/*/*.jsonl "$_desk"/.claude/projects/*/*.jsonl; do
				[ ! -f "$_file" ] || _unkept=unkept
			done
			recall "$_desk/.carrel/record" opened
			_opened=$_V
			recall "$_desk/.carrel/record" cleanup
			_cleanup=$_V
			recall "$_desk/.carrel/record" zellij_session
			say owner "$_uuid" "$_verdict" "$_why" "$_server" "${_bytes:+$((_bytes * 1024))}" "$_opened" "$_cleanup" "$_unkept" "$_V"
		done
	done
	say end
}

# judge_owner: sets _verdict, _WHY and _server.
judge_owner() {
	_verdict=alive
	_server=
	_record=$_desk/.carrel/record
	if ! real_dir "$_desk"; then
		# A link or a file in a desk's place holds nothing of ours.
		_verdict=nobody
		_WHY="it is not a directory"
		return
	fi
	! who_lives_at "$_desk" || return 0
	! is_back || {
		_WHY="its launcher is about to begin there"
		return 0
	}
	_WHY=
	if ! exists "$_record"; then
		# Its launcher is at work in this moment, or was stopped before it wrote its record.
		if [ -n "$(find "$_desk" -prune -mmin -5 2>/dev/null)" ]; then
			_WHY="it has only just been made"
		else
			_verdict=nobody
			_WHY="it was never used"
		fi
		return 0
	fi
	recall "$_record" boot
	if [ "$_V" = "$_BOOT" ]; then
		recall "$_record" server
		_server=$_V
		# A start that nobody knew leaves doubt.
		if recall "$_record" server_start && look_at "$_server" && { [ "$_START" = "$_V" ] || [ -z "$_V" ]; }; then
			_verdict=server
			_WHY="its Zellij session lives"
			return 0
		fi
		_server=
	fi
	recall "$_record" zellij_cache
	case $_V in
	/*) find_saved "$_V" "$_uuid" || return 0 ;;
	*)
		_WHY="its record does not say where its Zellij saves sessions"
		return 0
		;;
	esac
	if [ -n "$_saved" ]; then
		_saved=${_saved%/*}
		_verdict=saved
		_WHY="the saved session ${_saved##*/} names it"
		return 0
	fi
	_verdict=nobody
	_WHY="its Zellij session is gone for good"
}

# is_back: whether a launcher has come back to _desk that is not at its record yet.
is_back() {
	for _file in "$_desk"/.carrel/at-*; do
		_V=${_file##*/at-}
		! look_at "${_V%%.*}" || [ "$_START" != "${_V#*.}" ] || return 0
	done
	return 1
}

# find_saved CACHE UUID: sets _saved to the layout of a saved session below CACHE that names the desk, or to nothing where
# none does; or sets _WHY and returns 1: what cannot be read might name it.
find_saved() {
	_saved=
	_up=$1
	until [ -z "$_up" ] || exists "$_up"; do _up=${_up%/*}; done
	if [ -d "${_up:-/}" ] && [ -x "${_up:-/}" ]; then
		[ "$_up" = "$1" ] || return 0
		# Also through links, and with the complaints, which do not begin with a slash.
		_found=$_NL$(find -L "$1" -name 'session-layout.kdl' -type f -exec grep -l -F -e "$2" -- {} + 2>&1)
		case $_found in
		*"$_NL/"*)
			_saved=/${_found#*"$_NL/"}
			_saved=${_saved%%"$_NL"*}
			return 0
			;;
		"$_NL") return 0 ;;
		esac
	fi
	fail "the saved sessions in $1 cannot be read"
}
