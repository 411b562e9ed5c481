# clean: brings the conversations of a closed pane's desk to the shared dir, then deletes the desk. It waits until every
# process of the desk is proved dead. The desk is first renamed out of its place, so that a pane that comes back meanwhile
# never works in a dir that is being deleted.
#
#   clean --pane UUID [--wait SECONDS] [--keep-only] [--server PID] [--if-nobody] [--shared DIR]
#
# With --keep-only the desk stays where it is, without its conversations: its session has ended and can come back. PID is the
# Zellij server that asks: the desk of a pane that runs in another one by now is not touched; with --if-nobody neither is
# one that a saved session names. DIR, the option shared_dir, is for a desk whose record does not say.
#
# Answers one line: "clean" and the pane, then one of
#   cleaned            kept and deleted
#   kept               kept and not deleted, as it was asked for
#   gone               there was nothing
#   owned WHY          somebody else's pane has it by now: nothing was touched
#   alive WHY          a process lives or cannot be judged, or another cleaner is at it: nothing was touched
#   blocked NAMES      what these entries are is unknown: everything else was kept, nothing was deleted
#   failed WHY         keeping failed: nothing was deleted

clean() {
	_PANE='' _WAIT=10 _KEEP_ONLY='' _FOR_SERVER='' _IF_NOBODY='' _OPT_SHARED=''
	while [ $# -gt 0 ]; do
		case $1 in
		--keep-only | --if-nobody)
			if [ "$1" = --keep-only ]; then _KEEP_ONLY=yes; else _IF_NOBODY=yes; fi
			shift
			continue
			;;
		--server) _FOR_SERVER=${2-} ;;
		--shared) _OPT_SHARED=${2-} ;;
		--pane) _PANE=${2-} ;;
		--wait) _WAIT=${2-} ;;
		*)
			say clean "$_PANE" failed "unknown word $1"
			return 1
			;;
		esac
		shift
		[ $# -eq 0 ] || shift
	done
	case $_WAIT in '' | *[!0-9]* | ?????*) _WAIT=10 ;; esac
	is_desk "$_PANE" || {
		say clean "$_PANE" failed "not a pane's uuid"
		return 1
	}
	for _dir in $_PLACES; do
		[ ! -L "$_STATE/$_dir" ] || {
			say clean "$_PANE" failed "$_STATE/$_dir is a symbolic link; Carrel deletes only in a directory of its own: remove the link"
			return 1
		}
	done
	desk_paths "$_PANE"
	# What killed ones left behind.
	for _one in "$_STATE"/leaving/.sign-* "$_STATE"/leaving/.taking-*; do
		! exists "$_one" || sign_lives "$_one" || look_at "${_one##*-}" || rm -f -- "$_one"
	done
	# Deletions that were interrupted: all was kept before.
	for _dir in "$_STATE"/leaving/gone-*; do
		remove_tree "$_dir"
	done
	_result=gone
	_gone=$_STATE/leaving/gone-$_PANE
	if exists "$_DESK" || exists "$_LEAVING"; then
		_result=failed
		_WHY=
		clean_desk
		unclaim
	else
		remove_dead_signs "$_CLAIM"
		! exists "$_gone" || {
			_result=failed
			fail "cannot delete $_gone (permissions? a read-only disk?); its conversations are kept"
		}
	fi
	case $_result in
	gone | cleaned | kept) say clean "$_PANE" "$_result" ;;
	*)
		say clean "$_PANE" "$_result" "$_WHY"
		return 1
		;;
	esac
}

