# probe: what this Claude does with the variables that isolate it. It is asked for its login ("auth status") at a HOME and a
# config dir made for that, with a login that is none, without any variable of the user's, and with a closed port of this
# machine for a server. The question changes nothing; but when Claude starts it writes its state, and where it does so is the
# answer. It is remembered for each program, by path and stamp, in <state dir>/claudes (and in "memory" there, by stamp too, what
# names_memory in 4-run.sh found).
#
#   probe CLAUDE      what is remembered, or found now
#   probe-again CLAUDE
#
#   probe HONOURS LOGIN HOME VERSION
#     HONOURS   its state lies where CLAUDE_CONFIG_DIR says: yes, no or unknown
#     LOGIN     the login lies where CLAUDE_SECURESTORAGE_CONFIG_DIR says: the same
#     HOME      where it does not honour the first, its state lies below HOME: the same

# How long each question may take, in hundredths of a second. It takes 0.4 to 0.7 s, with 2.1.120 up to 1.9 s (measured on two
# cores), and ten times as long on a machine that is busy with other things. It is the one that hangs for ever that shall be
# given up.
_PROBE_PATIENCE=3000
# The same for all that a pane does to know its Claude: there somebody waits, and who does not know starts it all the same.
_PANES_PATIENCE=500

probe() {
	_CLAUDE=$1
	# A probe that told nothing is tried again, though not in a pane, where somebody waits.
	if [ -n "${2-}" ] || ! remember_claude || [ "$_HONOURS" = unknown ]; then ask_claude "${2-}"; fi
	say probe "$_HONOURS" "$_KNOWS_LOGIN" "$_KEEPS_HOME" "$_VERSION"
}

# know_claude: sets _HONOURS, _KNOWS_LOGIN, _KEEPS_HOME and _VERSION of _CLAUDE.
know_claude() {
	_HASTE=yes _LEFT=$_PANES_PATIENCE
	remember_claude || ask_claude ''
	_HASTE=
}
_HASTE=

# spend HUNDREDTHS: pauses for two or five hundredths of a second and takes them from _LEFT; returns 1 where nothing is left.
spend() {
	[ "$_LEFT" -gt 0 ] || return 1
	if sleep "0.0$1" 2>/dev/null; then
		_LEFT=$((_LEFT - $1))
	else
		sleep 1
		_LEFT=$((_LEFT - 100))
	fi
	[ "$_HASTE" != yes ] || [ "$_LEFT" -gt $((_PANES_PATIENCE - 100)) ] || {
		_HASTE=told
		printf '  Carrel: getting to know this Claude, a moment…\n'
	}
}

