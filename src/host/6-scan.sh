# scan: tells what lies on the desks and what lives there. It changes nothing, but that it tries whether the disk is full.
#
#   scan [--measure] [--full] [--server PID] [--shared DIR] [UUID…]
#
# Of these desks; without any, of all there are, but with --full of none. --full: the shared dirs too.
#
#   boot     ID                     of this system's running time; empty where it is not known
#   full     DIR                    nothing more can be written there
#   desk     UUID PLACE             PLACE: configs, homes or leaving
#   record   KEY VALUE              of the desk before it: what a plugin asks of it, group, method, instead_of, box, cwd, shared,
#                                   home, opened, notice
#   group    alive|dead|unknown     the launcher's process group; unknown too where one has come back and is not ready yet
#   exit     CODE                   Claude has ended with that code
#   rang     [ASKED]                a hook of Claude's has run since the start; ASKED: it waits for that, plan or question
#   talk     SESSION                the transcript of that conversation lies here
#   registry PID PGID START ENV BORN JSON   a file of the desk's registry whose process lives
#   key      PID                    a Claude has come as far as its key, and lives; before its registry file comes its prompt
#   unwritable PATH                 of a desk whose processes live: nobody can write there
#   onboarded yes|no, redirect FILE where the desk's own Claude has not proved itself: what could explain it
#   process  PID START DIR HOME MARKS       the same: a Claude of the launcher's group
#   shared   DIR                    that shared dir was looked at
#   outside  PID PGID START PANE TERMINAL JSON   a file of its registry whose process lives
#   file     PATH STAMP             a file of a desk, or of what a closed one left, whose change is to be noticed
#   bytes    UUID N
#   end                             the answer is whole
#
# ENV: `here` when the process was started with this desk as the place of its state, and with the user's HOME, else
# `elsewhere`, or `unknown`. BORN: the same for whether this desk's launcher started it, or what started it. JSON is a file's
# first 8 KiB; empty where it is longer. DIR and HOME are CLAUDE_CONFIG_DIR and HOME of a process; MARKS, the names of variables by which a Claude saves
# nothing. PANE is CARREL_PANE; TERMINAL is Zellij's number of its pane, where it descends from the server with the PID.

scan() {
	_measure='' _full='' _wanted='' _server='' _shareds=
	while [ $# -gt 0 ]; do
		case $1 in
		--measure) _measure=yes ;;
		--full) _full=yes ;;
		--server | --shared)
			[ $# -ge 2 ] || break
			case $1 in --server) _server=$2 ;; *) add_shared "$2" ;; esac
			shift
			;;
		*) _wanted="$_wanted $1 " ;;
		esac
		shift
	done
	this_boot
	say boot "$_BOOT"
	# Several blocks, so that they have to be found first: a byte has its place already.
	clear_way "$_STATE/.probe"
	{ printf '%9000s' '' >"$_STATE/.probe" && printf '' >"$_STATE/.probe"; } 2>/dev/null || say full "$_STATE"
	# Desks, and the shared dirs that they name: none of them has a newline in its path.
	_desks=
	_unproved=
	for _place in $_PLACES; do
		real_dir "$_STATE/$_place" || continue
		for _desk in "$_STATE/$_place"/pane-*; do
			_uuid=${_desk##*/pane-}
			is_desk "$_uuid" && real_dir "$_desk" || continue
			[ -z "$_wanted$_full" ] || case $_wanted in *" $_uuid "*) ;; *) continue ;; esac
			scan_desk
			_desks=$_desks$_NL$_desk
		done
	done
	# A Claude that reports at its desk reports nowhere else.
	if [ -z "$_wanted" ] || [ -n "$_full$_unproved" ]; then
		set -f
		IFS=$_NL
		# shellcheck disable=SC2086 # one argument a line
		set -- $_shareds
		unset IFS
		set +f
		for _SHARED; do
			say shared "$_SHARED"
			scan_registry "$_SHARED/sessions" outside
		done
	fi
	say_files
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

add_shared() {
	case $1 in *"$_NL"* | '') return ;; esac
	case $_shareds$_NL in *"$_NL$1$_NL"*) ;; *) _shareds=$_shareds$_NL$1 ;; esac
}

