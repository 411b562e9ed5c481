# run: the launcher, a pane's command. It makes the desk, or mends it, and runs Claude at it as a plain foreground child:
# no exec and no traps, so that Zellij saves this command line for resurrection and Claude dies with its pane.

# stop WHY: the pane stays, held, with the message; Enter tries again.
stop() {
	printf '\n  Carrel could not start Claude here:\n  %s\n\n  No conversation was lost. Press Enter to try again, Ctrl-c to close the pane.\n' "$1" >&2
	exit 1
}

stop_unwritable() { stop "$1 cannot be written (permissions? a full or read-only disk?)"; }

# json TEXT: sets _R to it as the inside of a JSON string. Control characters were refused before.
json() {
	replace "$1" "\\" "\\\\"
	replace "$_R" '"' '\"'
}

run() {
	_PANE='' _SESSION='' _METHOD=config_dir _OPT_CLAUDE='' _OPT_SHARED='' _LOGIN_MODE=shared _MEMORY=shared _RESUMING='' _CLEANUP=yes
	_OPT_HOME_LINKS='' _OPT_CONTAINER='' _INSTEAD='' _FALLBACK=home _HONOURS='' _NOTICE='' _MEMORY_DIR=''
	_SHARE='settings.json CLAUDE.md rules commands agents skills output-styles keybindings.json workflows history.jsonl'
	while [ $# -gt 0 ]; do
		case $1 in
		--resume) _RESUMING=yes ;;
		# What the plugin reads off the pane's command line; nothing to do here.
		--close-on-exit) ;;
		--)
			shift
			break
			;;
		--pane | --session | --method | --cleanup | --claude | --shared | --share | --login | --memory | --home-links | --container | --instead-of | --fallback)
			[ $# -ge 2 ] || stop "its command line ends after $1"
			case $1 in
			--pane) _PANE=$2 ;;
			--session) _SESSION=$2 ;;
			--method) _METHOD=$2 ;;
			--cleanup) _CLEANUP=$2 ;;
			--claude) _OPT_CLAUDE=$2 ;;
			--shared) _OPT_SHARED=$2 ;;
			--share) _SHARE=$2 ;;
			--login) _LOGIN_MODE=$2 ;;
			--home-links) _OPT_HOME_LINKS=$2 ;;
			--container) _OPT_CONTAINER=$2 ;;
			--instead-of) _INSTEAD=$2 ;;
			--fallback) _FALLBACK=$2 ;;
			--memory) _MEMORY=$2 ;;
			esac
			shift
			;;
		*) stop "its command line has an unknown word: $1 (was it written by a newer Carrel?)" ;;
		esac
		shift
	done
	# Zellij would show the whole command line as the pane's name until Claude sets its own title.
	printf '\033]0;claude\007'
	is_uuid "$_PANE" || stop "its command line names no pane (--pane with a uuid)"
	is_uuid "$_SESSION" || stop "its command line names no session (--session with a uuid)"
	use_method "$_METHOD" || stop "the method $_METHOD is unknown to this launcher"
	# Claude will use the user's own state, whatever shared_dir says.
	[ -n "$_ISOLATED" ] || _OPT_SHARED=''
	case $_STATE in *[[:cntrl:]]*) stop "its own path has a control character in it; set state_dir to a path without one" ;; esac
	find_shared "$_OPT_SHARED" || stop "$_WHY"
	find_claude "$_OPT_CLAUDE" || stop "$_WHY"
	come_back
	[ -z "$_ISOLATED" ] || know_claude
	_asked=$_METHOD
	settle
	"check_$_METHOD"
	judge_login
	case $_INSTEAD:$_HONOURS in
	:*) ;;
	*:yes | *:unknown) _NOTICE="$_NOTICE${_NOTICE:+ }Opened with the method $_METHOD instead of $_INSTEAD, since the Claude that it had first did not honour CLAUDE_CONFIG_DIR." ;;
	*) _NOTICE="$_NOTICE${_NOTICE:+ }Opened with the method $_METHOD instead of $_INSTEAD: this Claude ($_CLAUDE) does not honour CLAUDE_CONFIG_DIR." ;;
	esac
	[ "$_asked" = "$_METHOD" ] || leave_other_desk
	make_desk
	if [ -n "$_ISOLATED" ]; then
		put_seed
		link_shared
	fi
	"furnish_$_METHOD"
	choose_session
	write_settings
	if [ "$_RESUMED" = yes ]; then
		set -- --resume "$_SESSION" --settings "$_DESK/.carrel/settings.json" "$@"
	else
		set -- --session-id "$_SESSION" --settings "$_DESK/.carrel/settings.json" "$@"
	fi
	_ringer=
	if [ -n "$_BOXED" ]; then
		[ -n "$_OPT_CONTAINER" ] || build_box
		ring_for_box &
		_ringer=$!
	fi
	(
		set_environment
		umask "$_UMASK"
		[ -z "$_BOXED" ] || in_box "$@"
		exec "$_CLAUDE" "$@"
	)
	_code=$?
	[ -z "$_ringer" ] || kill -s TERM "$_ringer"
	clear_way "$_DESK/.carrel/exit"
	printf 'code=%s\n' "$_code" 2>/dev/null >"$_DESK/.carrel/exit"
	exit "$_code"
}

