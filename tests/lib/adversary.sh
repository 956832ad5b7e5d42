# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The scene of tests/adversary and those in it, for the suites that run its attempts; see the README there. Source it after suite.sh.

FS=$SCRATCH/fs        # the worlds: one for the unconfined, rebuilt for each attempt, and one for the sessions, which nothing may change
PIPES=$SCRATCH/run    # to and from what runs all the time
TEMPLATE=$FS/template # on the same file system, so that attributes are copied too
ELSEWHERE=/sys/fs/cgroup/holdfast-test-elsewhere
OWN_PIN=/sys/fs/bpf/holdfast-test-pin
declare -A to from process identity words
number=0 # of the attempt, which names its folder

# ---- long-lived programs -----------------------------------------------------------------------------------------------------

# start NAME COMMAND...: in the background, to be spoken to by ask.
start() {
	local name=$1 in out
	shift
	rm -f "$PIPES/$name".*
	mkfifo "$PIPES/$name.in" "$PIPES/$name.out"
	setsid "$@" <"$PIPES/$name.in" >"$PIPES/$name.out" 2>>"$SCRATCH/background.log" &
	exec {in}>"$PIPES/$name.in" {out}<"$PIPES/$name.out"
	process[$name]=$! to[$name]=$in from[$name]=$out
	background+=($!)
	disown
}

stop() {
	local in=${to[$1]} out=${from[$1]}
	kill -9 "${process[$1]}" 2>/dev/null
	await "$1 is gone" gone "${process[$1]}"
	exec {in}>&- {out}<&-
	unset "process[$1]"
}

# ask NAME LINE: sets reply.
ask() {
	reply=''
	{ printf '%s\n' "$2" >&"${to[$1]}"; } 2>/dev/null
	read -r -t 60 -u "${from[$1]}" reply || reply='nothing'
}

AS_DEV=(setpriv --reuid 1000 --regid 1000 --init-groups env HOME=/home/dev USER=dev)

# ---- the scene -----------------------------------------------------------------------------------------------------------------

