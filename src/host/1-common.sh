# shellcheck shell=sh disable=SC2015,SC3013,SC3067,SC1003,SC2094
# (SC2015: in "a && b || c", c is meant to run when a or b fails. SC3013, SC3067: test -nt, -ef and -O. The others are mistaken here.)
## Carrel's host program. Why it does what it does stands in the comments of its source: src/host of Carrel's repository.
# What a Zellij plugin cannot do itself. It is carried inside the plugin, which installs it as
# <state dir>/carrel.sh; panes and saved sessions name that path. Subcommands do one thing each: see 9-main.sh, and the end of 4-run.sh.
# POSIX sh (dash, bash, busybox sh; of what POSIX lacks only test -nt, -ef and -O) and POSIX tools; JSON is written here,
# never read. Answers are lines of tab-separated fields; tab, newline and backslash inside a field are written \t, \n, \\.
# Every variable begins with an underscore, so that none is one of the user's: to set such a one changes it for Claude.
# A fork costs the opening of a pane up to a millisecond: what the shell can do itself is done here without tools.
# The number below grows with each release in which anything here has changed: a newer program is never replaced by an older one.
CARREL_HOST_VERSION=1

set -u
_NL='
'
_TAB='	'
# The kernel tells it too, without a fork.
_line='' _UMASK=''
{
	IFS=$_TAB read -r _line _UMASK
	IFS=$_TAB read -r _line _UMASK
} 2>/dev/null </proc/self/status
case $_line$_UMASK in Umask:0[0-7][0-7][0-7]) ;; *) _UMASK=$(umask) ;; esac
umask 077
# Letters are bytes here: ranges in patterns would mean other things in other languages. Claude gets the user's own back.
_LC_ALL_SET=${LC_ALL+yes}
_LC_ALL=${LC_ALL-}
LC_ALL=C
export LC_ALL

# The state dir is the dir that this file lies in; the plugin names it before the file is installed.
_STATE=${CARREL_STATE-}
unset CARREL_STATE
[ -n "$_STATE" ] || case $0 in
/*/*) _STATE=${0%/*} ;;
*)
	printf 'carrel: call this program by its absolute path\n' >&2
	exit 2
	;;
esac
while :; do
	case $_STATE in ?*/) _STATE=${_STATE%/} ;; *) break ;; esac
done

# esc TEXT: sets _E to the text as a field.
esc() {
	_E=
	_rest=$1
	while :; do
		case $_rest in *["\\$_TAB$_NL"]*) ;; *) break ;; esac
		_plain=${_rest%%["\\$_TAB$_NL"]*}
		_rest=${_rest#"$_plain"}
		case $_rest in
		"\\"*) _E=$_E$_plain'\\' ;;
		"$_TAB"*) _E=$_E$_plain'\t' ;;
		*) _E=$_E$_plain'\n' ;;
		esac
		_rest=${_rest#?}
	done
	_E=$_E$_rest
}

# unesc FIELD: sets _V to the text. A blank may be written \s, where words are separated by blanks.
unesc() {
	_V=
	_rest=$1
	while :; do
		case $_rest in *"\\"?*) ;; *) break ;; esac
		_V=$_V${_rest%%"\\"*}
		_rest=${_rest#*"\\"}
		case $_rest in
		n*) _V=$_V$_NL ;;
		t*) _V=$_V$_TAB ;;
		s*) _V="$_V " ;;
		*) _V=$_V${_rest%"${_rest#?}"} ;;
		esac
		_rest=${_rest#?}
	done
	_V=$_V$_rest
}

# replace TEXT OLD NEW: sets _R to the text with every OLD replaced.
replace() {
	_R=
	_rest=$1
	while :; do
		case $_rest in *"$2"*) ;; *) break ;; esac
		_R=$_R${_rest%%"$2"*}$3
		_rest=${_rest#*"$2"}
	done
	_R=$_R$_rest
}

# say TAG FIELD…: one line of the answer.
say() {
	_line=$1
	shift
	for _field; do
		esc "$_field"
		_line=$_line$_TAB$_E
	done
	printf '%s\n' "$_line"
}

