#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The kill switch: a session, an agent, a capability, a user or all, refused, frozen or killed, and lifted again; and how soon it takes effect.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

base_policy
chmod 755 "$SCRATCH" # for users who are not root
chmod 644 "$POLICY"
DEV=/home/dev/work
CONFIG=/etc/holdfast/holdfast.json
su dev -c "mkdir -p $DEV"

clean_up() {
	local each
	if [ -e "$CONFIG" ]; then
		rm "$CONFIG"
		kill -9 "$(daemon_pid)" 2>/dev/null || true
	fi
	daemon_answers >/dev/null 2>&1 || { kill -9 "$(daemon_pid)" 2>/dev/null || true; start_daemon; }
	for each in $(api GET '/v1/sessions?state=live' | fields user=dev id); do # of su, which is ended alone
		api POST /v1/kills "{\"session\":\"$each\"}" >/dev/null
	done
	for each in $(api GET /v1/kills | jq -r '.[].id'); do
		api DELETE "/v1/kills/$each"
	done
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

# start_as NAME AGENT[@VERSION]: a session that counts, of an agent; sets session.
start_as() {
	rm -f "$WS/$1"
	in_background holdfast run --policy "$POLICY" --workspace "$WS" --agent "$2" --name "$1" -- latency spin "$WS/$1" /etc/passwd
	await "it counts" counts "$1"
	session=$(named "$1")
}

# start_of_dev NAME: the same of the user dev.
start_of_dev() {
	rm -f "$DEV/$1" "$WS/$1"
	ln -s "$DEV/$1" "$WS/$1"
	in_background su dev -c "exec holdfast run --policy $POLICY --workspace $DEV --name $1 -- $TESTS/guest/latency spin $DEV/$1 /etc/passwd"
	await "it counts" counts "$1"
	session=$(named "$1")
}

named() {
	api GET '/v1/sessions?state=live' | fields name="$1" id
}

stops() {
	await "$1 stops" eval "! counts $1"
}

# begins ARGUMENT...: a session begins. begins_not REASON ARGUMENT...: none does, and that is why.
begins() {
	try holdfast run --policy "$POLICY" --workspace "$WS" "$@" -- true
	same "a new session: $output" 0 "$status"
}

begins_not() {
	try holdfast run --policy "$POLICY" --workspace "$WS" "${@:2}" -- true
	same "status: $output" 3 "$status"
	holds "the answer" "$output" "$1"
}

restart() {
	kill_daemon KILL
	start_daemon
}

# The kill's event since the mark: these members of it.
kill_event() { # OP MEMBER...
	since | fields kind=kill op="$1" "${@:2}" | tr '\t' ' '
}

test_a_kill_of_an_agent_holds_for_its_sessions_now_and_later() {
	start_as agent-1 coder@1
	start_as agent-2 coder@2
	start_as agent-other coder2
	mark
	holdfast kill --agent coder --deny --reason 'all coders'
	stops agent-1
	stops agent-2
	counts agent-other
	same event 'agent deny 2 all coders' "$(kill_event set scope strength sessions reason)"
	same "whom it was for" 'coder - -' "$(kill_event set agent version user | sed 's/null/-/g')"
	same steps true "$(since | jq -c 'select(.kind == "kill") | .took_ns > 0 and .held_ns >= .took_ns and .recorded_ns >= .held_ns')"
	same state denied "$(show "$(named agent-1)" state)"
	same "reason of ps" 'all coders' "$(holdfast ps --json | fields name=agent-1 kill_reason)"
	begins_not 'all coders' --agent coder@3
	begins --agent coder2
	restart
	stops agent-1
	counts agent-other
	begins_not 'all coders' --agent coder
	try holdfast lift "$(named agent-1)"
	same "status of the lift: $output" 4 "$status"
	holds lift "$output" 'agent coder'
	holdfast lift --agent coder
	await "it goes on" counts agent-1
	await "the other too" counts agent-2
	begins --agent coder
}

test_a_kill_of_a_version_ends_that_one_only() {
	local first
	start_as version-1 coder@1
	first=$session
	start_as version-2 coder@2
	holdfast kill --agent coder@1 --reason 'a bad release'
	await "it has ended" ended "$first"
	same "why it ended" 'a bad release' "$(show "$first" end_reason)"
	counts version-2
	begins_not 'a bad release' --agent coder@1
	begins --agent coder@2
	begins --agent coder
	restart
	begins_not 'a bad release' --agent coder@1
	counts version-2
	holdfast lift --agent coder@1
	begins --agent coder@1
	same "the one that was ended" ended "$(show "$first" state)"
}

test_a_pause_of_a_user_freezes_their_sessions_and_lets_none_begin() {
	start_of_dev of-dev
	start_as of-root coder
	holdfast pause --user dev --reason 'look at dev'
	await "its state is paused" state_is "$(named of-dev)" paused
	stops of-dev
	counts of-root
	status=0
	su dev -c "holdfast run --policy $POLICY --workspace $DEV -- true" >"$SCRATCH/said" 2>&1 || status=$?
	same "status: $(<"$SCRATCH/said")" 3 $status
	holds "the answer" "$(<"$SCRATCH/said")" 'look at dev'
	begins
	restart
	same state paused "$(show "$(named of-dev)" state)"
	counts of-root
	holdfast pause --user 1000
	holdfast lift --user dev
	same "another pause stands" paused "$(show "$(named of-dev)" state)"
	holdfast lift --user 1000
	await "it goes on" counts of-dev
	su dev -c "holdfast run --policy $POLICY --workspace $DEV -- true"
}

test_a_kill_of_all_outlives_the_daemon() {
	start_as everything coder
	holdfast kill --all --deny --reason 'all of them'
	restart
	stops everything
	begins_not 'all of them'
	holdfast lift --all
	await "it goes on" counts everything
}

test_the_strictest_of_several_scopes_holds() {
	start_as scopes coder@1
	holdfast kill "$session" --deny --reason one
	holdfast pause --agent coder --reason two
	same state paused "$(show "$session" state)"
	same reason two "$(show "$session" kill_reason)"
	holdfast lift --agent coder
	same state denied "$(show "$session" state)"
	holdfast lift "$session"
	await "it goes on" counts scopes
}

test_a_kill_with_a_time_is_lifted_by_itself() {
	start_as timed coder
	mark
	holdfast kill --agent coder --deny --reason 'a while' --for 15s
	stops timed
	holds "the list" "$(api GET /v1/kills | jq -r '.[].expires')" Z
	await "it goes on" counts timed
	same event 'holdfastd expired' "$(kill_event lift actor reason)"
	begins --agent coder
	holdfast kill --agent coder --deny --for 6s
	kill_daemon KILL
	sleep 7
	stops timed # nobody is there to lift it
	start_daemon
	await "it goes on" counts timed
	same "the kills" '[]' "$(api GET /v1/kills)"
	try holdfast kill --agent coder --for 5
	same "status: $output" 1 "$status"
	holds output "$output" '$.for'
}

# A session that has a connection by the capability "net" and a file open by "extra", and says again and again what came of using each.
start_capable() {
	rm -f "$WS/tried" "$SCRATCH/closed"
	mkdir -p "$OUT/extra"
	echo text >"$OUT/extra/file"
	in_background python3 -c "import socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('127.0.0.1', 7001))
s.listen()
open('$SCRATCH/listens', 'w').write('yes')
c = s.accept()[0]
try:
    while c.recv(4096):
        pass
except OSError:
    pass
open('$SCRATCH/closed', 'w').write('closed\\n')"
	await "the server listens" test -s "$SCRATCH/listens"
	start_session capable python3 -c "import os, socket, time
c = socket.create_connection(('127.0.0.1', 7001))
f = os.open('$OUT/extra/file', os.O_RDWR)
def outcome(what):
    try:
        what()
        return 'done'
    except OSError as e:
        return 'refused'
while True:
    tried = outcome(lambda: c.send(b'x')) + ' ' + outcome(lambda: os.pwrite(f, b'x', 0))
    with open('$WS/tried.new', 'w') as t:
        t.write(tried + '\\n')
    os.rename('$WS/tried.new', '$WS/tried')
    time.sleep(0.05)"
	await "it has both" tried 'done done'
}

# tried SENT WRITTEN: what came of both just now.
tried() {
	local before
	before=$(stat -c %i "$WS/tried" 2>/dev/null) || return 1
	for ((i = 0; i < 50; i++)); do
		[ "$(stat -c %i "$WS/tried")" = "$before" ] || break
		sleep 0.1
	done
	[ "$(stat -c %i "$WS/tried")" != "$before" ] && [ "$(<"$WS/tried")" = "$1" ]
}

test_a_kill_of_a_capability_ends_what_is_open_by_it_and_nothing_else() {
	start_as without coder # under a policy that has neither
	local POLICY=$SCRATCH/capable.json
	base_policy '' '{ "cidr": "127.0.0.1", "port": 7001 }'
	jq --arg path "$OUT/extra" '.capabilities.extra = { files: [ { path: $path, allow: "rw" } ] }' "$POLICY" >"$POLICY.new"
	mv "$POLICY.new" "$POLICY"
	start_capable
	mark
	holdfast kill --capability net "$session" --reason 'no net'
	await "the connection ends" test -s "$SCRATCH/closed"
	await "it sends no more, and writes" tried 'refused done'
	same "its state" running "$(show "$session" state)"
	same event "capability deny 1 no net" "$(kill_event set scope strength sessions reason)"
	holdfast kill --capability extra --reason 'no extra'
	await "it writes no more" tried 'refused refused'
	await "it is told why" eval 'since | fields verdict=deny kind=file why=inactive capability=extra reason="the capability is killed: no extra"'
	try holdfast explain "$session" w "$OUT/extra/file"
	same "status of explain: $output" 3 "$status"
	holds explain "$output" 'no extra'
	counts without
	confined files write "$OUT/extra/file"
	same "a session that began later" 'refused EACCES' "$output"
	holdfast policy apply "$session" "$POLICY"
	tried 'refused refused' || fail "$(<"$WS/tried") under a new policy"
	restart
	tried 'refused refused' || fail "$(<"$WS/tried") after a restart"
	counts without
	holdfast kill --capability extra "$session"
	holdfast lift --capability extra
	tried 'refused refused' || fail "$(<"$WS/tried"), and the kill in this session stands"
	confined files write "$OUT/extra/file"
	same "another session" 'done' "$output"
	holdfast lift --capability extra "$session"
	await "it writes again" tried 'refused done'
	holdfast lift --capability net "$session"
	same "the kills" '[]' "$(api GET /v1/kills)"
}

test_a_kill_of_a_capability_ends_what_is_mapped_by_it() {
	local POLICY=$SCRATCH/capable.json held=$OUT/extra/held
	base_policy
	jq --arg path "$OUT/extra" '.capabilities.extra = { files: [ { path: $path, allow: "rw" } ] }' "$POLICY" >"$POLICY.new"
	mv "$POLICY.new" "$POLICY"
	mkdir -p "$OUT/extra"
	truncate -s 4096 "$held"
	truncate -s 4096 "$WS/beat"
	start_session mapper mapped write "$held" "$WS/beat"
	await "it writes" counts beat
	mark
	holdfast kill --capability extra
	await "it is gone" gone "$pid"
	await "it is told" eval 'since | fields op=revoke'
	same event "kill $held" "$(since | fields op=revoke action path | tr '\t' ' ')"
}

test_who_is_not_root_kills_capabilities_of_their_own_sessions_only() {
	local each POLICY=$SCRATCH/apart.json
	base_policy
	jq '.capabilities.base.files |= map(select(.path != "/etc")) | .capabilities.etc = { files: [ { path: "/etc", allow: "r" } ] }' \
		"$POLICY" >"$POLICY.new"
	mv "$POLICY.new" "$POLICY"
	chmod 644 "$POLICY"
	start_of_dev own
	start_as roots coder
	for each in '--all' '--agent coder' '--user dev' '--capability workspace' "--capability workspace $session"; do
		status=0
		su dev -c "holdfast kill $each" >"$SCRATCH/said" 2>&1 || status=$?
		same "status of $each: $(<"$SCRATCH/said")" 3 $status
	done
	counts own
	counts roots
	su dev -c 'holdfast kill --capability etc own --reason mine'
	stops own
	su dev -c 'holdfast lift --capability etc own'
	await "it goes on" counts own
}

test_a_killed_capability_is_not_shed_by_another_policy() {
	local each POLICY=$SCRATCH/apart.json other=$SCRATCH/other.json
	base_policy
	jq '.capabilities.extra = { files: [ { path: "/etc", allow: "r" } ] }' "$POLICY" >"$POLICY.new"
	mv "$POLICY.new" "$POLICY"
	jq '.capabilities |= with_entries(if .key == "extra" then .key = "again" else . end)' "$POLICY" >"$other"
	chmod 644 "$POLICY" "$other"
	start_of_dev own
	for each in "--capability extra own" "--capability extra"; do
		# shellcheck disable=SC2086
		holdfast kill $each --reason 'not for dev'
		status=0
		su dev -c "holdfast policy apply own $other" >"$SCRATCH/said" 2>&1 || status=$?
		same "status of dev's policy: $(<"$SCRATCH/said")" 3 $status
		holds "what dev is told" "$(<"$SCRATCH/said")" 'may change the policy'
		# shellcheck disable=SC2086
		holdfast lift $each
	done
	su dev -c 'holdfast kill --capability extra own'
	su dev -c "holdfast policy apply own $other" || fail "dev may lift this one, and so apply a policy"
	counts own
}

test_whoever_it_concerns_is_told() {
	mkdir -p "${CONFIG%/*}"
	printf '#!/bin/sh\ncat >>%s/told\necho >>%s/told\n' "$SCRATCH" "$SCRATCH" >"$SCRATCH/teller"
	echo "{\"on_kill\": \"$SCRATCH/teller\"}" >"$CONFIG"
	chmod 777 "$SCRATCH/teller"
	try timeout 60 holdfastd
	same "status of a daemon with a program that anyone can change: $output" 1 "$status"
	holds "what it says" "$output" on_kill
	chmod 755 "$SCRATCH/teller"
	restart
	in_background python3 -c "import os, pty, sys
def read(fd):
    data = os.read(fd, 4096)
    with open('$SCRATCH/terminal', 'ab') as f:
        f.write(data)
    return data
pty.spawn(sys.argv[1:], read)" holdfast run --policy "$POLICY" --workspace "$WS" --agent shown -- sleep infinity
	await "the session is there" session_of shown
	session=$(session_of shown)
	mark
	holdfast pause "$session" --reason "look $(printf '\033')[2J here"
	holdfast lift "$session"
	holdfast kill "$session" --reason 'that is enough'
	await "the terminal tells" grep -q 'that is enough' "$SCRATCH/terminal"
	await "the program was run" eval '[ "$(wc -l <"$SCRATCH/told")" = 3 ]'
	holds terminal "$(<"$SCRATCH/terminal")" "session $session was paused by"
	holds terminal "$(<"$SCRATCH/terminal")" 'look ?[2J here'
	holds terminal "$(<"$SCRATCH/terminal")" "session $session was killed by"
	same "what the program was told" 'lift pause set kill set pause' \
		"$(fields op strength <"$SCRATCH/told" | sort | tr '\t\n' '  ' | sed 's/ $//')"
	rm "$CONFIG"
	restart
}

test_a_capability_is_not_paused_nor_killed_with_its_session() {
	try holdfast pause --capability base
	same "status: $output" 2 "$status"
	same "by curl" 400 "$(code_of '{"capability":"base","strength":"kill"}')"
	same "two scopes" 400 "$(code_of '{"agent":"a","user":"b"}')"
	same "the kills" '[]' "$(api GET /v1/kills)"
}

run_suite "$@" 3>&1