# clean_desk: sets _result, and _WHY where it is neither gone nor cleaned.
clean_desk() {
	_unlinked=
	for _place in "$_DESK" "$_LEAVING"; do
		# A link is not a desk; it goes, what it leads to stays.
		[ ! -L "$_place" ] || ! rm -f -- "$_place" 2>/dev/null || _unlinked=cleaned
		if is_in_the_way "$_place"; then
			fail "$_place is in the way: it is not a directory"
			return
		fi
	done
	_waited=0
	while who_lives_at "$_DESK" || who_lives_at "$_LEAVING"; do
		[ "$_waited" -lt $((_WAIT * 20)) ] || {
			_result=alive
			return 1
		}
		_waited=$((_waited + 1))
		pause
	done
	if is_anothers; then
		_result=owned
		return 1
	fi
	claim "$_CLAIM" || {
		[ -n "$_WHY" ] || {
			_result=alive
			_WHY=$_BEING_CLEANED
		}
		return 1
	}
	if ! exists "$_DESK" && ! exists "$_LEAVING"; then
		# It was a link, or another cleaner was quicker.
		_result=${_unlinked:-gone}
		return
	fi
	if real_dir "$_DESK"; then
		if real_dir "$_LEAVING"; then
			# Written after the rest was taken away.
			join "$_DESK" "$_LEAVING" || return 1
		else
			mv -- "$_DESK" "$_LEAVING" 2>/dev/null || {
				fail "cannot move $_DESK to $_LEAVING (permissions? a read-only disk?)"
				return
			}
			if who_lives_at "$_LEAVING"; then
				# The pane came back in this moment: its launcher waits for us.
				exists "$_DESK" || mv -- "$_LEAVING" "$_DESK" 2>/dev/null
				_result=alive
				return 1
			fi
		fi
	fi
	if real_dir "$_LEAVING"; then
		# Also for a pane that comes back in the middle of it.
		remember_last || [ -z "$_KEEP_ONLY" ] || return 1
		keep_desk || return 1
		if [ -n "$_KEEP_ONLY" ]; then
			# Whoever comes back meanwhile waits for us.
			exists "$_DESK" || mv -- "$_LEAVING" "$_DESK" 2>/dev/null || {
				fail "cannot move $_LEAVING back to $_DESK (permissions? a read-only disk?)"
				return
			}
			_result=kept
			return
		fi
		leave_changes "$_LEAVING" || return 1
		# Gone in one step; deleting may take its time.
		mv -- "$_LEAVING" "$_gone" 2>/dev/null && remove_tree "$_gone"
		if exists "$_LEAVING" || exists "$_gone"; then
			fail "cannot delete $_LEAVING (permissions? a read-only disk?); its conversations are kept"
			return
		fi
	fi
	_result=cleaned
}

# remove_tree DIR: deletes it with all that is in it, also where programs have taken the right to write from their own dirs, as
# Go's does in its cache.
remove_tree() {
	! exists "$1" || rm -rf -- "$1" 2>/dev/null || {
		find "$1" -type d -exec chmod u+rwx -- {} + 2>/dev/null
		rm -rf -- "$1" 2>/dev/null
	}
}

# is_anothers: whether the desk has another owner than whoever asked took it for; sets _WHY.
is_anothers() {
	[ -n "$_FOR_SERVER" ] || return 1
	_uuid=$_PANE
	for _desk in "$_DESK" "$_LEAVING"; do
		exists "$_desk" || continue
		judge_owner
		case $_verdict in
		server) [ "$_server" = "$_FOR_SERVER" ] || return 0 ;;
		# Alive: nothing lives, so it cannot be told.
		saved | alive) [ -z "$_IF_NOBODY" ] || return 0 ;;
		esac
	done
	return 1
}