# Nothing else of the user's environment changes but what the method's tell_… does.
set_environment() {
	unset CLAUDECODE CLAUDE_CODE_CHILD_SESSION CLAUDE_CODE_SESSION_ID CLAUDE_CODE_ENTRYPOINT CLAUDE_CODE_SKIP_PROMPT_HISTORY
	if [ -n "$_LC_ALL_SET" ]; then LC_ALL=$_LC_ALL; else unset LC_ALL; fi
	if [ -n "$_NESTED" ]; then
		# What the desk around us set.
		unset CLAUDE_CONFIG_DIR CLAUDE_SECURESTORAGE_CONFIG_DIR CLAUDE_CODE_PLUGIN_CACHE_DIR CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL
		export HOME="$_USER_HOME"
		[ -z "$_USER_CONFIG_DIR" ] || export CLAUDE_CONFIG_DIR="$_USER_CONFIG_DIR"
		[ -z "$_USER_LOGIN_SET" ] || export CLAUDE_SECURESTORAGE_CONFIG_DIR="$_USER_LOGIN"
	fi
	export CARREL_PANE="$_PANE" CARREL_DESK="$_DESK" CARREL_REAL_HOME="$_USER_HOME" CARREL_REAL_CONFIG_DIR="$_USER_CONFIG_DIR"
	unset CARREL_REAL_LOGIN
	[ -z "$_USER_LOGIN_SET" ] || export CARREL_REAL_LOGIN="$_USER_LOGIN"
	"tell_$_METHOD"
}

# judge_login: sets _LOGIN_IS to "shared", "separate", or "own" where it should be shared and this Claude knows no way.
judge_login() {
	_LOGIN_IS=$_LOGIN_MODE
	[ "$_LOGIN_IS" = shared ] && [ -n "$_ISOLATED" ] && [ "$_KNOWS_LOGIN" = no ] || return 0
	_LOGIN_IS=own
	[ ! -f "${_LOGIN:-$_USER_HOME/.claude}/.credentials.json" ] || _NOTICE="$_NOTICE${_NOTICE:+ }This Claude${_VERSION:+ (${_VERSION%% *})} does not know of a login that several config dirs share: it needs one of its own here, which goes with the desk. A newer Claude uses yours."
}

# is_left: whether the desk, or a part of it, lies where it is kept and deleted.
is_left() { real_dir "$_LEAVING" && [ ! -L "$_STATE/leaving" ]; }

