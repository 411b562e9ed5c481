# scan: tells what lies on the desks and what lives there. It changes nothing.
#
#   scan [--measure] [UUID…]
#
#   boot     ID                     of this system's running time; empty where it is not known
#   desk     UUID PLACE             PLACE: configs, homes or leaving
#   record   KEY VALUE              of the desk before it
#   group    alive|dead|unknown     the launcher's process group
#   exit     CODE                   Claude has ended with that code
#   registry PID PGID START ENV JSON   a file of the desk's registry whose process lives; ENV: here, elsewhere or unknown
#   shared   PID PGID START JSON    the same of the shared dir
#   bytes    UUID N
#   end                             the answer is whole
#
# JSON is the file's first 8 KiB; empty where it is longer.

scan() {
	_measure='' _wanted=''
	while [ $# -gt 0 ]; do
		case $1 in
		--measure) _measure=yes ;;
		*) _wanted="$_wanted $1 " ;;
		esac
		shift
	done
	this_boot
	say boot "$_BOOT"
	# Desks, and the shared dirs that they name: none of them has a newline in its path.
	_desks=
	_shareds=
	for _place in $_PLACES; do
		real_dir "$_STATE/$_place" || continue
		for _desk in "$_STATE/$_place"/pane-*; do
			_uuid=${_desk##*/pane-}
			is_desk "$_uuid" && real_dir "$_desk" || continue
			[ -z "$_wanted" ] || case $_wanted in *" $_uuid "*) ;; *) continue ;; esac
			scan_desk
			_desks=$_desks$_NL$_desk
		done
	done
	set -f
	IFS=$_NL
	# shellcheck disable=SC2086 # one argument a line
	set -- $_shareds
	unset IFS
	set +f
	for _SHARED; do
		scan_registry "$_SHARED/sessions" shared
	done
	if [ -n "$_measure" ] && [ -n "$_desks" ]; then
		set -f
		IFS=$_NL
		# shellcheck disable=SC2086
		set -- $_desks
		unset IFS
		du -sk -- "$@" 2>/dev/null | while read -r _kilobytes _measured; do
			say bytes "${_measured##*/pane-}" $((_kilobytes * 1024))
		done
	fi
	say end
}

scan_desk() {
	say desk "$_uuid" "${_place#claude-}"
	_record=$_desk/.carrel/record
	_boxed='' _group='' _group_start='' _host='' _boot='' _init=$_INIT _whole=''
	if [ -f "$_record" ] && [ ! -L "$_record" ]; then
		while _line= && IFS= read -r _line || [ -n "$_line" ]; do
			_key=${_line%%=*}
			case $_key in '' | "$_line" | *[!a-z_]*) continue ;; esac
			# Values are escaped already, as they are here.
			_V=${_line#*=}
			printf 'record\t%s\t%s\n' "$_key" "$_V"
			case $_key in
			group) _group=$_V ;;
			box) _boxed=$_V ;;
			group_start) unesc "$_V" && _group_start=$_V ;;
			host) unesc "$_V" && _host=$_V ;;
			boot) unesc "$_V" && _boot=$_V ;;
			init) unesc "$_V" && _init=$_V ;;
			shared)
				unesc "$_V"
				case $_shareds$_NL in *"$_NL$_V$_NL"*) ;; *) _shareds=$_shareds$_NL$_V ;; esac
				;;
			opened) _whole=yes ;;
			esac
		done <"$_record"
		if [ -z "$_whole" ]; then
			say group unknown
		elif is_of_today "$_host" "$_boot" "$_init"; then
			if group_lives "$_group" "$_group_start"; then say group alive; else say group dead; fi
		elif [ -n "$_FOREIGN" ]; then
			say group unknown
		else
			say group dead
		fi
	fi
	! recall "$_desk/.carrel/exit" code || say exit "$_V"
	config_of "$_desk"
	# A link there is not Claude's work.
	[ -L "$_CONFIG" ] || [ -L "$_CONFIG/sessions" ] || scan_registry "$_CONFIG/sessions" registry
}

# scan_registry DIR TAG
scan_registry() {
	for _file in "$1"/*.json; do
		[ -f "$_file" ] && [ ! -L "$_file" ] || continue
		_pid=${_file##*/}
		_pid=${_pid%.json}
		if [ "$2" = registry ] && [ "$_boxed" = bwrap ]; then outer_pid "$_pid" "$_group" || continue; fi
		look_at "$_pid" || continue
		_TEXT=$(head -c 8193 -- "$_file" 2>/dev/null) || _TEXT=
		[ "${#_TEXT}" -le 8192 ] || _TEXT=
		if [ "$2" = shared ]; then
			say shared "$_pid" "$_PGID" "$_START" "$_TEXT"
			continue
		fi
		_env=unknown
		if [ -n "$_PROC" ]; then
			grep -F -q -e "${_desk##*/}" -- "/proc/$_pid/environ" 2>/dev/null
			case $? in 0) _env=here ;; 1) _env=elsewhere ;; esac
		fi
		say registry "$_pid" "$_PGID" "$_START" "$_env" "$_TEXT"
	done
}