scan_desk() {
	say desk "$_uuid" "${_place#claude-}"
	_record=$_desk/.carrel/record
	_boxed='' _group='' _group_start='' _host='' _boot='' _init=$_INIT _cwd='' _program='' _home='' _method='' _whole='' _life=unknown _back=
	if [ -f "$_record" ] && [ ! -L "$_record" ]; then
		while _line= && IFS= read -r _line || [ -n "$_line" ]; do
			_key=${_line%%=*}
			case $_key in '' | "$_line" | *[!a-z_]*) continue ;; esac
			# Values are escaped already, as they are here.
			_V=${_line#*=}
			case $_key:$_V in instead_of:) ;; group:* | method:* | instead_of:* | box:* | cwd:* | shared:* | home:* | opened:* | notice:*) printf 'record\t%s\t%s\n' "$_key" "$_V" ;; esac
			case $_key in
			group) _group=$_V ;;
			box) _boxed=$_V ;;
			group_start) unesc "$_V" && _group_start=$_V ;;
			host) unesc "$_V" && _host=$_V ;;
			boot) unesc "$_V" && _boot=$_V ;;
			init) unesc "$_V" && _init=$_V ;;
			cwd) unesc "$_V" && _cwd=$_V ;;
			claude) unesc "$_V" && _program=${_V##*/} ;;
			home) unesc "$_V" && _home=$_V ;;
			method) _method=$_V ;;
			shared) unesc "$_V" && add_shared "$_V" ;;
			opened) _whole=yes ;;
			esac
		done <"$_record"
		if [ -z "$_whole" ]; then
			:
		elif is_of_today "$_host" "$_boot" "$_init"; then
			if group_lives "$_group" "$_group_start"; then _life=alive; else _life=dead; fi
		elif [ -z "$_FOREIGN" ]; then
			_life=dead
		fi
		[ "$_life" != dead ] || ! is_back || _life=unknown _back=yes
		say group "$_life"
	fi
	[ -n "$_back" ] || ! recall "$_desk/.carrel/exit" code || say exit "$_V"
	if [ -e "$_desk/.carrel/rang" ]; then
		_V=
		first_line "$_desk/.carrel/asked"
		say rang "$_V"
	fi
	config_of "$_desk"
	_dir=$_CONFIG
	for _file in "$_dir"/projects/*/*.jsonl; do
		[ ! -s "$_file" ] || {
			_V=${_file##*/}
			say talk "${_V%.jsonl}"
		}
	done
	_proved=
	# A link there is not Claude's work.
	[ -L "$_dir" ] || [ -L "$_dir/sessions" ] || scan_registry "$_dir/sessions" registry
	[ "$_life" != alive ] || explain_desk
}

