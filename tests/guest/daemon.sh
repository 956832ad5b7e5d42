#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The daemon gone and back: the kernel holds on without it, and what was known before is known after.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

base_policy
echo outside >"$OUT/file"

clean_up() {
	daemon_answers >/dev/null 2>&1 || { kill -9 "$(daemon_pid)" 2>/dev/null || true; start_daemon; }
}

# A session that tries each file it is told, and says what came of it.
start_teller() {
	rm -f "$WS/ask" "$WS/said"
	mkfifo "$WS/ask"
	start_session "$1" bash -c "exec 5<>$WS/ask; while read -r file <&5; do files write \$file >>$WS/said; done"
	echo text >"$WS/inside"
}

tell() { # FILE EXPECTED
	local before
	before=$(wc -l <"$WS/said" 2>/dev/null || echo 0)
	echo "$1" >"$WS/ask"
	await "it has tried" eval '[ "$(wc -l <"$WS/said")" -gt '"$before"' ]'
	same "writing $1" "$2" "$(tail -n 1 "$WS/said")"
}

test_refusals_go_on_when_the_daemon_is_killed() {
	start_teller orphan
	tell "$OUT/file" 'refused EACCES'
	kill_daemon KILL
	tell "$OUT/file" 'refused EACCES'
	tell "$WS/inside" 'done'
	same "the file" outside "$(<"$OUT/file")"
	start_daemon
	tell "$OUT/file" 'refused EACCES'
	tell "$WS/inside" 'done'
}

test_a_restarted_daemon_lists_the_same_sessions_and_goes_on_with_the_numbers() {
	local before last_before
	start_teller kept
	before=$(holdfast ps --json | fields agent=kept id state agent policy pid started user version)
	settled
	kill_daemon KILL
	last_before=$(tail -n 1 "$AUDIT" | fields seq)
	tell "$OUT/file" 'refused EACCES'
	start_daemon
	same sessions "$before" "$(holdfast ps --json | fields agent=kept id state agent policy pid started user version)"
	settled
	same "gaps in the numbers" '' "$(gaps <"$AUDIT")"
	[ "$(fields verdict=deny path="$OUT/file" seq <"$AUDIT" | tail -n 1)" -gt "$last_before" ] ||
		fail "what was refused while the daemon was away is not in the stream"
}

test_a_session_that_ended_meanwhile_is_ended_after_the_restart() {
	start_session meanwhile sleep infinity
	kill_daemon KILL
	kill -9 "$pid"
	await "it is gone" gone "$pid"
	start_daemon
	await "it has ended" ended "$session"
}

# A teller would not live through the kill: it waits in a read, which is asked again.
test_a_kill_outlives_the_daemon() {
	echo text >"$WS/inside"
	rm -f "$WS/told"
	start_session denied bash -c "trap 'files write $WS/inside >>$WS/told' USR1; sleep infinity & echo ready >>$WS/told; while :; do wait; done"
	await "it is ready" grep -q ready "$WS/told"
	holdfast kill "$session" --deny --reason 'before the crash'
	kill_daemon KILL
	start_daemon
	same state denied "$(show "$session" state)"
	holdfast lift "$session"
	kill -USR1 "$pid"
	await "it can write again" grep -q 'done' "$WS/told"
}

test_a_policy_can_be_replaced_and_a_session_killed_after_a_restart() {
	start_teller later
	kill_daemon KILL
	start_daemon
	jq --arg path "$OUT/file" '.capabilities.workspace.files += [{"path": $path, "allow": "rw"}]' "$POLICY" >"$SCRATCH/more.json"
	holdfast policy apply "$session" "$SCRATCH/more.json"
	tell "$OUT/file" 'done'
	echo outside >"$OUT/file"
	holdfast kill "$session"
	await "it has ended" ended "$session"
}

test_new_sessions_are_confined_after_a_restart() {
	kill_daemon KILL
	start_daemon
	denied "$OUT/file" w files write "$OUT/file"
}