# note KEY VALUE: one line of a record.
note() {
	esc "$2"
	printf '%s=%s\n' "$1" "$_E"
}

# recall FILE KEY: sets _V to the value of KEY in a record, or to nothing and returns 1.
recall() {
	_V=
	[ -f "$1" ] && [ ! -L "$1" ] && [ ! -L "${1%/*}" ] && [ -r "$1" ] || return 1
	while _line= && IFS= read -r _line || [ -n "$_line" ]; do
		case $_line in
		"$2="*)
			unesc "${_line#*=}"
			return 0
			;;
		esac
	done <"$1"
	return 1
}

# first_line FILE: sets _V to it, or to nothing and returns 1 where that is no file.
first_line() {
	_V=
	[ -f "$1" ] || return 1
	{ IFS= read -r _V <"$1"; } 2>/dev/null
	[ -n "$_V" ]
}

fail() {
	_WHY=$1
	return 1
}

# pause [SECONDS]: about a twentieth of a second; a whole one where sleep knows no fractions.
pause() { sleep "${1:-0.05}" 2>/dev/null || sleep 1; }

is_uuid() {
	case $1 in
	*[!0-9A-Fa-f-]* | *-*-*-*-*-*) return 1 ;;
	????????-????-????-????-????????????) return 0 ;;
	esac
	return 1
}

# is_desk NAME: a uuid as Carrel writes it: one in other letters is somebody else's.
is_desk() {
	case $1 in *[A-F]*) return 1 ;; esac
	is_uuid "$1"
}

# real_dir PATH: a directory, and not by way of a symbolic link in its last step.
real_dir() { [ -d "$1" ] && [ ! -L "$1" ]; }

# exists PATH: anything, also a link that leads nowhere.
exists() { [ -e "$1" ] || [ -L "$1" ]; }

# is_in_the_way PATH: whether something is there that is no directory. Another cleaner may move one away between two looks.
is_in_the_way() { exists "$1" && ! real_dir "$1" && exists "$1"; }

# is_plain PATH: a file, and not by way of a symbolic link.
is_plain() { [ -f "$1" ] && [ ! -L "$1" ]; }

# clear_way FILE: before we write a file of our own: what lies in its place and is none goes. A planted link would be
# written through, a pipe would be waited for.
clear_way() {
	[ -f "$1" ] && [ ! -L "$1" ] || ! exists "$1" || rm -f -- "$1" 2>/dev/null
}

# physical PATH: sets _P to the directory's path without symbolic links, or returns 1.
physical() {
	_P=$1
	[ "$1" != . ] || _P=${PWD-}
	if [ -n "$_PROC" ] && is_straight "$_P" && { [ "$1" != . ] || [ . -ef "$_P" ]; }; then return; fi
	_P=$(CDPATH='' cd -P -- "$1" 2>/dev/null && pwd -P && printf x) || return 1
	_P=${_P%"${_NL}"x}
}

