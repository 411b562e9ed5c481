# The isolation methods: the one place on the host that knows how Claude is told where its state lies. Each method has the
# functions check_…, furnish_…, tell_… and expect_…, and a line in use_method; nothing else asks which method it is (tests/house.rs).
#
#   config_dir   CLAUDE_CONFIG_DIR is the desk
#   home         HOME is the desk; Claude's state lies below it, as it does below any HOME
#   none         nothing is set; the desk holds what Carrel itself needs
#   container    as config_dir, and a box around all of it: see 4-container.sh

# The folders of the state dir that hold desks; in the last one they are while they are kept and deleted.
_PLACES='claude-configs claude-homes leaving'

# use_method METHOD: sets what tells the methods apart from outside, or returns 1.
#   _ISOLATED   "yes" where Claude gets a state of its own
#   _PLACE      the folder of the state dir that has its desks
#   _BELOW      where in a desk Claude's state lies: empty, or a path that begins with a slash
#   _BOXED      "yes" where Claude runs in a box
use_method() {
	_ISOLATED=yes _PLACE=claude-configs _BELOW='' _BOXED=''
	case $1 in
	config_dir) ;;
	home) _PLACE=claude-homes _BELOW=/.claude ;;
	none) _ISOLATED='' ;;
	container) _BOXED=yes ;;
	*) return 1 ;;
	esac
}

# config_of DESK: sets _CONFIG to where Claude's state lies in it, also where the desk is being cleaned.
config_of() {
	_CONFIG=$1
	case $1 in
	*/claude-homes/pane-*) _CONFIG=$1/.claude ;;
	*/leaving/pane-*) ! recall "$1/.carrel/record" method || ! use_method "$_V" || _CONFIG=$1$_BELOW ;;
	esac
}

# settle: where this Claude does not honour CLAUDE_CONFIG_DIR, sets _METHOD to what fallback puts in its place, and _INSTEAD. The
# plugin has done so where it knew in time (or_instead in methods.rs). A pane that has a HOME by now keeps it; one without
# isolation gets it when its Claude is known to honour the variable.
settle() {
	case $_METHOD in config_dir) ;; *) return 0 ;; esac
	_now=
	for _place in $_PLACES; do
		_record=$_STATE/$_place/pane-$_PANE/.carrel/record
		! recall "$_record" instead_of || [ "$_V" != config_dir ] || ! recall "$_record" method || _now=$_V
		# What it went on with then.
		[ "$_now" != none ] || ! recall "$_record" session || ! is_uuid "$_V" || _SESSION=$_V
	done
	case $_now:$_HONOURS:$_FALLBACK in
	home:* | *:no:home) _METHOD=home ;;
	none:unknown:* | *:no:none) _METHOD=none ;;
	*)
		# Its conversation lies in the user's own state, where a desk of another shared dir does not look.
		[ "$_now" = none ] && [ -n "$_OPT_SHARED" ] || return 0
		_METHOD=none
		;;
	esac
	_INSTEAD=config_dir
	use_method "$_METHOD"
	# Claude will use the user's own state.
	[ -n "$_ISOLATED" ] || [ -z "$_OPT_SHARED" ] || find_shared '' || stop "$_WHY"
}