make_template() {
	local home
	mkdir -p "$TEMPLATE"/{ws,out,home,other,daemon}
	chmod 777 "$TEMPLATE"
	cd "$TEMPLATE" || exit
	mkdir -p ws/{folder,secret,way/to/denied,data,readonly} ws/.git/{hooks,modules} ws/.vscode ws/sub out/{folder,empty,readable,tool}
	tee ws/{file,Makefile,secret/key,way/to/denied/file,readonly/file} ws/.git/config out/{file,folder/file,readable/file} other/file \
		daemon/{audit.ndjson,holdfast.db} <<<original >/dev/null
	for home in home /root /home/dev; do
		mkdir -p $home/{.ssh,.aws,.config/autostart,.config/systemd/user,.claude,.local/bin,.gnupg}
		touch $home/{.bashrc,.profile,.gitconfig}
		tee $home/.ssh/id_ed25519 $home/.aws/credentials $home/.netrc $home/.git-credentials <<<secret >/dev/null
	done
	chown -R dev:dev /home/dev
	cp /usr/bin/true ws/data/program
	cp /usr/bin/true out/program
	cp /usr/bin/true out/readable/program
	cp "$(realpath /usr/lib/x86_64-linux-gnu/libz.so.1)" ws/data/library
	printf '#!%s\n' "$FS/world/out/program" >ws/script
	chmod 755 ws/script
	setfattr -n user.tag -v x out/file
	cp /usr/bin/true out/setuid
	chown -R dev:dev ws out home other
	chmod 4755 out/setuid
	chmod 600 daemon/*
	cd /
}

file_systems() {
	mkdir -p "$FS" "$PIPES" /dev/mqueue
	truncate -s 400M "$SCRATCH/xfs"
	mkfs.xfs -q -m reflink=1 "$SCRATCH/xfs" && mount -o loop "$SCRATCH/xfs" "$FS" || fail "no xfs"
	chmod 755 /srv/holdfast-test "$SCRATCH" "$FS"
	mountpoint -q /dev/mqueue || mount -t mqueue none /dev/mqueue
	mountpoint -q /dev/shm || { mkdir -p /dev/shm && mount -t tmpfs -o mode=1777 none /dev/shm; }
	mountpoint -q /sys/kernel/tracing || mount -t tracefs none /sys/kernel/tracing
	mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug
}

# other_file_systems WORLD: what xfs lacks: subvolumes, and numbers of generation that can be set.
other_file_systems() {
	local world=$FS/$1
	mkdir -p "$world/btrfs" "$world/ext4"
	truncate -s 120M "$SCRATCH/btrfs.$1"
	truncate -s 8M "$SCRATCH/ext4.$1"
	mkfs.btrfs -q "$SCRATCH/btrfs.$1" >/dev/null 2>&1
	mke2fs -q -F -t ext4 -O ^metadata_csum "$SCRATCH/ext4.$1"
	mount -o loop,user_subvol_rm_allowed "$SCRATCH/btrfs.$1" "$world/btrfs"
	mount -o loop "$SCRATCH/ext4.$1" "$world/ext4"
	btrfs -q subvolume create "$world/btrfs/ws" >/dev/null
	mkdir "$world/btrfs/ws/secret" "$world/ext4/protected"
	echo secret >"$world/btrfs/ws/secret/key"
	chown -R dev:dev "$world/btrfs" "$world/ext4"
}

host_settings() {
	modprobe -qa vsock algif_hash sctp smc tun fuse mptcp tls dns_resolver nbd loop 2>/dev/null
	sysctl -qw net.ipv4.ping_group_range='0 2000'
	sysctl -qw kernel.core_pattern=core
	sysctl -qw vm.unprivileged_userfaultfd=1 2>/dev/null
	sysctl -qw kernel.unprivileged_userns_clone=1 2>/dev/null
	sysctl -qw kernel.perf_event_paranoid=1 2>/dev/null
	sysctl -qw dev.tty.legacy_tiocsti=1 2>/dev/null
	sysctl -qw kernel.dmesg_restrict=0 kernel.yama.ptrace_scope=0 2>/dev/null
	sysctl -qw kernel.io_uring_disabled=0 2>/dev/null
	sysctl -qw fs.protected_hardlinks=0 fs.protected_symlinks=0 fs.suid_dumpable=0
	ip link set lo up
	mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc none /proc/sys/fs/binfmt_misc 2>/dev/null
	mkdir -p $ELSEWHERE
	chown -R dev:dev $ELSEWHERE
	bpftool map create $OWN_PIN type array key 4 value 4 entries 1 name holdfast_test 2>/dev/null
	printf '#!/bin/sh\necho "$@" >>%s\n' "$FS/control/upcalls" >/sbin/request-key
	chmod 755 /sbin/request-key
}

system_rules='{ "path": "/usr", "allow": "rx" }, { "path": "/etc", "allow": "r" }, { "path": "/etc/shadow", "deny": "rwxc" },
	{ "path": "/proc", "allow": "r" }, { "path": "/sys", "allow": "r" }, { "path": "/dev/null", "allow": "rw" },
	{ "path": "/dev/tty", "allow": "rw" }, { "path": "/dev/ptmx", "allow": "rw" }, { "path": "/dev/pts", "allow": "rw" }'
network='"net": { "egress": [ { "cidr": "127.0.0.1", "port": 7001 }, { "cidr": "::1", "port": 7001 } ] }'

# narrow: little is allowed; namespaces: and user namespaces. wide: every file, so that only the guard is left. neighbour: of the session that is attacked.
policies() {
	local world=$FS/world
	cat >"$SCRATCH/narrow.json" <<-END
		{ "holdfast": 1, "name": "narrow", "capabilities": { "base": { "files": [ $system_rules ] }, $network,
		  "workspace": { "files": [ { "path": "\${WORKSPACE}", "allow": "rwx" }, { "path": "\${WORKSPACE}/secret", "deny": "rwxc" },
		    { "path": "\${WORKSPACE}/way/to/denied", "deny": "rw" }, { "path": "\${WORKSPACE}/later", "deny": "w" },
		    { "path": "\${WORKSPACE}/data", "deny": "x" }, { "path": "\${WORKSPACE}/readonly", "deny": "w" },
		    { "path": "$world/out/readable", "allow": "r" }, { "path": "$world/at/helper", "allow": "c" },
		    { "path": "$world/ext4", "allow": "rwx" }, { "path": "$world/ext4/protected", "deny": "w" },
		    { "path": "$world/btrfs/ws", "allow": "rwx" }, { "path": "$world/btrfs/ws/secret", "deny": "rwxc" } ] } } }
	END
	cat >"$SCRATCH/wide.json" <<-END
		{ "holdfast": 1, "name": "wide", "capabilities": { $network, "all": { "files": [ { "path": "/", "allow": "rwxc" },
		  { "path": "/dev/null", "allow": "rw" }, { "path": "/dev/tty", "allow": "rw" }, { "path": "/dev/ptmx", "allow": "rw" } ] } } }
	END
	jq '.name = "namespaces" | .capabilities.base.guard = ["user-namespaces"]' "$SCRATCH/narrow.json" >"$SCRATCH/namespaces.json"
	cat >"$SCRATCH/neighbour.json" <<-END
		{ "holdfast": 1, "name": "neighbour", "capabilities": { "all": { "guard": [ "keys" ], "files": [ { "path": "/", "allow": "rwxc" },
		  { "path": "/dev/mqueue", "allow": "rw" }, { "path": "/dev/shm", "allow": "rw" }, { "path": "/dev/null", "allow": "rw" }, { "path": "/dev/ptmx", "allow": "rw" } ] } } }
	END
	chmod 644 "$SCRATCH"/*.json
}

policy_file() {
	case $1 in agent) echo coding-agent ;; *) echo "$SCRATCH/$1.json" ;; esac
}

fresh_control() {
	rm -rf "$FS/control"/{ws,out,home,other,daemon,upcalls}
	cp -a "$TEMPLATE"/. "$FS/control/"
}

# start_bystander NAME WORLD FILE [PORT]
start_bystander() {
	local name=$1
	mkdir -p "$FS/$2"
	chmod 777 "$FS/$2"
	if [ "$name" = stranger ]; then
		start "$name" "${AS_DEV[@]}" holdfast run --policy "$SCRATCH/neighbour.json" --workspace "$FS/$2" --agent "$name" -- bystander "$FS/$2" "$name" "$3"
	else
		start "$name" bystander "$FS/$2" "$name" "$3" ${4:+"$4"}
	fi
	words[$name]=''
	read -r -t 60 -u "${from[$name]}" "words[$name]"
	[[ ${words[$name]} == PID=* ]] || fail "the bystander $name says: ${words[$name]} $(tail -n 5 "$SCRATCH/background.log")"
	ask "$name" state
	identity[$name]=$reply
}

# The control's bystander, as good as new.
fresh_bystander() {
	ask victim state
	[ "$reply" != "${identity[victim]}" ] || return 0
	stop victim
	start_bystander victim control/at "$FS/control.file" 7003
}

# ---- sessions --------------------------------------------------------------------------------------------------------------------

# start_session_of POLICY.USER.WAY: a session that obeys.
start_session_of() {
	local name=$1 policy user way as=()
	IFS=. read -r policy user way <<<"$name"
	[ "$user" = root ] || as=("${AS_DEV[@]}")
	if [ "$way" = run ]; then
		start "$name" "${as[@]}" holdfast run --policy "$(policy_file "$policy")" --workspace "$FS/world/ws" --agent "$name" -- "$TESTS/guest/obey"
		await "session $name" session_of "$name"
	else
		start "$name" "${as[@]}" "$TESTS/guest/obey"
		await "$name is there" eval "[[ \$(readlink /proc/${process[$name]}/exe) == */obey ]]"
		"${as[@]}" holdfast attach --pid "${process[$name]}" --policy "$(policy_file "$policy")" --workspace "$FS/world/ws" --agent "$name" >/dev/null ||
			fail "$name cannot be attached"
	fi
	identity[$name]=$(session_of "$name")
	words[$name]=/sys/fs/cgroup$(show "${identity[$name]}" cgroup)
}

