#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The kill switch, the stream and the API where it is hard for them: agents that never rest, crashes, floods, full disks, a thousand clients.
# STRESS=full does each as often as it takes to be sure; otherwise a few times.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

AGENT=suite # of every session that enter begins
CONFIG=/etc/holdfast/holdfast.json
STATE=/var/lib/holdfast
PAGE=$WS/page
FILE=$WS/data
if [ "${STRESS-}" = full ]; then
	KILLS=800 ENDS=200 CRASHES=200 FLOOD=4000 STORMS=20 ASKS=100
else
	KILLS=20 ENDS=2 CRASHES=2 FLOOD=100 STORMS=1 ASKS=5
fi

base_policy '' '{ "cidr": "127.0.0.1", "port": 9 }'

# lift_all: no kill stands.
lift_all() {
	local each
	for each in $(api GET /v1/kills | jq -r '.[].id'); do
		api DELETE "/v1/kills/$each" >/dev/null
	done
}

clean_up() {
	daemon_answers >/dev/null 2>&1 || { kill -9 "$(daemon_pid)" 2>/dev/null || true; start_daemon; }
	lift_all
	[ -z "$(live)" ] || holdfast kill --agent $AGENT >/dev/null
	await "no session is left" eval '[ -z "$(live)" ]'
	lift_all
	[ -e "$SCRATCH/configured" ] || return 0
	kill_daemon TERM
	rm -f "$CONFIG" "$SCRATCH/configured"
	! mountpoint -q $STATE || umount -l $STATE
	! mountpoint -q "${AUDIT%/*}" || umount -l "${AUDIT%/*}"
	start_daemon
}

# configured: the daemon is started as it was once the test is over.
configured() {
	touch "$SCRATCH/configured"
	kill_daemon TERM
}

# live: the sessions of this suite.
live() {
	api GET '/v1/sessions?state=live' | fields agent=$AGENT id || true
}

# begin_session COMMAND...: sets pid and session.
begin_session() {
	local before
	before=$(live | sort)
	in_background enter "$POLICY" "$WS" "$@"
	await "the session is there" eval '[ -n "$(comm -13 - <(live | sort) <<<"$before")" ]'
	session=$(comm -13 - <(live | sort) <<<"$before")
}

# begin_restless work|storm: it has done something of everything once it is killed.
begin_restless() {
	rm -f "$PAGE"
	echo text >"$FILE"
	begin_session restless "$1" "$PAGE" "$FILE"
	await "its page is there" test -s "$PAGE"
}

# kills RUNS TARGET...: so many kills of strength deny, and nothing is let through after the answer.
kills() {
	local line
	line=$(restless kills "$PAGE" "$@") || fail "$line"
	nothing_permitted "$line"
}

nothing_permitted() {
	[[ $1 == runs*' permitted 0' ]] || fail "after the answer: $1"
}

of_session() {
	echo "{\"session\":\"$session\"}"
}

# is_over: the session and all its tasks.
is_over() {
	local cgroup=/sys/fs/cgroup$1
	[ ! -e "$cgroup" ] || grep -q 'populated 0' "$cgroup/cgroup.events"
}

# ---- nothing is let through after the answer -------------------------------------------------------------------------------------

test_nothing_is_let_through_after_a_kill_is_answered() {
	begin_restless work
	kills $KILLS "$(of_session)" '{"all":true}' "{\"agent\":\"$AGENT\"}" "$(of_session)"
	echo "# kills of strength deny: $(restless tell "$PAGE")" >&3
}

