#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Connections: only to the addresses and ports of the policy, over TCP and UDP, IPv4 and IPv6; unix sockets by the right c.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

SOCKETS=$SCRATCH/sockets
ARRIVED=$SCRATCH/arrived # what the listener saw, a line each
by=(none 'default deny')
base_policy '{ "path": "'"$SOCKETS"'/allowed", "allow": "c" }' '
	{ "cidr": "127.0.0.1/32", "port": 7001 },
	{ "cidr": "::1/128", "port": 7001 },
	{ "cidr": "127.0.1.0/24", "port": "7003-7004", "proto": "tcp" },
	{ "cidr": "127.0.2.0/24", "port": 7003, "proto": "udp" }'

mkdir -p "$SOCKETS"
net listen "$ARRIVED" 7001 7002 7003 7004 7005 "$SOCKETS/allowed" "$SOCKETS/denied" @holdfast-test >/dev/null 2>&1 &
LISTENER=$!
trap 'kill $LISTENER' EXIT
await "the listener is ready" grep -q ready "$ARRIVED"

arrived() {
	wc -l <"$ARRIVED"
}

more_arrived_than() {
	[ "$(arrived)" -gt "$1" ]
}

# Everything sent before this is in the listener's log.
all_arrived() {
	local before
	before=$(arrived)
	net udp-sendto 127.0.0.1 7001 >/dev/null
	await "the last datagram arrived" more_arrived_than "$before"
}

# reaches COMMAND...: confined it gets done, arrives, and nothing is refused.
reaches() {
	local before
	before=$(arrived)
	allowed net "$@"
	await "it arrived" more_arrived_than "$before"
}

# cut_off OBJECTS [OPTION...] COMMAND...: unconfined it arrives; confined it is refused with one event, and nothing arrives. $by: the
# capability and rule that refuse it.
cut_off() {
	local object=$1 before
	shift
	before=$(arrived)
	same "unconfined: net $*" 'done' "$(net "$@")"
	await "the unconfined one arrived" more_arrived_than "$before"
	all_arrived
	before=$(arrived)
	mark
	confined net "$@"
	[[ $output == 'refused EACCES' || $output == 'refused EPERM' ]] || fail "confined: net $*: $output"
	await "its events are written" session_ended_since
	one_refusal "$object" "${right:-connect|send}" "${by[@]}" "${output#refused }"
	all_arrived
	same "arrivals" $((before + 1)) "$(arrived)" # the last one is all_arrived's own
}

test_addresses_and_ports_of_the_policy_are_reached() {
	reaches tcp 127.0.0.1 7001
	reaches tcp ::1 7001
	reaches tcp ::ffff:127.0.0.1 7001
	reaches udp-sendto 127.0.0.1 7001
	reaches udp-connect ::1 7001
	reaches fast-open 127.0.0.1 7001
	reaches udp-v4-on-v6 127.0.0.1 7001
	reaches udp-unspecified 127.0.0.1 7001
	reaches tcp 127.0.1.77 7004
	reaches udp-sendmsg 127.0.2.255 7003
}

test_tcp_to_another_port_is_refused() {
	cut_off 127.0.0.1:7002 tcp 127.0.0.1 7002
	cut_off ::1:7002 tcp ::1 7002
	cut_off 127.0.0.1:7002 tcp ::ffff:127.0.0.1 7002
}

test_tcp_to_an_address_just_outside_of_a_prefix_is_refused() {
	cut_off 127.0.2.0:7004 tcp 127.0.2.0 7004
	cut_off 127.0.0.255:7003 tcp 127.0.0.255 7003
	cut_off 127.0.1.1:7005 tcp 127.0.1.1 7005
	cut_off 127.0.1.1:7002 tcp 127.0.1.1 7002
}

test_the_other_protocol_is_refused() {
	cut_off 127.0.1.1:7003 udp-sendto 127.0.1.1 7003
	cut_off 127.0.2.1:7003 tcp 127.0.2.1 7003
}

