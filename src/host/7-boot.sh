# boot: makes the state dir ready, installs this program there, and finds what the plugin cannot see.
# PROGRAM (environment) is this program's own text, CARREL_STATE the state dir.
#
#   boot [--shared DIR] [--claude COMMAND] [--login MODE]
#
#   error WHY             the state dir cannot be used; nothing else follows
#   mended WHAT           it was open to others and is closed now
#   state DIR
#   launcher PATH
#   cache DIR             the current dir
#   host NAME
#   macos                 only there
#   shared DIR, shared_json FILE, seed fresh|stale|missing|failed [WHY]; or no_shared WHY
#   claude PATH, or no_claude WHY
#   end                   the answer is whole

boot() {
	_OPT_SHARED='' _OPT_CLAUDE=''
	while [ $# -gt 1 ]; do
		case $1 in
		--shared) _OPT_SHARED=$2 ;;
		--claude) _OPT_CLAUDE=$2 ;;
		--login) _LOGIN_MODE=$2 ;;
		esac
		shift 2
	done
	prepare_state || {
		say error "$_WHY"
		return 1
	}
	say state "$_STATE"
	say launcher "$_STATE/carrel.sh"
	if physical .; then
		say cache "$_P"
		remember_plugin "$_P"
	fi
	each_base forget_servers
	this_boot
	say host "$_HOST"
	[ -n "$_PROC" ] || [ ! -d /System/Library/CoreServices ] || say macos
	if find_shared "$_OPT_SHARED"; then
		say shared "$_SHARED"
		say shared_json "$_SHARED_JSON"
		look_at_seed
		if [ "$_SEED_IS" = failed ]; then say seed failed "$_WHY"; else say seed "$_SEED_IS"; fi
	else
		say no_shared "$_WHY"
	fi
	if find_claude "$_OPT_CLAUDE"; then say claude "$_CLAUDE"; else say no_claude "$_WHY"; fi
	say end
}

# forget_servers [all]: takes away what bells have made below _BASE for servers that have ended, or for all (show_server in
# 4-ring.sh).
forget_servers() {
	for _dir in "$_BASE"/carrel-*; do
		is_shown "$_dir" || continue
		[ -n "${1-}" ] || ! look_at "$_pid" || [ "$_START" != "$_born" ] || continue
		for _socket in "$_dir"/*/*; do
			[ ! -S "$_socket" ] || rm -f -- "$_socket"
		done
		rmdir -- "$_dir"/* "$_dir" 2>/dev/null
	done
}

# is_shown DIR: whether it is one of these; sets _pid and _born (its start) of its server.
is_shown() {
	_born=${1##*/carrel-}
	_pid=${_born%%.*}
	_born=${_born#*.}
	case $_pid.$_born in .* | *. | *[!0-9.]* | *.*.*) return 1 ;; esac
	[ -d "$1" ] && [ ! -L "$1" ]
}

prepare_state() {
	case $_STATE in
	*[[:cntrl:]]*) fail "the state dir $_STATE has a control character in its path; set state_dir to a path without one" ;;
	/) fail "the state dir cannot be /; set state_dir to a directory of its own" ;;
	/*) ;;
	*) fail "the state dir \"$_STATE\" is not an absolute path; set state_dir to one" ;;
	esac || return 1
	if exists "$_STATE" && [ ! -d "$_STATE" ]; then
		fail "the state dir $_STATE is a file; move it away or set state_dir"
		return
	fi
	mkdir -p -- "$_STATE" 2>/dev/null || {
		fail "cannot make the state dir $_STATE (permissions? a full or read-only disk?); mend that or set state_dir"
		return
	}
	for _dir in '' $_PLACES seed changes; do
		_dir=$_STATE${_dir:+/$_dir}
		[ "$_dir" = "$_STATE" ] || [ ! -L "$_dir" ] || {
			fail "$_dir is a symbolic link; Carrel writes only into directories of its own: remove the link"
			return
		}
		[ -d "$_dir" ] || mkdir -- "$_dir" 2>/dev/null || [ -d "$_dir" ] || {
			fail "cannot make the directory $_dir (permissions? a full or read-only disk?); mend that or set state_dir"
			return
		}
		_mode=$(ls -Lld -- "$_dir")
		case $_mode in
		drwx------*) ;;
		*)
			chmod 700 -- "$_dir" 2>/dev/null || {
				fail "$_dir is open to others and cannot be closed: it must belong to you"
				return
			}
			say mended "$_dir was open to others (${_mode%% *}) and is closed now; they may have read what lay in it"
			;;
		esac
	done
	_probe=$_STATE/.probe-$$
	clear_way "$_probe"
	{ printf 'carrel\n' >"$_probe"; } 2>/dev/null && { IFS= read -r _line <"$_probe"; } 2>/dev/null && [ "$_line" = carrel ] || {
		rm -f -- "$_probe" 2>/dev/null
		fail "the state dir $_STATE cannot be written (permissions? a full or read-only disk?); mend that or set state_dir"
		return
	}
	rm -f -- "$_probe"
	install_program
}

# Running launchers keep the text that they began with: it is replaced by rename, never written over.
install_program() {
	_to=$_STATE/carrel.sh
	_program=${PROGRAM-}
	unset PROGRAM
	_program=${_program%"$_NL"}
	[ -n "$_program" ] || return 0
	if [ -d "$_to" ] && [ ! -L "$_to" ]; then
		fail "$_to is in the way: it is a directory; move it away"
		return
	fi
	if [ -f "$_to" ] && [ ! -L "$_to" ]; then
		_there=$(sed -n 's/^CARREL_HOST_VERSION=\([0-9]\{1,9\}\)$/\1/p' <"$_to" | head -n 1)
		[ "${_there:-0}" -le "$CARREL_HOST_VERSION" ] || return 0
		[ "$_program" != "$(cat -- "$_to")" ] || return 0
	fi
	# A link there is replaced, not followed, also one that leads to a directory.
	[ ! -L "$_to" ] || rm -f -- "$_to"
	clear_way "$_to.$$"
	{ printf '%s\n' "$_program" >"$_to.$$"; } 2>/dev/null && mv -f -- "$_to.$$" "$_to" 2>/dev/null || {
		rm -f -- "$_to.$$"
		fail "cannot write $_to (permissions? a full or read-only disk?)"
	}
}
