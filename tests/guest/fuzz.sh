#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A fuzzer of system calls, confined as root and as an ordinary user, and a world outside of its workspace that must stay as it is. How
# long, and from which seed: FUZZ="SECONDS [SEED]" in the environment.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

read -r seconds seed <<<"${FUZZ:-10 1}"
NAME=fuzzed

# What a process of no session looks like from outside, and what the kernel is set to. Not what changes by itself, and not a folder's size
# and links, which overlayfs tells in another way once it has asked the upper layer for a file without a name.
world() {
	find "$OUT" /etc /root /usr/sbin/holdfastd /usr/bin/holdfast /var/lib/holdfast -maxdepth 3 -not -name '*.db-*' -not -name holdfast.db \
		\( -type d -printf '%p %i %y %m %U:%G %T@\n' -o -printf '%p %i %y %m %U:%G %s %n %T@ %l\n' \) 2>/dev/null | sort
	find /dev -maxdepth 1 -printf '%p %y %m %U:%G %l\n' | sort
	find "$OUT" -type f -exec sha256sum {} + | sort
	cat /proc/mounts /proc/modules /proc/swaps
	hostname
	cat /proc/sys/kernel/{core_pattern,modprobe,hostname,domainname,sysrq,yama/ptrace_scope} /proc/sys/vm/overcommit_memory 2>/dev/null
	ps -o pid=,ppid=,pgid=,sid=,uid=,nice=,cls=,comm= -p "$canary"
	cat "/proc/$canary/limits" "/proc/$canary/oom_score_adj" "/proc/$canary/coredump_filter" "/proc/$canary/cgroup"
	taskset -p "$canary"
	awk -v key="$key" '$1 == key { print $1, $2, $3, $4, $7, $8 }' /proc/sysvipc/shm # those that a session makes are its own
	ls -l /sys/fs/bpf/holdfast/links /sys/fs/bpf/holdfast/maps
}

# Lines of the kernel's log that no test may cause.
oops() {
	dmesg | grep -E 'BUG:|WARNING:|Oops|general protection|lockup|hung task|refcount|KASAN|verifier bug' || true
}

# Refusals of all sessions, as the kernel counts them.
counted() {
	api GET /metrics | awk '$1 == "holdfast_session_denials" { print $2 }'
}

set_scene() {
	base_policy
	jq '.limits = {"pids": 200, "memory": "512M"}' "$POLICY" >"$POLICY.new"
	mv "$POLICY.new" "$POLICY"
	rm -rf "$OUT" "${WS:?}"
	mkdir -p "$OUT/folder" "$WS/folder/deep"
	tee "$OUT/file" "$OUT/folder/file" "$WS/a" "$WS/folder/c" >/dev/null <<<content
	echo 'the secret' >"$OUT/secret"
	cp /usr/bin/true "$OUT/program"
	mkfifo "$OUT/fifo" "$WS/fifo"
	ln -s "$OUT/file" "$WS/out"
	ln -s .. "$WS/up"
	chmod -R a+rwX "$OUT" "$WS"
	in_background sleep infinity
	canary=$pid
	ipcmk -M 4096 >/dev/null
	key=$(awk 'END { print $1 }' /proc/sysvipc/shm)
}

# fuzz COMMAND...: the fuzzer in a session, started by the command.
fuzz() {
	local before changed daemon lost denied counted logged
	set_scene
	counted=$(counted)
	daemon=$(daemon_pid)
	logged=$(oops)
	before=$(world)
	mark
	start_session $NAME "$@" fuzzer "${seed:-1}" "$seconds" "$WS" "$OUT" "$canary" "$key"
	timeout $((seconds * 2 + 120)) tail -f --pid="$pid" /dev/null || fail "the fuzzer does not end"
	await "the session has ended" ended "$session"
	sed -n '/^calls/s/^/# fuzz: /p' "$SCRATCH/background.log" | tail -n 1
	changed=$(diff <(echo "$before") <(world)) || fail "the world outside changed: $changed"
	same "the daemon" "$daemon" "$(daemon_pid)"
	await "the daemon answers" daemon_answers
	same "the kernel's log" "$logged" "$(oops)"
	settled
	[ -n "$(refusals seq)" ] || fail "nothing was refused: the fuzzer does nothing"
	[ -z "$(since | gaps)" ] || fail "numbers are missing: $(since | gaps | sed -n 1,3p)"
	denied=$(since | fields session="$session" verdict=deny count | awk '{ sum += $1 == "-" ? 1 : $1 } END { print sum + 0 }')
	lost=$(since | fields session="$session" kind=lost count | awk '{ sum += $1 } END { print sum + 0 }' || true)
	same "events and lost ones together" $(($(counted) - counted)) $((denied + lost))
}

test_as_root_nothing_outside_changes() {
	fuzz
}

test_as_a_user_nothing_outside_changes() {
	fuzz setpriv --reuid 1000 --regid 1000 --clear-groups
}

test_unconfined_the_same_calls_change_the_world() {
	local before
	set_scene
	before=$(world)
	# Only what the files say, in a mount namespace and as a user: unconfined root would take the guest down.
	try timeout 120 unshare --mount --pid --fork --kill-child setpriv --reuid 1000 --regid 1000 --clear-groups \
		"$(type -p fuzzer)" "${seed:-1}" 5 "$WS" "$OUT" 999999 "$key"
	[ "$before" != "$(world)" ] || fail "nothing changed: the fuzzer is too weak to prove anything: $output"
}

run_suite "$@"