# await_the_last: a Claude outlives its pane by up to three seconds, and a layout that was opened twice has two panes for
# one desk: two Claudes never work at one. What cannot be seen from here is used when the user says so, by Enter.
await_the_last() {
	this_boot
	look_at_self
	_mine=$_PGID
	_waits=0
	while exists "$_DESK/.carrel/record" && group_of_record "$_DESK/.carrel/record"; do
		if [ -n "$_FOREIGN" ]; then
			recall "$_DESK/.carrel/asked" who && [ "$_V" = "$_WHY" ] && return
			clear_way "$_DESK/.carrel/asked"
			note who "$_WHY" 2>/dev/null >"$_DESK/.carrel/asked" || stop_unwritable "$_DESK/.carrel"
			stop "this pane's desk was last used elsewhere: $_WHY. Whether its Claude still runs cannot be seen from here. If it does not, press Enter"
		fi
		# A record that cannot be read says nothing; ours is put in its place. And a rerun may have the group of the last run.
		[ -n "$_group" ] && [ "$_group" != "$_mine" ] || return
		_waits=$((_waits + 1))
		[ "$_waits" -ne 10 ] || printf '  Carrel: the last Claude of this pane is still ending, a moment…\n'
		[ "$_waits" -lt 200 ] || stop "another Claude is at this desk (process group $_group). Is this a second pane of the same saved layout? Close that one first, or this one"
		pause
	done
}

# come_back: says so at the desks that the pane has, before anything that takes its time: until the record is written anew, and
# while a Claude is asked that may be seconds, nothing else tells others that a launcher is there.
come_back() {
	for _dir in $_PLACES; do
		_DESK=$_STATE/$_dir/pane-$_PANE
		real_dir "$_STATE/$_dir" && real_dir "$_DESK" && real_dir "$_DESK/.carrel" || continue
		look_at_self
		sign_in
		rival_lives || :
	done
}

# sign_in: says that this launcher, which look_at_self has looked at, is at _DESK, by the name of an empty file, _here.
sign_in() {
	_here=$_DESK/.carrel/at-$$.$_START
	clear_way "$_here"
	[ -f "$_here" ] || { printf '' >"$_here"; } 2>/dev/null
}

