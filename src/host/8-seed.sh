# seed-out: copies the user's .claude.json to where the plugin can read it, in the current dir, which is private to us.
# seed-in: puts what the plugin made of it into its place. Nothing of it goes through a command line or an environment.
#
#   seed-out [--shared DIR] [--login MODE]
#   seed-in STAMP DIR SHARED ERROR [MODE]   DIR: of seed-out, or - for a user without such a file; SHARED: the option
#                                     shared_dir; ERROR: why the file cannot be used; both may be empty. MODE: the option login
#
#   seed fresh                        nothing to do
#   seed missing STAMP                the user has no such file yet
#   seed copied STAMP DIR BYTES FILE  DIR/in is the copy, DIR/out an empty file for the result, both 0600 in a 0700 dir
#   seed failed WHY

seed_out() {
	_OPT_SHARED=''
	while [ $# -gt 1 ]; do
		case $1 in
		--shared) _OPT_SHARED=$2 ;;
		--login) _LOGIN_MODE=$2 ;;
		esac
		shift 2
	done
	find_shared "$_OPT_SHARED" || {
		say seed failed "$_WHY"
		return 1
	}
	remove_old_copies
	_n=0
	while :; do
		look_at_seed
		if [ "$_SEED_IS" = fresh ]; then
			say seed fresh
			return
		fi
		if [ "$_STAMP" = missing ]; then
			say seed missing "$_STAMP"
			return
		fi
		_before=$_STAMP
		_dir=carrel-seed.$$.$_n
		# Made first, so that they are 0600 whatever the user's file is.
		mkdir -- "$_dir" 2>/dev/null && printf '' 2>/dev/null >"$_dir/out" && printf '' 2>/dev/null >"$_dir/in" && cp -- "$_SHARED_JSON" "$_dir/in" 2>/dev/null || {
			remove_copy "$_dir"
			say seed failed "cannot copy $_SHARED_JSON (permissions? a full disk?)"
			return 1
		}
		stamp_of "$_SHARED_JSON"
		[ "$_STAMP" != "$_before" ] || break
		# Claude replaces the file by rename: it was another one meanwhile.
		remove_copy "$_dir"
		_n=$((_n + 1))
		[ "$_n" -lt 20 ] || {
			say seed failed "$_SHARED_JSON changes all the time; try again"
			return 1
		}
	done
	size_of "$_dir/in"
	say seed copied "$_STAMP" "$_dir" "$_SIZE" "$_SHARED_JSON"
}

# What a plugin that was stopped midway left behind, an hour ago or earlier. The current dir might be any: only what is
# named and filled as ours is goes.
remove_old_copies() {
	for _dir in carrel-seed.* carrel-changes.*; do
		real_dir "$_dir" || continue
		[ -z "$(find "./$_dir" -prune -mmin +60 2>/dev/null)" ] || remove_copy "$_dir"
	done
}

# remove_copy DIR: of seed-out or changes-out.
remove_copy() {
	case $1 in */* | *[!a-z0-9.-]*) return 1 ;; carrel-seed.[0-9]*.[0-9]* | carrel-changes.[0-9]*.[0-9]*) ;; *) return 1 ;; esac
	real_dir "$1" || return 0
	rm -f -- "$1/in" "$1/out" "$1/given" "$1/now" "$1/base" && rmdir -- "$1" 2>/dev/null
}

seed_in() {
	_made_of=${1-} _copy=${2-} _error=${4-} _LOGIN_MODE=${5:-shared}
	find_shared "${3-}" || {
		say seed failed "$_WHY"
		return 1
	}
	look_at_seed
	if store_seed; then
		if [ -n "$_error" ]; then say seed failed "$_error"; else say seed fresh; fi
	else
		say seed failed "cannot write $_STATE/seed (permissions? is the disk full or read-only?)"
	fi
	[ "$_copy" = - ] || remove_copy "$_copy"
}

# store_seed: every file by rename, the stamp last: it says that the rest is there.
store_seed() {
	[ -n "$_SEED" ] || make_seed_dir || return 1
	real_dir "$_STATE/seed" && real_dir "$_SEED" || return 1
	if [ -n "$_error" ]; then
		replace "$_error" "$_NL" ' '
		put_line "$_SEED/error" "$_R" || return 1
	else
		case $_copy in
		-) put_line "$_SEED/claude.json" '{}' || return 1 ;;
		*/*) return 1 ;;
		carrel-seed.*)
			clear_way "$_SEED/new.$$"
			cp -- "$_copy/out" "$_SEED/new.$$" 2>/dev/null && cmp -s "$_copy/out" "$_SEED/new.$$" && mv -f -- "$_SEED/new.$$" "$_SEED/claude.json" 2>/dev/null || {
				rm -f -- "$_SEED/new.$$"
				return 1
			}
			;;
		*) return 1 ;;
		esac
		rm -f -- "$_SEED/error"
	fi
	put_line "$_SEED/stamp" "$_made_of"
}

make_seed_dir() {
	_n=1
	mkdir -p -- "$_STATE/seed" 2>/dev/null
	# Made, not found free: two that make one at once must not share it.
	until mkdir -- "$_STATE/seed/$_n" 2>/dev/null; do
		exists "$_STATE/seed/$_n" || return 1
		_n=$((_n + 1))
	done
	_SEED=$_STATE/seed/$_n
	put_line "$_SEED/of" "$_LOGIN_MODE $_SHARED_JSON"
}

# put_line FILE TEXT
put_line() {
	clear_way "$1.$$"
	{ printf '%s\n' "$2" >"$1.$$"; } 2>/dev/null && mv -f -- "$1.$$" "$1" 2>/dev/null || {
		rm -f -- "$1.$$"
		return 1
	}
}