test_what_a_rule_denies_inside_an_allowed_prefix_is_refused_by_that_rule() {
	local POLICY=$SCRATCH/denial.json by=(net '$.capabilities.net.egress[1]')
	base_policy '' '
		{ "cidr": "127.0.0.0/8" },
		{ "cidr": "127.0.1.0/24", "port": "7002-7003", "deny": true },
		{ "cidr": "127.0.1.7", "port": 7003, "proto": "tcp" }'
	reaches tcp 127.0.2.1 7002
	reaches tcp 127.0.1.1 7004
	cut_off 127.0.1.1:7002 tcp 127.0.1.1 7002
	cut_off 127.0.1.255:7003 udp-sendto 127.0.1.255 7003
	cut_off 127.0.1.1:7002 fast-open 127.0.1.1 7002
	reaches tcp 127.0.1.7 7003 # a longer prefix opens it again
	cut_off 127.0.1.7:7003 udp-connect 127.0.1.7 7003
	cut_off 127.0.1.7:7002 tcp 127.0.1.7 7002
}

test_a_connected_socket_goes_on_no_longer_than_no_rule_denies_it() {
	mkfifo "$WS/denied"
	exec 6<>"$WS/denied"
	start_session denied bash -c "exec $(type -p net) hold 127.0.0.1 7001 tcp <$WS/denied >$WS/told 2>&1"
	await "it is connected" grep -q connected "$WS/told"
	echo -n 1 >&6
	await "it sent" grep -q sent "$WS/told"
	jq '.capabilities.late = {"authorization": "ask", "egress": [{"cidr": "127.0.0.1", "deny": true}]}' "$POLICY" >"$SCRATCH/denied.json"
	mark
	holdfast policy apply "$session" "$SCRATCH/denied.json"
	echo -n 2 >&6
	await "it is refused" grep -q 'refused E' "$WS/told"
	same "bytes sent" 1 "$(grep -c sent "$WS/told")"
	settled
	same rule $'late\t$.capabilities.late.egress[0]' "$(refusals capability rule | sed -n 1p)"
}

test_tcp_fast_open_is_refused() {
	cut_off 127.0.0.1:7002 fast-open 127.0.0.1 7002
	cut_off ::1:7002 fast-open ::1 7002
	cut_off 127.0.0.1:7002 fast-open-connect 127.0.0.1 7002
}

test_udp_is_refused_in_each_way_to_send() {
	local address
	for address in 127.0.0.1 ::1; do
		cut_off "$address:7002" udp-sendto $address 7002
		cut_off "$address:7002" udp-connect $address 7002
		cut_off "$address:7002" udp-sendmsg $address 7002
		cut_off "$address:7002" udp-sendmmsg $address 7002
		cut_off "$address:7002" udp-connected-sendto $address 7002 $address 7001
		cut_off "$address:7002" udp-reconnect $address 7002 $address 7001
	done
}

test_an_address_without_a_family_or_of_the_other_family_is_refused() {
	cut_off 127.0.0.1:7002 udp-unspecified 127.0.0.1 7002
	cut_off 127.0.0.1:7002 udp-v4-on-v6 127.0.0.1 7002
	cut_off 127.0.0.1:7002 udp-sendto ::ffff:127.0.0.1 7002
}

test_what_is_bound_to_an_ipv4_address_does_not_reach_ipv4_by_the_unspecified_address() {
	local POLICY=$SCRATCH/six.json program='import errno, socket
s = socket.socket(socket.AF_INET6)
s.bind(("::ffff:127.0.0.1", 0))
e = s.connect_ex(("::", 7002))
print("refused " + errno.errorcode[e] if e else "done")'
	base_policy '' '{ "cidr": "::", "port": 7002 }'
	same control 'done' "$(python3 -c "$program")"
	confined python3 -c "$program"
	same confined 'refused EACCES' "$output"
	jq '.capabilities.net.egress += [{"cidr": "127.0.0.1/32", "port": 7002}]' "$POLICY" >"$SCRATCH/both.json"
	POLICY=$SCRATCH/both.json confined python3 -c "$program"
	same "with a rule for IPv4 too" 'done' "$output"
}