test_a_daemon_that_is_asked_to_stop_leaves_the_sessions_confined() {
	start_teller stopped
	kill_daemon TERM
	tell "$OUT/file" 'refused EACCES'
	start_daemon
	same state running "$(show "$session" state)"
}

# Objects whose file system has no numbers of their own go by the address of the inode, which is theirs only as long as it stays in memory.
test_rules_of_objects_hold_over_a_restart_when_the_caches_are_dropped() {
	local POLICY=$SCRATCH/objects.json name
	mkdir -p "$OUT/folder"
	tee "$WS/closed" "$OUT/folder/open" "$WS/moved" <<<text >/dev/null
	ln "$WS/closed" "$WS/alias"
	base_policy '{ "path": "${WORKSPACE}/closed", "deny": "rw" }, { "path": "'"$OUT/folder/open"'", "allow": "rw" }, { "path": "${WORKSPACE}/moved", "deny": "rw" }'
	start_teller objects
	mv "$WS/moved" "$WS/elsewhere"
	ln "$OUT/folder/open" "$OUT/folder/linked"
	for name in before none after; do
		case $name in
		none) kill_daemon KILL ;;
		after) start_daemon ;;
		esac
		echo 3 >/proc/sys/vm/drop_caches
		find /usr/lib -newermt 1970-01-02 >/dev/null # takes the memory that was given back
		tell "$WS/alias" 'refused EACCES'
		tell "$WS/elsewhere" 'refused EACCES'
		tell "$OUT/folder/linked" 'done'
		tell "$OUT/file" 'refused EACCES'
	done
	holdfast kill "$session"
}

test_the_process_that_keeps_objects_is_started_again_when_it_is_killed() {
	local POLICY=$SCRATCH/objects.json keeper
	echo text >"$WS/closed"
	ln -f "$WS/closed" "$WS/alias"
	base_policy '{ "path": "${WORKSPACE}/closed", "deny": "rw" }'
	start_teller kept-open
	keeper=$(pgrep -x holdfast-keeper)
	kill -9 "$keeper"
	await "there is another, and it has them" eval "pgrep -x holdfast-keeper | grep -vx $keeper &&
		ls -l /proc/\$(pgrep -nx holdfast-keeper)/fd | grep '$WS/closed'"
	kill_daemon KILL
	echo 3 >/proc/sys/vm/drop_caches
	find /usr/lib -newermt 1970-01-02 >/dev/null
	tell "$WS/alias" 'refused EACCES'
	start_daemon
	tell "$WS/alias" 'refused EACCES'
}

# As those of an older version do, whose maps were others.
test_pins_that_lack_a_map_and_hold_a_session_stay_in_force() {
	start_teller other
	kill_daemon KILL
	mv /sys/fs/bpf/holdfast/maps/hints /sys/fs/bpf/hints_aside
	try timeout 180 holdfastd
	mv /sys/fs/bpf/hints_aside /sys/fs/bpf/holdfast/maps/hints
	same status 1 "$status"
	holds output "$output" 'holds sessions of another version'
	tell "$OUT/file" 'refused EACCES'
	start_daemon
	same state running "$(show "$session" state)"
	tell "$OUT/file" 'refused EACCES'
	tell "$WS/inside" 'done'
}

test_a_second_daemon_is_refused() {
	try timeout 60 holdfastd
	[ "$status" = 1 ] || fail "status $status: $output"
	daemon_answers >/dev/null
}

test_without_a_daemon_commands_say_so_and_nothing_runs_unconfined() {
	kill_daemon KILL
	try holdfast ps
	same status 1 "$status"
	holds output "$output" holdfastd
	confined touch "$WS/ran"
	[ "$status" != 0 ] || fail "it ran"
	[ ! -e "$WS/ran" ] || fail "it ran"
	start_daemon
}

run_suite "$@"
