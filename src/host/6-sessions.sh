# sessions: the conversations that can be resumed in a directory, newest first, at most fifty.
#
#   sessions CWD [SHARED]
#
#   session ID MODIFIED BYTES PANE TITLE   MODIFIED in seconds since the epoch; PANE at whose desk it lies, or empty;
#                                          TITLE: the line of the transcript that says what it is about, its first 4 KiB
#   none WHY                               it could not be looked
#   end

sessions() {
	find_shared "${2-}" || {
		say none "$_WHY"
		return 1
	}
	physical "${1-}" || {
		say none "cwd \"${1-}\" is not a directory; name an existing one with cwd"
		return 1
	}
	json "$_P"
	replace "$_R" "$_NL" '\n'
	replace "$_R" "$_TAB" '\t'
	replace "$_R" "$(printf '\r')" '\r'
	_said="\"$_R\""
	# Claude names the folder after the directory, every character but letters and digits a dash; how many dashes a letter
	# beyond ASCII makes, and how a long name is cut, is left open here: the transcript itself says where it was held.
	_folder=$(printf '%s' "$_P" | tr '*' - | tr '\200-\377' '*' | tr -c 'A-Za-z0-9*' - | cut -c 1-200)
	[ "${#_folder}" -lt 200 ] || _folder="$_folder*"
	set --
	IFS=
	# shellcheck disable=SC2231 # the folder's name is a pattern, and nothing in it separates words
	for _file in "$_SHARED"/projects/$_folder/*.jsonl "$_STATE"/*/pane-*/projects/$_folder/*.jsonl "$_STATE"/*/pane-*/.claude/projects/$_folder/*.jsonl; do
		_id=${_file##*/}
		is_uuid "${_id%.jsonl}" && [ -f "$_file" ] && [ ! -L "$_file" ] || continue
		set -- "$@" "$_file"
	done
	unset IFS
	_left=50
	# shellcheck disable=SC2012 # find cannot sort, and the names are ours
	[ $# -eq 0 ] || ls -t -- "$@" 2>/dev/null | while IFS= read -r _file; do
		[ "$_left" -gt 0 ] || break
		# Where it began; Claude may have gone elsewhere since.
		_began=$(grep -m 1 -o -E '"cwd": ?"([^"\\]|\\.)*"' -- "$_file" 2>/dev/null | head -n 1)
		_began=${_began#'"cwd":'}
		[ "${_began# }" = "$_said" ] && has_messages "$_file" || continue
		_left=$((_left - 1))
		_id=${_file##*/}
		_pane=
		case $_file in
		"$_STATE"/*)
			_pane=${_file#"$_STATE"/*/pane-}
			_pane=${_pane%%/*}
			;;
		esac
		_stat=$(stat -Lc '%Y %s' -- "$_file" 2>/dev/null || stat -Lf '%m %z' -- "$_file" 2>/dev/null) || continue
		# What the user called it, else Claude, else the first prompt.
		_title=$(grep -E '"type": ?"(custom-title|ai-title|summary)"' -- "$_file" 2>/dev/null | tail -n 20)
		case $_title in *'"custom-title"'*) _title=$(printf '%s\n' "$_title" | grep -E '"type": ?"custom-title"') ;; esac
		_title=$(printf '%s' "${_title##*"$_NL"}" | head -c 4096)
		[ -n "$_title" ] || _title=$(grep -E -m 20 '"type": ?"user"' -- "$_file" 2>/dev/null | grep -v '"isMeta": \{0,1\}true' | head -n 1 | head -c 4096)
		say session "${_id%.jsonl}" "${_stat%% *}" "${_stat##* }" "$_pane" "$_title"
	done
	say end
}