test_a_session_reaches_on_loopback_what_it_listens_to_itself_and_nothing_else() {
	local own=$TESTS/guest/own.py expected
	expected() { # of what somebody else has, and of where nobody is
		printf '%s\n' "127.0.0.1 own done done" "127.0.0.1 other $1 $1 $1" "0.0.0.0 other $1 $1 $1" "127.0.0.1 nobody ECONNREFUSED" \
			"::1 own done done" "::1 other $1 $1 $1" ":: other $1 $1 $1" "::1 nobody ECONNREFUSED" "mapped own done" "mapped other $1"
	}
	same unconfined "$(expected 'done')" "$(python3 "$own" 7002)"
	all_arrived
	mark
	confined python3 "$own" 7002
	same confined "$(expected EACCES)" "$output"
	await "its events are written" session_ended_since
	same "refusals" 15 "$(refusals seq | wc -l)"
}

test_a_connection_of_a_session_with_itself_outlives_a_change_of_policy() {
	mkfifo "$WS/go"
	exec 8<>"$WS/go"
	start_session self bash -c "exec python3 $TESTS/guest/own.py 7002 wait <$WS/go >$WS/self"
	await "it is connected" grep -q connected "$WS/self"
	jq '.name = "other"' "$POLICY" >"$SCRATCH/other.json"
	holdfast policy apply "$session" "$SCRATCH/other.json"
	echo >&8
	await "it has tried" grep -q later "$WS/self"
	same "once the policy was replaced" "later done" "$(tail -n 1 "$WS/self")"
}

# left KIND SAID COMMAND...: of "own.py leave" or "defer", which writes what it says to SAID, once somebody else has the port that was its own:
# what arrives there, by datagrams or a stream, is in $SCRATCH/stray.
left() {
	local kind=$1 said=$2 port
	shift
	rm -f "$WS/go" "$SCRATCH/stray" "$said"
	mkfifo "$WS/go"
	exec 8<>"$WS/go"
	"${@:2}"
	await "it has left" grep -q left "$said"
	port=$(sed -n 's/^left //p' "$said")
	in_background python3 -c "import socket
s = socket.socket(socket.AF_INET, socket.SOCK_$kind)
if '$kind' == 'STREAM':
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 5)
s.bind(('127.0.0.1', $port))
if '$kind' == 'STREAM':
    s.listen()
open('$SCRATCH/stray', 'wb', buffering=0).write(b'ready ')
if '$kind' == 'STREAM':
    s = s.accept()[0]
while data := s.recv(9):
    open('$SCRATCH/stray', 'ab', buffering=0).write(data)"
	await "somebody else has the port" test -s "$SCRATCH/stray"
	echo >&8
	await "it has sent" grep -q later "$said"
}

test_what_a_session_listened_to_is_anothers_once_it_has_left() {
	mark
	local own="python3 $TESTS/guest/own.py 7002 leave"
	left DGRAM "$SCRATCH/said" in_background bash -c "exec $own <$WS/go >$SCRATCH/said"
	await "control: it arrives" grep -q stray "$SCRATCH/stray"
	left DGRAM "$WS/said" start_session left bash -c "exec $own <$WS/go >$WS/said"
	sleep 1
	same arrived "ready " "$(<"$SCRATCH/stray")"
	await "it is told" eval 'since | fields session="$session" kind=connect op=send verdict=deny addr=127.0.0.1 | grep -q .'
}