# is_straight PATH: a directory that can be entered, by a path as `pwd -P` says it: to know that takes no fork.
is_straight() {
	case $1/ in *//* | */./* | */../* | [!/]*) return 1 ;; esac
	_straight=$1
	while [ -n "$_straight" ]; do
		[ ! -L "$_straight" ] || return 1
		_straight=${_straight%/*}
	done
	[ -d "$1" ] && [ -x "$1" ]
}

# desk_paths UUID: sets _DESK (where it is, or belongs), _LEAVING (where it is while it is kept and deleted) and _CLAIM (how
# the signs of the cleaner that does so begin).
desk_paths() {
	_LEAVING=$_STATE/leaving/pane-$1
	_CLAIM=$_STATE/leaving/.cleaning-$1
	for _dir in $_PLACES; do
		_DESK=$_STATE/$_dir/pane-$1
		[ "$_DESK" = "$_LEAVING" ] || ! exists "$_DESK" || return 0
	done
	recall "$_LEAVING/.carrel/record" method && use_method "$_V" || use_method config_dir
	_DESK=$_STATE/$_PLACE/pane-$1
}

# find_real_state: sets _USER_HOME, _USER_CONFIG_DIR (the user's own CLAUDE_CONFIG_DIR, or empty) and _USER_LOGIN (the
# user's own CLAUDE_SECURESTORAGE_CONFIG_DIR, where _USER_LOGIN_SET) even from inside a desk: a Zellij started in an
# isolated pane inherits that pane's variables. _NESTED says that it was so.
find_real_state() {
	_NESTED=
	_USER_HOME=${HOME-}
	_USER_CONFIG_DIR=${CLAUDE_CONFIG_DIR-}
	_USER_LOGIN_SET=${CLAUDE_SECURESTORAGE_CONFIG_DIR+yes}
	_USER_LOGIN=${CLAUDE_SECURESTORAGE_CONFIG_DIR-}
	for _inside in "$_USER_CONFIG_DIR" "$_USER_HOME"; do
		[ -n "$_inside" ] || continue
		if [ "$_inside" = "${CARREL_DESK-}" ] && [ -n "${CARREL_REAL_HOME-}" ]; then
			# The desk itself may be gone by now.
			_USER_HOME=$CARREL_REAL_HOME
			_USER_CONFIG_DIR=${CARREL_REAL_CONFIG_DIR-}
			_USER_LOGIN_SET=${CARREL_REAL_LOGIN+yes}
			_USER_LOGIN=${CARREL_REAL_LOGIN-}
		elif recall "$_inside/.carrel/record" home; then
			_USER_HOME=$_V
			recall "$_inside/.carrel/record" user_config_dir
			_USER_CONFIG_DIR=$_V
			_USER_LOGIN_SET=
			! recall "$_inside/.carrel/record" user_login || _USER_LOGIN_SET=yes
			_USER_LOGIN=$_V
		else
			continue
		fi
		_NESTED=yes
		break
	done
}

# find_shared [OPTION]: sets _SHARED (the user's Claude state), _SHARED_JSON (the file that Claude calls .claude.json) and
# _LOGIN (what CLAUDE_SECURESTORAGE_CONFIG_DIR must say to share the user's login); or sets _WHY and returns 1.
find_shared() {
	find_real_state
	if [ -n "${1-}" ]; then
		_SHARED=$1
		_LOGIN=$1
	elif [ -n "$_USER_CONFIG_DIR" ]; then
		_SHARED=$_USER_CONFIG_DIR
		_LOGIN=$_USER_CONFIG_DIR
	else
		_SHARED=$_USER_HOME/.claude
		_LOGIN=
	fi
	[ -z "$_USER_LOGIN_SET" ] || _LOGIN=$_USER_LOGIN
	while :; do
		case $_SHARED in ?*/) _SHARED=${_SHARED%/} ;; *) break ;; esac
	done
	case $_SHARED in
	*[[:cntrl:]]*) fail "the user's Claude dir has a control character in its path; set shared_dir to a path without one" ;;
	/*) ;;
	*) fail "the user's Claude dir is \"$_SHARED\", which is not an absolute path; set CLAUDE_CONFIG_DIR or shared_dir to one" ;;
	esac || return 1
	if [ "$_SHARED" = "$_USER_HOME/.claude" ] && [ -z "$_USER_CONFIG_DIR" ]; then
		_SHARED_JSON=$_USER_HOME/.claude.json
	else
		_SHARED_JSON=$_SHARED/.claude.json
	fi
	# Claude prefers this name where it exists (seen with 2.1.197 and 2.1.330).
	[ ! -f "$_SHARED/.config.json" ] || _SHARED_JSON=$_SHARED/.config.json
	# Where it really lies; of a dir that is still to be made, where the part lies that is there.
	_up=$_SHARED
	until physical "${_up:-/}"; do _up=${_up%/*}; done
	_up=$_P
	while [ -n "$_up" ]; do
		if [ "$_up" -ef "$_STATE" ] || [ -f "$_up/.carrel/record" ] || { [ -f "$_up/carrel.sh" ] && [ -d "$_up/leaving" ]; }; then
			fail "the user's Claude dir $_SHARED lies inside Carrel's state dir $_up: that is a desk, not the user's own; unset CLAUDE_CONFIG_DIR or set shared_dir"
			return
		fi
		_up=${_up%/*}
	done
	return 0
}

_LOGIN_MODE=shared
# What somebody has found just now.
_STAMP_OF_JSON=

# stamp_of FILE: sets _STAMP so that it differs when the file's content may differ; "missing" without the file.
stamp_of() {
	_STAMP=missing
	[ -f "$1" ] || return 0
	_STAMP=$(stat -Lc '%i.%s.%y' -- "$1" 2>/dev/null || stat -Lf '%i.%z.%Fm' -- "$1" 2>/dev/null || ls -Llid -- "$1" 2>/dev/null) || _STAMP=missing
}

# look_at_seed: sets _SEED (the dir of the seed that is made of _SHARED_JSON, or empty), _STAMP and _SEED_IS: fresh, stale,
# missing, or failed with _WHY. A seed's dir says in "of" what it is of: two users' dirs on one state dir get two, and so
# do desks that share the user's login (_LOGIN_MODE) and desks that have one each.
look_at_seed() {
	_STAMP=$_STAMP_OF_JSON
	_STAMP_OF_JSON=
	[ -n "$_STAMP" ] || stamp_of "$_SHARED_JSON"
	_SEED_IS=missing
	_MADE_OF=
	for _SEED in "$_STATE"/seed/*/; do
		_SEED=${_SEED%/}
		first_line "$_SEED/of" && [ "$_V" = "$_LOGIN_MODE $_SHARED_JSON" ] && break
		_SEED=
	done
	[ -n "$_SEED" ] || return 0
	[ ! -f "$_SEED/claude.json" ] || _SEED_IS=stale
	first_line "$_SEED/stamp"
	_MADE_OF=$_V
	[ "$_MADE_OF" = "$_STAMP" ] || return 0
	if [ -f "$_SEED/error" ]; then
		_SEED_IS=failed
		first_line "$_SEED/error"
		_WHY=$_V
	elif [ "$_SEED_IS" = stale ]; then
		_SEED_IS=fresh
	fi
}

