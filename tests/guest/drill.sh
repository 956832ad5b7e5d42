#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The drill of the kill switch: it passes beside a session at work, which notices nothing; it fails where something is wrong; nothing is left.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

DRILLS=/var/lib/holdfast/drills
CEILING=/etc/holdfast/ceilings/host.json

clean_up() {
	local each
	rm -f "$CEILING"
	daemon_answers >/dev/null 2>&1 || start_daemon
	for each in $(api GET /v1/kills | jq -r '.[].id'); do
		api DELETE "/v1/kills/$each"
	done
	rm -rf /tmp/holdfast-drill-*
}
clean_up # of the kills that other suites have left

# A session that writes all the time, how often it did and how often it was refused.
start_busy() {
	rm -f "$WS/beat"
	base_policy
	start_session busy python3 -c "import time
count = failed = 0
while True:
    try:
        with open('$WS/beat', 'w') as f:
            f.write('%d %d\\n' % (count, failed))
        count += 1
    except OSError:
        failed += 1
    time.sleep(0.005)"
	await "it is at work" grep -q '[0-9]' "$WS/beat"
}

# Sets written and failed.
read_beat() {
	until read -r written failed <"$WS/beat" && [ -n "$failed" ]; do :; done
}

goes_on() {
	local before
	read_beat
	before=$written
	await "it goes on" eval "read_beat; [ \$written -gt $((before + 2)) ]"
	read_beat
}

drill_sessions() {
	api GET '/v1/sessions?state=live' | jq -r '.[] | select(.agent | startswith("holdfast-drill-")) | .id'
}

drill_runs() {
	[ -n "$(drill_sessions)" ]
}

nothing_is_left() {
	same "sessions of the drill" '' "$(drill_sessions)"
	same kills '[]' "$(api GET /v1/kills)"
	same folders '' "$(compgen -G '/tmp/holdfast-drill-*' || true)"
}

newest() {
	holdfast drill --list --json | jq -r '.[-1].path'
}

# drill ARGUMENT...: sets status and report.
drill() {
	status=0
	holdfast drill --json "$@" >"$SCRATCH/report" 2>"$SCRATCH/said" || status=$?
	report=$(<"$SCRATCH/report")
}

is() {
	same "$1 of the report: $(jq -c '{steps, not_drilled, wrong, others}' <<<"$report")" "$2" "$(jq -c "$1" <<<"$report")"
}

test_a_drill_passes_and_the_session_beside_it_sees_nothing() {
	local file line
	start_busy
	mark
	drill
	is .passed true
	same "status: $(<"$SCRATCH/said")" 0 "$status"
	is '[.steps[] | .scope + " " + .strength]' '["session deny","session pause","session kill","agent@version deny","agent@version kill","capability deny","user deny","user pause","user kill","agent deny","agent pause","agent kill"]'
	is '[.steps[].sessions] | add' 16
	is 'all(.steps[]; .permitted_after_answer == 0 and .in_force_ns > 0)' true
	is '[.not_drilled[].scope]' '["all"]'
	is '.others | [.sessions >= 1, .struck, .refused]' '[true,0,0]'
	goes_on
	same "its failed writes" 0 "$failed"
	same "its denials" 0 "$(show "$session" denials)"
	nothing_is_left
	echo "# last permitted action after the request, ms: $(jq -c '[.steps[].last_permitted_ns / 1e6 | floor]' <<<"$report")" >&3

	file=$(newest)
	same "who may read it" '600 root' "$(stat -c '%a %U' "$file")"
	holds "the check" "$(holdfast drill --verify "$file")" "good: drill $(jq -r .id <<<"$report")"
	line=$(since | jq -c 'select(.op == "drill") | [.kind, .passed, .report, .path]')
	same "the event" "[\"admin\",true,\"$(sha256sum <"$file" | cut -d' ' -f1)\",\"$file\"]" "$line"
	sed 's/"permitted_after_answer":0/"permitted_after_answer":1/' "$file" >"$SCRATCH/changed.json"
	try holdfast drill --verify "$SCRATCH/changed.json"
	same "a changed report: $output" 1 "$status"
	holds "a changed report" "$output" 'its signature does not fit'
	[[ $(api GET /metrics | sed -n 's/^holdfast_drill_last_passed_timestamp_seconds //p') =~ ^1[0-9.e+]+ ]] || fail "no metric of it"
	holds doctor "$(holdfast doctor)" 'ok      drill: last passed'
}

# Somebody lifts each pause of the drill's as soon as it stands, so that canaries go on after the answer.
lift_pauses() {
	exec python3 -c "import http.client, json, socket
def ask(method, path):
    c = http.client.HTTPConnection('localhost')
    c.sock = socket.socket(socket.AF_UNIX)
    c.sock.connect('$SOCKET')
    c.request(method, path)
    return c.getresponse().read()
open('$SCRATCH/lifts', 'w').close()
while True:
    for kill in json.loads(ask('GET', '/v1/kills')):
        if kill['strength'] == 'pause' and kill['scope'] != 'all':
            ask('DELETE', '/v1/kills/' + kill['id'])"
}

