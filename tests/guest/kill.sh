#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The kill switch: one session or all, refused, frozen or killed, and lifted again; and how soon it takes effect.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

base_policy

# A session that counts in the workspace for as long as it may open its files.
start_counter() {
	rm -f "$WS/$1"
	start_session "$1" latency spin "$WS/$1" /etc/passwd
	await "it counts" counts "$1"
}

count() {
	od -An -tu8 -N8 "$WS/$1" | tr -d ' '
}

counts() {
	local before
	before=$(count "$1")
	[ "$(count "$1")" != "$before" ] || { holdfast ps >/dev/null; [ "$(count "$1")" != "$before" ]; }
}

test_a_kill_by_curl_ends_the_session() {
	local answer
	start_counter killed
	answer=$(curl -s --unix-socket "$SOCKET" -d "{\"session\":\"$session\",\"reason\":\"three in the morning\"}" http://localhost/v1/kills)
	await "it is gone" gone "$pid"
	await "it has ended" ended "$session"
	echo "$answer"
	holds answer "$answer" "$session"
	holds "the event" "$(fields kind=kill session="$session" <"$AUDIT")" 'three in the morning'
}

test_a_denied_session_runs_and_may_do_nothing() {
	start_counter denied
	mark
	api POST /v1/kills "{\"session\":\"$session\",\"strength\":\"deny\",\"reason\":\"look first\"}"
	await "its state is denied" state_is "$session" denied
	counts denied && fail "it still opens files"
	kill -0 "$pid"
	await "a refusal is written" eval 'since | fields verdict=deny kind=file'
	holds "the refusal" "$(since | fields verdict=deny kind=file rule reason | sed -n 1p)" $'kill\t'
	holds "the refusal" "$(since | fields verdict=deny kind=file rule reason | sed -n 1p)" 'look first'
	holdfast lift "$session"
	await "it opens files again" counts denied
	same state running "$(show "$session" state)"
}

test_a_paused_session_stands_still_and_goes_on() {
	start_counter paused
	holdfast pause "$session" --reason 'a break'
	await "its state is paused" state_is "$session" paused
	counts paused && fail "it goes on"
	grep -q 1 "/sys/fs/cgroup$(show "$session" cgroup)/cgroup.freeze"
	holdfast lift "$session"
	await "it goes on" counts paused
}

test_a_killed_session_stays_dead_when_the_kill_is_lifted() {
	start_counter dead
	holdfast kill "$session" --reason enough
	await "it is gone" gone "$pid"
	try holdfast lift "$session"
	[[ $(show "$session" state) != running ]] || fail "it is back"
}

test_kill_all_stops_every_session_and_only_sessions() {
	local first second bystander
	in_background sleep infinity
	bystander=$pid
	start_counter one
	first=$session
	start_counter two
	second=$session
	holdfast kill --all --deny --reason 'all of them'
	counts one && fail "the first goes on"
	counts two && fail "the second goes on"
	same "state of the first" denied "$(show "$first" state)"
	same "state of the second" denied "$(show "$second" state)"
	kill -0 "$bystander"
	confined true
	[ "$status" != 0 ] || fail "a new session runs while all is killed"
	holdfast lift --all
	await "the first goes on" counts one
	await "the second goes on" counts two
	confined true
	same "a new session: $output" 0 "$status"
}

test_kill_all_kills() {
	local first second
	start_counter three
	first=$session
	start_counter four
	second=$session
	holdfast kill --all --reason 'all of them'
	await "the first has ended" ended "$first"
	await "the second has ended" ended "$second"
	holdfast lift --all
	confined true
	same "a new session: $output" 0 "$status"
}

test_a_repeated_kill_and_a_repeated_lift_do_no_harm() {
	start_counter again
	holdfast kill "$session" --deny
	holdfast kill "$session" --deny
	same state denied "$(show "$session" state)"
	holdfast lift "$session"
	same state running "$(show "$session" state)"
	await "it goes on" counts again
}

test_a_killed_fork_bomb_is_gone() {
	local cgroup start populated
	start_session bomb tasks bomb
	cgroup=/sys/fs/cgroup$(show "$session" cgroup)
	await "it has 200 processes" eval '[ "$(wc -l <'"$cgroup"'/cgroup.procs)" -ge 200 ]'
	start=${EPOCHREALTIME/./}
	api POST /v1/kills '{"session":"'"$session"'","reason":"a bomb"}'
	while { read -r _ populated <"$cgroup/cgroup.events"; } 2>/dev/null && [ "$populated" = 1 ]; do :; done
	echo "# fork bomb: the last of its tasks died $(((${EPOCHREALTIME/./} - start) / 1000)) ms after the request" >&3
	await "nothing is left" no_bomb
	await "it has ended" ended "$session"
}

no_bomb() {
	local each
	for each in $(pgrep -x tasks); do
		gone "$each" || return 1
	done
}

# stops_and_goes_on NAME COMMAND...: what latency counts in that mode stops with a kill and goes on with a lift.
stops_and_goes_on() {
	rm -f "$WS/$1"
	start_session "$@"
	await "it counts" counts "$1"
	holdfast kill "$session" --deny
	sleep 0.3 # what had been asked about before is counted later on a machine with much to do
	counts "$1" && fail "it goes on"
	holdfast lift "$session"
	await "it goes on" counts "$1"
}

test_a_kill_reaches_files_that_are_open() {
	echo text >"$WS/data"
	stops_and_goes_on writing latency write "$WS/writing" "$WS/data"
	stops_and_goes_on reading latency read "$WS/reading" "$WS/data"
}

test_a_kill_reaches_sockets_that_are_connected() {
	in_background net listen "$SCRATCH/arrived" 7001
	await "the listener is ready" grep -q ready "$SCRATCH/arrived"
	base_policy '' '{ "cidr": "127.0.0.1/32", "port": 7001 }'
	stops_and_goes_on sending latency send "$WS/sending" 7001
}

# A server that reads nothing until $WS/drain is there; then all that comes, until the end, a reset, or nothing for some time. How much that
# was goes to $WS/drained.
start_server() {
	rm -f "$WS"/{port,drain,drained,sent}
	in_background python3 -c "import os, socket, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('127.0.0.1', 7001))
s.listen()
open('$WS/port', 'w').write('open')
c = s.accept()[0]
while not os.path.exists('$WS/drain'):
    time.sleep(0.05)
total = 0
c.settimeout(5)
try:
    while data := c.recv(1 << 20):
        total += len(data)
except OSError:
    pass
open('$WS/drained', 'w').write('%d\\n' % total)"
	await "the server listens" test -e "$WS/port"
}

# stopped_sending COMMAND...: of one send of 64 MB no more comes than the kernel held when the command was done.
stopped_sending() {
	local POLICY=$SCRATCH/sender.json
	base_policy '' '{ "cidr": "127.0.0.1", "port": 7001 }'
	start_server
	start_session sender python3 -c "import socket, time
s = socket.create_connection(('127.0.0.1', 7001))
open('$WS/sent', 'w').write('sending\\n')
s.send(bytes(64 << 20))"
	await "it sends" test -s "$WS/sent"
	sleep 1
	"$@"
	touch "$WS/drain"
	await "all has come" test -s "$WS/drained"
	echo "# of 64 MB in one send, came after: $(<"$WS/drained") bytes ($1 ${*: -1})" >&3
}

test_a_send_that_waits_for_room_goes_on_unless_it_is_stopped() {
	stopped_sending true
	same "control" $((64 << 20)) "$(<"$WS/drained")"
}

test_a_send_that_waits_for_room_is_ended_by_a_kill_of_strength_deny() {
	deny() { holdfast kill "$session" --deny; }
	stopped_sending deny
	[ "$(<"$WS/drained")" -lt $((32 << 20)) ] || fail "it went on"
}

test_a_send_that_waits_for_room_is_ended_by_a_policy_that_takes_the_right_away() {
	replace() { holdfast policy apply "$session" "$SCRATCH/none.json"; }
	jq 'del(.capabilities.net)' "$POLICY" >"$SCRATCH/none.json"
	stopped_sending replace
	[ "$(<"$WS/drained")" -lt $((32 << 20)) ] || fail "it went on"
}

# median NAME WHAT TIMES [RUNS]: 50 kills of the agent NAME, or so many; from request to first refusal takes at most so many times what a request takes
# that does nothing, in the same run. The figures are printed.
median() {
	local line
	line=$(latency measure "$WS/$1" "$session" "${4-50}")
	echo "# $2: $line" >&3
	[[ $line =~ ^median\ ([0-9]+)\ us.*\ ([0-9]+)\ us$ ]] || fail "$line"
	[ "${BASH_REMATCH[1]}" -le $((BASH_REMATCH[2] * $3)) ] || fail "the bar is $3 times: $line"
}

test_the_first_refusal_comes_at_once_with_one_session() {
	start_counter alone
	median alone 'one session' 10
}

test_the_first_refusal_comes_at_once_with_200_sessions() {
	local each
	start_counter crowd
	for ((each = 0; each < 199; each++)); do
		in_background enter "$POLICY" "$WS" sleep infinity
	done
	await "there are 200 sessions" eval '[ "$(api GET "/v1/sessions?state=live" | fields state=running id | wc -l)" = 200 ]'
	median crowd '200 sessions' 10
}

test_an_unknown_session_is_said_to_be_one() {
	try holdfast kill no-such-session
	same status 4 "$status"
	holds output "$output" no-such-session
	same "by curl" 404 "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$SOCKET" -d '{"session":"no-such-session"}' http://localhost/v1/kills)"
}

# code_of BODY: the status that a kill with this body is answered with.
code_of() {
	curl -s -o /dev/null -w '%{http_code}' --max-time 10 --unix-socket "$SOCKET" -d "$1" http://localhost/v1/kills
}

test_a_bad_request_is_answered_with_the_field_that_is_wrong() {
	local answer before
	before=$(api GET /v1/kills | jq -c 'map(.id)')
	answer=$(api POST /v1/kills '{"session":7}')
	holds answer "$answer" session
	same status 400 "$(fields status <<<"$answer")"
	answer=$(api POST /v1/kills '{"session":"x","strength":"gently"}')
	holds answer "$answer" strength
	same "half a request" 400 "$(code_of '{"sess')"
	same "an empty one" 400 "$(code_of '{}')"
	same "the kills" "$before" "$(api GET /v1/kills | jq -c 'map(.id)')"
}

run_suite "$@" 3>&1
