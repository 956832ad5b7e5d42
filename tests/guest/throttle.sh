#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Throttles: how much leaves a session by a capability, and how fast, counted where it arrives.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
# shellcheck source=../lib/outside.sh
. "$TESTS/lib/outside.sh"

POUR=$TESTS/guest/throttle/pour.py
SINK=203.0.113.200
PACKET=$((64 << 10)) # one may leave whatever its size

# Counts the bytes of packets with data that arrive at each port.
start_counting() {
	local port
	outside nft add table inet seen
	outside nft add chain inet seen arrives '{ type filter hook input priority 0; }'
	for port in {7001..7016}; do
		outside nft add counter inet seen "p$port"
		outside nft add rule inet seen arrives th dport "$port" meta length '>' 100 counter name "p$port"
		in_background ip netns exec $OUTSIDE socat -u "TCP-LISTEN:$port,fork,reuseaddr" OPEN:/dev/null
		in_background ip netns exec $OUTSIDE socat -u "UDP-RECV:$port" OPEN:/dev/null
	done
}

arrived() { # PORT
	outside nft -j list counter inet seen "p$1" | jq '.nftables[] | select(.counter) | .counter.bytes'
}

more_arrived() { # PORT THAN
	[ "$(arrived "$1")" -gt "$2" ]
}

# throttled THROTTLE EGRESS: a policy with those rules, throttled, beside one rule that is not.
throttled() {
	base_policy '' "$2"
	jq --argjson throttle "$1" --arg to $SINK '.capabilities.net.throttle = $throttle
		| .capabilities.free = { egress: [ { cidr: $to, port: 7012 } ] }' "$POLICY" >"$POLICY.new"
	mv "$POLICY.new" "$POLICY"
}

at() { # PORT
	echo "{ \"cidr\": \"$SINK\", \"port\": $1 }"
}

# keeps RATE PORT MODE...: for some seconds no more arrives than that, and not much less.
keeps() {
	local rate=$1 port=$2 before start ns bytes
	start_session "pours-$port" python3 "$POUR" $SINK "$port" 60 1000000000 "${@:3}"
	await "it pours" more_arrived "$port" 0
	start=${EPOCHREALTIME/./} # to tell what has arrived takes time: it is not to be taken off
	before=$(arrived "$port")
	sleep 4
	bytes=$(($(arrived "$port") - before)) ns=$(((${EPOCHREALTIME/./} - start) * 1000))
	echo "# throttle: $bytes bytes in $((ns / 1000000)) ms at a rate of $rate (${*:3})" >&3
	[ $bytes -le $((rate * (ns / 1000) / 1000000 + rate / 4 + PACKET)) ] || fail "too many: $bytes in $ns ns"
	[ $bytes -ge $((rate * (ns / 1000) / 1000000 / 4)) ] || fail "too few: $bytes in $ns ns"
	kill -9 "$pid"
}

# spends PORT BUDGET COMMAND...: no more arrives than the budget, though unconfined it does; sets output.
spends() {
	local before
	python3 "$POUR" $SINK "$1" 20 $(($2 * 2)) "${@:3}" >/dev/null
	before=$(arrived "$1")
	[ "$before" -gt "$2" ] || fail "control: $before"
	mark
	confined python3 "$POUR" $SINK "$1" 30 $(($2 * 4)) "${@:3}"
	await "it is told" eval "since | fields kind=connect verdict=deny why=budget capability=net addr=$SINK port=$1"
	await "the session has ended" session_ended_since
	[ $(($(arrived "$1") - before)) -le "$2" ] || fail "more than $2: $(($(arrived "$1") - before))"
	[ $(($(arrived "$1") - before)) -ge $(($2 / 2)) ] || fail "less than half of $2: $(($(arrived "$1") - before))"
}

mkdir -p "$SRV"
trap finish EXIT
make_network
use_name_server $UPSTREAM
start_name_server
start_counting
patience=60 await "a name server answers" dig +tries=1 +time=1 www.example.net
await "all listen" eval "[ \$(outside ss -Hltun | grep -c ':70[01][0-9] ') -ge 32 ]"
keep_all

