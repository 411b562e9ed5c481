# Keeping: bringing what must not be lost from one dir to another. Every step can be interrupted and run again, also twice
# at once: a file is linked or renamed into place whole, or its missing end is appended; its source goes only when the
# destination holds all of it.

# What of a desk goes with it. Anything that is neither here nor kept nor a link blocks the deletion.
is_disposable() {
	case $1 in
	# Our own, and what Claude writes anew at each start: its registry, caches, logs, locks and backups.
	.carrel | .carrel-probe | sessions | backups | shell-snapshots | cache | debug | statsig | telemetry | ide | startup-perf | traces | chrome) ;;
	.claude.json | .claude.json.lock | .claude.json.tmp.* | .claude.json.backup* | .config.json | *.lock | .last-cleanup | .deep-link-register-failed) ;;
	# Copies that were not finished.
	*.carrel-tmp-*) ;;
	stats-cache.json | mcp-needs-auth-cache.json | policy-limits.json | remote-settings.json | usage-data | daemon.log | daemon.status.json) ;;
	*) return 1 ;;
	esac
}

# What belongs to conversations, or was written by or for the user.
is_kept() {
	case $1 in
	projects | tasks | todos | file-history | plans | session-env | paste-cache | image-cache | uploads | downloads | artifacts) ;;
	agent-memory | teams | scheduled_tasks.json | feedback | feedback-bundles | settings.local.json | jobs | loop.md | routines) ;;
	# What would have been a link, had the shared dir had it when the pane was opened.
	settings.json | CLAUDE.md | rules | commands | agents | skills | output-styles | keybindings.json | workflows) ;;
	*) return 1 ;;
	esac
}

size_of() {
	_SIZE=$(wc -c <"$1" 2>/dev/null) || return 1
	_SIZE=$((_SIZE))
}

# begins_with LONG SHORT: whether SHORT is the beginning of LONG.
begins_with() {
	size_of "$2" || return 1
	head -c "$_SIZE" <"$1" 2>/dev/null | cmp -s - "$2"
}

# temporary DESTINATION: sets _TMP to a name beside it. What is left of it after an interruption is an incomplete copy,
# known by its name; _MARK tells the next run to look for such.
temporary() {
	_TMP=$1.carrel-tmp-$_PANE-$$
	clear_way "$_TMP"
	[ -n "$_MARK" ] || return 0
	clear_way "$_MARK"
	[ -e "$_MARK" ] || printf '' 2>/dev/null >"$_MARK"
}

cannot_write() { fail "cannot write $1 (is the disk full or read-only?)"; }

# place SOURCE DESTINATION: puts a file where there is none, never over one, then takes the source away.
place() {
	if ln -- "$1" "$2" 2>/dev/null; then
		rm -f -- "$1"
		return
	fi
	if exists "$2"; then
		keep_file "$1" "$2"
		return
	fi
	# Another file system, or one without hard links.
	temporary "$2"
	cp -p -- "$1" "$_TMP" 2>/dev/null && cmp -s "$1" "$_TMP" || {
		rm -f -- "$_TMP"
		cannot_write "$2"
		return
	}
	if ln -- "$_TMP" "$2" 2>/dev/null; then
		rm -f -- "$_TMP" "$1"
	elif exists "$2"; then
		rm -f -- "$_TMP"
		keep_file "$1" "$2"
	elif mv -- "$_TMP" "$2" 2>/dev/null; then
		rm -f -- "$1"
	else
		rm -f -- "$_TMP"
		cannot_write "$2"
	fi
}

# keep_file SOURCE DESTINATION: afterwards the destination, or a file beside it, holds all of the source, and the source is gone.
keep_file() {
	case ${1##*/} in
	*.carrel-tmp-*)
		rm -f -- "$1"
		return
		;;
	esac
	if [ -L "$1" ]; then
		# A link at a desk goes as a link; one of the user's own stays where it is.
		[ -n "$_TAKING_BACK" ] || rm -f -- "$1"
	elif ! exists "$2"; then
		place "$1" "$2"
	elif [ -L "$2" ] && [ "$1" -ef "$2" ]; then
		# The user's link leads to this very file, which is going to move.
		mv -f -- "$1" "$2" 2>/dev/null || cannot_write "$2"
	elif [ ! -f "$2" ]; then
		keep_beside "$1" "$2"
	elif cmp -s "$1" "$2"; then
		# Also two names of one file: an earlier run linked it and was stopped.
		rm -f -- "$1"
	elif [ -L "$2" ]; then
		keep_beside "$1" "$2"
	elif begins_with "$2" "$1"; then
		rm -f -- "$1"
	elif begins_with "$1" "$2" && ! is_open "$2"; then
		# What is there stays as it is, in case somebody writes it: only its missing end is appended.
		size_of "$2" && { tail -c "+$((_SIZE + 1))" <"$1" >>"$2"; } 2>/dev/null && begins_with "$2" "$1" || {
			cannot_write "$2"
			return
		}
		touch -r "$1" -- "$2" 2>/dev/null
		rm -f -- "$1"
	else
		keep_beside "$1" "$2"
	fi
}

