# The method container: the desk's own CLAUDE_CONFIG_DIR, and around Claude a box. By itself bubblewrap's: the system can be
# read and not written, but for the project and the desk; other desks, sockets and everybody's temporary files are hidden.
# Or a command of the user's, of which nothing is presumed but that it runs what it is given.

# can_contain: whether there can be a box here; sets _WHY and returns 1.
can_contain() {
	if [ -n "$_OPT_CONTAINER" ]; then
		unesc "${_OPT_CONTAINER%% *}"
		command -v -- "$_V" >/dev/null 2>&1 || fail "container_command begins with \"$_V\", and there is no such program: install it, or name another"
		return
	fi
	[ -n "$_PROC" ] || {
		fail "the method container needs bubblewrap, which is Linux's: here the option container_command must name another runtime"
		return
	}
	command -v bwrap >/dev/null 2>&1 || {
		fail "the method container needs bubblewrap, and there is no bwrap on the PATH: install it (apt-get install bubblewrap), or name another runtime in container_command"
		return
	}
	_said=$(bwrap --unshare-pid --as-pid-1 --unshare-ipc --ro-bind / / --dev /dev --proc /proc /bin/sh -c : 2>&1) || fail "bubblewrap can make no container here ($_said). Mostly user namespaces are forbidden (sysctl kernel.unprivileged_userns_clone or kernel.apparmor_restrict_unprivileged_userns): allow them, or name another runtime in container_command"
}

# box CONTAINER: the same for the plugin, before anything is opened: "box yes", or "box no" and why.
box() {
	_OPT_CONTAINER=${1-}
	if can_contain; then say box yes; else say box no "$_WHY"; fi
}

