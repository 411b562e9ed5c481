# where, uninstall: for the user, in a terminal. The first shows everything of Carrel's on this machine, the second takes it
# away. Neither guesses: each plugin that has used this state dir has left the place of its cache in <state dir>/plugins, and
# from that follow its file, what Zellij downloaded, and its entry among Zellij's permissions. A plugin that was installed and
# has never run is looked for where `make install` puts it.
#
#   where
#   uninstall
#
# uninstall keeps what is in the desks, as clean does, and stops before anything else is touched where one of them cannot be
# kept, or where a plugin still runs. It changes no configuration: it says what is left to be taken out by hand.

# remember_plugin DIR: notes the cache dir of a plugin, once; forgets those that are gone.
remember_plugin() {
	case $1 in */plugin_cache) ;; *) return 0 ;; esac
	esc "$1"
	_known=
	_kept=
	if [ -f "$_STATE/plugins" ] && [ ! -L "$_STATE/plugins" ]; then
		while IFS= read -r _line; do
			[ "$_line" != "$_E" ] || _known=yes
			unesc "$_line"
			[ ! -d "$_V" ] || _kept=$_kept$_line$_NL
		done <"$_STATE/plugins"
	fi
	[ -z "$_known" ] || return 0
	{ printf '%s%s\n' "$_kept" "$_E" >"$_STATE/plugins.$$"; } 2>/dev/null && mv -f -- "$_STATE/plugins.$$" "$_STATE/plugins" 2>/dev/null || rm -f -- "$_STATE/plugins.$$"
}

# each_plugin FUNCTION: calls it for each plugin, with _CACHE (its cache dir), _ZELLIJ (Zellij's cache dir, or empty where it is
# not to be told), _WASM (its file, or what Zellij downloaded; may be missing) and _LOCATION (as the permissions call it).
each_plugin() {
	[ -f "$_STATE/plugins" ] && [ ! -L "$_STATE/plugins" ] || return 0
	while IFS= read -r _entry <&3; do
		unesc "$_entry"
		_CACHE=$_V
		_ZELLIJ='' _WASM='' _LOCATION=''
		case $_CACHE in
		*/file:/*/plugin_cache)
			_ZELLIJ=${_CACHE%%/file:/*}
			_LOCATION=${_CACHE#"$_ZELLIJ/file:"}
			_LOCATION=${_LOCATION%/plugin_cache}
			_WASM=$_LOCATION
			;;
		*/http:/*/plugin_cache | */https:/*/plugin_cache)
			_ZELLIJ=${_CACHE%%/http:/*}
			_ZELLIJ=${_ZELLIJ%%/https:/*}
			_LOCATION=${_CACHE#"$_ZELLIJ/"}
			_LOCATION=${_LOCATION%/plugin_cache}
			# A path has lost one of the two slashes.
			_LOCATION=${_LOCATION%%:/*}://${_LOCATION#*:/}
			;;
		*/plugin_cache) ;;
		*) continue ;;
		esac
		"$1"
	done 3<"$_STATE/plugins"
}

# each_data_dir WORD…: calls them with each dir that Zellij has left of an instance of the plugin that was killed: of each server
# there may be one, named like the cache.
each_data_dir() {
	for _dir in "$_ZELLIJ"/*/; do
		_DATA=$_dir${_CACHE#"$_ZELLIJ/"}
		_DATA=${_DATA%/plugin_cache}
		[ ! -d "$_DATA" ] || "$@" "$_DATA"
	done
}

# is_ours FILE: whether it is a plugin of ours: each carries this program.
is_ours() { [ -f "$1" ] && grep -q -F 'CARREL_HOST_VERSION=' -- "$1" 2>/dev/null; }

# downloads: prints what Zellij has downloaded of us into _ZELLIJ; it names a file by its address in digits. Which of them
# belongs to which address cannot be told, and need not.
downloads() {
	for _file in "$_ZELLIJ"/[0-9]*; do
		[ ! -L "$_file" ] && is_ours "$_file" && printf '%s\n' "$_file"
	done
}

# runs: whether the plugin of _CACHE runs in a Zellij session: its lease is renewed each second. Sets _WHY.
runs() {
	for _lease in "$_CACHE"/actor-*/*; do
		[ -n "$(find "$_lease" -type f -mmin -1 2>/dev/null)" ] || continue
		_pid=${_lease#"$_CACHE"/actor-}
		_pid=${_pid%%-*}
		if look_at "$_pid"; then
			_WHY="Carrel runs in the Zellij session with the process $_pid"
			return 0
		fi
	done
	return 1
}

# config_dir: sets _CONFIG to the dir of Zellij's configuration, and _INSTALLED to the plugin that waits there.
config_dir() {
	_CONFIG=${ZELLIJ_CONFIG_DIR-}
	[ -n "$_CONFIG" ] || _CONFIG=${XDG_CONFIG_HOME:-${HOME-}/.config}/zellij
	_INSTALLED=$_CONFIG/plugins/carrel.wasm
	is_ours "$_INSTALLED" || _INSTALLED=
}

# tell WHAT TEXT: one line for people.
tell() { printf '  %-12s %s\n' "$1" "$2"; }

where() {
	printf 'Carrel on this machine:\n'
	if exists "$_STATE"; then tell "state dir" "$_STATE"; else tell "state dir" "$_STATE (not there)"; fi
	this_boot
	for _place in $_PLACES; do
		for _desk in "$_STATE/$_place"/pane-*; do
			_uuid=${_desk##*/pane-}
			is_uuid "$_uuid" && exists "$_desk" || continue
			judge_owner
			tell desk "$_desk (${_WHY:-$_verdict})"
		done
	done
	for _entry in "$_STATE"/changes/*; do
		! is_left_name "${_entry##*/}" || tell changes "$_entry (of a closed pane, to be carried back)"
	done
	each_base tell_servers
	_TOLD=$_NL
	each_plugin tell_plugin
	config_dir
	case $_TOLD in *"$_NL$_INSTALLED$_NL"*) ;; *) [ -z "$_INSTALLED" ] || tell plugin "$_INSTALLED" ;; esac
	tell_by_hand
}