# is_open TRANSCRIPT: whether a living Claude of the shared dir has it open.
is_open() {
	_name=${1##*/}
	is_uuid "${_name%.jsonl}" && in_use "$_SHARED" "${_name%.jsonl}"
}

# keep_beside SOURCE DESTINATION: both have grown apart; none may win. A transcript gets an id of its own, so that Claude
# finds it, made of its content, so that an interrupted run finds it too; any other file a name that says where it is from.
keep_beside() {
	_name=${2##*/}
	_id=${_name%.jsonl}
	_n=1
	if [ "$_id" != "$_name" ] && is_uuid "$_id"; then
		_n=$(cksum <"$1") || {
			fail "cannot read $1"
			return
		}
		_n=${_n%% *}
		while :; do
			_new=$(printf '%08x' "$_n")${_id#????????}
			_to=${2%/*}/$_new.jsonl
			temporary "$_to"
			# Every transcript line names its conversation; the new id is as long as the old.
			sed "s/\"sessionId\":\"$_id\"/\"sessionId\":\"$_new\"/g" <"$1" 2>/dev/null >"$_TMP" && size_of "$1" && _size=$_SIZE && size_of "$_TMP" && [ "$_SIZE" -ge "$_size" ] || {
				rm -f -- "$_TMP"
				cannot_write "$_to"
				return
			}
			touch -r "$1" -- "$_TMP" 2>/dev/null
			if ! exists "$_to" && mv -- "$_TMP" "$_to" 2>/dev/null || { [ -f "$_to" ] && cmp -s "$_TMP" "$_to"; }; then
				rm -f -- "$_TMP" "$1"
				return
			fi
			rm -f -- "$_TMP"
			exists "$_to" || {
				cannot_write "$_to"
				return
			}
			_n=$(((_n + 1) % 4294967296))
		done
	fi
	while exists "$2.desk-$_n"; do
		if [ -f "$2.desk-$_n" ] && cmp -s "$1" "$2.desk-$_n"; then
			rm -f -- "$1"
			return
		fi
		_n=$((_n + 1))
	done
	place "$1" "$2.desk-$_n"
}

# keep_tree SOURCE DESTINATION: the same for a file or a whole directory.
keep_tree() {
	if [ -L "$1" ] || [ -f "$1" ]; then
		keep_file "$1" "$2"
		return
	fi
	if [ ! -d "$1" ]; then
		# A socket or a pipe holds nothing.
		rm -f -- "$1"
		return
	fi
	if [ "$1" -ef "$2" ]; then
		fail "$2 is a link to $1, which is going to move: remove the link"
		return
	fi
	if ! exists "$2"; then
		# One step for a whole conversation. Should somebody make the same directory meanwhile, ours lies in it then.
		if [ ! -e "$1/${1##*/}" ] && mv -- "$1" "$2" 2>/dev/null; then
			[ -e "$2/${1##*/}" ] || return 0
			keep_tree "$2/${1##*/}" "$2"
			return
		fi
		mkdir -p -- "$2" 2>/dev/null || {
			fail "cannot make the directory $2 (is the disk full or read-only?)"
			return
		}
	fi
	[ -d "$2" ] || {
		fail "$2 is in the way: it is not a directory"
		return
	}
	place_files "$1" "$2"
	for _child in "$1"/* "$1"/.[!.]* "$1"/..?*; do
		exists "$_child" || continue
		keep_tree "$_child" "$2/${_child##*/}" || return 1
	done
	rmdir -- "$1" 2>/dev/null || [ -n "$_TAKING_BACK" ] || fail "$1 could not be emptied"
}

# place_files SOURCE DESTINATION: all files that the destination does not have yet, two processes for a hundred of them.
# What that does not do (other file systems, files that are there already) is left for one by one.
place_files() {
	_in=$1
	_to=$2
	set --
	for _file in "$_in"/* "/"; do
		if [ "$_file" != / ]; then
			[ -f "$_file" ] && [ ! -L "$_file" ] && ! exists "$_to/${_file##*/}" || continue
			set -- "$@" "$_file"
			[ $# -ge 100 ] || continue
		fi
		[ $# -gt 1 ] && ln -- "$@" "$_to/" 2>/dev/null && rm -f -- "$@"
		set --
	done
}

# keep_history SOURCE DESTINATION: adds the prompts that the destination does not have yet.
keep_history() {
	if ! exists "$2"; then
		place "$1" "$2"
		return
	fi
	[ -f "$2" ] || {
		fail "$2 is in the way: it is not a file"
		return
	}
	missing_prompts "$1" "$2" -q
	case $? in
	0)
		# A last line that was cut off must not swallow our first.
		[ -z "$(tail -c 1 <"$2")" ] || printf '\n' 2>/dev/null >>"$2"
		{ missing_prompts "$1" "$2" >>"$2"; } 2>/dev/null
		missing_prompts "$1" "$2" -q
		[ $? -eq 1 ] || {
			cannot_write "$2"
			return
		}
		;;
	1) ;;
	*)
		fail "cannot compare $2 with $1 (permissions?)"
		return
		;;
	esac
	rm -f -- "$1"
}