# remember_claude: the same from memory; returns 1 where the program was never asked, or has changed since.
remember_claude() {
	_HONOURS=unknown _KNOWS_LOGIN=unknown _KEEPS_HOME=unknown _VERSION=''
	for _seen in "$_STATE"/claudes/*; do
		recall "$_seen" claude && [ "$_V" = "$_CLAUDE" ] || continue
		stamp_all
		recall "$_seen" stamp && [ "$_V" = "$_STAMP" ] || return 1
		recall "$_seen" version && _VERSION=$_V
		recall "$_seen" login && _KNOWS_LOGIN=$_V
		recall "$_seen" home && _KEEPS_HOME=$_V
		# The last line: a record without it was not written to its end.
		recall "$_seen" honours && _HONOURS=$_V
		return
	done
	return 1
}

# stamp_all: sets _STAMP of _CLAUDE, and of the user's files that are wanted next _STAMP_OF_JSON and _STAMP_OF_SETTINGS (of a
# settings.json that is there), and _CLOCK to the seconds since the epoch, which are those of a process that has just begun: one
# process for four.
stamp_all() {
	_settings=${_SHARED-}/settings.json
	[ -f "$_settings" ] || _settings=
	if [ -f "${_SHARED_JSON-}" ] && _STAMP=$(stat -Lc '%i.%s.%y %Y' -- "$_CLAUDE" "$_SHARED_JSON" ${_settings:+"$_settings"} ${_PROC:+/proc/self} 2>/dev/null); then
		[ -z "$_PROC" ] || _CLOCK=${_STAMP##* }
		_rest=${_STAMP#*"$_NL"}
		_STAMP_OF_JSON=${_rest%%"$_NL"*}
		_STAMP_OF_JSON=${_STAMP_OF_JSON% *}
		if [ -n "$_settings" ]; then
			_rest=${_rest#*"$_NL"}
			_STAMP_OF_SETTINGS=${_rest%%"$_NL"*}
			_STAMP_OF_SETTINGS=${_STAMP_OF_SETTINGS% *}
		fi
		_STAMP=${_STAMP%%"$_NL"*}
		_STAMP=${_STAMP% *}
	else
		stamp_of "$_CLAUDE"
	fi
}
_CLOCK=
_STAMP_OF_SETTINGS=

# ask_claude AGAIN: asks the program itself, one at a time.
ask_claude() {
	_HONOURS=unknown _KNOWS_LOGIN=unknown _KEEPS_HOME=unknown _VERSION=''
	_asking=$_STATE/claudes/.asking
	mkdir -p -- "$_STATE/claudes" 2>/dev/null
	_rounds=0 _missed=0
	[ -n "$_HASTE" ] || _LEFT=4000
	until mkdir -- "$_asking" 2>/dev/null; do
		# It goes when the one that asks is done; and one that cannot be made is not there either.
		[ -d "$_asking" ] || _missed=$((_missed + 1))
		[ "$_missed" -lt 5 ] || return 0
		# The one that asks leaves its pid in there; without a living one it was killed.
		_pid=''
		{ IFS= read -r _pid <"$_asking/pid"; } 2>/dev/null
		if ! look_at "$_pid" && [ "$_rounds" -gt 20 ]; then rm -rf -- "$_asking" 2>/dev/null; fi
		_rounds=$((_rounds + 1))
		spend 5 || return 0
		[ -n "$1" ] || ! remember_claude || return 0
	done
	printf '%s\n' $$ 2>/dev/null >"$_asking/pid"
	# Nobody asks in the same place again: what a wrapper that was given up has started may still write there.
	look_at_self
	_place=$_asking/$$.$_START
	stamp_of "$_CLAUDE"
	_before=$_STAMP
	listen_to_claude
	_pid=''
	{ IFS= read -r _pid <"$_asking/pid"; } 2>/dev/null
	stamp_of "$_CLAUDE"
	# Somebody took this for abandoned, and what was seen may be of their question.
	[ "$_pid" = $$ ] || _HONOURS=unknown _KNOWS_LOGIN=unknown _KEEPS_HOME=unknown
	# What a pane gave up may be slow only: the next one asks again.
	if { [ "$_LEFT" -gt 0 ] || [ -z "$_HASTE" ]; } && [ "$_pid" = $$ ] && [ "$_STAMP" = "$_before" ] && [ "$_STAMP" != missing ]; then
		_n=1
		while recall "$_STATE/claudes/$_n" claude && [ "$_V" != "$_CLAUDE" ]; do _n=$((_n + 1)); done
		{
			note claude "$_CLAUDE"
			note stamp "$_STAMP"
			note version "$_VERSION"
			note login "$_KNOWS_LOGIN"
			note home "$_KEEPS_HOME"
			note honours "$_HONOURS"
		} 2>/dev/null >"$_asking/seen" && mv -f -- "$_asking/seen" "$_STATE/claudes/$_n" 2>/dev/null
	fi
	{ [ -n "$_pid" ] && [ "$_pid" != $$ ]; } || rm -rf -- "$_asking" 2>/dev/null
}

# listen_to_claude: from what Claude says and writes to what it honours.
listen_to_claude() {
	mkdir -p -- "$_place/home/.claude" "$_place/config" "$_place/tmp" 2>/dev/null || return
	# Far from its end, so that nobody wants to renew it.
	{ printf '%s\n' '{"claudeAiOauth":{"accessToken":"sk-ant-oat01-carrel-asks","refreshToken":"sk-ant-ort01-carrel-asks","expiresAt":4102444800000,"scopes":["user:inference","user:profile"],"subscriptionType":"max"}}' >"$_place/home/.claude/.credentials.json"; } 2>/dev/null || return
	hear --version || return
	IFS= read -r _VERSION 2>/dev/null <"$_place/said" || :
	# Half an answer is none.
	hear auth status || return
	_said=$(head -c 8192 -- "$_place/said" 2>/dev/null)
	replace "$_said" ' ' ''
	_said=$_R
	_at_config='' _at_home=''
	for _file in "$_place/config"/* "$_place/config"/.[!.]*; do
		! exists "$_file" || _at_config=yes
	done
	for _file in "$_place/home"/.claude.json* "$_place/home/.claude"/* "$_place/home/.claude"/.[!.]*; do
		case $_file in */.credentials.json* | *.lock) continue ;; esac
		! exists "$_file" || _at_home=yes
	done
	case $_said:$_at_config:$_at_home in
	*:yes:yes) ;;
	*:yes:) _HONOURS=yes ;;
	*:yes) _HONOURS=no _KEEPS_HOME=yes ;;
	# It is Claude, and its state is somewhere else again.
	*'"loggedIn"'*) _HONOURS=no _KEEPS_HOME=no ;;
	esac
	# The login lies below HOME, to which the other variable leads when it is empty. Elsewhere a keychain may answer.
	if [ "$_HONOURS" = yes ] && [ -n "$_PROC" ]; then
		case $_said in
		*'"loggedIn":true'*'"authMethod":"claude.ai"'*) _KNOWS_LOGIN=yes ;;
		*'"loggedIn":false'*) _KNOWS_LOGIN=no ;;
		esac
	fi
}

# hear WORD…: runs Claude with these words, where it finds nothing of the user's; what it says is in said there. Returns 1
# where it took too long.
hear() {
	(
		CDPATH='' cd -- "$_place/tmp" || exit 1
		exec env -i "PATH=${PATH-}" "HOME=$_place/home" "TMPDIR=$_place/tmp" "LANG=C.UTF-8" "TERM=dumb" \
			"CLAUDE_CONFIG_DIR=$_place/config" "CLAUDE_SECURESTORAGE_CONFIG_DIR=" "CLAUDE_CODE_TMPDIR=$_place/tmp" \
			"ANTHROPIC_BASE_URL=http://127.0.0.1:9" "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1" "DISABLE_AUTOUPDATER=1" \
			"DISABLE_TELEMETRY=1" "DISABLE_ERROR_REPORTING=1" "CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL=1" \
			"$_CLAUDE" "$@"
	) </dev/null >"$_place/said" 2>/dev/null &
	_heard=$!
	_rounds=0
	[ -n "$_HASTE" ] || _LEFT=$_PROBE_PATIENCE
	while look_at "$_heard"; do
		_rounds=$((_rounds + 1))
		spend $((_rounds > 40 ? 5 : 2)) || {
			kill -s KILL "$_heard"
			return 1
		}
	done
}
