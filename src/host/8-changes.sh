# changes-out: copies to where the plugin can read it what the user may have changed in a desk's .claude.json: what the desk was
# given, what it has now, and with --into the user's own file.
# changes-in: puts into its place what the plugin made of it. Nothing of it goes through a command line or an environment.
#
#   changes-out --pane UUID|--left NAME [--into]
#   changes-in --pane UUID|--left NAME DIR WHAT STAMP BYTES
#                           WHAT: base (DIR/base becomes what the desk was given, of one that is gone DIR/now what it had),
#                           drop (what a desk left is not wanted any more), or - for neither. STAMP and BYTES: DIR/out, of that
#                           size, becomes the user's file if that still has this stamp; or - and -.
#
#   changes none            there is nothing to look at
#   changes copied DIR STAMP GIVEN NOW SIFTED IN USERS FILE
#                           in DIR, a 0700 dir, all files 0600: given and now, of so many bytes; SIFTED says that they hold
#                           nothing else any more; with --into also in, a copy of FILE as it was at the stamp USERS; base and out
#                           are for the plugin. STAMP is that of now and given.
#   changes done
#   changes again           the user's file is another one by now: nothing was done
#   changes failed WHY      nothing was done
#
# A closed desk leaves <state dir>/changes/UUID.NUMBER: claude.json, given, record, and the empty file sifted.

# find_changes --pane|--left ID: sets _NOW, _GIVEN and _JSON (the user's file), for --left also _ENTRY; or returns 1.
find_changes() {
	_ENTRY=
	case $1 in
	--pane)
		is_uuid "$2" || return 1
		desk_paths "$2"
		real_dir "$_DESK" && real_dir "$_DESK/.carrel" || return 1
		_NOW=$_DESK/.claude.json
		_GIVEN=$_DESK/.carrel/given
		recall "$_DESK/.carrel/record" shared_json || return 1
		;;
	--left)
		is_left_name "$2" && [ ! -L "$_STATE/changes" ] || return 1
		_ENTRY=$_STATE/changes/$2
		real_dir "$_ENTRY" || return 1
		_NOW=$_ENTRY/claude.json
		_GIVEN=$_ENTRY/given
		recall "$_ENTRY/record" shared_json || return 1
		;;
	*) return 1 ;;
	esac
	_JSON=$_V
	case $_JSON in /*) ;; *) return 1 ;; esac
	is_plain "$_NOW" && is_plain "$_GIVEN"
}

is_left_name() {
	is_uuid "${1%.*}" || return 1
	case ${1##*.} in '' | *[!0-9]*) return 1 ;; esac
}

changes_out() {
	find_changes "${1-}" "${2-}" || {
		say changes none
		return
	}
	_into=${3-}
	remove_old_copies
	_tries=0
	while :; do
		_copy=carrel-changes.$$.$_tries
		copy_changes && break
		remove_copy "$_copy"
		# Gone meanwhile: the desk is being cleaned, or somebody else has carried it back.
		is_plain "$_NOW" && is_plain "$_GIVEN" || {
			say changes none
			return
		}
		[ -z "$_WHY" ] && [ "$_tries" -lt 20 ] || {
			say changes failed "${_WHY:-$_JSON changes all the time; try again}"
			return 1
		}
		_tries=$((_tries + 1))
	done
	_sifted=
	[ -z "$_ENTRY" ] || ! exists "$_ENTRY/sifted" || _sifted=sifted
	say changes copied "$_copy" "$_stamps" "$_given_bytes" "$_now_bytes" "$_sifted" "$_in_bytes" "$_users" "$_JSON"
}

# copy_changes: one try; returns 1 with _WHY, or without one when a file was replaced meanwhile.
copy_changes() {
	_WHY=
	_in_bytes=
	_users=
	stamp_changes
	_before=$_stamps
	# Made first, so that they are 0600 whatever the files are.
	mkdir -- "$_copy" 2>/dev/null && for _file in given now in base out; do printf '' 2>/dev/null >"$_copy/$_file" || break; done && cp -- "$_GIVEN" "$_copy/given" 2>/dev/null && cp -- "$_NOW" "$_copy/now" 2>/dev/null || {
		fail "cannot copy $_NOW (permissions? a full disk?)"
		return
	}
	if [ -n "$_into" ]; then
		if [ ! -f "$_JSON" ]; then
			fail "there is no $_JSON to carry it back into: start plain claude once, or put back one of the copies in the backups folder of its dir"
			return
		fi
		stamp_of "$_JSON"
		_users=$_STAMP
		cp -- "$_JSON" "$_copy/in" 2>/dev/null || {
			fail "cannot read $_JSON (permissions? a full disk?)"
			return
		}
		size_of "$_copy/in"
		_in_bytes=$_SIZE
		stamp_of "$_JSON"
		[ "$_STAMP" = "$_users" ] || return 1
	fi
	stamp_changes
	[ "$_stamps" = "$_before" ] || return 1
	size_of "$_copy/given" && _given_bytes=$_SIZE && size_of "$_copy/now" && _now_bytes=$_SIZE
}

# stamp_changes: sets _stamps to those of what the desk has and was given, as a scan tells them.
stamp_changes() {
	stamp_of "$_NOW"
	_stamps=$_STAMP
	stamp_of "$_GIVEN"
	_stamps="$_stamps $_STAMP"
}

changes_in() {
	_origin=${1-} _id=${2-} _copy=${3-} _what=${4-} _users=${5-} _bytes=${6-}
	case $_copy in */* | *[!a-z0-9.-]*) _copy=- ;; carrel-changes.[0-9]*.[0-9]*) ;; *) _copy=- ;; esac
	_result=failed
	_WHY=
	if ! real_dir "$_copy"; then
		_WHY="its copy in the plugin's cache dir is gone; try again"
	elif ! find_changes "$_origin" "$_id"; then
		# Whatever the desk left is looked at on its own.
		_result=none
	elif [ "$_users" = - ] || put_users_file; then
		if settle_changes; then _result='done'; fi
	fi
	remove_copy "$_copy"
	case $_result in
	failed)
		say changes failed "$_WHY"
		return 1
		;;
	*) say changes "$_result" ;;
	esac
}