test_a_canary_that_goes_on_is_noticed_and_everything_is_paused_only_when_asked() {
	start_busy
	in_background lift_pauses
	await "somebody lifts pauses" test -e "$SCRATCH/lifts"
	drill --all
	same "status: $(<"$SCRATCH/said")" 1 "$status"
	is .passed false
	is '[.steps[] | select(.passed | not) | .strength] | unique' '["pause"]'
	[[ $(jq -c .wrong <<<"$report") =~ 'begun after the answer, and permitted'|'somebody else lifted it' ]] || fail "wrong: $report"
	is '[.steps[] | select(.scope == "all") | .passed, .strength]' '[true,"pause"]'
	goes_on
	same "its state" running "$(show "$session" state)"
	nothing_is_left
	try holdfast drill --verify "$(newest)"
	same "the report of a drill that failed: $output" 0 "$status"
	[[ $(holdfast doctor) =~ failed|'no drill passed' ]] || fail "$(holdfast doctor)"
}

test_a_canary_that_can_do_nothing_fails_the_drill() {
	mkdir -p "${CEILING%/*}"
	echo '{ "holdfast": 1, "name": "host", "capabilities": { "rest": { "files": [ { "path": "/", "allow": "rwxc" },
		{ "path": "/dev/null", "allow": "rw" }, { "path": "/tmp", "deny": "w" } ] } } }' >"$CEILING"
	drill
	same status 1 "$status"
	holds "what is wrong" "$(jq -c .wrong <<<"$report")" 'can do nothing in /tmp/holdfast-drill-'
	nothing_is_left
}

# begin_drill: in the background, and stopped while one of its sessions is at work; sets pid.
begin_drill() {
	in_background holdfast drill
	await "a canary is at work" compgen -G '/tmp/holdfast-drill-*/*/*'
	kill -STOP "$pid"
	drill_runs || fail "the drill was over already"
}

# signal_drill SIGNAL: to one that is under way.
signal_drill() {
	begin_drill
	kill "-$1" "$pid"
	kill -CONT "$pid"
}

test_an_interrupted_drill_leaves_nothing_behind() {
	signal_drill INT
	status=0
	wait "$pid" || status=$?
	same status 1 "$status"
	nothing_is_left
	holds "its report" "$(holdfast drill --verify "$(newest)")" 'it was interrupted by signal 2'
	signal_drill KILL
	await "its sessions end" eval '! drill_runs'
	[ "$(api GET /v1/kills | jq 'all(.expires != null)')" = true ] || fail "a kill stands for ever"
}

test_a_drill_fails_when_the_daemon_goes_and_old_ones_are_warned_of() {
	local busy
	start_busy
	busy=$pid
	begin_drill
	kill_daemon KILL
	kill -CONT "$pid"
	status=0
	wait "$pid" || status=$?
	same status 1 "$status"
	echo 1 >"/sys/fs/cgroup/holdfast/$session/cgroup.kill" # as the runbook says
	await "it is gone" gone "$busy"
	same folders '' "$(compgen -G '/tmp/holdfast-drill-*' || true)"
	rm -f "$DRILLS"/*
	echo '{"id":"old","passed":true,"recorded":"'"$(date -u -d '-36 days' +%FT%T.000000000Z)"'"}' >"$DRILLS/20260102T030405Z-old.json"
	start_daemon
	await "its sessions end" eval '! drill_runs'
	try holdfast doctor
	[[ $output =~ WARNING\ drill:\ last\ passed\ [0-9TZ:-]+,\ 36\ days\ ago ]] || fail "$output"
	rm -f "$DRILLS"/*
}

test_kills_are_listed() {
	holdfast kill --agent coder@1.4 --deny --reason 'a bad release' --for 1h >/dev/null
	holdfast kill --capability llm >/dev/null
	holds kills "$(holdfast kills)" 'coder@1.4'
	[[ $(holdfast kills | sed -n 3p) =~ ^[a-z0-9]+\ +capability\ +llm\ +deny\ +[0-9TZ:-]+\ +never\ +root ]] || fail "$(holdfast kills)"
	same json 'agent coder 1.4 a bad release' "$(holdfast kills --json | fields scope=agent agent version reason | sed 's/\t/ /g; s/^/agent /')"
}

test_the_timer_is_right() {
	local each
	for each in holdfast-drill.service holdfast-drill.timer; do
		grep -q . "/usr/lib/systemd/system/$each"
	done
	holds "the service" "$(</usr/lib/systemd/system/holdfast-drill.service)" 'ExecStart=/usr/bin/holdfast drill'
	if command -v systemd-analyze >/dev/null; then
		systemd-analyze verify --man=no /usr/lib/systemd/system/holdfast-drill.timer
	fi
}

run_suite "$@" 3>&1
