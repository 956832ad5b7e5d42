#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Sessions that began and ended, 50 at once and each in another way, leave nothing behind. 60 of them; 1,002 with STRESS=full.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

MANY=60
[ "${STRESS-}" != full ] || MANY=1002 # a multiple of six
AT_ONCE=50
base_policy '' '{ "host": "known.example.org", "port": 443 }, { "cidr": "127.0.0.1", "port": 9 }'
jq '. + { limits: { memory: "64M", pids: 20, disk: "1M", wall: "20m" } }
	| .capabilities.net.throttle = { bytes_per_second: "1M" }' "$POLICY" >"$SCRATCH/limited.json"
export WS POLICY OUT SCRATCH

# What a session could leave: processes, cgroups, mounts, what is pinned, all of bpf, entries of maps by key, descriptors, tasks and mappings
# of deleted files of the daemon, files.
kinds='processes cgroups mounts pins programs maps links entries descriptors tasks files'
processes() { cat /proc/[0-9]*/comm 2>/dev/null | grep -v '^kworker\|^cat$\|^grep$\|^sort$\|^uniq$\|^sleep$\|^bash$' | sort | uniq -c; }
cgroups() { find /sys/fs/cgroup -type d | sort; }
mounts() { cat /proc/self/mounts "/proc/$(daemon_pid)/mounts"; }
pins() { find /sys/fs/bpf | sort; }
programs() { bpftool prog list | grep -c '^[0-9]'; }
maps() { bpftool map list | grep -c '^[0-9]'; }
links() { bpftool link list | grep -c '^[0-9]'; }
entries() {
	local map
	for map in /sys/fs/bpf/holdfast/maps/*; do
		case $(bpftool -j map show pinned "$map" | jq -r .type) in
		hash | lru_hash) echo "$map $(bpftool -j map dump pinned "$map" | jq length)" ;;
		esac
	done
}
descriptors() { find "/proc/$(daemon_pid)/fd" -type l -printf '%l\n' | sed 's/:\[.*//' | sort | uniq -c; }
tasks() { for task in "/proc/$(daemon_pid)/task"/*; do cat "$task/comm"; done; }
files() { find /run /tmp /var/lib/holdfast /dev/shm "$OUT" -not -path '/run/vm/*' | sort; }

# Each in its own way, by its number.
session() { # N
	local run=(holdfast run --workspace "$WS" --agent many --policy)
	case $(($1 % 6)) in
	0) "${run[@]}" "$POLICY" -- true ;;
	1) "${run[@]}" "$POLICY" -- files write "$OUT/file" ;;
	2) "${run[@]}" "$SCRATCH/limited.json" -- sh -c "(sleep 1; echo later >$WS/later-$1) & echo now >$WS/now-$1" ;;
	3) "${run[@]}" "$POLICY" -- dig +tries=1 +time=20 known.example.org A ;;
	4) "${run[@]}" "$SCRATCH/limited.json" --agent killed -- sleep 600 ;;
	5) "${run[@]}" "$SCRATCH/limited.json" -- bash -c 'exec 3<>/dev/udp/127.0.0.1/9; echo x >&3; kill -9 $$' ;;
	esac >/dev/null 2>&1 </dev/null || true
}
export -f session

ended_all() {
	[ "$(api GET '/v1/sessions?state=live' | jq length)" = 0 ]
}

same_as_before() {
	local kind
	for kind in $kinds; do
		diff "$SCRATCH/before.$kind" <($kind) >"$SCRATCH/left.$kind" || { echo "$kind: $(<"$SCRATCH/left.$kind")" >"$SCRATCH/left"; return 1; }
	done
}

test_nothing_is_left_of_sessions_that_have_ended() {
	local kind killer
	echo '203.0.113.9 known.example.org' >>/etc/hosts
	for n in {0..5}; do session "$n" & done # what is made once
	sleep 3
	holdfast kill --agent killed >/dev/null
	wait
	holdfast lift --agent killed >/dev/null
	await "they have ended" ended_all
	sleep 2
	for kind in $kinds; do $kind >"$SCRATCH/before.$kind"; done
	(while sleep 2; do holdfast kill --agent killed && holdfast lift --agent killed; done) >/dev/null 2>&1 &
	killer=$!
	background+=("$killer")
	seq 0 $((MANY - 1)) | timeout 1500 xargs -P $AT_ONCE -I{} bash -c 'session {}'
	kill $killer
	wait $killer || true
	holdfast kill --agent killed >/dev/null
	await "they have ended" ended_all
	holdfast lift --agent killed >/dev/null
	same "sessions" $((MANY * 5 / 6 + 5)) "$(api GET '/v1/sessions?state=ended&limit=1000' | jq '[.[] | select(.agent == "many")] | length')" # of the killed, some could not begin
	(patience=60 await "nothing is left" same_as_before) || fail "left: $(<"$SCRATCH/left")"
}

run_suite "$@"
