#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# TLS to names: a connection goes on only where its hello is to a name of the policy that led there.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
# shellcheck source=../lib/outside.sh
. "$TESTS/lib/outside.sh"

HELLO=$TESTS/guest/names/hello.py

more_names() {
	cat <<-END
		tls A 203.0.113.60
		tls AAAA 2001:db8:7::60
		secure A 203.0.113.61
		plain A 203.0.113.62
	END
}

names_policy "$(rule www 443), $(rule tls 443), $(rule secure 8443 '"tls": true'), $(rule plain 443 '"tls": false')"
make_outside '443 ssl' '[::]:443 ssl' '8443 ssl'
begin_free free
begin main
keep_all

# hello EXPECTED HOST PORT MODES [NAME]: what comes of it is that in a session, and outside of one it is answered.
hello() {
	same "unconfined: ${*:2}" answered "$(python3 "$HELLO" "$2.example.net" "${@:3}")"
	confined python3 "$HELLO" "$2.example.net" "${@:3}"
	same "confined: ${*:2}" "$1" "$output"
}

test_a_tls_hello_to_the_name_is_answered_however_it_is_sent() {
	local modes
	mark
	for modes in 4 6 4,part=1 part=7 part=100 open; do
		hello answered tls 443 $modes tls.example.net
	done
	hello answered tls 443 6 TLS.Example.NET
	hello answered secure 8443 4 secure.example.net
	hello answered plain 443 4 other.example.net
	hello answered plain 443 plain
	settled
	same refusals '' "$(since | fields verdict=deny kind=connect addr port op detail)"
}

# ends DETAIL NAME HOST PORT MODES [NAME]: the connection is ended, the event has that detail and name.
ends() {
	mark
	hello ended "${@:3}"
	patience=20 await "there is an event of $*" eval "since | fields kind=connect op=hello verdict=deny why=tls detail='$1' port='$4' \
		${2:+host='$2'}"
}

test_another_hello_than_to_a_name_of_the_address_ends_the_connection() {
	ends other_name www.example.net tls 443 4 www.example.net
	ends other_name www.example.net tls 443 6 www.example.net
	ends other_name other.example.net tls 443 part=1 other.example.net
	ends other_name tls.example.net secure 8443 4 tls.example.net
	ends other_name sub.tls.example.net tls 443 4 sub.tls.example.net
	ends no_name '' tls 443 4
	ends not_tls '' tls 443 4,plain
	ends not_tls '' secure 8443 plain
	ends malformed '' tls 443 two tls.example.net
	ends malformed '' tls 443 records tls.example.net
	ends encrypted '' tls 443 encrypted tls.example.net
	ends malformed '' tls 443 urgent tls.example.net
	ends uncopied '' tls 443 pages tls.example.net
	hello answered plain 443 pages plain.example.net
}

test_explain_and_why_tell_of_tls() {
	holds explain "$(holdfast explain "${SESSION[main]}" connect tls.example.net:443 --json)" '"tls":true'
	holds explain "$(holdfast explain "${SESSION[main]}" connect plain.example.net:443 --json | jq -c '[.verdict, .tls]')" '["allow",null]'
	mark
	hello ended tls 443 4 www.example.net
	await "it is told" eval "holdfast why -n 1 | grep -q 'begin TLS with www.example.net'"
	holds why "$(holdfast why -n 1)" other_name
}

test_a_hello_to_another_name_in_the_first_packet_ends_the_connection() {
	ends other_name www.example.net tls 443 open www.example.net
	ends other_name www.example.net tls 443 4,open,part=9 www.example.net
}

test_a_socket_that_was_let_through_is_looked_at_again_when_it_connects_again() {
	hello answered tls 443 again tls.example.net
	ends other_name www.example.net tls 443 again www.example.net
}

test_no_byte_of_such_a_hello_leaves_and_the_peer_sees_a_reset() {
	local wire=$SCRATCH/wire
	in_background ip netns exec $OUTSIDE tcpdump -i any -nn -U -w "$wire" -Z root 'tcp port 443 and host 203.0.113.60'
	await "packets are captured" test -s "$wire"
	same control answered "$(python3 "$HELLO" tls.example.net 443 4 www.example.net)"
	await "control: the name was seen" eval "tcpdump -r '$wire' -A -nn 2>/dev/null | grep -q www.example.net"
	kill "${background[-1]}"
	rm "$wire"
	in_background ip netns exec $OUTSIDE tcpdump -i any -nn -U -w "$wire" -Z root 'tcp port 443 and host 203.0.113.60'
	await "packets are captured" test -s "$wire"
	confined python3 "$HELLO" tls.example.net 443 4 www.example.net
	same confined ended "$output"
	await "the peer sees a reset" eval "tcpdump -r '$wire' -nn 'src host 192.0.2.1 and tcp[tcpflags] & tcp-rst != 0' 2>/dev/null | grep -q ."
	same "packets with data" '' "$(tcpdump -r "$wire" -nn 'src host 192.0.2.1 and greater 80' 2>/dev/null | grep -v 'length 0')"
}

test_a_socket_of_another_cgroup_does_not_get_past_the_look() {
	local server=$WS/give before
	same control answered "$(python3 "$HELLO" tls.example.net 443 4 www.example.net)"
	give_sockets "$server"
	before=$(seen '203.0.113.60.443: Flags .S.')
	[ "$before" -gt 0 ] || fail "control: nothing was seen"
	mark
	local POLICY=$SCRATCH/given.json
	base_policy "{ \"path\": \"$server\", \"allow\": \"rwc\" }" "$(rule tls 443)"
	confined python3 "$HELLO" tls.example.net 443 4,given="$server" www.example.net
	same confined 'refused EACCES' "$output"
	confined python3 "$HELLO" tls.example.net 443 4,given="$server" tls.example.net
	same confined 'refused EACCES' "$output"
	await "it is told" eval 'since | fields kind=connect op=connect verdict=deny why=tls addr=203.0.113.60 | grep -q .'
	same "connections" "$before" "$(seen '203.0.113.60.443: Flags .S.')"
}

test_quic_is_not_opened_by_a_rule_for_https() {
	local before
	before=$(seen '203.0.113.60.443: UDP')
	says free 'done' connect 203.0.113.60 443 udp
	[ "$(seen '203.0.113.60.443: UDP')" -gt "$before" ] || fail "control: nothing was seen"
	before=$(seen '203.0.113.60.443: UDP')
	says main 'NOERROR * 203.0.113.60' ask sendto $UPSTREAM tls.example.net A
	says main 'refused EACCES' connect 203.0.113.60 443 udp
	same "packets that left" "$before" "$(seen '203.0.113.60.443: UDP')"
}

run_suite "$@"