test_unconfined_it_is_faster_than_any_rate_here() {
	local before
	before=$(arrived 7012)
	python3 "$POUR" $SINK 7012 5 5000000 >/dev/null
	[ $(($(arrived 7012) - before)) -ge 5000000 ] || fail "only $(($(arrived 7012) - before)) bytes in 5 s"
}

test_a_connection_keeps_to_the_rate() {
	throttled '{ "bytes_per_second": "256K" }' "$(at 7001)"
	keeps 262144 7001
}

test_connections_keep_to_the_rate_together_and_unpaced() {
	throttled '{ "bytes_per_second": "512K" }' "$(at 7002)"
	mark
	keeps 524288 7002 flows=8 unpaced
	await "it is told" eval "since | fields kind=connect verdict=deny op=send why=rate capability=net addr=$SINK port=7002"
}

test_datagrams_keep_to_the_rate() {
	throttled '{ "bytes_per_second": "64K" }' "$(at 7003)"
	mark
	keeps 65536 7003 udp
	await "it is told" eval "since | fields kind=connect verdict=deny op=send why=rate capability=net proto=udp addr=$SINK port=7003"
}

test_connections_are_made_no_faster_than_the_rate_and_are_all_made() {
	throttled '{ "connections_per_second": 3 }' "$(at 7004)"
	same control '12 12' "$(python3 "$POUR" $SINK 7004 30 1 flows=12 | awk '{ print ($1 > 0) * 12, $2 }')"
	mark
	confined python3 "$POUR" $SINK 7004 60 1 flows=9
	[[ $output =~ ^[0-9]+\ 9$ ]] || fail "$output"
	await "it is told" eval "since | fields kind=connect verdict=deny op=connect why=rate capability=net addr=$SINK port=7004"
	await "all are told" eval '[ "$(made | wc -l)" -ge 9 ]'
	same "connections told" 9 "$(made | wc -l)"
	same "connections that came too early" '' "$(made | awk -F'[:.Z]' '{ at = ($2 * 60 + $3 "." $4) + 0 } NR == 1 { first = at } at < first { at += 3600 }
		at - first < (NR - 3) / 3 - 0.6')"
}

made() {
	since | fields kind=connect verdict=allow op=connect port=7004 time | sort
}

test_a_budget_is_all_that_leaves_by_tcp() {
	throttled '{ "budget": "512K" }' "$(at 7005)"
	spends 7005 524288
	[[ $output =~ \ (ECONNABORTED|ECONNRESET|EPIPE|EACCES)$ ]] || fail "it gets no error: $output"
}

test_a_budget_is_all_that_leaves_by_many_connections_and_with_the_first_packet() {
	throttled '{ "budget": "512K" }' "$(at 7006)"
	spends 7006 524288 flows=8 unpaced open
}

test_a_budget_is_all_that_leaves_by_udp() {
	throttled '{ "budget": "128K", "then": "stop" }' "$(at 7007)"
	spends 7007 131072 udp
	[[ $output == *EPERM* || $output == *EACCES* ]] || fail "it gets no error: $output"
}

test_a_budget_is_all_that_leaves_by_an_ipv6_socket_and_by_datagrams_that_are_split() {
	throttled '{ "budget": "128K" }' "$(at 7015)"
	spends 7015 131072 mapped
	throttled '{ "budget": "128K" }' "$(at 7016)"
	spends 7016 131072 udp segments
}

test_a_capability_that_is_spent_is_closed_and_others_are_not() {
	throttled '{ "budget": "64K" }' "$(at 7008)"
	mark
	confined sh -c "python3 $POUR $SINK 7008 20 1000000; python3 $POUR $SINK 7008 20 1; python3 $POUR $SINK 7012 20 300000; echo >$WS/made"
	same "one more connection, and another capability's" '0 0 EACCES|1' "$(sed -n 2p <<<"$output")|$(awk 'NR == 3 { print $2 }' <<<"$output")"
	[ -e "$WS/made" ] || fail "it may not write"
	await "it is told" eval "since | fields kind=connect verdict=deny op=connect why=budget capability=net error=EACCES port=7008"
}