test_nothing_is_let_through_after_a_kill_that_ends_the_session() {
	local cgroup n runs=0 done=0
	for ((n = 0; n < ENDS; n++)); do
		begin_restless work
		cgroup=$(show "$session" cgroup)
		await "it works" eval '[[ $(restless tell "$PAGE") =~ done\ [1-9][0-9] ]]'
		nothing_permitted "$(restless set "$PAGE" "$(of_session)" kill)"
		await "nothing is left of it" is_over "$cgroup"
		nothing_permitted "$(restless tell "$PAGE")"
		runs=$((runs + 1))
		done=$((done + $(restless tell "$PAGE" | cut -d' ' -f4)))
	done
	echo "# kills that end: runs $runs, of $done acts none after the answer" >&3
}

test_a_fork_storm_is_over_with_the_kill() {
	local cgroup n
	for ((n = 0; n < STORMS; n++)); do
		begin_restless storm
		cgroup=$(show "$session" cgroup)
		kills 5 "$(of_session)"
		nothing_permitted "$(restless set "$PAGE" "$(of_session)" kill)"
		await "nothing is left of it" is_over "$cgroup"
		nothing_permitted "$(restless tell "$PAGE")"
	done
	echo "# fork storms: $STORMS, the last: $(restless tell "$PAGE")" >&3
}

# ---- tasks that cannot be reached ------------------------------------------------------------------------------------------------

# tasks: the processes of the session.
tasks() {
	cat "/sys/fs/cgroup$(show "$session" cgroup)/cgroup.procs"
}

test_a_stopped_session_does_nothing_once_it_is_continued() {
	local before each
	begin_restless work
	kills 1 "$(of_session)"
	mapfile -t each < <(tasks)
	kill -STOP "${each[@]}"
	before=$(restless set "$PAGE" "$(of_session)" deny)
	kill -CONT "${each[@]}"
	await "it tries" eval '[ "$(restless tell "$PAGE" | cut -d" " -f6)" -gt '"$(cut -d' ' -f6 <<<"$before")"' ]'
	sleep 0.5
	nothing_permitted "$(restless tell "$PAGE")"
}

asleep() {
	tasks | sed 's#.*#/proc/&/status#' | xargs grep -q '^State:.D'
}

test_a_task_in_uninterruptible_sleep_does_nothing_once_it_wakes() {
	local disk=$WS/disk strength
	mkdir -p "$disk"
	truncate -s 16M "$SCRATCH/image"
	mke2fs -q -t ext4 "$SCRATCH/image"
	mount -o loop "$SCRATCH/image" "$disk"
	for strength in none deny kill; do
		rm -f "$WS/go"
		mkfifo "$WS/go"
		begin_session bash -c "exec 5<>$WS/go; read -r _ <&5; mkdir $disk/$strength; echo over >$WS/$strength"
		fsfreeze -f "$disk"
		echo go >"$WS/go"
		await "it sleeps" asleep
		[ $strength = none ] || api POST /v1/kills "{\"session\":\"$session\",\"strength\":\"$strength\"}"
		fsfreeze -u "$disk"
		await "it is gone" gone "$pid"
		[ $strength = none ] || [ ! -e "$disk/$strength" ] || fail "it made the folder, with strength $strength"
		[ $strength = none ] || [ ! -e "$WS/$strength" ] || fail "it went on, with strength $strength"
	done
	for strength in "$disk/none" "$WS/none"; do
		[ -e "$strength" ] || fail "without a kill it made no $strength"
	done
	umount "$disk"
}

test_a_traced_session_does_nothing_and_ends() {
	local cgroup agent each
	begin_restless work
	cgroup=$(show "$session" cgroup)
	agent=$pid
	in_background strace -f -o /dev/null -p "$agent"
	await "it is traced" grep -q '^TracerPid:.[1-9]' "/proc/$agent/status"
	while read -r each; do # its children begin again, under the tracer as well
		[ "$each" = "$agent" ] || kill -9 "$each" 2>/dev/null || true
	done < <(tasks)
	kills 3 "$(of_session)"
	nothing_permitted "$(restless set "$PAGE" "$(of_session)" kill)"
	await "nothing is left of it" is_over "$cgroup"
	nothing_permitted "$(restless tell "$PAGE")"
}

