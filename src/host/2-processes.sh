# What is known of processes: by /proc where there is one, else by ps.

[ -r /proc/self/stat ] && _PROC=yes || _PROC=
_member=
# What does not change while this runs is looked at once.
_BOOT=
_MY_START=

# look_at PID: sets _PPID, _PGID and _START of a living process; returns 1 when there is no such process.
look_at() {
	_PPID=
	_PGID=
	_START=
	case $1 in '' | *[!0-9]*) return 1 ;; esac
	if [ -n "$_PROC" ]; then
		[ -r "/proc/$1/stat" ] || return 1
		# The second field is a name that may hold anything, a newline too. When the process ends between opening and reading,
		# bash's read fails and leaves its variable as it was: a loop that looks at it would never end.
		_stat=
		{
			while IFS= read -r _line; do
				_stat=$_stat$_line
			done <"/proc/$1/stat"
		} 2>/dev/null
		# shellcheck disable=SC2086 # the fields are wanted as words
		set -- ${_stat##*)}
		# A zombie has ended: it writes nothing any more.
		[ $# -ge 20 ] && [ "$1" != Z ] && [ "$1" != X ] || return 1
		_PPID=$2
		_PGID=$3
		shift 19
		_START=$1
		return 0
	fi
	_stat=$(ps -o stat= -o ppid= -o pgid= -o lstart= -p "$1" 2>/dev/null) || return 1
	# shellcheck disable=SC2086
	set -- $_stat
	[ $# -ge 4 ] || return 1
	case $1 in Z*) return 1 ;; esac
	_PPID=$2
	_PGID=$3
	shift 3
	_START=$*
}

# look_at_self: the same of this process, but for _PPID.
look_at_self() {
	if [ -z "$_MY_START" ]; then
		look_at $$ || return
		_MY_PGID=$_PGID
		_MY_START=$_START
	fi
	_PGID=$_MY_PGID
	_START=$_MY_START
}

# group_lives PGID START: whether the process group lives whose leader started at START. A pid is not given out again
# while a group of that number lives, so a leader with another start means that ours is gone.
group_lives() {
	case $1 in '' | *[!0-9]* | 0 | 1) return 1 ;; esac
	if look_at "$1"; then
		[ "$_START" = "$2" ] || [ -z "$2" ]
		return
	fi
	if [ -n "$_PROC" ]; then
		# Not by kill: busybox knows no "--" there, and members that are zombies do not count. Who asks again asks the same.
		look_at "$_member" && [ "$_PGID" = "$1" ] && return 0
		for _member in /proc/[0-9]*; do
			_member=${_member#/proc/}
			look_at "$_member" && [ "$_PGID" = "$1" ] && return 0
		done
		_member=
		return 1
	fi
	# dash refuses "kill -0 -- -PGID", which would look like a dead group.
	kill -s 0 -- "-$1" 2>/dev/null
}

# this_boot: sets _HOST, _BOOT and _INIT, which tell whether a pid in a record can mean a process of today. _INIT is when
# the first process started: in a container, which shares the kernel and so the boot, it is another one. The host's name
# counts only there: elsewhere it can change with the network.
this_boot() {
	[ -z "$_BOOT" ] || return 0
	_HOST='' _BOOT='' _INIT=''
	if [ -r /proc/sys/kernel/hostname ]; then
		IFS= read -r _HOST </proc/sys/kernel/hostname || :
	else
		_HOST=$(uname -n 2>/dev/null) || _HOST=
	fi
	if [ -r /proc/sys/kernel/random/boot_id ]; then
		IFS= read -r _BOOT </proc/sys/kernel/random/boot_id || :
	else
		# Not kern.boottime: it moves when the clock is set, and a moved one would make the living look dead.
		_BOOT=$(sysctl -n kern.bootsessionuuid 2>/dev/null || /usr/sbin/sysctl -n kern.bootsessionuuid 2>/dev/null) || _BOOT=
	fi
	[ -z "$_PROC" ] || ! look_at 1 || _INIT=$_START
	# In hundredths of a second since the boot: the system's own starts within ten seconds.
	case $_INIT in ????*) _INIT="$_INIT $_HOST" ;; esac
}