# is_of_another_method DESK: whether it cannot become one of _METHOD: Claude's state lies elsewhere in it, or would be left there.
# A desk without a record was never used.
is_of_another_method() {
	_theirs=''
	! recall "$1/.carrel/record" method || ! use_method "$_V" || _theirs=$_PLACE$_BELOW _had=$_ISOLATED
	use_method "$_METHOD"
	if [ -n "$_theirs" ]; then
		[ "$_theirs" != "$_PLACE$_BELOW" ] || { [ -n "$_had" ] && [ -z "$_ISOLATED" ]; }
	else
		case $1 in "$_LEAVING" | "$_STATE/$_PLACE"/*) return 1 ;; esac
	fi
}

# check_…: before anything is made. Stops where the method cannot work here; sets _NOTICE to what the user should know.

check_config_dir() {
	[ "$_HONOURS" != no ] || stop "this Claude ($_CLAUDE) does not honour CLAUDE_CONFIG_DIR, as a probe of it found: its state cannot be kept at a desk. If it was another one when the pane was opened, put that back. Else close this pane, which keeps its conversation, and open a new one: the option fallback says how"
}

check_home() {
	[ "$_KEEPS_HOME" != no ] || stop "this Claude ($_CLAUDE) honours neither CLAUDE_CONFIG_DIR nor HOME, as a probe of it found: its state cannot be kept at a desk"
	[ -d "${_USER_HOME:-/nowhere}" ] || stop "the method home needs your HOME, and \"$_USER_HOME\" is not a directory"
	[ -n "$_OPT_HOME_LINKS" ] || return 0
	set -f
	for _name in $_OPT_HOME_LINKS; do
		exists "$_USER_HOME/$_name" || _NOTICE="$_NOTICE${_NOTICE:+ }home_symlinks names $_name, which is not in $_USER_HOME: it was not linked."
	done
	set +f
}

check_none() { :; }

check_container() {
	check_config_dir
	can_contain || stop "$_WHY"
	[ -z "$_OPT_CONTAINER" ] || return 0
	find_project
	# A file can be guarded; a name that is free, or a link, can not, in a dir in which the login is renewed.
	_name=${_LOGIN:-$_USER_HOME/.claude}/settings.json
	[ "$_LOGIN_MODE" != shared ] || { [ -f "$_name" ] && [ ! -L "$_name" ]; } ||
		_NOTICE="$_NOTICE${_NOTICE:+ }From inside the box $_name could be put there, and its hooks would run outside: make it a file of its own ({} will do), or set login to separate."
}

# furnish_…: what a desk has beside the seed and what is shared. Also sets _PIN to what CLAUDE_CONFIG_DIR must stay in spite
# of a settings file's env, which beats the process's own for everything but .claude.json.

furnish_config_dir() { _PIN=$_DESK; }

# A HOME in which Claude's own scripts and the user's tools are still found: what home_symlinks names, where programs are
# that the user's own installers put there, and what the settings name by way of the HOME.
furnish_home() {
	set -f
	for _name in ${_OPT_HOME_LINKS:-.bashrc .zshrc .gitconfig .ssh} .local/bin; do link_home "$_name"; done
	set +f
	for _entry in "$_USER_HOME"/.claude/*; do
		_name=${_entry##*/}
		case $_name in
		hooks | scripts | bin | lib) link_home ".claude/$_name" ;;
		*) [ ! -f "$_entry" ] || [ ! -x "$_entry" ] || link_home ".claude/$_name" ;;
		esac
	done
	set --
	for _entry in "$_SHARED/settings.json" .claude/settings.json .claude/settings.local.json; do
		[ ! -f "$_entry" ] || set -- "$@" "$_entry"
	done
	# shellcheck disable=SC2013 # such a name has no blank in it
	for _name in $([ $# -eq 0 ] || cat -- "$@" 2>/dev/null | grep -o -E '(~|[$]HOME|[$][{]HOME[}])/[A-Za-z0-9._/@+-]+'); do
		_name=${_name#*/}
		while :; do
			case $_name in */) _name=${_name%/} ;; *) break ;; esac
		done
		if [ ! -d "$_USER_HOME/$_name" ]; then
			# A script's neighbours may be needed by it.
			case $_name in
			.claude/*/* | .local/*/*) _name=${_name%/*} ;;
			.claude/* | .local/*) ;;
			*/*) _name=${_name%/*} ;;
			esac
		fi
		link_home "$_name"
	done
	_PIN=
	! grep -q '"CLAUDE_CONFIG_DIR"' -- "$_SHARED/settings.json" 2>/dev/null || _PIN=$_CONFIG
}

# link_home NAME: links an entry of the user's HOME into the desk's, unless it is Claude's own state or there already.
link_home() {
	case $1 in
	'' | /* | .. | ../* | */.. | */../* | *//*) return ;;
	.claude | .claude.*) return ;;
	.claude/*)
		_entry=${1#.claude/}
		_entry=${_entry%%/*}
		! is_disposable "$_entry" && ! is_kept "$_entry" || return 0
		case $_entry in plugins | *plugins | state | .credentials.json* | history.jsonl | daemon*) return ;; esac
		;;
	esac
	[ -e "$_USER_HOME/$1" ] && ! exists "$_DESK/$1" || return 0
	case $1 in */*) [ -d "$_DESK/${1%/*}" ] || mkdir -p -- "$_DESK/${1%/*}" 2>/dev/null ;; esac
	ln -s -- "$_USER_HOME/$1" "$_DESK/$1" 2>/dev/null || stop_unwritable "$_DESK"
}

furnish_none() { _PIN=; }