# ---- attempts ------------------------------------------------------------------------------------------------------------------------

# A line an attempt: its path, policy, who, targets and events, tabs between, as the comments at the tops of the files say.
list_attempts() {
	find "$TESTS/adversary" -mindepth 2 \( -name '*.c' -o -name '*.sh' \) | sort | xargs awk '
		function flush() { if (file) print file "\t" policy "\t" who "\t" targets "\t" event "\t" (user ? user : event) }
		FNR == 1 { flush(); file = FILENAME; policy = "narrow"; who = "both"; targets = "bystander"; event = user = "" }
		/^ ?[*#] policy: / { policy = $3 }
		/^ ?[*#] who: / { who = $3 }
		/^ ?[*#] targets: / { targets = $3 " " $4 }
		/^ ?[*#] event: / { sub(/.*event: /, ""); event = $0 }
		/^ ?[*#] event of a user: / { sub(/.*user: /, ""); user = $0 }
		END { flush() }'
}

# scene_words WORLD BYSTANDER CGROUP HOME DAEMON-FOLDERS...: NAME=VALUE words
scene_words() {
	local world=$FS/$1 port=7002
	[ "$1" = world ] || port=7003 # of its own bystander
	echo "WS=$world/ws OUT=$world/out OTHER=$world/other BTRFS=$world/btrfs EXT4=$world/ext4 NEW=$world/ws/new.$number.$1 ${words[$2]}" \
		"HOME=$4 CGROUP=$3 ELSEWHERE=$ELSEWHERE PORT=$port ALLOWED=7001 DAEMON=$daemon TESTS=$TESTS DISK=$disk UPCALLS=$FS/control/upcalls $5"
}

# The state of all that no attempt of a session may change.
state() {
	local each
	now=''
	for each in witness watched stranger; do
		ask "$each" state
		now+="$each $reply"$'\n'
	done
}

# ask_control USER PROGRAM [WORD...]: runs it in the world of the unconfined; with words of the environment more.
ask_control() {
	local own="AUDIT=$FS/control/daemon/audit.ndjson STATE=$FS/control/daemon/holdfast.db PIN=$OWN_PIN SOCKET=$SOCKET PROGRAM=$FS/control/out/program"
	ask "control.$1" "- $(scene_words control victim $ELSEWHERE "$FS/control/home" "$own") ${*:3} $2"
}

control_of() {
	fresh_control
	fresh_bystander
	ask_control "$@"
	controls[$1]=$reply
}

# ask_session POLICY.USER.WAY TARGET MARK PROGRAM: runs it in that session.
ask_session() {
	local key=$1 home=/root real
	[ -n "${process[$key]-}" ] || start_session_of "$key"
	[[ $key == *.root.* ]] || home=/home/dev
	real="AUDIT=$AUDIT STATE=/var/lib/holdfast/holdfast.db PIN=$pin SOCKET=$SOCKET PROGRAM=/usr/sbin/holdfastd"
	ask "$key" "$3 $(scene_words world "$2" "${words[$key]}" $home "$real") $4"
}

# end_if_broken KEY: a session that no longer answers.
end_if_broken() {
	[[ $reply != nothing && -d /proc/${process[$1]} ]] || stop "$1"
}

# start_witness NAME WORLD HOME...
start_witness() {
	local world=$FS/$2
	start "$1" witness "$world"/{out,other,ws/secret,ws/way,ws/data,ws/readonly,ws/.git,ext4/protected,btrfs/ws/secret} "${@:3}"
}

setup() {
	file_systems
	make_template
	mkdir -p "$FS"/{control,world}/at
	chmod 777 "$FS"/{control,world} "$FS"/{control,world}/at
	cp -a "$TEMPLATE"/. "$FS/world/"
	cp -a "$TEMPLATE"/. "$FS/control/"
	echo original >"$FS/control.file"
	chmod 666 "$FS/control.file"
	other_file_systems control
	other_file_systems world
	host_settings
	policies
	disk=$(losetup -n -O NAME -j "$SCRATCH/xfs" | sed -n 1p)
	daemon=$(daemon_pid)
	pin=$(find /sys/fs/bpf/holdfast -type f | sed -n 1p)
	start control.root "$TESTS/guest/obey"
	start control.user "${AS_DEV[@]}" "$TESTS/guest/obey"
	start_bystander victim control/at "$FS/control.file" 7003
	start_bystander watched world/at "$FS/world/out/file" 7002
	start_bystander stranger world/session "$FS/world/other/file"
	start_witness witness world {/root,/home/dev}/{.ssh,.config}
}

# What is left to undo for the guest's other suites.
tear_down() {
	local each
	for each in "${process[@]}"; do
		kill -9 "$each" 2>/dev/null
	done
	rm -f $OWN_PIN /sbin/request-key
	for each in "$FS"/*/btrfs "$FS"/*/ext4 "$FS"; do
		umount -l "$each" 2>/dev/null
	done
	rmdir $ELSEWHERE 2>/dev/null
}

chosen() {
	local file=$1 part
	[ $# -gt 1 ] || return 0
	for part in "${@:2}"; do
		[[ $file != *"$part"* ]] || return 0
	done
	return 1
}

trap '' PIPE # who is spoken to may be gone
