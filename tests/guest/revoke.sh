#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Memory that was mapped before a right was taken away: who has it is stopped, as the policy says, and nobody else.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

base_policy
HELD=$WS/held
BEAT=$WS/beat
CEILINGS=/etc/holdfast/ceilings

clean_up() {
	rm -rf "$CEILINGS"
}

# deny RIGHTS [MORE]: writes the policy that takes rights on the file away, with more members of the policy; prints its path.
deny() {
	jq --arg path "$HELD" --arg rights "$1" ".capabilities.workspace.files += [{path: \$path, deny: \$rights}] | . + { ${2-} }" \
		"$POLICY" >"$SCRATCH/less.json"
	echo "$SCRATCH/less.json"
}

# Nanoseconds or a count out of $BEAT.
count() {
	od -An -tu8 -N8 "$BEAT" | tr -d ' '
}

last() {
	od -An -tu8 -j8 -N8 "$BEAT" | tr -d ' '
}

# It counts on, by ten more.
goes_on() {
	local from
	from=$(count)
	await "it goes on" eval "[ \$(count) -gt $((from + 10)) ]"
}

stands_still() {
	local from
	from=$(last)
	sleep 0.2
	[ "$(last)" = "$from" ]
}

# hold HOW [NAME]: in a session, a process that holds $HELD so; sets pid and session.
hold() {
	truncate -s 4096 "$HELD"
	rm -f "$BEAT"
	truncate -s 4096 "$BEAT"
	start_session "${2:-$1}" mapped "$1" "$HELD" "$BEAT"
	goes_on
	mark
}

# The members of what was stopped since the mark.
stopped() {
	since | fields op=revoke "$@" || true
}

is_stopped() {
	[ -n "$(stopped seq)" ]
}

# The process of the session is, and that is told.
is_gone() {
	await "it is gone" gone "$pid"
	await "it is told" is_stopped
}

# nanoseconds TIME: of the epoch.
nanoseconds() {
	date -d "$1" +%s%N
}

test_a_writable_mapping_ends_with_the_right_to_write() {
	local content changed
	hold write
	holdfast policy apply "$session" "$(deny w)"
	await "it is stopped" is_stopped
	is_gone
	same event "$pid mapped file deny w $HELD workspace \$.capabilities.workspace.files[1] rule kill" \
		"$(stopped pid comm kind verdict right path capability rule why action | tr '\t' ' ')"
	changed=$(nanoseconds "$(since | fields kind=policy time)")
	echo "# it wrote last $((($(last) - changed) / 1000)) µs after the event of the change"
	[ $(($(last) - changed)) -lt 1000000000 ] || fail "it wrote for $(($(last) - changed)) ns after the change"
	content=$(sha256sum <"$HELD")
	same "the file afterwards" "$content" "$(sleep 0.2; sha256sum <"$HELD")"
	await "the session is over" ended "$session"
}

test_a_mapping_whose_right_stays_goes_on() {
	hold write stays
	jq '.capabilities.workspace.files += [{path: "${WORKSPACE}/other", deny: "rwx"}]' "$POLICY" >"$SCRATCH/other.json"
	holdfast policy apply "$session" "$SCRATCH/other.json"
	goes_on
	sleep 3 # the looks that follow
	goes_on
	same stopped '' "$(stopped path)"
	kill_daemon KILL
	start_daemon
	goes_on
	same "stopped by a new daemon" '' "$(stopped path)"
}

test_a_private_copy_goes_on_without_the_right_to_write() {
	hold private
	holdfast policy apply "$session" "$(deny w)"
	sleep 2
	goes_on
	same stopped '' "$(stopped path)"
}

test_a_readable_mapping_ends_with_the_right_to_read() {
	hold read
	holdfast policy apply "$session" "$(deny w)"
	goes_on
	holdfast policy apply "$session" "$(deny r)"
	is_gone
	same event "file r $HELD" "$(stopped kind right path | tr '\t' ' ')"
}

test_code_ends_with_the_right_to_execute() {
	hold execute
	holdfast policy apply "$session" "$(deny w)"
	goes_on
	holdfast policy apply "$session" "$(deny x)"
	is_gone
	same event "exec x $HELD" "$(stopped kind right path | tr '\t' ' ')"
}

test_a_program_ends_with_the_right_to_execute_it() {
	truncate -s 4096 "$HELD"
	cp "$(command -v mapped)" "$WS/program"
	rm -f "$BEAT"
	truncate -s 4096 "$BEAT"
	start_session program "$WS/program" read "$HELD" "$BEAT"
	goes_on
	mark
	jq '.capabilities.workspace.files += [{path: "${WORKSPACE}/program", deny: "rw"}]' "$POLICY" >"$SCRATCH/run.json"
	holdfast policy apply "$session" "$SCRATCH/run.json"
	goes_on
	jq '.capabilities.workspace.files += [{path: "${WORKSPACE}/program", deny: "x"}]' "$POLICY" >"$SCRATCH/run.json"
	holdfast policy apply "$session" "$SCRATCH/run.json"
	is_gone
	same event "exec x $WS/program" "$(stopped kind right path | tr '\t' ' ')"
}

test_every_way_to_a_writable_mapping_is_found() {
	local how
	for how in link received inherited thread; do
		hold $how
		holdfast policy apply "$session" "$(deny w)"
		await "$how: it is stopped" is_stopped
		await "$how: it has stopped" stands_still
		same "$how: event" "w $HELD" "$(stopped right path | sed -n 1p | tr '\t' ' ')"
		# What forked and holds nothing any more is left alone.
		if [ $how = inherited ]; then
			! gone "$pid" || fail "the process that had let go of it was killed"
			holdfast kill "$session"
		fi
		await "$how: the session is over" ended "$session"
	done
}

