#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kill.sh NAME RUNS: the part of tools/bench about the kill switch: how soon a kill of one session, and one of all, takes effect with 1, 100
# and 1,000 sessions, of which 50 are busy; the kernel's part of it alone, beside SIGKILL to a process group and podman kill; and what
# 1,000 sessions take: memory of the daemon, and time to start. Writes /out/NAME.json and prints it as a table.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

name=$1 runs=$2
PLACES=$WORK/places
REST=20000 # µs between two calls of a busy session; the one that is measured has none
failed=0
acting=()
result=$(jq -n --arg kernel "$(uname -r)" --argjson cpus "$(nproc)" --argjson runs "$runs" '$ARGS.named')

# note NAME COMMAND...: adds the JSON that it prints to the result.
note() {
	local name=$1 value
	shift
	value=$("$@") && jq -e . <<<"$value" >/dev/null || { say "no $name: $value"; value=null failed=1; }
	result=$(jq --arg name "$name" --argjson value "$value" '.[$name] = $value' <<<"$result")
}

resident() { # bytes
	awk '$1 == "VmRSS:" { print $2 * 1024 }' "/proc/$daemon/status"
}

running() { # AGENT
	holdfast ps --json | jq --arg agent "$1" 'map(select(.agent == $agent and .state == "running"))'
}

# begin_acting PLACE REST: a session that acts there.
begin_acting() {
	"$TESTS/../guest/enter" "$SCRATCH/policy.json" $WORK "$TESTS/killtime" act "$PLACES" "$1" "$2" </dev/null >&2 &
	acting+=($!)
}

# sleepers COUNT: so many more sessions; those that act stand still meanwhile. What each took is a line.
sleepers() {
	kill -STOP "${acting[@]}"
	killtime sessions "$1" "$SCRATCH/policy.json" $WORK | jq '.[]'
	kill -CONT "${acting[@]}"
}

asks() { # SESSIONS
	say "a kill with $1 sessions"
	note "session_$1" killtime ask "$PLACES" "{\"session\":\"$victim\"}" "$runs"
	note "all_$1" killtime ask "$PLACES" '{"all":true}' "$runs"
}

# ns from a kill of all to when the last of them has ended.
ends_all() {
	local start
	start=$(date +%s%N)
	holdfast kill --all >/dev/null
	while [ "$(curl -s --unix-socket "$SOCKET" 'http://localhost/v1/sessions?state=live')" != '[]' ]; do sleep 0.05; done
	echo $(($(date +%s%N) - start))
}

# ---- podman kill: what acts is a container's first process --------------------------------------------------------------------------

podman_root() {
	local root=$SCRATCH/container each
	mkdir -p "$root"/{usr,proc,sys,dev,run,tmp,etc} $root$WORK /var/lib/containers
	mount -t tmpfs none /var/lib/containers
	for each in bin sbin lib lib64; do
		ln -sfn usr/$each "$root/$each"
	done
	echo >"$root/etc/passwd"
	tar -C "$root" -c . | podman import - bench
}

podman_kills() { # TIMES
	local n
	for ((n = 0; n < $1; n++)); do
		podman --cgroup-manager cgroupfs run --detach --rm --name "bench-$n" --network none -v /usr:/usr:ro -v "$WORK:$WORK" bench \
			"$TESTS/killtime" act "$PLACES" 60 0 >&2 || return
		killtime order "$PLACES" 60 podman --cgroup-manager cgroupfs kill "bench-$n" || return
	done
}

podman_part() {
	command -v podman >/dev/null || { say 'the image has no podman'; return; }
	say 'podman kill'
	podman_root >&2 || { say 'podman makes no image'; failed=1; return; }
	note podman eval 'podman_kills 5 | jq -s "sort | { runs: length, last_done: { p50: .[(length - 1) / 2 | floor], p99: .[-1], most: .[-1] } }"'
}

# ---- all -----------------------------------------------------------------------------------------------------------------------------

parts() {
	local before first hundred thousand
	is_confined run_confined
	before=$(resident)
	begin_acting 0 0
	for ((n = 0; n < 60; n++)); do
		victim=$(running suite | jq -r '.[0].id // empty')
		[ -z "$victim" ] || break
		sleep 0.5
	done
	say 'the kernel alone, and SIGKILL'
	note store killtime store "$PLACES" "$(running suite | jq '.[0].slot')" "$runs"
	note signal killtime signal "$runs"
	[ "$(nproc)" = 1 ] || podman_part
	asks 1
	first=$(sleepers 50)
	for ((n = 1; n < 50; n++)); do
		begin_acting $n $REST
	done
	while [ "$(running suite | jq length)" -lt 50 ]; do sleep 0.5; done
	asks 100
	say '900 more sessions'
	thousand=$(sleepers 900)
	hundred=$(head -n 20 <<<"$thousand" | median)
	note sessions jq -n --argjson before "$before" --argjson after "$(resident)" --argjson first "$(head -n 20 <<<"$first" | median)" \
		--argjson hundredth "$hundred" --argjson thousandth "$(tail -n 20 <<<"$thousand" | median)" '$ARGS.named'
	asks 1000
	note end_all ends_all
	wait "${acting[@]}" || true
	acting=()
	holdfast lift --all
}

enter_cgroup
mkdir -p $TMPDIR
base_rules | policy bench >$SCRATCH/policy.json
truncate -s 4096 "$PLACES"
chmod 666 "$PLACES"
if start_holdfast; then
	parts
else
	failed=1
fi
[ ${#acting[@]} = 0 ] || kill -9 "${acting[@]}"
mkdir -p /out
jq . <<<"$result" >"/out/$name.json"
jq -r -L "$TESTS" -f "$TESTS/kill.jq" "/out/$name.json"
exit $failed
