# What is known of processes: by /proc where there is one, else by ps.

[ -r /proc/self/stat ] && _PROC=yes || _PROC=
_member=

# look_at PID: sets _PGID and _START of a living process; returns 1 when there is no such process.
look_at() {
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
		_PGID=$3
		shift 19
		_START=$1
		return 0
	fi
	_stat=$(ps -o stat= -o pgid= -o lstart= -p "$1" 2>/dev/null) || return 1
	# shellcheck disable=SC2086
	set -- $_stat
	[ $# -ge 3 ] || return 1
	case $1 in Z*) return 1 ;; esac
	_PGID=$2
	shift 2
	_START=$*
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

# this_boot: sets _HOST and _BOOT, which tell whether a pid in a record can mean a process of today.
this_boot() {
	_HOST='' _BOOT=''
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
}

# who_lives_at DESK: sets _WHY and returns 0 when a process of the desk lives or cannot be judged; 1 when all are proved dead.
# DESK/.carrel/record names the launcher's process group, which Claude shares and which outlives Claude's own registry file.
who_lives_at() {
	this_boot
	_record=$1/.carrel/record
	_WHY=
	if exists "$_record"; then
		# The last line of all: a record without it was not written to its end.
		if ! recall "$_record" opened || ! recall "$_record" host; then
			_WHY="its record $_record cannot be read"
			return 0
		fi
		if [ "$_V" != "$_HOST" ]; then
			_WHY="it belongs to the host $_V"
			return 0
		fi
		recall "$_record" boot
		if [ "$_V" != "$_BOOT" ]; then
			# Another boot of this host: whatever was running is gone.
			[ -z "$_V" ] || [ -z "$_BOOT" ] || return 1
			_WHY="this system does not tell whether it was started again since"
			return 0
		fi
		recall "$_record" group
		_group=$_V
		recall "$_record" group_start
		if group_lives "$_group" "$_V"; then
			_WHY="its processes live (group $_group)"
			return 0
		fi
		if recall "$_record" box && [ -n "$_V" ]; then
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
head_of() { _TEXT=$(head -c 8192 -- "$1" 2>/dev/null) || _TEXT=; }

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