test_what_was_used_counts_under_the_next_policy() {
	local before
	throttled '{ "budget": "64K" }' "$(at 7009)"
	start_session spends bash -c "while :; do python3 $POUR $SINK 7009 9 300000; sleep 0.5; done"
	await "it is spent" eval "api GET /v1/sessions/$session | jq -e '.throttles[0] | .capability == \"net\" and .budget == 65536 and .used == 65536'"
	[ "$(arrived 7009)" -le 65536 ] || fail "$(arrived 7009)"
	holdfast policy apply "$session" "$POLICY"
	sleep 2
	[ "$(arrived 7009)" -le 65536 ] || fail "$(arrived 7009)"
	throttled '{ "budget": "200K" }' "$(at 7009)"
	holdfast policy apply "$session" "$POLICY"
	await "more leaves" more_arrived 7009 70000
	await "it is spent" eval "api GET /v1/sessions/$session | jq -e '.throttles[0].used == 204800'"
	[ "$(arrived 7009)" -le 204800 ] || fail "$(arrived 7009)"
}

is_paused() {
	[ "$(api GET "/v1/sessions/$session" | jq -r .state)" = paused ]
}

test_a_budget_may_pause_the_session_and_a_lift_renews_it() {
	throttled '{ "budget": "256K", "then": "pause" }' "$(at 7010)"
	mark
	start_session pauses python3 "$POUR" $SINK 7010 120 380000
	await "it is paused" is_paused
	await "it is told" eval "since | fields kind=kill op=set strength=pause session=$session"
	[ "$(arrived 7010)" -le 262144 ] || fail "$(arrived 7010)"
	holdfast lift "$session"
	await "all leaves" more_arrived 7010 380000
}

test_what_waits_when_a_throttled_session_ends_does_not_leave() {
	local before
	throttled '{ "bytes_per_second": "64K" }' "$(at 7014)"
	mark
	confined python3 "$POUR" $SINK 7014 30 100000000 flows=4 full
	await "the session has ended" session_ended_since
	before=$(arrived 7014)
	[ "${output%% *}" -gt $((before + 100000)) ] || fail "control: of $output, $before have arrived: nothing waits"
	sleep 3
	same "what has arrived" "$before" "$(arrived 7014)"
}

test_without_the_daemon_a_budget_holds_and_the_next_one_knows_of_it() {
	throttled '{ "budget": "128K" }' "$(at 7013)"
	mkfifo "$WS/go"
	start_session alone bash -c "read -r <$WS/go; python3 $POUR $SINK 7013 8 600000 >$WS/poured; sleep 600"
	mark
	kill_daemon KILL
	echo go >"$WS/go"
	await "it has poured" test -s "$WS/poured"
	[ "$(arrived 7013)" -le 131072 ] || fail "$(arrived 7013)"
	[ "$(arrived 7013)" -ge 65536 ] || fail "control: $(arrived 7013)"
	start_daemon 3>&-
	await "it is told" eval "since | fields kind=connect verdict=deny why=budget capability=net addr=$SINK port=7013"
	await "it is known" eval "api GET /v1/sessions/$session | jq -e '.throttles[0].used == 131072'"
}

test_what_a_name_opens_is_throttled_too() {
	throttled '{ "budget": "64K" }' '{ "host": "www.example.net", "port": 7011 }'
	mark
	confined python3 "$POUR" www.example.net 7011 20 1000000
	await "it is told" eval "since | fields kind=connect verdict=deny why=budget capability=net addr=203.0.113.1 port=7011"
	[ "$(arrived 7011)" -le 65536 ] || fail "$(arrived 7011)"
}

test_a_socket_that_is_not_counted_may_not_be_used() {
	local server=$WS/give
	give_sockets "$server"
	throttled '{ "budget": "64K" }' "$(at 7001)"
	jq --arg server "$server" '.capabilities.base.files += [ { path: $server, allow: "rwc" } ]' "$POLICY" >"$POLICY.new"
	mv "$POLICY.new" "$POLICY"
	mark
	confined python3 "$POUR" $SINK 7012 20 100 given="$server"
	[[ $output =~ ^[0-9]+\ 1$ ]] || fail "control, without a throttle: $output"
	confined python3 "$POUR" $SINK 7001 20 100 given="$server"
	same confined '0 0 EACCES' "$output"
	await "it is told" eval "since | fields kind=connect op=connect verdict=deny why=rate addr=$SINK port=7001"
}

run_suite "$@" 3>&1