tell_servers() {
	for _dir in "$_BASE"/carrel-*; do
		! is_shown "$_dir" || tell sockets "$_dir (a second name of the socket of Zellij's server $_pid)"
	done
}

tell_plugin() {
	if [ -n "$_WASM" ]; then
		! is_ours "$_WASM" || tell plugin "$_WASM"
		_TOLD=$_TOLD$_WASM$_NL
	elif [ -n "$_LOCATION" ]; then
		tell plugin "$_LOCATION"
	fi
	! runs || tell "" "$_WHY"
	[ ! -d "$_CACHE" ] || tell cache "$_CACHE"
	[ -n "$_ZELLIJ" ] || return 0
	each_data_dir tell data
	case $_LOCATION in http*) downloads | while IFS= read -r _file; do tell download "$_file"; done ;; esac
	! has_permissions || tell permissions "an entry of $_ZELLIJ/permissions.kdl"
}

# tell_by_hand: what is the user's own and names us.
tell_by_hand() {
	config_dir
	for _file in "$_CONFIG/config.kdl" "$_CONFIG"/layouts/*.kdl; do
		_lines=$(grep -n -F carrel -- "$_file" 2>/dev/null | cut -d: -f1 | tr '\n' ' ')
		[ -z "$_lines" ] || tell "by hand" "$_file names Carrel in line ${_lines% }"
	done
	_SAVED=
	each_plugin find_saved_sessions
	for _name in $_SAVED; do
		tell "by hand" "the saved session ${_name##*/} would start Carrel's panes: zellij delete-session ${_name##*/}"
	done
}

find_saved_sessions() {
	[ -n "$_ZELLIJ" ] || return 0
	for _file in "$_ZELLIJ"/*/session_info/*/session-layout.kdl; do
		_name=${_file%/session-layout.kdl}
		case " $_SAVED " in *" $_name "*) continue ;; esac
		case $_name in *' '*) continue ;; esac
		! grep -q -F -e "$_STATE/carrel.sh" -- "$_file" 2>/dev/null || _SAVED="$_SAVED $_name"
	done
}

has_permissions() { [ -f "$_ZELLIJ/permissions.kdl" ] && grep -q -F -x -e "\"$_LOCATION\" {" -- "$_ZELLIJ/permissions.kdl"; }

uninstall() {
	_stopped='' _CACHE='' _DATA=''
	each_plugin stop_where_it_runs
	[ -z "$_stopped" ] || {
		printf 'Nothing was removed. Take Carrel out of the configuration, end these sessions, and try again.\n' >&2
		return 1
	}
	for _dir in $_PLACES; do
		for _desk in "$_STATE/$_dir"/pane-*; do
			_uuid=${_desk##*/pane-}
			is_uuid "$_uuid" && exists "$_desk" || continue
			# In a process of its own, as if it were called alone.
			_answer=$(clean --pane "$_uuid")
			case $_answer in
			*"${_TAB}cleaned" | *"${_TAB}gone") printf 'kept and removed: %s\n' "$_desk" ;;
			*)
				unesc "${_answer#clean"$_TAB$_uuid$_TAB"}"
				printf 'not removed: %s: %s\n' "$_desk" "$_V" >&2
				_stopped=yes
				;;
			esac
		done
	done
	[ -z "$_stopped" ] || {
		printf 'Carrel stays until these desks can be kept.\n' >&2
		return 1
	}
	each_base forget_servers all
	each_plugin remove_plugin
	config_dir
	[ -z "$_INSTALLED" ] || remove "$_INSTALLED"
	_left=$(tell_by_hand)
	# Names of ours alone: the option state_dir may name a directory with other things in it.
	for _dir in $_PLACES seed claudes changes; do
		_dir=$_STATE/$_dir
		# A link goes, what it leads to stays.
		[ ! -L "$_dir" ] || rm -f -- "$_dir"
	done
	for _dir in "$_STATE"/seed "$_STATE"/claudes "$_STATE"/leaving/gone-* "$_STATE"/leaving/.cleaning-*; do
		! exists "$_dir" || take "$_dir"
	done
	hand_over_changes
	if [ -d "$_STATE/changes" ] && ! rmdir -- "$_STATE/changes" 2>/dev/null; then
		printf 'not removed, it has what may have been changed inside closed panes (MCP servers, trusted folders): %s\n' "$_STATE/changes" >&2
	fi
	for _dir in $_PLACES; do
		[ ! -d "$_STATE/$_dir" ] || rmdir -- "$_STATE/$_dir" 2>/dev/null || printf 'not removed, it is not empty: %s\n' "$_STATE/$_dir" >&2
	done
	rm -f -- "$_STATE"/carrel.sh "$_STATE"/carrel.sh.* "$_STATE"/plugins "$_STATE"/plugins.* "$_STATE"/.probe "$_STATE"/.probe-*
	if [ ! -d "$_STATE" ]; then
		printf 'not there: %s\n' "$_STATE"
	elif rmdir -- "$_STATE" 2>/dev/null; then
		printf 'removed: %s\n' "$_STATE"
	else
		printf 'not removed, something else is in it: %s\n' "$_STATE" >&2
	fi
	[ -z "$_left" ] || printf 'Left to be taken out by hand:\n%s\n' "$_left"
	printf 'Carrel is gone. Your conversations are where plain claude --resume finds them.\n'
}