# find_claude [COMMAND]: sets _CLAUDE to the absolute path of the program, or sets _WHY and returns 1. The plugin sees only
# the Zellij server's PATH, so the places are tried too where Claude's installers put it.
find_claude() {
	_want=${1:-claude}
	_CLAUDE=$_want
	case $_want in
	/*)
		if [ ! -e "$_CLAUDE" ]; then
			fail "$_CLAUDE does not exist; install Claude Code or set the option claude"
		elif [ -d "$_CLAUDE" ] || [ ! -x "$_CLAUDE" ]; then
			fail "$_CLAUDE is not executable; set the option claude to the program itself"
		fi
		return
		;;
	esac
	# As `command -v` finds it, without a fork; what a relative entry names is another program in each directory.
	_rest=${PATH-}:
	case $_want in */*) _rest='' ;; esac
	while [ -n "$_rest" ]; do
		_dir=${_rest%%:*}
		_rest=${_rest#*:}
		_CLAUDE=$_dir/$_want
		case $_dir in /*) [ ! -f "$_CLAUDE" ] || [ ! -x "$_CLAUDE" ] || return 0 ;; esac
	done
	_home=${_USER_HOME:-${HOME-}}
	for _dir in "$_home/.local/bin" "$_home/.claude/local" "$_home/.npm-global/bin" "$_home/.npm/bin" "$_home/.bun/bin" "$_home/.volta/bin" "$_home/bin" /usr/local/bin /opt/homebrew/bin "$_home"/.nvm/versions/node/*/bin; do
		if [ -x "$_dir/$_want" ] && [ ! -d "$_dir/$_want" ]; then
			_CLAUDE=$_dir/$_want
			return 0
		fi
	done
	_CLAUDE=
	fail "there is no $_want on the PATH of the Zellij server (${PATH-}) nor where its installers put it; install Claude Code or set the option claude to its absolute path"
}