furnish_container() {
	_PIN=$_DESK
	[ -p "$_DESK/.carrel/bell" ] || mkfifo -- "$_DESK/.carrel/bell" 2>/dev/null || stop_unwritable "$_DESK/.carrel"
}

# tell_…: Claude's environment. In a subshell that becomes Claude.

tell_config_dir() {
	export CLAUDE_CONFIG_DIR="$_DESK"
	share "$_LOGIN"
}

tell_home() {
	unset CLAUDE_CONFIG_DIR
	give_back
	export HOME="$_DESK"
	share "${_LOGIN:-$_USER_HOME/.claude}"
}

tell_none() { :; }

tell_container() {
	tell_config_dir
	[ -z "$_OPT_CONTAINER" ] || return 0
	# Nobody else's temporary files, and none of the sockets.
	unset CLAUDE_CODE_TMPDIR XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS SSH_AUTH_SOCK ZELLIJ_SOCKET_DIR
	export "TMPDIR=/tmp" "XDG_CACHE_HOME=/tmp/cache" "npm_config_cache=/tmp/cache/npm" "DISABLE_AUTOUPDATER=1"
}

# share LOGIN: what Claude uses of the user's own although its state is elsewhere.
share() {
	# Undocumented, known since some version after 2.1.120: where the login is stored; empty means below HOME. A Claude that
	# does not know it gets it not told: what it starts must not believe it either.
	if [ "$_LOGIN_IS" = shared ]; then
		export CLAUDE_SECURESTORAGE_CONFIG_DIR="$1"
	else
		unset CLAUDE_SECURESTORAGE_CONFIG_DIR
	fi
	# A linked plugins/ makes Claude 2.1.197 mark the user's plugins as orphaned.
	[ -n "${CLAUDE_CODE_PLUGIN_CACHE_DIR-}" ] || export CLAUDE_CODE_PLUGIN_CACHE_DIR="$_SHARED/plugins"
	export CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL=1
}

# give_back: what programs look for below HOME and can be told of otherwise. Each value is the one that the program would
# take by itself with the user's own HOME, so a Carrel inside this pane has nothing to undo. docs/isolation.md has the rest.
give_back() {
	[ -n "${XDG_CONFIG_HOME+x}" ] || export "XDG_CONFIG_HOME=$_USER_HOME/.config"
	[ -n "${XDG_DATA_HOME+x}" ] || export "XDG_DATA_HOME=$_USER_HOME/.local/share"
	[ -n "${XDG_STATE_HOME+x}" ] || export "XDG_STATE_HOME=$_USER_HOME/.local/state"
	[ -n "${XDG_CACHE_HOME+x}" ] || export "XDG_CACHE_HOME=$_USER_HOME/.cache"
	[ -n "${CARGO_HOME+x}" ] || give CARGO_HOME .cargo
	[ -n "${RUSTUP_HOME+x}" ] || give RUSTUP_HOME .rustup
	[ -n "${GOPATH+x}" ] || give GOPATH go
	[ -n "${npm_config_cache+x}" ] || give npm_config_cache .npm
	[ -n "${npm_config_userconfig+x}" ] || give npm_config_userconfig .npmrc
	[ -n "${NVM_DIR+x}" ] || give NVM_DIR .nvm
	[ -n "${VOLTA_HOME+x}" ] || give VOLTA_HOME .volta
	[ -n "${BUN_INSTALL+x}" ] || give BUN_INSTALL .bun
	[ -n "${DENO_INSTALL_ROOT+x}" ] || give DENO_INSTALL_ROOT .deno
	[ -n "${PYENV_ROOT+x}" ] || give PYENV_ROOT .pyenv
	[ -n "${RBENV_ROOT+x}" ] || give RBENV_ROOT .rbenv
	[ -n "${ASDF_DATA_DIR+x}" ] || give ASDF_DATA_DIR .asdf
	[ -n "${GRADLE_USER_HOME+x}" ] || give GRADLE_USER_HOME .gradle
	[ -n "${GNUPGHOME+x}" ] || give GNUPGHOME .gnupg
	[ -n "${DOCKER_CONFIG+x}" ] || give DOCKER_CONFIG .docker
	[ -n "${KUBECONFIG+x}" ] || give KUBECONFIG .kube/config
	[ -n "${AWS_CONFIG_FILE+x}" ] || give AWS_CONFIG_FILE .aws/config
	[ -n "${AWS_SHARED_CREDENTIALS_FILE+x}" ] || give AWS_SHARED_CREDENTIALS_FILE .aws/credentials
	[ -n "${AZURE_CONFIG_DIR+x}" ] || give AZURE_CONFIG_DIR .azure
	[ -n "${CLOUDSDK_CONFIG+x}" ] || give CLOUDSDK_CONFIG .config/gcloud
}