# rival_lives: whether another launcher is there, and then sets _V to its pid and start; the signs of dead ones go.
rival_lives() {
	for _one in "$_DESK"/.carrel/at-*; do
		_V=${_one##*/at-}
		if [ "$_one" = "$_here" ]; then
			:
		elif look_at "${_V%%.*}" && [ "$_START" = "${_V#*.}" ]; then
			return 0
		else
			rm -f -- "$_one" 2>/dev/null || :
		fi
	done
	return 1
}

# be_alone: signs in, and then looks for others: of two that begin in one moment one sees the other at least. The one with the
# greater pid steps back, and finds the other one's record. Sets _rival to who is in the way.
be_alone() {
	_rival=
	look_at_self
	sign_in || {
		# Unless a cleaner has just moved the desk away.
		! real_dir "$_DESK/.carrel" || stop_unwritable "$_DESK/.carrel"
		return 1
	}
	! rival_lives || {
		_rival=${_V%%.*}
		[ "$_rival" -gt $$ ] || rm -f -- "$_here"
		return 1
	}
}

# make_desk: makes the desk ours, with a record in it that keeps cleaners away. A cleaner first puts up its sign, then moves
# the desk away, then looks at its record once more; here the record comes first, then the look for a sign: whoever comes
# second sees the other.
make_desk() {
	desk_paths "$_PANE"
	use_method "$_METHOD"
	_DESK=$_STATE/$_PLACE/pane-$_PANE
	_CONFIG=$_DESK$_BELOW
	_MARK=
	_group=
	_proved=
	_rounds=0
	while :; do
		while is_claimed "$_CLAIM"; do
			_rounds=$((_rounds + 1))
			[ "$_rounds" -ne 10 ] || printf '  Carrel: the last conversation of this pane is still being kept, a moment…\n'
			[ "$_rounds" -lt 1200 ] || stop "the last conversation of this pane is still being kept ($_LEAVING)"
			pause
		done
		[ ! -L "$_STATE/$_PLACE" ] || stop "$_STATE/$_PLACE is a symbolic link; Carrel writes only into a directory of its own: remove the link"
		! is_in_the_way "$_DESK" || stop "$_DESK is in the way: it is not a directory; move it away"
		await_the_last
		if is_left; then
			# The pane came back before its desk was deleted, or keeping failed: all of it comes back. With our sign up: a cleaner
			# that moved the same files the other way would lose some.
			claim "$_CLAIM" || { [ -z "$_WHY" ] || stop "$_WHY"; continue; }
			if ! is_left; then
				:
			elif exists "$_DESK"; then
				join "$_LEAVING" "$_DESK" || stop "$_WHY"
			else
				mv -- "$_LEAVING" "$_DESK" 2>/dev/null || stop "cannot take the desk back from $_LEAVING"
			fi
			unclaim
		fi
		if [ ! -d "$_DESK/.carrel" ]; then
			mkdir -p -- "$_DESK/.carrel" "$_CONFIG" 2>/dev/null || stop "cannot make the directory $_DESK/.carrel (is the disk full or read-only?)"
			_proved=yes
		fi
		real_dir "$_DESK/.carrel" || stop "$_DESK/.carrel is a symbolic link; remove it"
		if ! be_alone; then
			if [ -n "$_rival" ]; then
				[ "$_rounds" -ne 10 ] || printf '  Carrel: another pane begins at this desk, a moment…\n'
				[ "$_rounds" -lt 1199 ] || stop "another pane begins at this desk and does not go on (pid $_rival). Is this a second pane of the same saved layout? Close that one first, or this one"
			fi
			pause
		elif write_record; then
			is_claimed "$_CLAIM" || is_left || [ ! -f "$_DESK/.carrel/record" ] || break
		elif real_dir "$_DESK/.carrel"; then
			stop_unwritable "$_DESK/.carrel"
		fi
		_rounds=$((_rounds + 1))
		[ "$_rounds" -lt 1200 ] || stop "$_DESK is moved away again and again"
	done
	# Claude starts, answers and saves nothing at a desk that it cannot write, and says so nowhere. The record proves it of
	# the disk; of the desk itself, where it was not made just now:
	[ -n "$_proved" ] || {
		[ -d "$_CONFIG" ] || mkdir -- "$_CONFIG" 2>/dev/null || stop_unwritable "$_DESK"
		real_dir "$_CONFIG" || stop "$_CONFIG is a symbolic link; remove it"
		clear_way "$_CONFIG/.carrel-probe"
		{ printf 'carrel\n' >"$_CONFIG/.carrel-probe"; } 2>/dev/null && rm -f -- "$_CONFIG/.carrel-probe" "$_DESK/.carrel/exit" "$_DESK/.carrel/rang" "$_DESK/.carrel/asked" 2>/dev/null || stop_unwritable "$_CONFIG"
	}
	# What Claude makes itself is no link: by a planted one conversations would leave the desk.
	for _name in projects sessions tasks todos file-history session-env; do
		[ ! -L "$_CONFIG/$_name" ] || rm -f -- "$_CONFIG/$_name" 2>/dev/null || stop_unwritable "$_CONFIG/$_name"
	done
	clear_way "$_DESK/.claude.json" || stop_unwritable "$_DESK/.claude.json"
}

# put_seed: the desk's own .claude.json, once. The plugin makes the seed, and makes a new one when a pane is opened and the
# user's file has changed.
put_seed() {
	[ ! -e "$_DESK/.claude.json" ] || return 0
	_rounds=0
	_last=
	while :; do
		look_at_seed
		case $_SEED_IS in
		fresh) break ;;
		failed) stop "$_WHY" ;;
		stale)
			# Another Claude may change the file again and again: one that was made since we look is new enough. And the last
			# one is better than none: without one Claude would ask for a theme and a login.
			[ -n "$_last" ] || _last=$_MADE_OF
			[ "$_MADE_OF" = "$_last" ] && [ "$_rounds" -lt 60 ] || break
			;;
		esac
		_rounds=$((_rounds + 1))
		[ "$_rounds" -ne 40 ] || printf '  Carrel: getting your settings from %s, a moment…\n' "$_SHARED_JSON"
		[ "$_rounds" -lt 220 ] || stop "there is no seed of $_SHARED_JSON yet: is the plugin loaded in this session, with its permissions granted?"
		if [ "$_rounds" -le 20 ]; then pause 0.01; else pause; fi
	done
	# What was given stays: the difference is what the user changed here. As one file with two names, which saves a process;
	# Claude puts another file in the place of its own each time it writes (seen with 2.1.197 and 2.1.330).
	clear_way "$_DESK/.carrel/given"
	cp -- "$_SEED/claude.json" "$_DESK/.carrel/given" 2>/dev/null || stop_unwritable "$_DESK/.carrel/given"
	ln -- "$_DESK/.carrel/given" "$_DESK/.claude.json" 2>/dev/null || {
		clear_way "$_DESK/.carrel/seeded"
		cp -- "$_DESK/.carrel/given" "$_DESK/.carrel/seeded" 2>/dev/null && mv -f -- "$_DESK/.carrel/seeded" "$_DESK/.claude.json" 2>/dev/null
	} || stop_unwritable "$_DESK/.claude.json"
}

