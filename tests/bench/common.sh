# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the guest's parts of tools/bench share: one list of rules that becomes a policy and what Landlock gets, starting and
# removing holdfast, and where things are. A part sources this.
set -euo pipefail

TESTS=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
PATH=$TESTS:$PATH
SCRATCH=/tmp/bench # on tmpfs
WORK=$SCRATCH/work # the one folder that the rules let write
PINS=/sys/fs/bpf/holdfast
SOCKET=/run/holdfast/api.sock
CGROUPS=/sys/fs/cgroup/bench
GROUP=$CGROUPS/daemon # the daemon's, which the kernel memory of the maps is accounted to
PORT=4711
LOG=/var/log/holdfastd.log
daemon=''

say() { echo "bench: $*" >&2; }
die() { say "$*"; exit 1; }

# What is measured runs in a cgroup as far down and as accounted as a session's, because every process of a host with systemd does:
# accounting the kernel's memory costs more than a check does, and is no part of either confinement.
enter_cgroup() {
	local each
	for each in memory cpu pids; do
		echo +$each >/sys/fs/cgroup/cgroup.subtree_control
		mkdir -p $CGROUPS/work $GROUP
		echo +$each >$CGROUPS/cgroup.subtree_control
	done
	echo $$ >$CGROUPS/work/cgroup.procs
}

# ---- rules: one a line, "RIGHTS PATH" or "port PORT CIDR" ---------------------------------------------------------------------

base_rules() {
	cat <<-END
		rx /usr
		rx /bin
		rx /lib
		rx /lib64
		r /etc
		r /proc
		rw /dev/null
		r /dev/urandom
		rwx $WORK
		port $PORT 127.0.0.0/8
	END
}

# The path of the Nth file that stands for nothing but a rule.
many_files() { # FROM TO
	seq "$1" "$2" | awk -v at="$SCRATCH/many" '{ printf "%s/%d/%d\n", at, $1 / 200, $1 }'
}

path_rules() { # HOW-MANY, the base included
	base_rules
	[ "$1" -le 10 ] || many_files 11 "$1" | sed 's/^/r /'
}

# Landlock tells ports apart and no addresses: each rule has a port of its own, and for holdfast an address as well.
egress_rules() { # HOW-MANY, the base included
	base_rules
	[ "$1" -le 10 ] || seq 11 "$1" | awk '{ printf "port %d 10.%d.%d.%d/32\n", $1 + 10000, $1 / 65536, $1 / 256 % 256, $1 % 256 }'
}

# Reads rules, writes a policy.
policy() { # NAME
	jq -nR --arg name "$1" '[inputs | split(" ")] | { holdfast: 1, name: $name, capabilities: { bench: {
		files: map(select(.[0] != "port") | { path: .[1], allow: .[0] }),
		egress: map(select(.[0] == "port") | { cidr: .[2], port: (.[1] | tonumber) }) } } }'
}

# ---- holdfast ----------------------------------------------------------------------------------------------------------------

start_holdfast() {
	local waited
	(
		echo "$BASHPID" >$GROUP/cgroup.procs
		ulimit -n 1000000 # a descriptor for each object that a rule names
		exec setsid holdfastd </dev/null >>$LOG 2>&1
	) &
	daemon=$!
	for ((waited = 0; waited < 600; waited++)); do
		if [ -S $SOCKET ] && holdfast ps >/dev/null 2>&1; then return; fi
		kill -0 "$daemon" 2>/dev/null || break
		sleep 0.5
	done
	say "holdfastd did not come up. Its log:"
	cat $LOG >&2
	return 1
}

# Also takes the programs away, which would otherwise stay.
remove_holdfast() {
	local waited
	kill "$daemon"
	wait "$daemon" || true
	daemon=''
	rm -rf $PINS
	# The kernel takes them down one after the other, each after a grace period.
	for ((waited = 0; waited < 300; waited++)); do
		[ "$(bpftool prog show -j | jq 'map(select(.type == "lsm")) | length')" != 0 ] || return 0
		sleep 1
	done
	say "holdfast's programs did not go"
}

# ---- real work ---------------------------------------------------------------------------------------------------------------

# What a build and git look at beside their folder is inside the rules too.
export HOME=$WORK TMPDIR=$WORK/temporary GIT_CONFIG_NOSYSTEM=1

make_projects() {
	mkdir -p $TMPDIR
	"$TESTS/project.sh" build $WORK/build
	"$TESTS/project.sh" tree $WORK/tree
}

# build MODE [TARGET...]: µs of a build from nothing in that mode; without address randomisation, which changes what programs
# cost. status MODE: µs of git status.
build() {
	local mode=$1
	shift
	make -s -C $WORK/build clean
	"run_$mode" timed setarch -R make -s -j2 -C $WORK/build "$@"
}

status() {
	"run_$1" timed git -C $WORK/tree status
}

median() { sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }

# ---- confinement -------------------------------------------------------------------------------------------------------------

run_bare() { "$@"; }
run_landlock() { landlock "${RULES:-$SCRATCH/rules}" -- "$@"; }
run_loaded() { "$@"; }
run_confined() { holdfast run --policy "${POLICY:-$SCRATCH/policy.json}" --workspace $WORK -- "$@"; }

# What is measured as confinement has to be one: a file beside the work folder cannot be read, one inside can.
is_confined() { # run_landlock|run_confined
	echo secret >$SCRATCH/secret
	echo open >$WORK/open
	[ "$("$1" cat $WORK/open)" = open ] || die "$1 refuses what its rules allow"
	! "$1" cat $SCRATCH/secret >/dev/null 2>&1 || die "$1 does not confine"
}