# hand_over_changes: what closed panes left and nobody has carried back goes beside Claude's own copies of such a file.
hand_over_changes() {
	for _entry in "$_STATE/changes"/*; do
		is_left_name "${_entry##*/}" && real_dir "$_entry" && is_plain "$_entry/claude.json" || continue
		find_shared '' && mkdir -p -- "$_SHARED/backups" 2>/dev/null || return 0
		_kept=$_SHARED/backups/.claude.json.of-a-pane.${_entry##*.}
		exists "$_kept" || put_copy "$_entry/claude.json" "$_kept" || continue
		take "$_entry" && printf 'kept: %s: what was changed inside a closed pane (an MCP server, a trusted folder) may be in it\n' "$_kept"
	done
}

stop_where_it_runs() {
	! runs || {
		printf '%s.\n' "$_WHY" >&2
		_stopped=yes
	}
}

remove_plugin() {
	case $_LOCATION in http*) downloads | while IFS= read -r _file; do remove "$_file"; done ;; esac
	[ -z "$_WASM" ] || ! is_ours "$_WASM" || remove "$_WASM"
	[ ! -d "$_CACHE" ] || remove "$_CACHE"
	[ -n "$_ZELLIJ" ] || return 0
	prune "${_CACHE%/*}"
	each_data_dir remove_data
	! has_permissions || remove_permissions
}

remove_data() {
	remove "$1"
	prune "${1%/*}"
}

# remove PATH: takes it away, and says so.
remove() { if take "$1"; then printf 'removed: %s\n' "$1"; else printf 'not removed: %s\n' "$1" >&2; fi; }

# take PATH: a whole directory only where its name can be nothing but ours.
take() {
	case $1 in
	"$_CACHE" | "$_DATA" | "$_STATE/seed" | "$_STATE/claudes" | "$_STATE"/leaving/gone-* | "$_STATE"/changes/*-*) remove_tree "$1" ;;
	*) rm -f -- "$1" 2>/dev/null ;;
	esac
}

# prune DIR: removes the directories above what was removed that are empty now, up to Zellij's cache dir.
prune() {
	_up=$1
	while [ "$_up" != "$_ZELLIJ" ] && [ -n "$_up" ]; do
		[ ! -d "$_up" ] || rmdir -- "$_up" 2>/dev/null || break
		_up=${_up%/*}
	done
}

# remove_permissions: takes our entry out of Zellij's file; the others stay as they are.
remove_permissions() {
	target_of "$_ZELLIJ/permissions.kdl" && clear_way "$_FILE.carrel" || return
	_skip='' _whole=
	! cp -p -- "$_FILE" "$_FILE.carrel" 2>/dev/null || _whole=yes
	[ -z "$_whole" ] || without_permissions <"$_FILE" 2>/dev/null >"$_FILE.carrel"
	if [ -n "$_whole" ] && mv -f -- "$_FILE.carrel" "$_FILE" 2>/dev/null; then
		printf 'removed: an entry of %s\n' "$_ZELLIJ/permissions.kdl"
	else
		rm -f -- "$_FILE.carrel"
		printf 'not removed: an entry of %s\n' "$_ZELLIJ/permissions.kdl" >&2
	fi
}

without_permissions() {
	while _line= && IFS= read -r _line || [ -n "$_line" ]; do
		[ "$_line" != "\"$_LOCATION\" {" ] || _skip=yes
		[ -n "$_skip" ] || printf '%s\n' "$_line" || _whole=
		[ "$_line" != "}" ] || _skip=
	done
}