# find_project: sets _PROJECT and _MAIN, what may be written beside the desk: the repository around the cwd, and of a worktree
# the main one too, without which nothing can be committed. Never anything around HOME or Claude's and Carrel's own state.
find_project() {
	find_root || stop "the current directory is not there any more"
	physical .
	_cwd=$_P
	_PROJECT=$_TOP _MAIN=$_ROOT
	! holds_state "$_PROJECT" || _PROJECT=$_cwd
	! holds_state "$_MAIN" || _MAIN=$_PROJECT
	# What lies in the project can be written there already, and be made a link.
	case $_MAIN/ in "$_PROJECT"/*) _MAIN=$_PROJECT ;; esac
	! holds_state "$_PROJECT" || stop "the method container lets Claude write in $_PROJECT, and in there lies what it must not write (your HOME, your Claude dir or Carrel's state dir): start it in a project's own directory"
}

# holds_state DIR: whether what must not be writable lies in the dir, or the dir in it.
holds_state() {
	# The root may be written with two slashes, as bash has it.
	_up=$1
	while :; do
		case $_up in */) _up=${_up%/} ;; *) break ;; esac
	done
	for _dir in "$_USER_HOME" "$_SHARED" "$_STATE"; do
		physical "$_dir" || continue
		case $_P/ in "$_up"/*) return 0 ;; esac
		[ "$_dir" != "$_USER_HOME" ] || continue
		case $_up/ in "$_P"/*) return 0 ;; esac
	done
	return 1
}

# in_box WORD…: becomes the box, with Claude and these words in it.
in_box() {
	if [ -n "$_OPT_CONTAINER" ]; then
		set -- "$_CLAUDE" "$@"
		_left=${_OPT_CONTAINER%% "{command}"*}
		_rest=${_OPT_CONTAINER#*"{command}"}
		set -f
		for _word in $_rest; do
			box_word "$_word"
			set -- "$@" "$_R"
		done
		set +f
		while :; do
			box_word "${_left##* }"
			set -- "$_R" "$@"
			case $_left in *' '*) _left=${_left% *} ;; *) break ;; esac
		done
		exec "$@"
	fi
	exec bwrap --args 9 /bin/sh -c '"$@"; exit $?' carrel "$_CLAUDE" "$@" 9<"$_DESK/.carrel/box"
}

# box_word WORD: sets _R to a word of container_command with its places filled in.
box_word() {
	unesc "$1"
	replace "$_V" '{desk}' "$_DESK"
	replace "$_R" '{cwd}' "$PWD"
}

# build_box: writes down for bubblewrap what the box is made of. What is told later lies over what was told before. Its first
# process is a shell: when Claude has ended, so does everything in the box; and a hang-up that Claude handles does not end
# it, as the first process of a pid namespace is not ended by one.
build_box() {
	printf '' 2>/dev/null >"$_DESK/.carrel/box" && mkdir -p -- "$_DESK/.carrel/tmp" 2>/dev/null || stop_unwritable "$_DESK/.carrel"
	part --unshare-pid --as-pid-1 --unshare-ipc --cap-drop ALL --ro-bind / / --dev /dev --proc /proc
	# Sockets lie there, by which a program could be asked to do outside what it cannot do inside.
	[ ! -d /run ] || part --tmpfs /run
	for _dir in /run/systemd/resolve /run/resolvconf /run/NetworkManager /run/current-system /run/opengl-driver; do
		[ ! -e "$_dir" ] || part --ro-bind "$_dir" "$_dir"
	done
	for _dir in /tmp /var/tmp; do
		[ ! -d "$_dir" ] || [ -L "$_dir" ] || part --bind "$_DESK/.carrel/tmp" "$_dir"
	done
	# One of these may have been hidden just now.
	for _dir in "$_USER_HOME" "$_SHARED" "${CLAUDE_CODE_PLUGIN_CACHE_DIR-}"; do
		[ ! -d "$_dir" ] || part --ro-bind "$_dir" "$_dir"
	done
	# Wherever else sockets lie, below HOME too: one that can be read can be spoken to.
	for _dir in "${ZELLIJ_SOCKET_DIR-}" "${XDG_RUNTIME_DIR-}" "${TMPDIR:-/tmp}"/zellij-[0-9]* "$_USER_HOME/.ssh/agent"; do
		case $_dir in /?*) [ ! -d "$_dir" ] || is_hidden "$_dir" || holds_shown "$_dir" || part --tmpfs "$_dir" ;; esac
	done
	for _one in "${SSH_AUTH_SOCK-}" "$_USER_HOME"/.gnupg/S.*; do
		[ ! -S "$_one" ] || is_hidden "$_one" || part --ro-bind /dev/null "$_one"
	done
	case $_CLAUDE in /tmp/* | /var/tmp/* | /run/*) part --ro-bind "$_CLAUDE" "$_CLAUDE" ;; esac
	part --bind "$_MAIN" "$_MAIN" --bind "$_PROJECT" "$_PROJECT"
	[ "$_LOGIN_IS" != shared ] || open_login "${_LOGIN:-$_USER_HOME/.claude}"
	[ ! -d "${_MEMORY_DIR:-/nowhere}" ] || part --bind "$_MEMORY_DIR" "$_MEMORY_DIR"
	part --tmpfs "$_STATE" --bind "$_DESK" "$_DESK" --ro-bind "$_DESK/.carrel" "$_DESK/.carrel" --chdir "$PWD"
}

# is_hidden PATH: whether the box has other dirs over it already.
is_hidden() {
	case $1 in
	"$_USER_HOME"/* | "$_SHARED"/*) return 1 ;;
	/tmp/* | /var/tmp/* | /run/*) return 0 ;;
	esac
	return 1
}

# holds_shown DIR: whether something lies in it that Claude needs.
holds_shown() {
	physical "$1" || return 1
	_up=$_P
	for _one in "$_USER_HOME" "$_SHARED" "${CLAUDE_CODE_PLUGIN_CACHE_DIR-}"; do
		[ -n "$_one" ] && physical "$_one" || continue
		case $_P/ in "$_up"/*) return 0 ;; esac
	done
	return 1
}

# open_login DIR: Claude renews a login by a new file and a rename, and locks it beside; what else is there stays as it is.
open_login() {
	[ -d "$1" ] || return 0
	part --bind "$1" "$1"
	for _entry in "$1"/* "$1"/.[!.]*; do
		case $_entry in */.credentials.json* | *.lock) continue ;; esac
		[ ! -e "$_entry" ] || [ -L "$_entry" ] || part --ro-bind "$_entry" "$_entry"
	done
}

part() { printf '%s\0' "$@" >>"$_DESK/.carrel/box"; }

# ring_for_box: rings for the hooks in the box, which cannot reach Zellij and shall not: they write an event's name into a pipe
# at the desk. Whatever else is written there is dropped.
ring_for_box() {
	while IFS= read -r _event; do
		case $_event in ?????????????????????????????????*) ;; *) ring "$_event" "$_PANE" ;; esac
	done <>"$_DESK/.carrel/bell"
}

# outer_pid PID GROUP: sets _pid to the process of the group that has this pid inside its box; returns 1 where there is none.
outer_pid() {
	for _member in /proc/[0-9]*; do
		_pid=${_member#/proc/}
		look_at "$_pid" && [ "$_PGID" = "$2" ] || continue
		while read -r _key _inner; do
			[ "$_key" = NSpid: ] || continue
			# Blanks and tabs stand between them.
			_inner=${_inner##*[!0-9]}
			[ "$_inner" != "$1" ] || return 0
			break
		done 2>/dev/null <"$_member/status"
	done
	_member=
	return 1
}
_member=