# remember_last: notes at the desk which conversation was open last, for the pane that comes back.
remember_last() {
	_newest=
	recall "$_LEAVING/.carrel/record" session
	for _file in "$_LEAVING"/projects/*/*.jsonl "$_LEAVING"/.claude/projects/*/*.jsonl; do
		_id=${_file##*/}
		is_uuid "${_id%.jsonl}" && [ -f "$_file" ] && [ ! -L "$_file" ] || continue
		# Of two of the same time the later one is not the one that the pane was opened with.
		if [ -n "$_newest" ] && [ ! "$_file" -nt "$_newest" ]; then
			[ ! "$_newest" -nt "$_file" ] && [ "${_newest##*/}" = "$_V.jsonl" ] || continue
		fi
		! has_messages "$_file" || _newest=$_file
	done
	# Older than the note: a run that was stopped has noted the last one and moved it already.
	[ -n "$_newest" ] && [ ! "$_LEAVING/.carrel/last" -nt "$_newest" ] || return 0
	_id=${_newest##*/}
	put_line "$_LEAVING/.carrel/last" "${_id%.jsonl}" || cannot_write "$_LEAVING/.carrel/last"
}

# keep_desk: everything that must not be lost goes to the shared dir; on any doubt nothing more happens.
keep_desk() {
	_record=$_LEAVING/.carrel/record
	if recall "$_record" shared && [ -n "$_V" ]; then
		_SHARED=$_V
	else
		# The launcher was stopped before it wrote its record: Claude never ran here.
		find_shared "$_OPT_SHARED" || return 1
	fi
	case $_SHARED in
	/*) ;;
	*)
		fail "$_record names no shared dir but \"$_SHARED\""
		return
		;;
	esac
	recall "$_record" login
	_LOGIN_MODE=$_V
	recall "$_record" share
	_SHARE=" $_V "
	_MARK=
	if [ -d "$_LEAVING/.carrel" ]; then
		_MARK=$_LEAVING/.carrel/copying
		# Incomplete copies that an interrupted run left in the shared dir.
		[ ! -e "$_MARK" ] || find "$_SHARED/" -name "*.carrel-tmp-$_PANE-*" -type f -exec rm -f -- {} + 2>/dev/null
	fi
	_unknown=
	recall "$_record" method && use_method "$_V" || use_method config_dir
	_was=$_STATE/$_PLACE/pane-$_PANE$_BELOW
	config_of "$_LEAVING"
	_from=$_CONFIG
	[ ! -L "$_from" ] || rm -f -- "$_from"
	mend_references || return 1
	for _entry in "$_from"/* "$_from"/.[!.]* "$_from"/..?*; do
		exists "$_entry" || continue
		_name=${_entry##*/}
		# Links are ours, or planted: either way only the link goes, with the desk.
		[ ! -L "$_entry" ] || continue
		if [ "$_name" = history.jsonl ] && [ -f "$_entry" ]; then
			shared_is_there && keep_history "$_entry" "$_SHARED/$_name" || return 1
		elif is_kept "$_name" || is_shared "$_name"; then
			# Links inside go as links; empty directories and incomplete copies are of no use to anybody.
			if [ -d "$_entry" ]; then
				find "$_entry" '(' -type l -o -type f -name "*.carrel-tmp-*" ')' -exec rm -f -- {} + 2>/dev/null
				find "$_entry" -depth -type d -exec rmdir -- {} + 2>/dev/null
				exists "$_entry" || continue
			fi
			shared_is_there && keep_tree "$_entry" "$_SHARED/$_name" || return 1
		elif is_disposable "$_name"; then
			:
		elif [ "$_name" = .credentials.json ] && [ "$_LOGIN_MODE" != shared ]; then
			# The desk's own login goes with the desk: that is what the user asked for.
			:
		elif [ -d "$_entry" ] && _rest=$(find "$_entry" ! -type d 2>&1) && [ -z "$_rest" ]; then
			# Nothing but directories: it was looked at to the end.
			:
		else
			_unknown=$_unknown${_unknown:+ }$_name
		fi
	done
	[ "$_from" = "$_LEAVING" ] || keep_beside_claude || return 1
	if [ -n "$_unknown" ]; then
		_result=blocked
		fail "$_unknown"
		return
	fi
}

# mend_references: transcripts name files at the desk by their paths (tool results, skills, the memory that the recorded
# system prompt tells Claude to write to): in those below _from the desk, where Claude knew it as _was, becomes the shared
# dir, before they are compared with what is there. Never in what Claude itself said: its thoughts are signed.
mend_references() {
	[ -d "$_from/projects" ] && [ ! -L "$_from/projects" ] || return 0
	set -f
	IFS=$_NL
	# shellcheck disable=SC2046 # one argument a line
	set -- $(find "$_from/projects" -type f -name '*.jsonl' -exec grep -l -F -e "/pane-$_PANE/" -- {} + 2>/dev/null)
	unset IFS
	set +f
	[ $# -gt 0 ] || return 0
	for_sed "$_SHARED/"
	_new=$_R
	for_sed "$_was/"
	_how=s$_TAB$_R$_TAB$_new${_TAB}g
	# Through a link in the state dir's path Claude may know another one.
	if physical "$_STATE" && [ "$_P" != "$_STATE" ]; then
		for_sed "$_P${_was#"$_STATE"}/"
		_how=$_how${_NL}s$_TAB$_R$_TAB$_new${_TAB}g
	fi
	_how="/\"type\": *\"assistant\"/b$_NL/\"type\": *\"api-request/b$_NL$_how"
	for _file; do
		temporary "$_file"
		# Twice, since not every sed says that a disk is full.
		{ sed -e "$_how" <"$_file" >"$_TMP" && sed -e "$_how" <"$_file" | cmp -s - "$_TMP"; } 2>/dev/null || {
			rm -f -- "$_TMP"
			cannot_write "$_TMP"
			return
		}
		if cmp -s "$_file" "$_TMP"; then
			rm -f -- "$_TMP"
		else
			touch -r "$_file" -- "$_TMP" 2>/dev/null && mv -f -- "$_TMP" "$_file" 2>/dev/null || {
				rm -f -- "$_TMP"
				cannot_write "$_file"
				return
			}
		fi
	done
}

# for_sed TEXT: sets _R to it as the inside of a JSON string, fit for sed, pattern and replacement. Paths have no tab in them.
for_sed() {
	json "$1"
	_rest=$_R
	_R=
	while :; do
		case $_rest in *["\\.[*^&$"]*) ;; *) break ;; esac
		_plain=${_rest%%["\\.[*^&$"]*}
		_rest=${_rest#"$_plain"}
		_R=$_R$_plain\\${_rest%"${_rest#?}"}
		_rest=${_rest#?}
	done
	_R=$_R$_rest
}

# is_shared NAME: whether the pane's share option names it.
is_shared() {
	case $1 in *' '*) return 1 ;; esac
	case $_SHARE in *" $1 "*) return 0 ;; esac
	return 1
}

shared_is_there() {
	[ -d "$_SHARED" ] || mkdir -p -- "$_SHARED" 2>/dev/null || fail "cannot make the directory $_SHARED (is the disk full or read-only?)"
}