# explain_desk: what could stand in the way of a desk whose processes live.
explain_desk() {
	for _file in "$_dir/sessions" "$_dir"/sessions/*.json "$_dir" "$_dir/projects" "$_dir"/projects/* "$_dir"/projects/*/*.jsonl "$_desk/.carrel"; do
		[ ! -e "$_file" ] || [ -w "$_file" ] || {
			say unwritable "$_file"
			break
		}
	done
	[ -z "$_proved" ] || return 0
	_unproved=yes
	for _file in "$_dir"/sessions/*.key; do
		_pid=${_file##*/}
		look_at "${_pid%%.*}" && say key "${_pid%%.*}"
	done
	if [ -f "$_dir/.claude.json" ] && grep -q -s -e '"hasCompletedOnboarding": *true' -- "$_dir/.claude.json"; then say onboarded yes; else say onboarded no; fi
	# Our own settings, which pin the variable, are not among these. A pipe among them would be waited for.
	set --
	for _file in "$_dir/settings.json" "$_cwd/.claude/settings.json" "$_cwd/.claude/settings.local.json" \
		/etc/claude-code/managed-settings.json /etc/claude-code/managed-settings.d/*.json \
		"/Library/Application Support/ClaudeCode/managed-settings.json"; do
		[ ! -f "$_file" ] || set -- "$@" "$_file"
	done
	[ $# -eq 0 ] || grep -l -s -F -e '"CLAUDE_CONFIG_DIR"' -- "$@" | while IFS= read -r _file; do
		[ ! -L "$_file" ] || _file=$(readlink -- "$_file")
		say redirect "$_file"
	done
	[ -n "$_PROC" ] || return 0
	# Down from the launcher, which is its group's leader; what Claude starts with a group of its own is none of it.
	_todo=$_group
	_count=0
	while [ -n "$_todo" ] && [ "$_count" -lt 50 ]; do
		_pid=${_todo%% *}
		case $_todo in *' '*) _todo=${_todo#* } ;; *) _todo= ;; esac
		_count=$((_count + 1))
		_children='' _comm=
		{ read -r _children <"/proc/$_pid/task/$_pid/children"; } 2>/dev/null
		_todo=$_todo${_todo:+${_children:+ }}${_children% }
		[ "$_pid" != "$_group" ] && look_at "$_pid" && [ "$_PGID" = "$_group" ] || continue
		# A name is cut off after fifteen bytes.
		{ IFS= read -r _comm <"/proc/$_pid/comm"; } 2>/dev/null
		case $_comm in
		claude | "$_program") ;;
		???????????????) case $_program in "$_comm"*) ;; *) continue ;; esac ;;
		*) continue ;;
		esac
		say_process "$_pid" "$_START"
	done
}

say_process() {
	environment_of "$1" || return 0
	_marks=
	for _name in CLAUDE_CODE_CHILD_SESSION CLAUDE_CODE_SKIP_PROMPT_HISTORY; do
		variable "$_name"
		case $_V in '' | 0 | false) ;; *) _marks="$_marks${_marks:+ }$_name" ;; esac
	done
	variable CLAUDE_CONFIG_DIR
	_dir_of=$_V
	variable HOME
	say process "$1" "$2" "$_dir_of" "$_V" "$_marks"
}

# environment_of PID: sets _ENVIRON to what the process was started with, one variable a line; returns 1 where that cannot be
# read.
environment_of() {
	_ENVIRON=
	[ -n "$_PROC" ] || return 1
	_ENVIRON=$({ tr '\n\000' ' \n' <"/proc/$1/environ"; } 2>/dev/null) || return 1
	[ -n "$_ENVIRON" ] || return 1
	_ENVIRON=$_NL$_ENVIRON$_NL
}

# variable NAME: sets _V to its value there; empty where it is not set.
variable() {
	_V=
	case $_ENVIRON in *"$_NL$1="*) ;; *) return 0 ;; esac
	_V=${_ENVIRON#*"$_NL$1="}
	_V=${_V%%"$_NL"*}
}

# was_started_with PID NAME=VALUE…: whether all of these are in its environment: here, elsewhere or unknown, in _ENV.
was_started_with() {
	_ENV=unknown
	[ -n "$_PROC" ] || return 0
	if [ $# -eq 2 ]; then
		_count=$(grep -c -s -z -x -F -e "$2" -- "/proc/$1/environ")
	else
		_count=$(grep -c -s -z -x -F -e "$2" -e "$3" -- "/proc/$1/environ")
	fi
	case $_count in
	$(($# - 1))) _ENV=here ;;
	[0-9]*) _ENV=elsewhere ;;
	esac
}

# scan_registry DIR TAG
scan_registry() {
	for _file in "$1"/*.json; do
		[ -f "$_file" ] && [ ! -L "$_file" ] || continue
		_pid=${_file##*/}
		_pid=${_pid%.json}
		if [ "$2" = registry ] && [ "$_boxed" = bwrap ]; then outer_pid "$_pid" "$_group" || continue; fi
		look_at "$_pid" || continue
		_of=$_PGID _since=$_START
		_TEXT=$(head -c 8193 -- "$_file" 2>/dev/null) || _TEXT=
		[ "${#_TEXT}" -le 8192 ] || _TEXT=
		if [ "$2" = outside ]; then
			_pane='' _terminal=''
			if environment_of "$_pid"; then
				variable CARREL_PANE
				_pane=$_V
				variable ZELLIJ_PANE_ID
				_terminal=$_V
			fi
			descends_from "$_pid" "$_server" || _terminal=
			say outside "$_pid" "$_of" "$_since" "$_pane" "$_terminal" "$_TEXT"
			continue
		fi
		_born=here
		if [ "$_of" != "$_group" ]; then
			was_started_with "$_pid" "CARREL_PANE=$_uuid"
			_born=$_ENV
		fi
		_ENV=unknown
		! use_method "$_method" || "expect_$_method" "$_pid"
		[ "$_born$_ENV" != herehere ] || _proved=yes
		say registry "$_pid" "$_of" "$_since" "$_ENV" "$_born" "$_TEXT"
		[ "$_born$_ENV" != hereelsewhere ] || say_process "$_pid" "$_since"
	done
}

# descends_from PID ANCESTOR: a pane's program does from the server, whatever the session is called by now.
descends_from() {
	case $2 in '' | *[!0-9]*) return 1 ;; esac
	_at=$1
	_count=0
	while look_at "$_at" && [ "$_count" -lt 50 ]; do
		[ "$_PPID" != "$2" ] || return 0
		_at=$_PPID
		_count=$((_count + 1))
	done
	return 1
}
