#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The API as it describes itself: every operation with valid and with invalid input, what clients rely on beyond that, and the figures.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

base_policy

clean_up() {
	! mountpoint -q "$WS/disk" || { fsfreeze -u "$WS/disk" 2>/dev/null || true; umount -l "$WS/disk"; }
}

# asked PROGRAM ARG...: a program of this suite. What goes wrong is what it prints.
asked() {
	(cd "$TESTS/guest/api" && PYTHONDONTWRITEBYTECODE=1 python3 "$@")
}

test_every_operation_answers_valid_input_as_it_is_described() {
	start_session valid sleep infinity
	asked calls.py valid "$session" "$POLICY" "$WS"
	same state running "$(show "$session" state)"
}

test_every_operation_refuses_invalid_input_with_a_problem_that_is_described() {
	start_session invalid sleep infinity
	asked calls.py invalid "$session" "$POLICY" "$WS"
	same state running "$(show "$session" state)"
}

test_a_policy_is_replaced_only_where_it_is_the_one_that_was_seen() {
	start_session etag sleep infinity
	asked conventions.py etag "$session" "$POLICY"
}

test_a_request_that_is_repeated_is_carried_out_once() {
	start_session once sleep infinity
	asked conventions.py once "$session" "$POLICY"
}

test_a_key_of_one_user_is_another_users_own() {
	local answer
	start_session keys sleep infinity
	curl -sf -o /dev/null --unix-socket "$SOCKET" -H 'Idempotency-Key: shared' -d "{\"session\":\"$session\",\"strength\":\"deny\"}" http://localhost/v1/kills
	answer=$(su dev -c "curl -s --unix-socket $SOCKET -H 'Idempotency-Key: shared' -d '{\"session\":\"$session\",\"strength\":\"deny\"}' http://localhost/v1/kills")
	same "another user's: $answer" urn:holdfast:not-yours "$(fields type <<<"$answer")"
	holdfast lift "$session"
}

test_a_stream_that_finds_no_room_is_refused_and_nothing_else_happens() {
	start_session streams sleep infinity
	asked conventions.py streams "$session" "$POLICY"
}

test_who_waits_is_answered_once_it_is_over() {
	start_session wait sleep infinity
	asked conventions.py wait "$session" "$POLICY"
	start_session waits sleep infinity
	holdfast kill --wait "$session"
	same state ended "$(show "$session" state)"
}

asleep() {
	sed 's#.*#/proc/&/status#' "/sys/fs/cgroup$(show "$session" cgroup)/cgroup.procs" | xargs grep -q '^State:.D'
}

# Who writes to a disk that is frozen sleeps so that nothing interrupts it.
test_what_is_not_over_in_time_is_said() {
	local disk=$WS/disk answer each
	mkdir -p "$disk"
	truncate -s 16M "$SCRATCH/image"
	mke2fs -q -t ext4 "$SCRATCH/image"
	mount -o loop "$SCRATCH/image" "$disk"
	mkfifo "$WS/go"
	start_session asleep bash -c "read -r _ <$WS/go; mkdir $disk/made"
	fsfreeze -f "$disk"
	echo go >"$WS/go"
	await "it sleeps" asleep
	for each in pause kill; do
		answer=$(curl -sf --unix-socket "$SOCKET" -d "{\"session\":\"$session\",\"strength\":\"$each\"}" "http://localhost/v1/kills?wait=1")
		same "$each: $answer" false "$(fields 'done' <<<"$answer")"
	done
	in_background curl -sf --unix-socket "$SOCKET" -o "$SCRATCH/lifted" -d "{\"session\":\"$session\",\"strength\":\"pause\",\"reason\":\"waits\"}" "http://localhost/v1/kills?wait=60"
	await "it stands" eval 'holdfast kills --json | grep -q waits'
	holdfast lift --id "$(holdfast kills --json | jq -r '.[] | select(.reason == "waits") | .id')"
	await "who waited is told" test -s "$SCRATCH/lifted"
	same "a lifted one: $(<"$SCRATCH/lifted")" false "$(fields 'done' <"$SCRATCH/lifted")"
	fsfreeze -u "$disk"
	await "it is over" ended "$session"
	umount "$disk"
}

test_lists_come_in_pages() {
	start_session pages sleep infinity
	asked conventions.py pages "$session" "$POLICY"
}

test_the_figures_are_as_prometheus_wants_them() {
	asked metrics.py format
	if [ -d /out ]; then api GET /metrics >/out/metrics.txt; fi
}

test_the_figures_count_what_happens() {
	echo secret >"$OUT/secret"
	start_session counted sleep infinity
	asked metrics.py counts "$session" enter "$POLICY" "$WS" files write "$OUT/secret"
}

test_a_process_in_a_session_is_told_nothing() {
	local each
	base_policy '{ "path": "/run", "allow": "rc" }'
	for each in /v1/openapi.json /metrics /v1/kills; do
		confined curl -s --unix-socket "$SOCKET" "http://localhost$each"
		[[ -z $output || $output == *urn:holdfast:agent* ]] || fail "$each: $output"
	done
}

run_suite "$@" 3>&1
