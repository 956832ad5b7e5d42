#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Trips: what is measured of a session pauses, denies or kills it, and what stays below the limit does not.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
# shellcheck source=../lib/outside.sh
. "$TESTS/lib/outside.sh"

SINK=203.0.113.200

trap finish EXIT
make_network
use_name_server $UPSTREAM
in_background ip netns exec $OUTSIDE socat -u UDP-RECV:7003 OPEN:/dev/null
keep_all
base_policy '' "{ \"cidr\": \"$SINK\", \"port\": 7003 }, { \"host\": \"www.example.net\", \"port\": 80 }"
echo outside >"$OUT/file"

CEILING=/etc/holdfast/ceilings/host.json
clean_up() {
	kill -CONT "$(daemon_pid)" 2>/dev/null || true
	rm -f $CEILING
}

# As in the other suites, but also of sessions under a ceiling, in which objects are nested.
show() {
	api GET "/v1/sessions/$1" | jq -r --arg member "$2" '.[$member]'
}

session_of() {
	api GET '/v1/sessions?state=live' | jq -r --arg agent "$1" '.[] | select(.agent == $agent).id' | grep .
}

# watched MEMBERS: the policy with these members more, in JSON; sets POLICY.
watched() {
	jq ". + $1" "$SCRATCH/policy.json" >"$SCRATCH/watched.json"
	POLICY=$SCRATCH/watched.json
}

trip() { # ON OVER WITHIN DO
	watched "{ trips: [ { on: \"$1\", over: $2, within: \"$3\", do: \"$4\" } ] }"
}

# Who is denied everything may end of it.
has_come_to() { # ID STATE
	[[ " $2 ${2/denied/ended} " == *" $(show "$1" state) "* ]]
}

# tripped ID STATE REASON: since the mark; the state is what it was made, and the kill is holdfastd's.
tripped() {
	await "its state is $2" has_come_to "$1" "$2"
	await "it is on record" eval "since | fields kind=kill op=set session=$1"
	holds "the kill" "$(since | fields kind=kill op=set session="$1" actor reason)" $'holdfastd\t'"$3"
}

# start_obeying NAME: a session that runs each line that it is told in bash; tell it by obey.
start_obeying() {
	rm -f "$WS/ask" "$WS/said"
	mkfifo "$WS/ask"
	start_session "$1" bash -c "exec 5<>$WS/ask; while read -r line <&5; do eval \"\$line\"; echo done >>$WS/said; done"
}

obey() { # LINE
	local before
	before=$(wc -l <"$WS/said" 2>/dev/null || echo 0)
	echo "$1" >"$WS/ask"
	await "it has done $1" eval '[ "$(wc -l <"$WS/said")" -gt '"$before"' ]'
}

# Two ticks of the daemon and more.
still_running() {
	sleep 3
	same "state of $1" running "$(show "$1" state)"
}

tries() { # N: has the session try as often what is refused
	echo "for i in {1..$1}; do : <$OUT/file; done"
}

test_denials_pause_and_count_anew_after_a_lift() {
	trip denials 20 10m pause
	start_obeying denials
	mark
	obey "$(tries 12)"
	still_running "$session"
	tries 12 >"$WS/ask"
	tripped "$session" paused 'trip denials of the policy: '
	holds "the reason" "$(since | fields kind=kill op=set session="$session" reason)" ' within 600 s, over 20'
	holdfast lift "$session"
	await "it goes on" state_is "$session" running
	obey "$(tries 12)"
	still_running "$session"
	# The policy applied again, the count goes on.
	holdfast policy apply "$session" "$POLICY"
	mark
	tries 12 >"$WS/ask"
	tripped "$session" paused 'trip denials of the policy: '
}