# is_of_today HOST BOOT INIT: whether the pids of a record mean processes that can be seen from here. If not, _FOREIGN says
# that it is another system's, and _WHY; without _FOREIGN it is of an earlier boot: whatever was running is gone.
is_of_today() {
	_FOREIGN=
	[ -z "$_BOOT" ] || [ "$2$_TAB$3" != "$_BOOT$_TAB$_INIT" ] || return 0
	_FOREIGN=yes
	if [ "$1" != "$_HOST" ]; then
		_WHY="it belongs to the host $1"
	elif [ -z "$2" ] || [ -z "$_BOOT" ]; then
		_WHY="this system does not tell whether it was started again since"
	elif [ "$2" = "$_BOOT" ]; then
		_WHY="it belongs to another container of this host"
	else
		_FOREIGN=
	fi
	return 1
}

# group_of_record RECORD: returns 1 when the process group that it names is proved dead, else 0 with _WHY. It is the
# launcher's group, which Claude shares and which outlives Claude's own registry file.
group_of_record() {
	_FOREIGN=
	# The last line of all: a record without it was not written to its end.
	if ! recall "$1" opened || ! recall "$1" host; then
		_WHY="its record $1 cannot be read"
		return 0
	fi
	_its_host=$_V
	recall "$1" init || _V=$_INIT
	_its_init=$_V
	recall "$1" boot
	_its_boot=$_V
	if is_of_today "$_its_host" "$_its_boot" "$_its_init"; then
		recall "$1" group
		_group=$_V
		recall "$1" group_start
		_WHY="its processes live (group $_group)"
		group_lives "$_group" "$_V"
	else
		[ -n "$_FOREIGN" ]
	fi
}

# who_lives_at DESK: sets _WHY and returns 0 when a process of the desk lives or cannot be judged; 1 when all are proved dead.
who_lives_at() {
	this_boot
	_WHY=
	if exists "$1/.carrel/record"; then
		group_of_record "$1/.carrel/record" && return 0
		# In another boot nothing else lives either.
		[ "$_its_boot" = "$_BOOT" ] || return 1
		if recall "$1/.carrel/record" box && [ -n "$_V" ]; then
			# Pids in there are those of another namespace. Bubblewrap's processes are of the group, and end with the first.
			[ "$_V" != bwrap ] || return 1
			for _file in "$1"/sessions/*.json "$1"/sessions/*.key; do
				[ -f "$_file" ] || continue
				_WHY="its container may run: Claude has left $_file. End the container, and remove that file if it stays"
				return 0
			done
			return 1
		fi
	fi
	for _dir in "$1" "$1/.claude"; do
		for _file in "$_dir"/sessions/*.json "$_dir"/sessions/*.key; do
			[ -f "$_file" ] || continue
			_pid=${_file##*/}
			_pid=${_pid%%.*}
			look_at "$_pid" || continue
			case $_file in
			*.json) is_of_another_process "$_file" && continue ;;
			*) is_at_desk "$_pid" "${1##*/}" || continue ;;
			esac
			_WHY="Claude lives (pid $_pid)"
			return 0
		done
		if exists "$_dir/daemon.lock"; then
			head_of "$_dir/daemon.lock"
			_pid=
			case $_TEXT in
			*'"pid":'*)
				_pid=${_TEXT#*'"pid":'}
				_pid=${_pid# }
				_pid=${_pid%%[!0-9]*}
				;;
			*[!0-9]*) ;;
			*) _pid=$_TEXT ;;
			esac
			if [ -z "$_pid" ] || look_at "$_pid"; then
				_WHY="a background daemon of Claude lives ($_dir/daemon.lock)"
				return 0
			fi
		fi
	done
	return 1
}

# head_of FILE: sets _TEXT to its first 8 KiB.
head_of() {
	_TEXT=
	# A pipe would be waited for.
	[ ! -f "$1" ] || _TEXT=$(head -c 8192 -- "$1" 2>/dev/null) || _TEXT=
}