# missing_prompts SOURCE DESTINATION [-q]: prints those that the destination does not have; 1 where there are none, more where that
# cannot be told. The patterns are the source's few: those of the user, of years, would take gigabytes.
missing_prompts() {
	_both=$(grep -F -x -f "$1" -- "$2" 2>/dev/null)
	[ $? -le 1 ] || return 2
	printf '%s\n' "$_both" | grep ${3+"$3"} -F -x -v -f - -- "$1" 2>/dev/null
}

# has_messages TRANSCRIPT: whether there is a conversation in it; Claude 2.1.197 sometimes leaves a stub without one. 1 is no;
# more, that it cannot be read.
has_messages() {
	[ -f "$1" ] && grep -q -E '"type": ?"(user|assistant)"' -- "$1" 2>/dev/null
}

# in_use SHARED SESSION: whether a living Claude of the shared dir has the session open; sets _WHY.
in_use() {
	for _file in "$1"/sessions/*.json; do
		[ -f "$_file" ] || continue
		_pid=${_file##*/}
		_pid=${_pid%.json}
		look_at "$_pid" || continue
		is_of_another_process "$_file" && continue
		case $_TEXT in *"\"sessionId\":\"$2\""* | *"\"sessionId\": \"$2\""*) ;; *) continue ;; esac
		_WHY="the conversation $2 is open in another Claude (pid $_pid); end that one first"
		return 0
	done
	return 1
}

# find_transcript SHARED SESSION: sets _FOUND to the conversation in the shared dir, or returns 1. Stubs and links are none.
find_transcript() {
	for _FOUND in "$1"/projects/*/"$2.jsonl"; do
		[ ! -L "$_FOUND" ] && has_messages "$_FOUND" && return 0
	done
	_FOUND=
	return 1
}

# find_at_desk SESSION: sets _AT to the pane at whose desk the conversation lies, or returns 1. Not the desk of _PANE.
find_at_desk() {
	for _file in "$_STATE"/*/pane-*/projects/*/"$1.jsonl" "$_STATE"/*/pane-*/.claude/projects/*/"$1.jsonl"; do
		has_messages "$_file" || continue
		_AT=${_file#"$_STATE"/*/pane-}
		_AT=${_AT%%/*}
		[ "$_AT" = "${_PANE-}" ] || return 0
	done
	_AT=
	return 1
}

# take_back CONFIG_DIR SESSION: moves a conversation from the shared dir into a desk, with all that resuming needs; _FOUND
# is where it was, or empty where there is none. The transcript comes last: as long as it is not here, the next run goes on.
# Old tool results stay where they are: the conversation names them by their paths there.
take_back() {
	# It may be on its way from one to the other.
	if ! find_transcript "$_SHARED" "$2"; then
		! find_at_desk "$2" || {
			fail "the conversation $2 lies at the desk of another pane ($_AT): go on there, or close that pane and press Enter here"
			return
		}
		find_transcript "$_SHARED" "$2" || return 0
	fi
	# Of two panes that want the same conversation one gets it.
	_waits=0
	until claim "$_STATE/leaving/.taking-$2"; do
		[ -z "$_WHY" ] || return 1
		_waits=$((_waits + 1))
		[ "$_waits" -lt 200 ] || {
			fail "another pane is taking the conversation $2"
			return
		}
		pause
	done
	find_transcript "$_SHARED" "$2" || {
		unclaim
		take_back "$1" "$2"
		return
	}
	in_use "$_SHARED" "$2" || bring "$1" "$2"
	_code=$?
	unclaim
	[ "$_code" -eq 0 ] && [ -z "$_WHY" ]
}

bring() {
	_TAKING_BACK=yes
	_folder=${_FOUND%/*}
	_folder=${_folder##*/}
	mkdir -p -- "$1/tasks" "$1/file-history" "$1/session-env" "$1/todos" "$1/projects/$_folder/$2" 2>/dev/null || {
		fail "cannot make directories in $1 (is the disk full or read-only?)"
		return
	}
	for _part in "$_SHARED/tasks/$2" "$_SHARED/file-history/$2" "$_SHARED/session-env/$2" "$_SHARED/todos/$2"* "$_SHARED/projects/$_folder/$2"/* "$_SHARED/projects/$_folder/$2"/.[!.]* "$_FOUND"; do
		[ -e "$_part" ] && [ ! -L "$_part" ] && [ "${_part##*/}" != tool-results ] || continue
		keep_tree "$_part" "$1${_part#"$_SHARED"}" || return 1
	done
	rmdir -- "$1/projects/$_folder/$2" "$_SHARED/projects/$_folder/$2" 2>/dev/null
	_TAKING_BACK=
}