# link_shared: one link for each entry of the shared dir that is shared and that the desk does not have.
link_shared() {
	set -f
	# shellcheck disable=SC2086 # names, separated by blanks
	set -- $_SHARE
	set +f
	for _name; do
		shift
		case $_name in
		# The user's own list of prompts cannot be written there; the desk's is added to it when it is kept.
		history.jsonl) [ -z "$_BOXED" ] || continue ;;
		*/* | .carrel* | .claude.json* | .credentials.json* | plugins | projects | sessions | tasks | todos | file-history | session-env) continue ;;
		esac
		[ -e "$_SHARED/$_name" ] && ! exists "$_CONFIG/$_name" || continue
		set -- "$@" "$_SHARED/$_name"
	done
	[ $# -eq 0 ] || ln -s -- "$@" "$_CONFIG/" 2>/dev/null || stop_unwritable "$_CONFIG"
}

# find_newest DROP: sets _newest to the conversation at the desk that was written last, and removes those of the id _SESSION that
# have no messages where DROP says so: they make the id unusable both ways. And sets _last to the one that was open last when the desk's session had ended, or when it was rebuilt: its conversations
# were kept meanwhile, all or some of them.
find_newest() {
	_newest=
	for _file in "$_CONFIG"/projects/*/*.jsonl; do
		_id=${_file##*/}
		_id=${_id%.jsonl}
		is_uuid "$_id" && [ -f "$_file" ] && [ ! -L "$_file" ] || continue
		# Of two that were written at the same time the later one is not the one that the pane was opened with.
		if [ -n "$_newest" ] && [ ! "$_file" -nt "$_newest" ]; then
			[ ! "$_newest" -nt "$_file" ] && [ "${_newest##*/}" = "$_SESSION.jsonl" ] || continue
		fi
		has_messages "$_file"
		case $? in
		0) _newest=$_file ;;
		# What cannot be read is no stub.
		1) [ "$_id" != "$_SESSION" ] || [ -z "$1" ] || rm -f -- "$_file" ;;
		*) [ "$_id" != "$_SESSION" ] || ! exists "$_file" || stop "this pane's conversation cannot be read: $_file (permissions?)" ;;
		esac
	done
	first_line "$_DESK/.carrel/last"
	_last=$_V
	is_uuid "$_last" && { [ -z "$_newest" ] || [ "$_DESK/.carrel/last" -nt "$_newest" ]; } || _last=
}