test_a_deleted_file_goes_by_the_place_where_it_was() {
	hold deleted
	holdfast policy apply "$session" "$POLICY"
	goes_on
	holdfast policy apply "$session" "$(deny w)"
	await "it is gone" gone "$pid"
}

test_files_of_a_file_system_in_memory_are_found_too() {
	mkdir -p "$WS/tmp"
	mount -t tmpfs none "$WS/tmp"
	HELD=$WS/tmp/held
	hold write tmpfs
	holdfast policy apply "$session" "$(deny w)"
	is_gone
	same event "w $HELD" "$(stopped right path | tr '\t' ' ')"
}

# A session that has $HELD, on a tmpfs, as a buffer of an io_uring and nowhere else; what it says is in $WS/said.
hold_buffer() {
	mkdir -p "$WS/tmp"
	mount -t tmpfs none "$WS/tmp"
	HELD=$WS/tmp/held
	truncate -s 4096 "$HELD"
	rm -f "$WS/step" "$WS/said"
	mkfifo "$WS/step"
	start_session "$1" bash -c "exec uring write-buffer $HELD $WS/step >$WS/said"
	await "it is registered" grep -q registered "$WS/said"
	mark
}

test_a_buffer_of_an_io_uring_goes_on_while_its_right_stays() {
	hold_buffer buffer-stays
	holdfast policy apply "$session" "$POLICY"
	echo go >"$WS/step"
	await "it has written" grep -q 'done' "$WS/said"
	same "the file" x "$(tr -d '\0' <"$HELD")"
	same stopped '' "$(stopped path)"
}

test_a_buffer_of_an_io_uring_ends_with_the_right_to_write_the_file() {
	hold_buffer buffer
	holdfast policy apply "$session" "$(deny w)"
	is_gone
	same event "w $HELD workspace" "$(stopped right path capability | tr '\t' ' ')"
}

test_a_process_that_left_the_cgroup_is_found() {
	hold write outside
	echo "$pid" >"$(findmnt -n -t cgroup2 -o TARGET | sed -n 1p)/cgroup.procs"
	holdfast policy apply "$session" "$(deny w)"
	await "it is gone" gone "$pid"
}

test_a_process_that_left_the_cgroup_is_paused_too() {
	hold write outside-paused
	echo "$pid" >"$(findmnt -n -t cgroup2 -o TARGET | sed -n 1p)/cgroup.procs"
	holdfast policy apply "$session" "$(deny w '"on_revoke": "pause"')"
	await "it stands still" stands_still
	! gone "$pid" || fail "it was killed"
}

test_processes_that_never_cease_to_fork_are_all_stopped() {
	hold storm
	holdfast policy apply "$session" "$(deny w)"
	await "the session is over" ended "$session"
	echo "# $(stopped pid | wc -l) were stopped"
	stands_still || fail "one goes on"
}

test_a_mapping_to_read_cannot_become_one_to_write() {
	hold protect
	holdfast policy apply "$session" "$(deny w)"
	goes_on
	kill -USR1 "$pid"
	await "it has tried" refused_since
	same event "w $HELD EACCES" "$(refusals op=map right path error | tr '\t' ' ')"
	goes_on
}

test_a_mapping_to_read_becomes_one_to_write_where_that_is_allowed() {
	hold protect control
	kill -USR1 "$pid"
	await "it has tried" grep -qx 'done' "$SCRATCH/background.log"
}

test_with_pause_a_person_can_look_and_the_lift_waits_for_the_right() {
	hold write paused
	holdfast policy apply "$session" "$(deny w '"on_revoke": "pause"')"
	await "its state is paused" state_is "$session" paused
	await "it stands still" stands_still
	! gone "$pid" || fail "it was killed"
	same event "w $HELD pause" "$(stopped right path action | tr '\t' ' ')"
	same "the kill" "set pause holdfastd process $pid has mapped a file that the policy refuses it now" \
		"$(since | fields kind=kill op strength actor reason | tr '\t' ' ')"
	try holdfast lift "$session"
	same "status of the lift: $output" 1 "$status"
	holds lift "$output" "process $pid of session $session has mapped a file"
	kill_daemon KILL
	start_daemon
	same state paused "$(show "$session" state)"
	try holdfast lift "$session"
	same "status of the lift: $output" 1 "$status"
	stands_still || fail "it goes on"
	holdfast policy apply "$session" "$POLICY"
	holdfast lift "$session"
	goes_on
}

test_a_ceiling_may_ask_for_more_than_a_pause() {
	hold write ceiling
	mkdir -p "$CEILINGS"
	echo '{ "holdfast": 1, "name": "c", "on_revoke": "kill", "capabilities": { "all": { "files": [ { "path": "/", "allow": "rwxc" } ] } } }' \
		>"$CEILINGS/host.json"
	holdfast policy apply "$session" "$(deny w '"on_revoke": "pause"')"
	is_gone
	same event kill "$(stopped action)"
}

test_what_is_attached_may_not_go_on_writing_where_the_policy_does_not_let_it() {
	HELD=$OUT/held
	truncate -s 4096 "$HELD"
	rm -f "$BEAT"
	truncate -s 4096 "$BEAT"
	in_background mapped read "$HELD" "$BEAT"
	goes_on
	session=$(holdfast attach --pid "$pid" --policy "$POLICY" --workspace "$WS")
	mark
	goes_on
	holdfast kill "$session"
	await "it is gone" gone "$pid"
	in_background mapped write "$HELD" "$BEAT"
	goes_on
	mark
	session=$(holdfast attach --pid "$pid" --policy "$POLICY" --workspace "$WS")
	is_gone
	same event "w $HELD no_rule" "$(stopped right path why | tr '\t' ' ')"
}

run_suite "$@"