# put_users_file: DIR/out becomes the user's file, as Claude writes it: a whole file beside it, its lock, a rename. The lock is
# held for a look at the stamp and the rename. A link stays a link: Claude takes the lock beside the link and renames at its
# target (measured, 2.1.330), and so does this.
put_users_file() {
	size_of "$_copy/out" && [ "$_SIZE" = "$_bytes" ] || {
		fail "what was made of $_JSON is not whole (is the disk full?); nothing was changed"
		return
	}
	target_of "$_JSON" || return 1
	# What a killed one left.
	for _tmp in "$_FILE".carrel-*; do
		case ${_tmp##*.carrel-} in '' | *[!0-9]*) continue ;; esac
		! is_plain "$_tmp" || look_at "${_tmp##*.carrel-}" || rm -f -- "$_tmp"
	done
	_tmp=$_FILE.carrel-$$
	clear_way "$_tmp"
	# Its mode and owner first, then its content.
	cp -p -- "$_FILE" "$_tmp" 2>/dev/null && { cat -- "$_copy/out" >"$_tmp"; } 2>/dev/null && cmp -s "$_copy/out" "$_tmp" || {
		rm -f -- "$_tmp"
		fail "cannot write beside $_FILE (permissions? a full or read-only disk?); nothing was changed"
		return
	}
	sync "$_tmp" 2>/dev/null
	take_lock "$_JSON.lock" || {
		rm -f -- "$_tmp"
		return 1
	}
	stamp_of "$_JSON"
	if [ "$_STAMP" != "$_users" ]; then
		rmdir -- "$_JSON.lock" 2>/dev/null
		rm -f -- "$_tmp"
		_result=again
		return 1
	fi
	mv -f -- "$_tmp" "$_FILE" 2>/dev/null
	_moved=$?
	rmdir -- "$_JSON.lock" 2>/dev/null
	[ "$_moved" = 0 ] || {
		rm -f -- "$_tmp"
		fail "cannot replace $_FILE (permissions? a read-only disk?); nothing was changed"
	}
}

# target_of FILE: sets _FILE to where it leads through links, or sets _WHY and returns 1.
target_of() {
	_FILE=$1
	_links=0
	while [ -L "$_FILE" ]; do
		_links=$((_links + 1))
		_to=$(readlink -- "$_FILE" 2>/dev/null && printf x) && [ "$_links" -lt 40 ] || {
			fail "$1 is a link that cannot be followed; nothing was changed"
			return
		}
		_to=${_to%"${_NL}"x}
		case $_to in /*) _FILE=$_to ;; *) _FILE=${_FILE%/*}/$_to ;; esac
	done
}

# How long a lock is waited for, in twentieths of a second, and after how many seconds Claude itself takes one for abandoned.
_LOCK_PATIENCE=240
_LOCK_STALE=10

# take_lock DIR: the lock that Claude takes: a directory, renewed by a living holder (measured: mkdir, stale after 10 s).
take_lock() {
	_waited=0
	_missed=0
	until mkdir -- "$1" 2>/dev/null; do
		if ! exists "$1"; then
			# Given back in this moment; or it cannot be made.
			_missed=$((_missed + 1))
			[ "$_missed" -lt 5 ] || {
				fail "cannot make $1 (permissions? a full or read-only disk?); nothing was changed"
				return
			}
			continue
		fi
		_missed=0
		_since=$(stat -c %Y -- "$1" 2>/dev/null || stat -f %m -- "$1" 2>/dev/null) || _since=
		_today=$(date +%s)
		case $_since in
		'' | *[!0-9]*) ;;
		*)
			if [ $((_today - _since)) -gt "$_LOCK_STALE" ] && rmdir -- "$1" 2>/dev/null; then
				continue
			fi
			;;
		esac
		_waited=$((_waited + 1))
		[ "$_waited" -lt "$_LOCK_PATIENCE" ] || {
			fail "another program holds $1, longer than Claude ever does: end it, or remove that directory, and try again; nothing was changed"
			return
		}
		pause
	done
}

# settle_changes: what was carried back, or is not wanted, is no change any more.
settle_changes() {
	case $_what in
	base)
		put_copy "$_copy/base" "$_GIVEN" || return 1
		[ -n "$_ENTRY" ] || return 0
		put_copy "$_copy/now" "$_NOW" || return 1
		clear_way "$_ENTRY/sifted"
		{ printf '' >"$_ENTRY/sifted"; } 2>/dev/null || cannot_write "$_ENTRY/sifted"
		;;
	drop)
		[ -n "$_ENTRY" ] || return 0
		# Gone in one step; what an interrupted one leaves, the next cleaning deletes.
		_gone=$_STATE/leaving/gone-changes-$$
		mv -- "$_ENTRY" "$_gone" 2>/dev/null && rm -rf -- "$_gone" 2>/dev/null || fail "cannot delete $_ENTRY (permissions? a read-only disk?)"
		;;
	esac
}

# put_copy SOURCE DESTINATION: by rename.
put_copy() {
	clear_way "$2.$$"
	cp -- "$1" "$2.$$" 2>/dev/null && cmp -s "$1" "$2.$$" && mv -f -- "$2.$$" "$2" 2>/dev/null || {
		rm -f -- "$2.$$"
		cannot_write "$2"
	}
}

# say_files: for each desk in _desks, and for what closed ones left, the files whose change is to be noticed: one process.
#
#   file PATH STAMP
say_files() {
	set -f
	IFS=$_NL
	# shellcheck disable=SC2086 # one argument a line
	set -- $_desks
	unset IFS
	set +f
	for _desk; do
		shift
		case $_desk in "$_STATE"/leaving/*) continue ;; esac
		is_plain "$_desk/.carrel/given" && is_plain "$_desk/.claude.json" || continue
		set -- "$@" "$_desk/.claude.json" "$_desk/.carrel/given"
	done
	for _entry in "$_STATE/changes"/*; do
		is_left_name "${_entry##*/}" && is_plain "$_entry/given" || continue
		set -- "$@" "$_entry/claude.json" "$_entry/given"
	done
	[ $# -eq 0 ] || stat -Lc "file$_TAB%n$_TAB%i.%s.%y" -- "$@" 2>/dev/null || stat -Lf "file$_TAB%N$_TAB%i.%z.%Fm" -- "$@" 2>/dev/null
}
