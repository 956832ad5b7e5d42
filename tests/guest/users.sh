#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Ordinary users: each may start, see and stop sessions of their own, and nobody else's.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

base_policy
chmod 755 "$SCRATCH"
chmod 644 "$POLICY"
DEV=/home/dev/work
id eve >/dev/null 2>&1 || useradd --create-home --uid 1001 eve
su dev -c "mkdir -p $DEV"

as() { # USER COMMAND
	su "$1" -c "$2" 2>&1 </dev/null
}

start_devs() {
	su dev -c "exec holdfast run --policy $POLICY --workspace $DEV --agent $1 -- sleep infinity" </dev/null >/dev/null 2>&1 &
	background+=($!)
	await "the session is there" session_of "$1"
	session=$(session_of "$1")
}

test_a_user_runs_a_session_that_is_confined() {
	local out=/home/dev/outside
	as dev "echo original >$out"
	same inside $'done' "$(as dev "holdfast run --policy $POLICY --workspace $DEV -- $TESTS/guest/files create $DEV/made-$RANDOM")"
	mark
	same outside 'refused EACCES' "$(as dev "holdfast run --policy $POLICY --workspace $DEV -- $TESTS/guest/files write $out" || true)"
	settled
	one_refusal "$out" w none 'default deny' EACCES
	same user dev "$(refusals user)"
	same "user of the process" 1000 "$(as dev "holdfast run --policy $POLICY --workspace $DEV -- id -u")"
}

test_the_workspace_is_the_current_folder_unless_said_otherwise() {
	same output 'done' "$(as dev "cd $DEV && holdfast run --policy $POLICY -- $TESTS/guest/files create $DEV/made-$RANDOM")"
}

test_a_user_sees_and_kills_their_own_session() {
	start_devs own
	holds list "$(as dev 'holdfast ps')" "$session"
	same user dev "$(show "$session" user)"
	as dev "holdfast kill $session --reason mine" || fail "not killed"
	await "it has ended" ended "$session"
}

test_a_user_cannot_touch_the_session_of_another() {
	local action
	start_devs other
	for action in "kill $session" "pause $session" "lift $session" "policy apply $session $POLICY"; do
		status=0
		as eve "holdfast $action" >"$SCRATCH/said" || status=$?
		same "status of $action: $(<"$SCRATCH/said")" 3 $status
	done
	same state running "$(show "$session" state)"
	holdfast kill "$session"
	await "it has ended" ended "$session"
}

test_a_user_cannot_kill_all() {
	start_devs all
	status=0
	as dev 'holdfast kill --all' || status=$?
	same status 3 $status
	same state running "$(show "$session" state)"
}

test_a_user_cannot_lift_the_kill_of_an_administrator() {
	start_devs lifted
	holdfast kill "$session" --deny --reason 'by root'
	status=0
	as dev "holdfast lift $session" || status=$?
	same status 3 $status
	same state denied "$(show "$session" state)"
}

test_a_user_cannot_attach_to_a_process_of_another() {
	in_background sleep infinity
	status=0
	as dev "holdfast attach --pid $pid --policy $POLICY" || status=$?
	same status 3 $status
}

# As one that a program which runs with another's rights, such as sudo, has started for the user.
test_a_user_cannot_attach_a_tree_in_which_somebody_else_has_a_process() {
	local before child
	before=$(api GET '/v1/sessions?state=live' | jq length)
	cp "$(command -v sleep)" "$SCRATCH/su"
	chmod 4755 "$SCRATCH/su"
	as dev "sleep 600 & $SCRATCH/su 600 & echo \$\$ \$! >$DEV/pids; wait" >/dev/null 2>&1 &
	background+=($!)
	await "they run" test -s "$DEV/pids"
	read -r pid child <"$DEV/pids"
	background+=("$pid" "$child")
	await "it is root's" grep -qE '^Uid:[[:space:]]+[0-9]+[[:space:]]+0' "/proc/$child/status"
	try as dev "holdfast attach --pid $pid --policy $POLICY --workspace $DEV"
	same "status: $output" 3 "$status"
	holds "the refusal" "$output" "process $child does not run as you"
	same sessions "$before" "$(api GET '/v1/sessions?state=live' | jq length)"
	kill -9 "$child"
	await "it is gone" gone "$child"
	try as dev "holdfast attach --pid $pid --policy $POLICY --workspace $DEV"
	same "status: $output" 0 "$status"
}

test_a_session_of_a_user_reaches_nothing_that_the_user_could_not() {
	local policy=$SCRATCH/all.json
	echo '{ "holdfast": 1, "name": "all", "capabilities": { "all": { "files": [ { "path": "/", "allow": "rwxc" }, { "path": "/dev/null", "allow": "rw" }, { "path": "/dev/tty", "allow": "rw" } ] } } }' >"$policy"
	chmod 644 "$policy"
	same output 'refused EACCES' "$(as dev "holdfast run --policy $policy --workspace $DEV -- $TESTS/guest/files read /etc/shadow" || true)"
}

run_suite "$@"