# give VARIABLE ENTRY: names an entry of the user's HOME, where there is one.
give() { [ ! -e "$_USER_HOME/$2" ] || export "$1=$_USER_HOME/$2"; }

# keep_beside_claude: what lies at a desk beside Claude's state; names in _unknown what blocks the deletion. Only a HOME has
# such: files that the user's programs wrote there. Those that anybody would see in a HOME go to the user's own, to the same
# place. A hidden one might change there what every program does: it waits until the user has looked at it.
keep_beside_claude() {
	# Who comes back finds them where they were.
	[ -z "$_KEEP_ONLY" ] || return 0
	recall "$_LEAVING/.carrel/record" home
	_home=$_V
	for _entry in "$_LEAVING"/* "$_LEAVING"/.[!.]* "$_LEAVING"/..?*; do
		_name=${_entry##*/}
		exists "$_entry" && [ ! -L "$_entry" ] && ! is_left_behind "$_name" || continue
		case $_name in
		.*)
			# With the complaints: what cannot be looked at is not known.
			_rest=$(CDPATH='' cd -- "$_LEAVING" 2>&1 && find "./$_name" ! -type d ! -type l ! -path './.local/share/applications/claude-code-url-handler.desktop' ! -path './.local/share/claude/*' ! -path './.local/state/claude/*' 2>&1) && [ -z "$_rest" ] || _unknown=$_unknown${_unknown:+ }$_name
			;;
		*)
			[ ! -d "$_entry" ] || drop_home_links "$_entry"
			exists "$_entry" || continue
			rmdir -- "$_entry" 2>/dev/null && continue
			[ -d "${_home:-/nowhere}" ] || {
				fail "$_entry cannot be kept: the HOME that it belongs to (\"$_home\") is not there"
				return
			}
			if exists "$_home/$_name" && [ -d "$_entry" ] && { ! _rest=$(find "$_entry" -type l 2>&1) || [ -n "$_rest" ]; }; then
				# Merging leaves links behind.
				_unknown=$_unknown${_unknown:+ }$_name
			else
				# Incomplete copies that an interrupted run left there.
				[ ! -e "$_MARK" ] || find "$_home/$_name"* -name "*.carrel-tmp-$_PANE-*" -type f -exec rm -f -- {} + 2>/dev/null
				keep_tree "$_entry" "$_home/$_name" || return 1
			fi
			;;
		esac
	done
}

# drop_home_links DIR: removes what link_home has put into it, links to the same place in the user's HOME, and the directories
# that were made for them. Else the user's own directory of that name would be in the way of a desk that holds nothing.
drop_home_links() {
	# Not indented: a text is carried as it is written.
	# shellcheck disable=SC2016 # for the inner shell
	find "$1" -type l -exec /bin/sh -c '
_desk=$1 _home=$2
shift 2
for _link; do
_name=${_link#"$_desk"/}
[ "$_link" -ef "$_home/$_name" ] || { [ ! -e "$_link" ] && [ "$(readlink -- "$_link")" = "$_home/$_name" ]; } || continue
rm -f -- "$_link"
(CDPATH="" cd -- "$_desk" && rmdir -p -- "${_name%/*}")
done' carrel "$_LEAVING" "${_home:-/nowhere}" {} + 2>/dev/null
}

# is_left_behind NAME: what of a desk's HOME goes with it.
is_left_behind() {
	case $1 in
	# Carrel's and Claude's own; what of it is to be kept is kept already.
	.carrel | .claude | .claude.json | .claude.json.* | .claude.lock) ;;
	# Caches, and what programs remember of having been run.
	.cache | .npm | .lesshst | .viminfo | .wget-hsts | .zcompdump*) ;;
	*) return 1 ;;
	esac
}

# expect_… PID: whether a process was started as tell_… tells it, of the desk that is being scanned: here or elsewhere, in _ENV.

expect_config_dir() { was_started_with "$1" "CLAUDE_CONFIG_DIR=$_STATE/claude-configs/pane-$_uuid" "HOME=$_home"; }

expect_home() { was_started_with "$1" "HOME=$_STATE/claude-homes/pane-$_uuid"; }

expect_container() { expect_config_dir "$1"; }

expect_none() { _ENV=unknown; }