test_a_daemon_that_hardly_runs_kills_all_the_same() {
	local n start
	begin_restless work
	renice -n 19 -p "$(daemon_pid)"
	for ((n = 0; n < 4; n++)); do
		in_background bash -c 'while :; do :; done'
	done
	start=${EPOCHREALTIME/./}
	kills 2 "$(of_session)"
	echo "# with the daemon behind four that never rest: 2 kills and lifts took $(((${EPOCHREALTIME/./} - start) / 1000)) ms" >&3
	renice -n 0 -p "$(daemon_pid)"
}

# ---- crashes ---------------------------------------------------------------------------------------------------------------------

test_no_kill_is_lost_and_none_comes_back_when_the_daemon_crashes() {
	local n ids files
	mkdir -p "${CONFIG%/*}"
	[ ! -f "$CONFIG" ] || fail "there is a configuration already"
	configured
	echo '{ "audit_rotate_size": "1M" }' >"$CONFIG"
	echo outside >"$OUT/file"
	start_daemon
	for ((n = 0; n < 4; n++)); do
		begin_session sleep infinity
		ids+=" $session"
	done
	begin_session bash -c "while :; do files flood $OUT/file 500; sleep 0.1; done" # for new files of the stream
	# shellcheck disable=SC2086
	try python3 -B "$TESTS/guest/stress/crash.py" $CRASHES "$POLICY" $ids
	[ "$status" = 0 ] || fail "$output"
	holdfast kill --agent $AGENT
	await "no session is left" eval '[ -z "$(live)" ]'
	files=$(find "${AUDIT%/*}" -name 'audit.ndjson.0*' | wc -l)
	echo "# $output; new files of the stream: $files" >&3
	try holdfast audit verify
	same "status of verify: $output" 0 "$status"
}

# ---- floods ----------------------------------------------------------------------------------------------------------------------

processor_time() { # ms
	awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) * 1000 / hz }' "/proc/$(daemon_pid)/stat"
}

# told: refusals since the mark, with those that are only counted.
told() {
	since | awk '/"kind":"lost"/ || (/"verdict":"deny"/ && !/"kind":"(admin|kill)"/) { n = 1; if (match($0, /"count":[0-9]+/)) n = substr($0, RSTART + 8, RLENGTH - 8); total += n }
		END { print total + 0 }'
}

# waiting COMMANDS: a session that begins with them once there is $WS/go, and stays.
waiting() {
	begin_session bash -c "exec 5<>$WS/tick; until [ -e $WS/go ]; do read -r -t 0.5 -u 5; done; $1; while :; do read -r -t 60 -u 5; done"
	ids+=" $session"
}

test_in_a_flood_every_refusal_is_told_or_counted_and_quiet_sessions_are_heard() {
	local n start busy took denials=0 each ids='' quiet=''
	echo outside >"$OUT/file"
	rm -f "$WS"/{go,tick,said-*}
	mkfifo "$WS/tick"
	touch "$OUT"/quiet-{0..2}-{0..9}
	mark
	for ((n = 0; n < 50; n++)); do
		waiting "files flood $OUT/file $FLOOD >$WS/said-$n"
	done
	for ((n = 0; n < 3; n++)); do
		waiting "for i in {0..9}; do files write $OUT/quiet-$n-\$i >/dev/null; read -r -t 0.2 -u 5; done; echo over >$WS/said-quiet-$n"
		quiet+=" $session"
	done
	busy=$(processor_time)
	start=${EPOCHREALTIME/./}
	touch "$WS/go"
	patience=3000 await "the flood is over" eval '[ "$(cat "$WS"/said-* 2>/dev/null | wc -l)" = 53 ]'
	took=$(((${EPOCHREALTIME/./} - start) / 1000))
	busy=$(($(processor_time) - busy))
	for each in $ids; do
		denials=$((denials + $(show "$each" denials)))
	done
	settled
	await "all are told or counted" eval '[ "$(told)" -ge '$denials' ]'
	same "told and counted" "$denials" "$(told)"
	echo "# flood: $denials refusals in $took ms; the daemon: $busy ms of processor time, $(awk '$1 == "VmHWM:" { print $2 }' "/proc/$(daemon_pid)/status") kB at most" >&3
	[ "$denials" -ge $((50 * FLOOD)) ] || fail "only $denials were refused"
	for each in $quiet; do
		same "events of a quiet session" 10 "$(since | fields session="$each" verdict=deny comm=files path | grep quiet- | sort -u | wc -l)"
	done
}