# leave_other_desk: the desk that this pane has had with another method goes as if the pane had been closed. Its conversation
# is then in the shared dir, where the next desk takes it from, and a Claude without one finds it.
leave_other_desk() {
	_open='' _rounds=0
	while find_other_desk; do
		[ -z "$_same" ] || stop "this pane has a desk, $_same, and another one of an earlier method, $_other, which is in its way: move that away, and keep it, for conversations may lie in it"
		[ "$_CLEANUP" = yes ] || stop "this Claude ($_CLAUDE) cannot use the desk that this pane had, $_other, which stays as it is, for cleanup_on_close is false. Put the Claude back that it had, or close this pane and open a new one"
		[ "$_rounds" -gt 0 ] || printf '  Carrel: keeping the conversation of the desk that this pane had, which this Claude cannot use, a moment…\n'
		_said=$(/bin/sh "$_STATE/carrel.sh" clean --pane "$_PANE" ${_OPT_SHARED:+--shared "$_OPT_SHARED"} 2>/dev/null)
		case $_said in
		"clean$_TAB$_PANE$_TAB"cleaned | "clean$_TAB$_PANE$_TAB"gone) break ;;
		# Whoever is at it does what is to be done; and then the desk that is there may be of another launcher.
		*"$_TAB$_BEING_CLEANED") [ "$_rounds" -ge 600 ] || {
			_rounds=$((_rounds + 1))
			pause
			continue
		} ;;
		esac
		unesc "${_said##*"$_TAB"}"
		_said=${_V:-the host program did not answer}
		# Another launcher may have been quicker: then this was said of its desk.
		find_other_desk || break
		stop "this Claude ($_CLAUDE) cannot use the desk that this pane had, $_other, and keeping its conversations failed: $_said"
	done
	_SESSION=${_open:-"$_SESSION"}
}

# find_other_desk: whether the pane has a desk of another method, _other; then _open is the conversation that was open there last.
# And _same is one of this method.
find_other_desk() {
	_other='' _same=''
	desk_paths "$_PANE"
	# What is on its way out was written before.
	for _DESK in "$_DESK" "$_LEAVING"; do
		real_dir "$_DESK" || continue
		if is_of_another_method "$_DESK"; then
			_other=$_DESK
			config_of "$_DESK"
			find_newest ''
			_newest=${_newest##*/}
			_open=${_open:-"${_last:-"${_newest%.jsonl}"}"}
			recall "$_DESK/.carrel/record" shared || _V=$_SHARED
			[ -n "$_ISOLATED" ] || [ "$_V" = "$_SHARED" ] || stop "this Claude ($_CLAUDE) cannot use the desk that this pane had, $_other, and without one it does not look into $_V, where the conversation of that desk belongs. Put the Claude back that it had, or close this pane, which keeps the conversation there"
		else
			_same=$_DESK
		fi
	done
	[ -n "$_other" ]
}

# choose_session: sets _SESSION, and _RESUMED to "yes" when there is a conversation to go on with. The last one that was
# open at this desk wins: /clear, /branch and /resume change it.
choose_session() {
	_RESUMED=no
	if [ -z "$_ISOLATED" ]; then
		! in_use "$_SHARED" "$_SESSION" || stop "$_WHY"
		! find_transcript "$_SHARED" "$_SESSION" || _RESUMED=yes
	else
		find_newest drop
		if [ -n "$_last" ]; then
			_id=$_last
			for _file in "$_CONFIG"/projects/*/"$_id.jsonl"; do
				! has_messages "$_file" || _newest=$_file
			done
			case $_newest in
			*/"$_id.jsonl") ;;
			*)
				take_back "$_CONFIG" "$_id" || stop "$_WHY"
				_newest=${_FOUND:-"$_newest"}
				;;
			esac
		fi
		if [ -z "$_newest" ]; then
			take_back "$_CONFIG" "$_SESSION" || stop "$_WHY"
			_newest=$_FOUND
		fi
		if [ -n "$_newest" ]; then
			_RESUMED=yes
			_id=${_newest##*/}
			_id=${_id%.jsonl}
			finish_taking "$_id" "$_newest"
			if [ "$_id" != "$_SESSION" ]; then
				_SESSION=$_id
				write_record || stop_unwritable "$_DESK/.carrel"
			fi
		fi
		[ ! -e "$_DESK/.carrel/last" ] || rm -f -- "$_DESK/.carrel/last"
	fi
	[ -z "$_RESUMING" ] || [ "$_RESUMED" = yes ] || stop "there is no conversation $_SESSION in $_SHARED"
}