# is_of_another_process FILE: whether a registry file was written by another process than the one that has its pid now,
# which look_at has just seen. It carries the start time where Claude knows it, on Linux in the system's own form; a file
# without it leaves doubt, and doubt means the same process. Leaves the file in _TEXT.
is_of_another_process() {
	head_of "$1"
	[ -n "$_PROC" ] || return 1
	case $_TEXT in
	*\"procStart\":\"[0-9]*) ;;
	*) return 1 ;;
	esac
	case $_TEXT in *"\"procStart\":\"$_START\""*) return 1 ;; esac
	return 0
}

# is_at_desk PID pane-UUID: whether the process has the desk in its environment; true where that cannot be read.
is_at_desk() {
	[ -n "$_PROC" ] || return 0
	grep -F -q -e "$2" -- "/proc/$1/environ" 2>/dev/null
	[ $? -ne 1 ]
}

# Signs that a living process of ours is at something: the files NAME, NAME.1, NAME.2 … in leaving, with its pid and start.
# Each puts up its own, whole, and then looks for others: of two at once one sees the other at least, so one goes on at most.
_SIGN=

# sign_lives FILE: whether who put it up is still there.
sign_lives() {
	_pid='' _began=''
	[ -f "$1" ] && [ ! -L "$1" ] && { IFS=' ' read -r _pid _began <"$1"; } 2>/dev/null
	look_at "$_pid" && [ "$_START" = "$_began" ]
}

# is_claimed NAME: whether another process has put up its sign.
is_claimed() {
	for _one in "$1" "$1".*; do
		[ "$_one" != "$_SIGN" ] && sign_lives "$_one" && return 0
	done
	return 1
}

# What is said of a desk that another process has put up its sign for.
_BEING_CLEANED='it is being cleaned already'

# claim NAME: puts up ours, as _SIGN; or returns 1, with _WHY unless another one is there.
claim() {
	_WHY=
	[ -d "$_STATE/leaving" ] || mkdir -p -- "$_STATE/leaving" 2>/dev/null || {
		fail "cannot make the directory $_STATE/leaving (is the disk full or read-only?)"
		return
	}
	look_at $$
	_mine=$_STATE/leaving/.sign-$$
	clear_way "$_mine"
	{ printf '%s %s\n' $$ "$_START" >"$_mine"; } 2>/dev/null || {
		rm -f -- "$_mine"
		fail "cannot write $_STATE/leaving (permissions? a full or read-only disk?)"
		return
	}
	_signings=0
	while :; do
		_n=0
		_at=$1
		while exists "$_at"; do
			_n=$((_n + 1))
			_at=$1.$_n
		done
		_signings=$((_signings + 1))
		if ln -- "$_mine" "$_at" 2>/dev/null; then
			_SIGN=$_at
		elif exists "$_at"; then
			break
		elif [ "$_signings" -lt 50 ] && ln -- "$_mine" "$_mine.again" 2>/dev/null; then
			# The name was another's, who has taken it down since.
			rm -f -- "$_mine.again"
			continue
		# Without hard links a name can be taken from us in the same moment.
		elif ! exists "$_at" && mv -- "$_mine" "$_at" 2>/dev/null && pause && sign_lives "$_at" && [ "$_pid" = $$ ]; then
			_SIGN=$_at
		else
			# Whoever took it away from us may be gone again.
			exists "$_at" || ! exists "$_mine" || _WHY="cannot write $_at (is the disk full or read-only?)"
			break
		fi
		! is_claimed "$1" || unclaim
		break
	done
	rm -f -- "$_mine"
	[ -n "$_SIGN" ] || return 1
	remove_dead_signs "$1"
}

unclaim() {
	[ -z "$_SIGN" ] || rm -f -- "$_SIGN"
	_SIGN=
}

# remove_dead_signs NAME: what killed ones left.
remove_dead_signs() {
	for _one in "$1" "$1".*; do
		! exists "$_one" || sign_lives "$_one" || rm -f -- "$_one"
	done
}