test_a_connection_whose_rule_is_gone_does_not_go_on_as_one_that_listens() {
	mkfifo "$WS/on"
	exec 7<>"$WS/on"
	start_session marked bash -c "exec python3 -c '
import socket, sys
s = socket.create_connection((\"127.0.0.1\", 7001))
for one in s, socket.socket():
    try:
        if one is not s:
            one.bind((\"127.0.0.2\", 7001))
        one.listen()
    except OSError:
        pass
print(\"connected\", flush=True)
sys.stdin.readline()
try:
    print(\"sent\", s.send(b\"x\"), flush=True)
except OSError as e:
    print(e.strerror, flush=True)' <$WS/on >$WS/marked"
	await "it is connected" grep -q connected "$WS/marked"
	jq '.capabilities.net.egress = [{"cidr": "192.0.2.1"}]' "$POLICY" >"$SCRATCH/elsewhere.json"
	holdfast policy apply "$session" "$SCRATCH/elsewhere.json"
	echo >&7
	await "it has tried" grep -qE 'sent|denied|abort|reset|Broken' "$WS/marked"
	! grep -q sent "$WS/marked" || fail "it goes on: $(<"$WS/marked")"
}

test_what_a_session_has_sent_by_its_end_arrives() {
	local POLICY=$SCRATCH/end.json
	base_policy '' '{ "cidr": "127.0.1.9", "port": 7010, "proto": "tcp" }'
	mark
	rm -f "$WS/open" "$WS/sent" "$SCRATCH/drain" "$SCRATCH/got"
	in_background python3 -c "import os, socket, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('127.0.1.9', 7010))
s.listen()
open('$WS/open', 'w').close()
c = s.accept()[0]
while not os.path.exists('$SCRATCH/drain'):
    time.sleep(0.05)
c.settimeout(20)
total = 0
while data := c.recv(1 << 20):
    total += len(data)
open('$SCRATCH/got', 'w').write('%d\n' % total)"
	await "the server listens" test -e "$WS/open"
	confined python3 -c "import socket
s = socket.create_connection(('127.0.1.9', 7010))
s.setblocking(False)
total = 0
try:
    while True:
        total += s.send(bytes(1 << 16))
except BlockingIOError:
    pass
open('$WS/sent', 'w').write('%d\n' % total)"
	same status 0 "$status"
	await "the session has ended" session_ended_since
	sleep 1
	touch "$SCRATCH/drain"
	await "all has come" test -s "$SCRATCH/got"
	same "bytes" "$(<"$WS/sent")" "$(<"$SCRATCH/got")"
}

test_a_connection_that_begins_with_the_first_write_does_not_reach_who_has_the_port_by_then() {
	local own="python3 $TESTS/guest/own.py 7002 defer" before
	before=$(sysctl -n net.ipv4.tcp_fastopen)
	sysctl -qw net.ipv4.tcp_fastopen=3
	left STREAM "$SCRATCH/said" in_background bash -c "exec $own <$WS/go >$SCRATCH/said"
	await "control: it arrives" grep -q stray "$SCRATCH/stray"
	left STREAM "$WS/said" start_session deferred bash -c "exec $own <$WS/go >$WS/said"
	sleep 1
	same arrived "ready " "$(<"$SCRATCH/stray")"
	sysctl -qw net.ipv4.tcp_fastopen="$before"
}

test_the_second_of_two_messages_goes_by_no_other_interface() {
	local seen=$SCRATCH/by-another family packets=0
	ip link add hf-other type dummy
	ip address add 192.0.2.1/24 dev hf-other
	ip address add 2001:db8::1/64 dev hf-other nodad
	ip link set hf-other up
	ip route add default via 192.0.2.254 dev hf-other
	ip route add default via 2001:db8::fe dev hf-other
	ip neighbour add 192.0.2.254 lladdr 02:00:00:00:00:01 dev hf-other
	ip neighbour add 2001:db8::fe lladdr 02:00:00:00:00:01 dev hf-other
	clean_up() { ip link del hf-other; }
	in_background tcpdump -n -l -U -i hf-other -w "$seen" udp
	await "the interface is watched" test -s "$seen"
	for family in 4 6; do
		same "control, IPv$family" 2 "$(second $family hf-other)"
		await "control: it left there" eval '[ "$(tcpdump -n -r "$seen" 2>/dev/null | wc -l)" -gt $packets ]'
		packets=$(tcpdump -n -r "$seen" 2>/dev/null | wc -l)
		mark
		confined "$(type -p second)" $family hf-other
		same "confined, IPv$family" 1 "$output"
		await "its events are written" session_ended_since
		same "refusals, IPv$family" 1 "$(refusals seq | wc -l)"
	done
	sleep 1
	same "packets there" "$packets" "$(tcpdump -n -r "$seen" 2>/dev/null | wc -l)"
}

connects() { # ADDRESS PORT
	timeout 5 bash -c "exec 3<>/dev/tcp/$1/$2" 2>/dev/null
}

# bound_again 4|6 PORT ADDRESS LOOPBACK: unconfined it is reached by another address, confined on loopback only.
bound_again() {
	rm -f "$SCRATCH/rebound" "$WS/rebound"
	in_background bash -c "exec rebind $1 $2 60 >$SCRATCH/rebound"
	await "control: one listens" grep -q . "$SCRATCH/rebound"
	connects "$3" "$2" || fail "control: $(<"$SCRATCH/rebound")"
	await "control: it has accepted" grep -q accepted "$SCRATCH/rebound"
	start_session "rebind-$1" bash -c "exec $(type -p rebind) $1 $(($2 + 1)) 60 >$WS/rebound"
	await "one listens" grep -q . "$WS/rebound"
	[ "$(<"$WS/rebound")" = listening ] || return 0
	! connects "$3" $(($2 + 1)) || fail "reached"
	connects "$4" $(($2 + 1)) || fail "not reached on loopback"
	await "it has accepted that" grep -q accepted "$WS/rebound"
}

test_a_listener_that_is_bound_again_while_it_begins_is_reached_on_loopback_only() {
	ip address add 192.0.2.1/32 dev lo
	ip address add 2001:db8::1/128 dev lo nodad
	bound_again 4 7100 192.0.2.1 127.0.0.1
	bound_again 6 7102 2001:db8::1 ::1
	ip address del 192.0.2.1/32 dev lo
	ip address del 2001:db8::1/128 dev lo
}

# no_socket FAMILY TYPE PROTOCOL: there is such a socket for the unconfined, and none for a session.
no_socket() {
	same "unconfined: socket $*" 'done' "$(net socket "$@")"
	mark
	confined net socket "$@"
	[[ $output == 'refused EACCES' || $output == 'refused EPERM' ]] || fail "confined: socket $*: $output"
	settled
	same events 1 "$(refusals | wc -l)"
	same operation socket "$(refusals op)"
}

test_other_kinds_of_sockets_are_refused() {
	modprobe -qa vsock algif_hash mptcp 2>/dev/null || true
	no_socket 2 3 1    # raw IPv4, ICMP
	no_socket 10 3 58  # raw IPv6, ICMPv6
	no_socket 17 3 768 # packet
	no_socket 16 3 9   # netlink, audit
	no_socket 16 3 4   # netlink, sock_diag
	no_socket 40 1 0   # vsock
	no_socket 38 5 0   # the kernel's crypto
	no_socket 2 1 262  # MPTCP, whose subflows no check would see
}

test_a_ping_socket_is_refused() {
	sysctl -qw net.ipv4.ping_group_range='0 2000'
	no_socket 2 2 1
}

test_a_connected_socket_goes_on_only_while_the_policy_says_so() {
	local id
	mkfifo "$WS/send"
	exec 6<>"$WS/send"
	holdfast run --policy "$POLICY" --workspace "$WS" --agent holder -- net hold 127.0.0.1 7001 tcp <"$WS/send" >"$WS/said" 2>&1 &
	background+=($!)
	await "it is connected" grep -q connected "$WS/said"
	echo -n 1 >&6
	await "it sent" grep -q sent "$WS/said"
	id=$(session_of holder)
	jq 'del(.capabilities.net)' "$POLICY" >"$SCRATCH/none.json"
	mark
	holdfast policy apply "$id" "$SCRATCH/none.json"
	echo -n 2 >&6
	await "it is refused" grep -q 'refused E' "$WS/said"
	same "bytes sent" 1 "$(grep -c sent "$WS/said")"
	settled
	same object $'127.0.0.1\t7001' "$(refusals addr port | sed -n 1p)"
}

# ---- connections that are allowed --------------------------------------------------------------------------------------------

EXCHANGE=$TESTS/guest/exchange.py

# connections [NAME=VALUE]... [NAME]...: those that were told of since the mark.
connections() {
	since | fields kind=connect verdict=allow "$@" || true
}

# serves SAID COMMAND...: that it does, and the file that it writes to.
serves() {
	rm -f "$1"
	"${@:2}"
	await "it listens" grep -q ready "$1"
}

# told_with_bytes ADDRESS TOLD RULE: an exchange with that address is told of as one with TOLD, by that rule.
told_with_bytes() {
	local server=$SCRATCH/server here
	serves "$server" in_background python3 "$EXCHANGE" serve "$1" 7301 "$server"
	mark
	confined python3 "$EXCHANGE" ask "$1" 7301 100000 5000
	same confined 'done' "$output"
	await "its events are written" session_ended_since
	await "the server has told" eval "grep -qv ready '$server'"
	here=$(sed -n 's/^100000 //p' "$server")
	same "to $1" "connect $2 7301 tcp $here net $3 python3 - -
close $2 7301 tcp $here - - python3 100000 5000" \
		"$(connections op addr port proto local_port capability rule comm sent received | tr '\t' ' ')"
	same processes 1 "$(connections pid tid uid | grep -v '^0' | sort -u | wc -l)"
	end_background
}

test_a_connection_is_told_of_with_its_bytes_both_ways() {
	local POLICY=$SCRATCH/exchange.json
	base_policy '' '{ "cidr": "::1", "port": 7301 }, { "cidr": "127.0.0.1", "port": 7301 }'
	told_with_bytes 127.0.0.1 127.0.0.1 '$.capabilities.net.egress[1]'
	told_with_bytes ::1 ::1 '$.capabilities.net.egress[0]'
	told_with_bytes ::ffff:127.0.0.1 127.0.0.1 '$.capabilities.net.egress[1]'
}

test_a_connection_that_a_session_accepts_is_told_of() {
	local address
	for address in 127.0.0.1 ::1; do
		mark
		serves "$WS/server" start_session server python3 "$EXCHANGE" serve $address 7302 "$WS/server"
		same unconfined 'done' "$(python3 "$EXCHANGE" ask $address 7302 3000 70000)"
		await "it is told" eval 'connections op=close seq | grep -q .'
		same "from $address" "accept $address 7302 tcp $(show "$session" pid) - - -
close $address 7302 tcp $(show "$session" pid) - 70000 3000" \
			"$(connections op addr local_port proto pid rule sent received | tr '\t' ' ')"
		holdfast kill "$session"
		await "it has ended" ended "$session"
	done
}

test_where_a_udp_socket_sends_is_told_of() {
	mark
	confined python3 -c "import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 7399))
for size, place in (3, ('127.0.0.1', 7001)), (3, ('127.0.0.1', 7001)), (5, ('127.0.2.1', 7003)), (4, ('127.0.0.1', 7001)):
    s.sendto(bytes(size), place)
s.close()
looks = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
looks.connect(('::1', 7001))
print('done')"
	same confined 'done' "$output"
	await "its events are written" session_ended_since
	same "told" 'connect 127.0.0.1 7001 udp 7399 net $.capabilities.net.egress[0] python3 - -
connect 127.0.2.1 7003 udp 7399 net $.capabilities.net.egress[3] python3 - -
close 127.0.0.1 7001 udp 7399 - - python3 10 -
close 127.0.2.1 7003 udp 7399 - - python3 5 -' \
		"$(connections op addr port proto local_port capability rule comm sent received | tr '\t' ' ')"
}

test_each_place_that_a_udp_socket_sends_to_is_told_of() {
	mark
	confined python3 -c "import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(1, 11):
    s.sendto(bytes(n), ('127.0.2.%d' % n, 7003))
print('done')"
	same confined 'done' "$output"
	await "its events are written" session_ended_since
	same "told" "$(for n in {1..10}; do echo "127.0.2.$n $n"; done)" "$(connections op=close addr sent | tr '\t' ' ' | sort -t. -k4n)"
	same "begun" 10 "$(connections op=connect addr | sort -u | wc -l)"
}

test_what_a_session_says_to_itself_on_loopback_is_not_told_of() {
	local POLICY=$SCRATCH/self.json
	base_policy '' '{ "cidr": "192.0.2.1" }'
	mark
	confined python3 "$TESTS/guest/own.py" 7002
	holds confined "$output" '127.0.0.1 own done done'
	await "its events are written" session_ended_since
	refused_since || fail "control: what it says to another is told of"
	same connections '' "$(connections)"
	base_policy '' '{ "cidr": "127.0.0.0/8" }, { "cidr": "::1" }'
	mark
	confined python3 "$TESTS/guest/own.py" 7002
	holds confined "$output" '127.0.0.1 other done done'
	await "its events are written" session_ended_since
	same "ports, where a rule lets it to all" $'close 7002\nconnect 7002' "$(connections op port | tr '\t' ' ' | sort -u)"
}

test_a_socket_that_was_connected_to_the_session_itself_is_told_of_where_it_goes_next() {
	local POLICY=$SCRATCH/next.json address
	base_policy '' '{ "cidr": "127.0.0.1", "port": 7002 }, { "cidr": "0.0.0.0", "port": 7002 }'
	for address in 127.0.0.1 0.0.0.0; do
		mark
		confined python3 -c "import ctypes, socket
own = socket.socket()
own.bind(('127.0.0.1', 0))
own.listen()
s = socket.create_connection(own.getsockname())
ctypes.CDLL(None).connect(s.fileno(), bytes(16), 16) # takes it back
s.connect(('$address', 7002))
print('done')"
		same confined 'done' "$output"
		await "its events are written" session_ended_since
		same "by $address" $'connect 127.0.0.1 7002\nclose 127.0.0.1 7002' "$(connections op addr port | tr '\t' ' ')"
	done
}

test_the_connection_of_a_session_that_is_killed_has_its_end_in_the_stream() {
	mkfifo "$WS/held"
	exec 5<>"$WS/held"
	mark
	start_session held bash -c "exec net hold 127.0.0.1 7001 tcp <$WS/held >$WS/holds"
	echo -n 123 >&5
	await "it has sent" eval '[ "$(grep -c sent "$WS/holds")" = 3 ]'
	await "it is told of" eval 'connections port=7001 seq | grep -q .'
	same "before" 'connect -' "$(connections port=7001 op sent | tr '\t' ' ')"
	holdfast kill "$session" --reason test
	await "it has ended" ended "$session"
	await "the end is told" eval 'connections op=close seq | grep -q .'
	same "the end" '3 0' "$(connections op=close port=7001 sent received | tr '\t' ' ')"
}

test_connections_that_are_allowed_take_no_room_from_refusals() {
	local POLICY=$SCRATCH/knock.json daemon server=$SCRATCH/server lost
	base_policy '' '{ "cidr": "127.0.0.1", "port": 7301 }'
	serves "$server" in_background python3 "$EXCHANGE" serve 127.0.0.1 7301 "$server"
	daemon=$(daemon_pid)
	settled
	mark
	mkfifo "$WS/knock" "$WS/knock.over"
	start_session knocks bash -c "read -r line <$WS/knock; python3 $EXCHANGE knock 127.0.0.1 7301 400
		net tcp 127.0.0.1 7002; net tcp 127.0.0.1 7002; read -r line <$WS/knock.over"
	kill -STOP "$daemon"
	echo go >"$WS/knock"
	timeout 120 bash -c "echo done >$WS/knock.over" || { kill -CONT "$daemon"; fail "it did not come to its end"; }
	kill -CONT "$daemon"
	await "it has ended" ended "$session"
	await "the loss is reported" eval '[ -n "$(since | fields kind=lost seq || true)" ]'
	settled
	same "refusals" 2 "$(since | fields verdict=deny kind=connect session="$session" seq | wc -l)"
	lost=$(since | fields kind=lost session="$session" count | awk '{ sum += $1 } END { print sum + 0 }')
	same "told and lost together" 800 $(($(connections session="$session" seq | wc -l) + lost))
	[ "$lost" -gt 0 ] || fail "none lost: make the flood larger"
}

# ---- unix sockets -----------------------------------------------------------------------------------------------------------

test_a_unix_socket_needs_the_right_to_connect() {
	reaches unix "$SOCKETS/allowed"
	right=c cut_off "$SOCKETS/denied" unix "$SOCKETS/denied"
	right=c cut_off "$SOCKETS/denied.datagram" unix-datagram "$SOCKETS/denied"
}

test_an_abstract_unix_socket_of_another_is_refused() {
	same control 'done' "$(net unix @holdfast-test)"
	mark
	confined net unix @holdfast-test
	[[ $output == 'refused EACCES' || $output == 'refused EPERM' ]] || fail "$output"
	settled
	same events 1 "$(refusals | wc -l)"
}

test_processes_of_a_session_speak_to_each_other_over_unix_sockets() {
	mark
	confined bash -c "net listen $WS/seen $WS/own @own-name & until grep -q ready $WS/seen 2>/dev/null; do :; done; net unix $WS/own; net unix @own-name; kill \$!"
	same output $'done\ndone' "$output"
	settled
	no_refusal
}

run_suite "$@"