write_settings() {
	if [ -n "$_BOXED" ]; then
		replace "$_DESK/.carrel/bell" "'" "'\\''"
		json "[ ! -p '$_R' ] || 1<>'$_R' echo"
		_to=
	else
		replace "$_STATE/carrel.sh" "'" "'\\''"
		json "/bin/sh '$_R' ring"
		_to=" $_PANE"
	fi
	_ring=$_R
	_text=
	# Known since before 2.1.120: a Claude that does not know one asks the user about it before anything else (seen with
	# 2.1.330). Notification comes six seconds late; PermissionRequest with every question, whichever tool asks.
	for _event in SessionStart UserPromptSubmit PermissionRequest PermissionDenied PostToolUse PostToolUseFailure Elicitation ElicitationResult Notification PostCompact Stop StopFailure SessionEnd; do
		_hooks="{\"hooks\":[{\"type\":\"command\",\"command\":\"$_ring $_event$_to\",\"timeout\":5}]}"
		case $_event in PermissionRequest)
			for _asked in AskUserQuestion ExitPlanMode; do
				_hooks="$_hooks,{\"matcher\":\"$_asked\",\"hooks\":[{\"type\":\"command\",\"command\":\"$_ring $_asked$_to\",\"timeout\":5}]}"
			done
			;;
		esac
		_text=$_text${_text:+,}"\"$_event\":[$_hooks]"
	done
	_text="\"hooks\":{$_text}"
	if [ -n "$_PIN" ]; then
		json "$_PIN"
		_text="\"env\":{\"CLAUDE_CONFIG_DIR\":\"$_R\"},$_text"
	fi
	if [ -n "$_ISOLATED" ] && [ "$_MEMORY" = shared ] && find_memory && { [ -z "$_BOXED" ] || [ -d "$_MEMORY_DIR" ]; }; then
		json "$_MEMORY_DIR"
		_text="\"autoMemoryDirectory\":\"$_R\",$_text"
	fi
	clear_way "$_DESK/.carrel/settings.json"
	{ printf '{%s}\n' "$_text" >"$_DESK/.carrel/settings.json"; } 2>/dev/null || stop_unwritable "$_DESK/.carrel/settings.json"
}

# find_memory: sets _MEMORY_DIR to the user's own memory of this project, named as Claude names it: the main repository's
# root, every character but letters and digits a dash. Claude shortens long names and counts characters, not bytes: where
# that matters the memory stays at the desk and is kept with it. A place that the user has set stays as it is.
find_memory() {
	! names_memory || return 1
	find_root || return 1
	_root=$_ROOT
	[ "${#_root}" -le 150 ] || return 1
	case $_root in *[!\ -~]*) return 1 ;; esac
	_encoded=
	while :; do
		case $_root in *[!A-Za-z0-9]*) ;; *) break ;; esac
		_plain=${_root%%[!A-Za-z0-9]*}
		_encoded=$_encoded$_plain-
		_root=${_root#"$_plain"?}
	done
	_MEMORY_DIR=$_SHARED/projects/$_encoded$_root/memory
}

# names_memory: whether the user's settings name a place for memory; remembered for each state of that file, which saves a process.
names_memory() {
	_file=$_SHARED/settings.json
	[ -f "$_file" ] || return
	_told=$_STATE/claudes/memory
	if [ -n "$_STAMP_OF_SETTINGS" ] && is_plain "$_told" && first_line "$_told"; then
		case $_V in
		"yes $_STAMP_OF_SETTINGS $_file") return 0 ;;
		"no $_STAMP_OF_SETTINGS $_file") return 1 ;;
		esac
	fi
	grep -q '"autoMemoryDirectory"' -- "$_file" 2>/dev/null
	case $? in 0) _V=yes ;; 1) _V=no ;; *) return 1 ;; esac
	if [ -n "$_STAMP_OF_SETTINGS" ]; then
		clear_way "$_told"
		{ printf '%s %s %s\n' "$_V" "$_STAMP_OF_SETTINGS" "$_file" >"$_told"; } 2>/dev/null
	fi
	[ "$_V" = yes ]
}