# Bash itself is refused a few things when it begins.
test_a_trip_of_a_ceiling_counts_too() {
	local rest='{ "cidr": "0.0.0.0/0" }, { "cidr": "::/0" }'
	[ ! -e $CEILING ] || fail "there is a ceiling already"
	mkdir -p "${CEILING%/*}"
	cat >$CEILING <<-END
		{ "holdfast": 1, "name": "host", "capabilities": { "rest": { "files": [ { "path": "/", "allow": "rwxc" } ], "egress": [ $rest ] } },
		  "trips": [ { "on": "denials", "over": 40, "within": "1m", "do": "deny" } ] }
	END
	trip denials 1000 1m kill
	start_obeying clipped
	rm $CEILING
	mark
	tries 60 >"$WS/ask"
	tripped "$session" denied "trip denials of the host's ceiling: "
}

test_different_names_deny() {
	trip names 3 1m deny
	start_obeying names
	mark
	obey 'for i in 1 2 3 1 2 3; do getent ahosts $i.example.org; done'
	still_running "$session"
	echo 'getent ahosts 4.example.org' >"$WS/ask"
	tripped "$session" denied 'trip names of the policy: 4 within 60 s, over 3'
}

test_bytes_out_kill() {
	trip bytes-out '"1M"' 1m kill
	start_obeying bytes
	mark
	obey "python3 $TESTS/guest/throttle/pour.py $SINK 7003 20 300000 udp"
	still_running "$session"
	echo "python3 $TESTS/guest/throttle/pour.py $SINK 7003 60 2000000000 udp" >"$WS/ask"
	tripped "$session" ended 'trip bytes-out of the policy: '
	[ "$(since | fields kind=kill op=set reason | sed 's/[^:]*: \([0-9]*\).*/\1/')" -gt 1048576 ] || fail "it was less than 1M"
}

test_lost_events_kill() {
	local daemon
	daemon=$(daemon_pid)
	trip lost 0 1m kill
	start_obeying lost
	obey "files flood $OUT/file 20"
	still_running "$session"
	mark
	kill -STOP "$daemon"
	obey "files flood $OUT/file 5000" # more than wait for the daemon
	kill -CONT "$daemon"
	tripped "$session" ended 'trip lost of the policy: '
}

test_wall_and_idle_time() {
	local busy limited
	watched '{ trips: [ { on: "idle", over: "4s", do: "deny" } ] }'
	mark
	start_session busy latency spin "$WS/busy" /etc/passwd
	busy=$session
	watched '{ limits: { idle: "4s" } }'
	start_session limited sleep infinity
	limited=$session
	watched '{ trips: [ { on: "idle", over: "4s", do: "deny" } ] }'
	start_session idle sleep infinity
	tripped "$session" denied 'trip idle of the policy: '
	tripped "$limited" ended 'idle limit'
	still_running "$busy"
	watched '{ trips: [ { on: "wall", over: "2s", do: "pause" } ] }'
	holdfast policy apply "$busy" "$POLICY"
	tripped "$busy" paused 'trip wall of the policy: '
}

test_pressure_kills() {
	local calm hungry
	trip cpu-pressure '"20%"' 10s pause
	if [ ! -e /proc/pressure/cpu ]; then
		confined true
		holds "what is said" "$output" 'this host cannot measure "cpu-pressure"'
		return
	fi
	mark
	start_session calm sleep infinity
	calm=$session
	start_session crowd bash -c 'for i in 1 2 3 4 5 6; do while :; do :; done & done; wait'
	tripped "$session" paused 'trip cpu-pressure of the policy: '
	holdfast kill "$session"
	echo 3 >/proc/sys/vm/drop_caches # what others have read would not be the session's
	watched '{ limits: { memory: "24M" }, trips: [ { on: "memory-pressure", over: "1%", within: "10s", do: "kill" } ] }'
	start_session hungry bash -c 'while :; do cat /usr/lib/x86_64-linux-gnu/*.so* /usr/bin/* >/dev/null; done'
	hungry=$session
	tripped "$hungry" ended 'trip memory-pressure of the policy: '
	same "state of the calm one" running "$(show "$calm" state)"
}

run_suite "$@"
