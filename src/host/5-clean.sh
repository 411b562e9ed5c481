# clean: brings the conversations of a closed pane's desk to the shared dir, then deletes the desk. It waits until every
# process of the desk is proved dead. The desk is first renamed out of its place, so that a pane that comes back meanwhile
# never works in a dir that is being deleted.
#
#   clean --pane UUID [--wait SECONDS] [--keep-only]
#
# With --keep-only the desk stays where it is, without its conversations: its session has ended and can come back.
#
# Answers one line: "clean" and the pane, then one of
#   cleaned            kept and deleted
#   kept               kept and not deleted, as it was asked for
#   gone               there was nothing
#   alive WHY          a process lives or cannot be judged, or another cleaner is at it: nothing was touched
#   blocked NAMES      what these entries are is unknown: everything else was kept, nothing was deleted
#   failed WHY         keeping failed: nothing was deleted

clean() {
	_PANE='' _WAIT=10 _KEEP_ONLY=''
	while [ $# -gt 0 ]; do
		case $1 in
		--keep-only)
			_KEEP_ONLY=yes
			shift
			continue
			;;
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
	is_uuid "$_PANE" || {
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
	# Deletions that were interrupted: all was kept before.
	for _dir in "$_STATE"/leaving/gone-*; do
		! exists "$_dir" || rm -rf -- "$_dir" 2>/dev/null
	done
	_result=gone
	if exists "$_DESK" || exists "$_LEAVING"; then
		_result=failed
		_WHY=
		_claimed=
		clean_desk
		[ -z "$_claimed" ] || rm -f -- "$_CLAIM"
	elif exists "$_CLAIM" && ! being_cleaned; then
		rm -f -- "$_CLAIM"
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
		if exists "$_place" && ! real_dir "$_place"; then
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
	claim || return 1
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
		[ -z "$_KEEP_ONLY" ] || remember_last || return 1
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
		# Gone in one step; deleting may take its time.
		_gone=$_STATE/leaving/gone-$_PANE
		mv -- "$_LEAVING" "$_gone" 2>/dev/null && rm -rf -- "$_gone" 2>/dev/null
		if exists "$_LEAVING" || exists "$_gone"; then
			fail "cannot delete $_LEAVING (permissions? a read-only disk?); its conversations are kept"
			return
		fi
	fi
	_result=cleaned
}

# remember_last: notes at the desk which conversation was open last, for the pane that comes back.
remember_last() {
	_newest=
	for _file in "$_LEAVING"/projects/*/*.jsonl "$_LEAVING"/.claude/projects/*/*.jsonl; do
		_id=${_file##*/}
		is_uuid "${_id%.jsonl}" && [ -f "$_file" ] || continue
		[ -z "$_newest" ] || [ "$_file" -nt "$_newest" ] || continue
		! has_messages "$_file" || _newest=$_file
	done
	# Older than the note: a run that was stopped has noted the last one and moved it already.
	[ -n "$_newest" ] && [ ! "$_LEAVING/.carrel/last" -nt "$_newest" ] || return 0
	_id=${_newest##*/}
	put_line "$_LEAVING/.carrel/last" "${_id%.jsonl}" || cannot_write "$_LEAVING/.carrel/last"
}

# claim: puts up the sign that a living cleaner is at the desk, or returns 1.
claim() {
	[ -d "$_STATE/leaving" ] || mkdir -- "$_STATE/leaving" 2>/dev/null || [ -d "$_STATE/leaving" ] || {
		fail "cannot make the directory $_STATE/leaving (is the disk full or read-only?)"
		return
	}
	# What killed ones left. Two that see an old claim at once may both go on: no step of theirs minds.
	for _mine in "$_CLAIM".*; do
		! exists "$_mine" || look_at "${_mine##*.}" || rm -f -- "$_mine"
	done
	! exists "$_CLAIM" || being_cleaned || rm -f -- "$_CLAIM"
	look_at $$
	_mine=$_CLAIM.$$
	{ printf '%s %s\n' $$ "$_START" >"$_mine"; } 2>/dev/null || {
		rm -f -- "$_mine"
		fail "cannot write $_STATE/leaving (permissions? a full or read-only disk?)"
		return
	}
	if ln -- "$_mine" "$_CLAIM" 2>/dev/null; then
		_claimed=yes
	elif exists "$_CLAIM"; then
		_result=alive
		_WHY="it is being cleaned already"
	elif mv -- "$_mine" "$_CLAIM" 2>/dev/null; then
		# The other one has just finished, or there are no hard links here.
		_claimed=yes
	else
		_WHY="cannot write $_CLAIM (is the disk full or read-only?)"
	fi
	rm -f -- "$_mine"
	[ -n "$_claimed" ]
}

# join SOURCE DESTINATION: makes one desk of two parts of it, and removes the source.
join() {
	_from=$1
	_into=$2
	_MARK=
	for _entry in "$_from"/* "$_from"/.[!.]* "$_from"/..?*; do
		exists "$_entry" || continue
		_name=${_entry##*/}
		[ ! -L "$_entry" ] || continue
		if is_disposable "$_name" && { exists "$_into/$_name" || [ "$_name" = .carrel ]; }; then continue; fi
		_SHARED=${_SHARED-}
		keep_tree "$_entry" "$_into/$_name" || return 1
	done
	case $_from in
	"$_STATE"/*/pane-"$_PANE") rm -rf -- "$_from" 2>/dev/null || fail "cannot delete $_from (permissions? a read-only disk?)" ;;
	*) fail "$_from is not a desk" ;;
	esac
}

# keep_desk: everything that must not be lost goes to the shared dir; on any doubt nothing more happens.
keep_desk() {
	_record=$_LEAVING/.carrel/record
	if recall "$_record" shared && [ -n "$_V" ]; then
		_SHARED=$_V
	else
		# The launcher was stopped before it wrote its record: Claude never ran here.
		find_shared '' || return 1
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
	_failed=
	config_of "$_LEAVING"
	_from=$_CONFIG
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
		elif [ -d "$_entry" ] && rmdir -- "$_entry" 2>/dev/null; then
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

# is_shared NAME: whether the pane's share option names it.
is_shared() {
	case $1 in *' '*) return 1 ;; esac
	case $_SHARE in *" $1 "*) return 0 ;; esac
	return 1
}

shared_is_there() {
	[ -d "$_SHARED" ] || mkdir -p -- "$_SHARED" 2>/dev/null || fail "cannot make the directory $_SHARED (is the disk full or read-only?)"
}