# find_root: sets _TOP to the repository around the current dir, _ROOT to the main one where that is a worktree; both to the
# current dir where there is none.
find_root() {
	physical . || return 1
	_TOP=$_P
	_ROOT=$_P
	_up=$_P
	while [ -n "$_up" ]; do
		if [ -d "$_up/.git" ]; then
			_TOP=$_up
			_ROOT=$_up
			break
		elif [ -f "$_up/.git" ]; then
			_TOP=$_up
			_ROOT=$_up
			_line=
			IFS= read -r _line 2>/dev/null <"$_up/.git" || :
			# A worktree: "gitdir: <main>/.git/worktrees/<name>". Whoever can write here could name anything; where git made it,
			# the main repository names the way back.
			case $_line in
			"gitdir: "*/.git/worktrees/*)
				_line=${_line#gitdir: }
				case $_line in /*) ;; *) _line=$_up/$_line ;; esac
				if physical "${_line%/.git/worktrees/*}"; then
					_line=$_P/.git/worktrees/${_line##*/.git/worktrees/}
					if [ ! -L "$_line/gitdir" ] && first_line "$_line/gitdir"; then
						case $_V in /*) ;; *) _V=$_line/$_V ;; esac
						[ ! "$_V" -ef "$_up/.git" ] || _ROOT=$_P
					fi
				fi
				;;
			esac
			break
		fi
		_up=${_up%/*}
	done
}

# write_record: what the desk's owner is, so that others can judge whether it lives. "opened" comes last and says that the
# record is whole.
write_record() {
	this_boot
	look_at_self || _PGID=$$
	_group=$_PGID
	[ "$_group" = $$ ] || look_at "$_group"
	_group_start=$_START
	look_at "$PPID"
	# Below it Zellij saves its sessions; on macOS it is another place.
	case ${XDG_CACHE_HOME-} in
	/*) _zellij_cache=$XDG_CACHE_HOME/zellij ;;
	*) _zellij_cache=${HOME-}/.cache/zellij ;;
	esac
	[ -n "$_PROC" ] || [ ! -d "${HOME-}/Library/Caches" ] || _zellij_cache=$HOME/Library/Caches/org.Zellij-Contributors.Zellij
	if ! recall "$_DESK/.carrel/record" opened || [ -z "$_V" ]; then _V=${_CLOCK:-"$(date +%s)"}; fi
	_opened=$_V
	clear_way "$_DESK/.carrel/record.new"
	{
		note version 1
		note pane "$_PANE"
		note session "$_SESSION"
		note method "$_METHOD"
		[ -z "$_NOTICE" ] || note notice "$_NOTICE"
		note cwd "${PWD-}"
		note shared "$_SHARED"
		note shared_json "$_SHARED_JSON"
		note share "$_SHARE"
		note login "$_LOGIN_IS"
		note instead_of "$_INSTEAD"
		[ -z "$_BOXED" ] || note box "${_OPT_CONTAINER:-bwrap}"
		note home "$_USER_HOME"
		note user_config_dir "$_USER_CONFIG_DIR"
		[ -z "$_USER_LOGIN_SET" ] || note user_login "$_USER_LOGIN"
		note claude "$_CLAUDE"
		note host "$_HOST"
		note boot "$_BOOT"
		note init "$_INIT"
		note group "$_group"
		note group_start "$_group_start"
		note server "$PPID"
		note server_start "$_START"
		note zellij_session "${ZELLIJ_SESSION_NAME-}"
		note zellij_cache "$_zellij_cache"
		note cleanup "$_CLEANUP"
		note socket_dir "${ZELLIJ_SOCKET_DIR-}"
		note opened "$_opened"
	} 2>/dev/null >"$_DESK/.carrel/record.new" && mv -f -- "$_DESK/.carrel/record.new" "$_DESK/.carrel/record" 2>/dev/null
}

# Where somebody waits for it, the rest of this file is not read: that takes a shell as long as two programs take.
case ${1-} in
run)
	shift
	# It ends by itself.
	run "$@"
	;;
ring)
	shift
	exec </dev/null >/dev/null 2>&1
	ring "$@"
	# Claude shows a hook's failure to the user.
	exit 0
	;;
esac