# finish_taking SESSION TRANSCRIPT: a launcher that was stopped when it had the conversation at the desk, and had not taken
# it from the shared dir yet, left it in both.
finish_taking() {
	for _other in "$_SHARED"/projects/*/"$1.jsonl"; do
		[ -f "$_other" ] && [ ! -L "$_other" ] || continue
		[ "$_other" -ef "$2" ] || begins_with "$2" "$_other" || continue
		in_use "$_SHARED" "$1" || rm -f -- "$_other"
	done
}
_TAKING_BACK=
_MARK=

# join SOURCE DESTINATION: makes one desk of two parts of it, and removes the source.
join() {
	_from=$1
	_into=$2
	_MARK=
	for _entry in "$_from"/* "$_from"/.[!.]* "$_from"/..?*; do
		exists "$_entry" || continue
		_name=${_entry##*/}
		[ ! -L "$_entry" ] || continue
		if [ "$_name" = .carrel ]; then
			# Its record is of one part; which conversation was open last is of the whole desk.
			[ ! -f "$_entry/last" ] || exists "$_into/.carrel/last" || { mkdir -p -- "$_into/.carrel" && mv -- "$_entry/last" "$_into/.carrel/last"; } 2>/dev/null || {
				cannot_write "$_into/.carrel/last"
				return
			}
			continue
		fi
		! is_disposable "$_name" || ! exists "$_into/$_name" || continue
		_SHARED=${_SHARED-}
		keep_tree "$_entry" "$_into/$_name" || return 1
	done
	# A .claude.json that was taken over needs what it is compared with; of one that was not, the changes stay.
	leave_changes "$_from" "$_into" || return 1
	if is_plain "$_from/.carrel/given" && ! exists "$_into/.carrel/given"; then
		mkdir -p -- "$_into/.carrel" 2>/dev/null && mv -- "$_from/.carrel/given" "$_into/.carrel/given" 2>/dev/null || {
			cannot_write "$_into/.carrel/given"
			return
		}
	fi
	case $_from in
	"$_STATE"/*/pane-"$_PANE") rm -rf -- "$_from" 2>/dev/null || fail "cannot delete $_from (permissions? a read-only disk?)" ;;
	*) fail "$_from is not a desk" ;;
	esac
}

# leave_changes DIR [DESK]: before a desk is deleted, or the DIR that is a part of it: what the user may have changed in its
# .claude.json stays, until the plugin has looked. Named after its content, so that an interrupted cleaning leaves it once.
# DESK has what was given, where DIR has not.
leave_changes() {
	_now=$1/.claude.json
	_given=$1/.carrel/given
	is_plain "$_given" || _given=${2:-$1}/.carrel/given
	is_plain "$_now" && is_plain "$_given" || return 0
	! cmp -s "$_now" "$_given" || return 0
	[ ! -L "$_STATE/changes" ] || {
		fail "$_STATE/changes is a symbolic link; Carrel writes only into directories of its own: remove the link"
		return
	}
	_number=$(cat -- "$_given" "$_now" 2>/dev/null | cksum)
	_entry=$_STATE/changes/$_PANE.${_number%% *}
	_new=$_STATE/changes/new-$_PANE
	# What an interrupted one left.
	! exists "$_new" || rm -rf -- "$_new" 2>/dev/null
	! exists "$_entry" || return 0
	recall "${_given%/given}/record" shared_json || return 0
	_json=$_V
	# Linked: Claude never writes into such a file, it puts another one in its place.
	mkdir -p -- "$_new" 2>/dev/null && { ln -- "$_now" "$_new/claude.json" 2>/dev/null || cp -- "$_now" "$_new/claude.json" 2>/dev/null; } &&
		cp -- "$_given" "$_new/given" 2>/dev/null && { note shared_json "$_json" >"$_new/record"; } 2>/dev/null && mv -- "$_new" "$_entry" 2>/dev/null || {
		rm -rf -- "$_new"
		cannot_write "$_STATE/changes"
	}
}