# ---- the API ---------------------------------------------------------------------------------------------------------------------

test_a_thousand_clients_keep_no_kill_waiting() {
	local daemon before after
	daemon=$(daemon_pid)
	rm -f "$WS/places" "$SCRATCH/ready"
	begin_session "$TESTS/bench/killtime" act "$WS/places" 0 0
	await "it acts" test -s "$WS/places"
	before=$("$TESTS/bench/killtime" ask "$WS/places" "$(of_session)" $ASKS) || fail "$before"
	in_background python3 -B "$TESTS/guest/stress/clients.py" 1000 "$SCRATCH/ready"
	await "the clients are there" test -s "$SCRATCH/ready"
	after=$("$TESTS/bench/killtime" ask "$WS/places" "$(of_session)" $ASKS) || fail "$after"
	echo "# request received to first refusal, µs: $(jq -rs 'map(.received | "p50 \(.p50 / 1000 | round) p99 \(.p99 / 1000 | round)") |
		"alone \(.[0]), with 1,000 clients \(.[1])"' <<<"$before$after")" >&3
	echo "# sent to answered, µs: $(jq -rs 'map(.answered | "p50 \(.p50 / 1000 | round) p99 \(.p99 / 1000 | round)") |
		"alone \(.[0]), with 1,000 clients \(.[1])"' <<<"$before$after")" >&3
	same "let through after the answer" 0 "$(jq -s 'map(.permitted_after) | add' <<<"$before$after")"
	same "the daemon" "$daemon" "$(daemon_pid)"
	[ "$(pgrep -fc stress/clients.py)" -ge 10 ] || fail "the clients are gone"
}

# ---- full disks ------------------------------------------------------------------------------------------------------------------

# small_disk FOLDER: what is in it, on a file system with little room beside.
small_disk() {
	cp -a "$1" "$SCRATCH/kept"
	mount -t tmpfs -o "size=$(($(du -sk "$1" | cut -f1) + 16384))k,mode=$(stat -c %a "$1")" none "$1"
	cp -a "$SCRATCH/kept/." "$1/"
	rm -rf "$SCRATCH/kept"
}

fill() {
	dd if=/dev/zero of="$1/fill" bs=4k status=none || true
}

test_a_kill_holds_where_the_disk_is_full() {
	local daemon each log=${AUDIT%/*}
	configured
	small_disk $STATE
	small_disk "$log"
	start_daemon
	daemon=$(daemon_pid)
	begin_restless work
	kills 1 "$(of_session)"
	fill $STATE
	fill "$log"
	same "answer" 201 "$(curl -s -o "$SCRATCH/answer" -w '%{http_code}' --unix-socket "$SOCKET" -d "$(jq -c '.strength = "deny"' <<<"$(of_session)")" http://localhost/v1/kills)"
	echo "# kill with full disks: stored $(jq .stored "$SCRATCH/answer")" >&3
	same state denied "$(show "$session" state)"
	rm -f $STATE/fill "$log/fill"
	holdfast lift "$session"
	kills 2 "$(of_session)"
	same "the daemon" "$daemon" "$(daemon_pid)"
	settled
	try holdfast audit verify
	same "status of verify: $output" 0 "$status"
}

run_suite "$@" 3>&1
