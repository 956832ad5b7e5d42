#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Egress by name, with real name servers and servers: what a policy names is reached, and nothing else by any way to ask for it.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
# shellcheck source=../lib/outside.sh
. "$TESTS/lib/outside.sh"

ODD=198.51.100.54  # names/server.py
MORE=${NAMES:-100} # connections to addresses that change

more_names() {
	cat <<-END
		tcp A 203.0.113.10
		port A 203.0.113.11
		a.wild A 203.0.113.12
		b.c.wild A 203.0.113.13
		upload.wild A 203.0.113.14
		exact.wild A 203.0.113.15
		x.deep.wild A 203.0.113.16
		wild A 203.0.113.17
		loop A 127.0.0.1
		loop AAAA ::1
		link A 169.254.169.254
		link AAAA fe80::1
		private A 10.0.0.1
		private AAAA fd00::1
		mapped AAAA ::ffff:10.0.0.1
		mixed A 10.0.0.2
		mixed A 203.0.113.20
		closed A 203.0.113.80
		partly A 203.0.113.81
		partly A 203.0.113.21
		corp A 10.0.0.3
		corp AAAA fd00::3
		here A 127.0.0.1
		a.corps A 10.0.0.4
		b.corps A 127.0.0.1
		alias CNAME second.example.net.
		second CNAME real.example.org.
		trap CNAME loop.example.net.
		asked A 203.0.113.30
		one A 203.0.113.31
		late A 203.0.113.33
		dead A 203.0.113.34
		dead2 A 203.0.113.35
		kept A 203.0.113.36
		early A 203.0.113.37
		$(printf 'many A 198.51.100.%d\n' {101..200})
		$(printf 'many AAAA 2001:db8:7:64::%d\n' {1..60})
	END
}

more_configuration() {
	cat <<-END
		  local-zone: "example.org." static
		  local-data: "real.example.org. 5 A 203.0.113.50"
		  local-zone: "odd.example.net." transparent
		  local-zone: "lots.example.net." redirect
		  local-data: "lots.example.net. 300 A 203.0.113.40"
		  local-zone: "$(printf 'l%.0s' {1..49}).label.example.net." redirect
		  local-data: "$(printf 'l%.0s' {1..49}).label.example.net. 300 A 203.0.113.41"
		  local-zone: "$(printf 'l%.0s' {1..48}).label.example.net." redirect
		  local-data: "$(printf 'l%.0s' {1..48}).label.example.net. 300 A 203.0.113.41"
		forward-zone:
		  name: "odd.example.net."
		  forward-addr: $ODD
	END
}

more_servers() {
	outside python3 "$TESTS/guest/names/server.py" $ODD >"$SRV/odd.log" 2>&1 &
}

# Whatever a test has done to it.
clean_up() {
	kill -CONT "$(<"$SRV/unbound.pid")" "$(daemon_pid)"
	grep -q $UPSTREAM /etc/resolv.conf || use_name_server $UPSTREAM
}

names_policy "$(rules www four six alias second trap loop link private mapped mixed closed partly many none one kept dead dead2 early '*.odd' '*.lots' '*.label' '*.wild'),
	$(rule tcp 80 '"proto": "tcp"'), $(rule port 8080), $(rule '*.deep.wild' 8081), $(rule exact.wild 8080),
	{ \"host\": \"upload.wild.example.net\", \"deny\": true }, { \"cidr\": \"203.0.113.80/31\", \"deny\": true },
	$(rule corp 80 '"private": true'), $(rule here 7090 '"private": true'), $(rule '*.corps' 80 '"private": true'), $(rule '*.corps' 7090 '"private": true')"
make_outside 8080 8081
patience=60 await "the other name server answers" dig +tries=1 +time=1 @$ODD probe.odd.example.net
begin_free free
begin main
begin early
tell early hold early.example.net 80
EARLY=$output SINCE=$SECONDS
keep_all

# ---- refused ---------------------------------------------------------------------------------------------------------------

test_a_name_outside_of_the_policy_is_refused_with_its_reason() {
	local type how before
	says free 'NOERROR * 203.0.113.9' ask sendto $UPSTREAM other.example.net A
	says free 'NOERROR * 2001:db8:7::9' ask tcp $UPSTREAM other.example.net AAAA
	before=$(seen 'other.example.net')
	[ "$before" -gt 0 ] || fail "control: no query was seen"
	for type in A AAAA TXT; do
		for how in sendto tcp; do
			mark
			says main 'REFUSED * edns ede=15' ask $how $UPSTREAM other.example.net $type
			told other.example.net verdict=deny why=no_rule rcode=REFUSED type=$type rule='default deny' capability=none addrs='[]' \
				session="${SESSION[main]}" proto="$([ $how = tcp ] && echo tcp || echo udp)"
		done
	done
	says main 'REFUSED '"$UPSTREAM#53" ask sendto $UPSTREAM other.example.net A plain
	says main 'unknown *' get other.example.net 80
	same "queries that left" "$before" "$(seen 'other.example.net')"
}

test_a_query_that_is_answered_is_told_too() {
	mark
	says main 'NOERROR * 203.0.113.1' ask sendto $UPSTREAM WWW.example.net A
	told www.example.net verdict=allow rcode=NOERROR type=A addrs='["203.0.113.1"]' session="${SESSION[main]}"
}

test_a_query_is_told_also_where_the_session_ends_before_the_daemon_looks() {
	local asks
	begin last
	asks=$pid
	mark
	kill -STOP "$(daemon_pid)"
	says last 'REFUSED * edns ede=15' ask sendto $UPSTREAM other.example.net A
	kill -9 "$asks"
	await "it is gone" gone "$asks"
	kill -CONT "$(daemon_pid)"
	told other.example.net verdict=deny why=no_rule session="${SESSION[last]}"
	await "the session has ended" session_ended_since
}

test_an_address_that_no_name_has_opened_is_refused() {
	local before
	says free 'done' connect 203.0.113.9 80
	says free 'done' connect 2001:db8:7::9 80
	before=$(seen '(203.0.113.9|2001:db8:7::9).80: Flags \[S\]')
	[ "$before" -ge 2 ] || fail "control: $before connections were seen"
	mark
	says main 'refused EACCES' connect 203.0.113.9 80
	says main 'refused EACCES' connect 2001:db8:7::9 80
	says main 'refused EACCES' connect ::ffff:203.0.113.9 80
	not_connected 203.0.113.9 80 no_rule
	not_connected 2001:db8:7::9 80 no_rule
	same "packets that left" "$before" "$(seen '(203.0.113.9|2001:db8:7::9).80: Flags \[S\]')"
}

test_another_port_or_protocol_of_an_allowed_name_is_refused() {
	local before
	says free 'done' connect 203.0.113.11 80
	says free 'done' connect 203.0.113.10 80 udp
	before=$(seen '203.0.113.11.80: |203.0.113.10.80: UDP')
	[ "$before" -ge 2 ] || fail "control: $before packets were seen"
	mark
	says main 'NOERROR * 203.0.113.11' ask sendto $UPSTREAM port.example.net A
	says main 'done' connect 203.0.113.11 8080
	says main 'refused EACCES' connect 203.0.113.11 80
	not_connected 203.0.113.11 80 no_rule
	says main 'NOERROR * 203.0.113.10' ask sendto $UPSTREAM tcp.example.net A
	says main 'done' connect 203.0.113.10 80
	says main 'refused EACCES' connect 203.0.113.10 80 udp
	not_connected 203.0.113.10 80 no_rule
	same "packets that left" "$before" "$(seen '203.0.113.11.80: |203.0.113.10.80: UDP')"
}

# ---- whatever server is asked ----------------------------------------------------------------------------------------------

WAYS='sendto connect sendmsg sendmmsg tcp fast-open fast-open-connect'

test_whatever_server_is_asked_in_whatever_way_it_is_the_resolver_that_answers() {
	local how server before
	for how in $WAYS; do
		for server in 9.9.9.9 2001:db8::99 ::ffff:9.9.9.9; do
			says free "NOERROR $server#53 *203.0.113.4" ask "$how" $server four.example.net A
		done
	done
	before=$(seen '9.9.9.9.53: |2001:db8::99.53: ')
	[ "$before" -ge 20 ] || fail "control: $before packets were seen"
	for how in $WAYS; do
		for server in 9.9.9.9 2001:db8::99 ::ffff:9.9.9.9 192.0.2.250; do
			says main "NOERROR $server#53 *203.0.113.4" ask "$how" $server four.example.net A
			says main "REFUSED $server#53 *ede=15" ask "$how" $server other.example.net A
		done
	done
	confined dig +tries=1 @9.9.9.9 four.example.net
	holds dig "$output" 'SERVER: 9.9.9.9#53(9.9.9.9) (UDP)'
	holds dig "$output" 'status: NOERROR'
	confined dig +tries=1 +tcp @2001:db8::99 other.example.net
	holds dig "$output" 'SERVER: 2001:db8::99#53(2001:db8::99) (TCP)'
	holds dig "$output" 'status: REFUSED'
	holds dig "$output" 'EDE: 15 (Blocked)'
	same "packets that left" "$before" "$(seen '9.9.9.9.53: |2001:db8::99.53: |192.0.2.250')"
}

test_what_is_no_query_gets_to_no_name_server_either() {
	local way before
	for way in udp-sendto udp-connect udp-sendmsg udp-sendmmsg udp-unspecified; do
		same "unconfined: $way" 'done' "$(net $way 9.9.9.9 53)"
	done
	before=$(seen '9.9.9.9.53: ')
	for way in udp-sendto udp-connect udp-sendmsg udp-sendmmsg udp-unspecified udp-v4-on-v6 fast-open; do
		confined net $way 9.9.9.9 53
	done
	same "packets that left" "$before" "$(seen '9.9.9.9.53: ')"
}

# ---- which rule ------------------------------------------------------------------------------------------------------------

test_a_wildcard_is_for_all_names_below_and_the_most_exact_name_wins() {
	says main 'NOERROR * 203.0.113.12' ask sendto $UPSTREAM a.wild.example.net A
	says main 'done' connect 203.0.113.12 80
	says main 'NOERROR * 203.0.113.13' ask sendto $UPSTREAM b.c.wild.example.net A
	says main 'done' connect 203.0.113.13 80
	says main 'NOERROR * 203.0.113.15' ask sendto $UPSTREAM exact.wild.example.net A
	says main 'done' connect 203.0.113.15 8080
	says main 'refused EACCES' connect 203.0.113.15 80
	says main 'NOERROR * 203.0.113.16' ask sendto $UPSTREAM x.deep.wild.example.net A
	says main 'done' connect 203.0.113.16 8081
	says main 'refused EACCES' connect 203.0.113.16 80
	says free 'NOERROR * 203.0.113.17' ask sendto $UPSTREAM wild.example.net A
	says main 'REFUSED *' ask sendto $UPSTREAM wild.example.net A
}

test_a_name_that_is_denied_is_refused_by_that_rule() {
	says free 'NOERROR * 203.0.113.14' ask sendto $UPSTREAM upload.wild.example.net A
	mark
	says main 'REFUSED * ede=15' ask sendto $UPSTREAM upload.wild.example.net A
	told upload.wild.example.net verdict=deny why=rule capability=net
	says main 'refused EACCES' connect 203.0.113.14 80
}

test_a_name_of_a_capability_that_is_not_granted_is_refused_as_that() {
	local POLICY=$SCRATCH/asked.json
	cat >"$POLICY" <<-END
		{ "holdfast": 1, "name": "asked", "capabilities": {
		    "base": { "files": [ { "path": "/", "allow": "rx" }, { "path": "/dev/null", "allow": "rw" }, { "path": "\${WORKSPACE}", "allow": "rwx" } ],
		              "egress": [ $(rule one) ] },
		    "asked": { "authorization": "ask", "egress": [ $(rule asked) ] } } }
	END
	says free 'NOERROR * 203.0.113.30' ask sendto $UPSTREAM asked.example.net A
	begin asking
	mark
	says asking 'done 203.0.113.31' get one.example.net 80
	says asking 'REFUSED * ede=15' ask sendto $UPSTREAM asked.example.net A
	told asked.example.net verdict=deny why=inactive capability=asked
	says asking 'refused EACCES' connect 203.0.113.30 80
	says asking 'unknown *' get asked.example.net 80
}

# ---- where names lead ------------------------------------------------------------------------------------------------------

test_a_name_that_is_pointed_at_the_host_or_a_private_network_is_refused() {
	local name type addr
	while read -r name type addr; do
		says free "NOERROR * $addr" ask sendto $UPSTREAM "$name.example.net" "$type"
		mark
		says main 'REFUSED * ede=15' ask sendto $UPSTREAM "$name.example.net" "$type"
		told "$name.example.net" verdict=deny why=private rcode=REFUSED "type=$type" 'addrs=[]'
	done <<-END
		loop A 127.0.0.1
		loop AAAA ::1
		link A 169.254.169.254
		link AAAA fe80::1
		private A 10.0.0.1
		private AAAA fd00::1
		mapped AAAA ::ffff:10.0.0.1
		trap A loop.example.net
		b.corps A 127.0.0.1
	END
	says free 'done' connect 10.0.0.1 80
	says free 'done' connect 169.254.169.254 80
	says free 'done' connect fd00::1 80
	says main 'refused EACCES' connect 10.0.0.1 80
	says main 'refused EACCES' connect 169.254.169.254 80
	says main 'refused EACCES' connect fd00::1 80
	says main 'unknown *' get private.example.net 80
}

test_of_public_and_private_addresses_only_the_public_ones_are_told_and_open() {
	says free 'NOERROR * 10.0.0.2 203.0.113.20' ask sendto $UPSTREAM mixed.example.net A
	says main "NOERROR $UPSTREAM#53 edns 203.0.113.20" ask sendto $UPSTREAM mixed.example.net A
	says main 'done' connect 203.0.113.20 80
	says main 'refused EACCES' connect 10.0.0.2 80
}

test_a_name_leads_to_no_address_that_a_rule_denies() {
	says free 'done' connect 203.0.113.80 80
	says free 'done' connect 203.0.113.81 80
	mark
	says main 'REFUSED * ede=15' ask sendto $UPSTREAM closed.example.net A
	told closed.example.net verdict=deny why=private rcode=REFUSED type=A 'addrs=[]'
	says main "NOERROR $UPSTREAM#53 edns 203.0.113.21" ask sendto $UPSTREAM partly.example.net A
	says main 'done' connect 203.0.113.21 80
	mark
	says main 'refused EACCES' connect 203.0.113.81 80
	not_connected 203.0.113.81 80 rule
}

test_a_name_may_lead_to_private_addresses_where_its_rule_says_so() {
	in_background net listen "$SCRATCH/arrived" 7090
	await "one listens" grep -q ready "$SCRATCH/arrived"
	says main 'done 10.0.0.3' get corp.example.net 80 4
	says main 'done fd00::3' get corp.example.net 80 6
	says main 'NOERROR * 10.0.0.4' ask sendto $UPSTREAM a.corps.example.net A
	says main 'done' connect 10.0.0.4 80
	says free 'done' connect 127.0.0.1 7090
	says main 'REFUSED *' ask sendto $UPSTREAM b.corps.example.net A
	says main 'refused EACCES' connect 127.0.0.1 7090
	says main 'NOERROR * 127.0.0.1' ask sendto $UPSTREAM here.example.net A
	says main 'done' connect 127.0.0.1 7090
	says main 'refused EACCES' connect 127.0.0.2 7090
}

test_aliases_are_followed_also_by_names_outside_of_the_policy() {
	says main 'NOERROR * 203.0.113.50 real.example.org second.example.net' ask sendto $UPSTREAM alias.example.net A
	says main 'done' connect 203.0.113.50 80
	says main 'done 203.0.113.50' get alias.example.net 80
	says free 'NOERROR * 203.0.113.50' ask sendto $UPSTREAM real.example.org A
	says main 'REFUSED *' ask sendto $UPSTREAM real.example.org A
}

test_what_does_not_fit_is_asked_for_again_by_tcp() {
	says main "NOERROR 9.9.9.9#53 tc edns" ask sendto 9.9.9.9 many.example.net AAAA
	says main "NOERROR 9.9.9.9#53 tc" ask sendto 9.9.9.9 many.example.net A plain
	tell main ask tcp 9.9.9.9 many.example.net AAAA
	same addresses 60 "$(grep -oF 2001:db8:7:64:: <<<"$output" | wc -l)"
	confined dig +short many.example.net AAAA
	same "addresses by dig" 60 "$(grep -cF 2001:db8:7:64:: <<<"$output")"
	confined getent ahostsv6 many.example.net
	same "addresses by getent" 60 "$(grep -c 'STREAM' <<<"$output")"
}

test_of_a_hundred_addresses_those_that_are_told_are_open() {
	local told each
	tell main ask tcp 9.9.9.9 many.example.net A
	told=$(grep -oE '198\.51\.100\.[12][0-9]{2}' <<<"$output")
	same addresses 64 "$(wc -l <<<"$told")"
	for each in $told; do
		says main 'done' connect "$each" 80
	done
}

test_that_there_is_nothing_is_said_as_it_is() {
	says main "NXDOMAIN $UPSTREAM#53 edns" ask sendto $UPSTREAM none.example.net A
	says main "NOERROR $UPSTREAM#53 edns" ask sendto $UPSTREAM four.example.net AAAA
	says main "NOERROR $UPSTREAM#53" ask sendto $UPSTREAM four.example.net AAAA plain
	says main "NOERROR $UPSTREAM#53 203.0.113.4" ask sendto $UPSTREAM four.example.net A plain
	says main 'done 203.0.113.4' get four.example.net 80
	says main 'unknown NONAME' get none.example.net 80
}

test_addresses_that_change_are_followed_without_a_false_denial() {
	local seconds=$((MORE / 40))
	mark
	tell main many "$MORE" $seconds moving.odd.example.net 80
	[[ $output =~ ^done\ $MORE\ over\ ([0-9]+)\ addresses$ ]] || fail "$output"
	[ "${BASH_REMATCH[1]}" -ge $seconds ] || fail "they did not change: $output"
	echo "# $MORE connections: $output" >&3
	settled
	same refusals '' "$(since | fields verdict=deny session="${SESSION[main]}")"
}

# ---- servers that fail -----------------------------------------------------------------------------------------------------

# takes FROM TO COMMAND...: it takes so long, in ms.
takes() {
	local start=${EPOCHREALTIME/./} took
	"${@:3}"
	took=$(((${EPOCHREALTIME/./} - start) / 1000))
	[ $took -ge "$1" ] && [ $took -le "$2" ] || fail "it took $took ms: ${*:3}"
}

answers_again() {
	tell main ask sendto $UPSTREAM dead2.example.net A
	[[ $output == NOERROR* ]]
}

test_a_name_server_that_is_silent_gives_a_failure_in_time_and_is_back_when_it_is_back() {
	local unbound
	unbound=$(<"$SRV/unbound.pid")
	kill -STOP "$unbound"
	mark
	takes 1000 7000 says main 'SERVFAIL *' ask sendto $UPSTREAM dead.example.net A
	told dead.example.net rcode=SERVFAIL verdict=allow
	says main 'unknown *' get dead.example.net 80
	says main 'refused EACCES' connect 203.0.113.34 80
	kill -CONT "$unbound"
	patience=15 await "names are resolved again" answers_again
	says main 'done' connect 203.0.113.35 80
}

test_an_answer_that_is_slow_is_waited_for_but_not_for_ever() {
	takes 1400 5000 says main 'NOERROR * 203.0.113.60' ask sendto $UPSTREAM slow.odd.example.net A
	takes 3000 7000 says main 'SERVFAIL *' ask sendto $UPSTREAM slower.odd.example.net A
}

test_a_name_server_that_lies_opens_nothing_but_what_was_asked_for() {
	local addr
	use_name_server $ODD
	sleep 3 # until the resolver has seen it
	says main "* 203.0.113.66" ask sendto $UPSTREAM one.example.net A # it is this server that is asked now
	tell main ask sendto $UPSTREAM lying.odd.example.net A
	[[ $output != *203.0.113.* ]] || fail "$output"
	says main "NOERROR * 203.0.113.62" ask sendto $UPSTREAM adding.odd.example.net A
	[[ $output != *203.0.113.7* ]] || fail "$output"
	tell main ask sendto $UPSTREAM asking.odd.example.net A
	[[ $output != *203.0.113.* ]] || fail "$output"
	for addr in 203.0.113.65 203.0.113.70 203.0.113.71 203.0.113.72 203.0.113.73; do
		says free 'done' connect $addr 80
		says main 'refused EACCES' connect $addr 80
	done
	use_name_server 2001:db8::53 # and by IPv6
	sleep 3
	says main '* 203.0.113.31' ask sendto $UPSTREAM one.example.net A
	use_name_server $UPSTREAM
	sleep 3
}

# ---- several sessions ------------------------------------------------------------------------------------------------------

# ports: those of the resolver, a line each.
ports() {
	ss -Hulnp | grep holdfast | grep -oE '127\.0\.0\.1:[0-9]+' | cut -d: -f2 | sort -u
}

test_a_session_reaches_its_own_resolver_and_no_other() {
	local first second port
	first=$(ports)
	begin second
	second=$(comm -13 <(echo "$first") <(ports))
	[[ $second =~ ^[0-9]+$ ]] || fail "ports: $first; then $(ports)"
	begin third
	says free 'NOERROR *' ask sendto "127.0.0.1#$second" four.example.net A
	says second 'NOERROR *' ask sendto "127.0.0.1#$second" four.example.net A
	for how in sendto connect tcp fast-open; do
		mark
		says third 'refused EACCES' ask $how "127.0.0.1#$second" four.example.net A
		not_connected 127.0.0.1 "$second" guard
		says third 'refused EACCES' ask $how "::1#$second" four.example.net A
		says third 'refused EACCES' ask $how "::ffff:127.0.0.1#$second" four.example.net A
	done
	says third 'refused EACCES' ask sendto "0.0.0.0#$second" four.example.net A
}

test_a_name_that_one_session_opens_is_closed_in_another() {
	begin opener
	begin other
	says opener 'done 203.0.113.36' get kept.example.net 80
	mark
	says other 'refused EACCES' connect 203.0.113.36 80
	not_connected 203.0.113.36 80 no_rule
	says other 'done 203.0.113.36' get kept.example.net 80
}

test_an_attached_session_in_another_network_gets_its_names_there() {
	local before
	ip netns add $INSIDE
	link hf-inside 1 $INSIDE
	begin_free inside ip netns exec $INSIDE
	says inside 'done 203.0.113.4' get four.example.net 80
	says inside 'done' connect 203.0.113.9 80
	says inside 'done' keep 9.9.9.9
	says inside 'NOERROR, NOERROR' again 9.9.9.9 four.example.net A
	before=$(seen '9.9.9.9.53: ')
	holdfast attach --pid "$pid" --policy "$POLICY" --workspace "$WS"
	says inside 'done 203.0.113.1' get www.example.net 80 4
	says inside 'done 2001:db8:7::6' get six.example.net 80
	says inside 'REFUSED 9.9.9.9#53 * ede=15' ask sendto 9.9.9.9 other.example.net A
	says inside 'NOERROR 2001:db8::99#53 * 203.0.113.4' ask tcp 2001:db8::99 four.example.net A
	says inside 'refused EACCES' connect 203.0.113.9 80
	says inside 'refused EACCES, refused EACCES' again 9.9.9.9 four.example.net A
	same "packets that left" "$before" "$(seen '9.9.9.9.53: ')"
}

# ---- policies that are replaced --------------------------------------------------------------------------------------------

test_a_name_that_is_taken_away_is_closed_also_for_what_is_connected() {
	begin changing
	says changing 'done 203.0.113.36' hold kept.example.net 80
	says changing 'done' send
	says changing 'done 203.0.113.31' get one.example.net 80
	(POLICY=$SCRATCH/less.json names_policy "$(rules one www)")
	holdfast policy apply "$session" "$SCRATCH/less.json"
	mark
	tell changing send
	[[ $output == refused\ E* || $output =~ ^failed\ E(CONNABORTED|CONNRESET|PIPE)$ ]] || fail "it sends on: $output"
	says changing 'refused EACCES' connect 203.0.113.36 80
	not_connected 203.0.113.36 80 no_rule
	says changing 'REFUSED *' ask sendto $UPSTREAM kept.example.net A
	says changing 'done' connect 203.0.113.31 80
	holdfast policy apply "$session" "$POLICY"
	says changing 'done 203.0.113.36' get kept.example.net 80
}

test_names_come_to_a_session_that_had_none_and_go_again() {
	local POLICY=$SCRATCH/cidr.json before
	names_policy '{ "cidr": "203.0.113.200", "port": 80 }'
	(POLICY=$SCRATCH/named.json names_policy "$(rules late)")
	begin none
	before=$(seen '9.9.9.9.53: ')
	says none 'done' connect 203.0.113.200 80
	says none 'refused EACCES' ask sendto 9.9.9.9 late.example.net A
	says none 'refused EACCES' ask tcp 9.9.9.9 late.example.net A
	holdfast policy apply "$session" "$SCRATCH/named.json"
	says none 'NOERROR 9.9.9.9#53 * 203.0.113.33' ask sendto 9.9.9.9 late.example.net A
	says none 'done 203.0.113.33' get late.example.net 80
	says none 'refused EACCES' connect 203.0.113.200 80
	holdfast policy apply "$session" "$POLICY"
	says none 'refused EACCES' ask sendto 9.9.9.9 late.example.net A
	says none 'refused EACCES' ask tcp 9.9.9.9 late.example.net A
	says none 'refused EACCES' connect 203.0.113.33 80
	says none 'done' connect 203.0.113.200 80
	holdfast policy apply "$session" "$SCRATCH/named.json"
	says none 'NOERROR 9.9.9.9#53 * 203.0.113.33' ask tcp 9.9.9.9 late.example.net A
	same "packets that left" "$before" "$(seen '9.9.9.9.53: ')"
}

# ---- limits ----------------------------------------------------------------------------------------------------------------

test_a_label_that_could_carry_much_is_refused_below_a_wildcard() {
	local name
	name=$(printf 'l%.0s' {1..49}).label.example.net
	says free 'NOERROR * 203.0.113.41' ask sendto $UPSTREAM "$name" A
	says main 'NOERROR * 203.0.113.41' ask sendto $UPSTREAM "${name:1}" A
	mark
	says main 'REFUSED * ede=15' ask sendto $UPSTREAM "$name" A
	told "$name" verdict=deny why=limit
}

test_more_than_4096_names_below_a_wildcard_are_refused() {
	begin crowd
	mark
	patience=400 tell crowd flood 4100 400 lots.example.net
	same answers 'NOERROR=4096 REFUSED=4' "$output"
	told n4099.lots.example.net verdict=deny why=limit
	says crowd 'NOERROR *' ask sendto $UPSTREAM n0.lots.example.net A
	says crowd 'NOERROR *' ask sendto $UPSTREAM four.example.net A
	says crowd 'REFUSED *' ask sendto $UPSTREAM a.wild.example.net A
}

# ---- time ------------------------------------------------------------------------------------------------------------------

test_an_address_is_closed_in_time_and_what_is_connected_goes_on() {
	same "the connection at the beginning" 'done 203.0.113.37' "$EARLY"
	[ $((SECONDS - SINCE)) -ge 65 ] || sleep $((65 + SINCE - SECONDS))
	says early 'refused EACCES' connect 203.0.113.37 80
	says early 'done' send
	says early 'done 203.0.113.37' get early.example.net 80
	says early 'done' connect 203.0.113.37 80
}

# ---- the resolver and the daemon end ---------------------------------------------------------------------------------------

resolves() { # NAME
	tell "$1" ask sendto $UPSTREAM six.example.net AAAA
	[[ $output == NOERROR* ]]
}

# watched NAME: what is connected has gone on, and what no name opened was refused, some times more than before.
watched() {
	local before i
	says "$1" 'sent=* refused=*' watched
	[[ $output =~ ^sent=([0-9]+)\ refused=([0-9]+)$ ]] || fail "$output"
	before=${BASH_REMATCH[1]}
	for ((i = 0; i < 60; i++)); do
		sleep 0.3
		says "$1" 'sent=* refused=*' watched
		[[ $output =~ ^sent=([0-9]+)\ refused=([0-9]+)$ ]] || fail "$output"
		[ "${BASH_REMATCH[1]}" -le "$before" ] || return 0
	done
	fail "after $before: $output"
}

resolver_pid() {
	pgrep -x -o -P "$(daemon_pid)" holdfast-resolv || pgrep -P "$(daemon_pid)"
}

test_the_resolver_is_killed_and_another_takes_its_place() {
	local resolver
	begin watching
	says watching 'done' watch four.example.net 80 203.0.113.9
	watched watching
	resolver=$(resolver_pid)
	kill -9 "$resolver"
	watched watching
	patience=20 await "names are resolved again" resolves watching
	[ "$(resolver_pid)" != "$resolver" ] || fail "it was not killed"
	says watching 'done 2001:db8:7::6' get six.example.net 80
	says watching 'done' connect 203.0.113.4 80
	says watching 'REFUSED *' ask tcp 9.9.9.9 other.example.net A
	watched watching
}

test_the_daemon_is_killed_and_names_are_resolved_by_the_next() {
	local before
	begin outliving
	before=$(seen '9.9.9.9.53: ')
	says outliving 'done' watch four.example.net 80 203.0.113.9
	kill_daemon
	watched outliving
	tell outliving ask sendto 9.9.9.9 other.example.net A
	[[ $output == re* || $output == failed* ]] || fail "while there is no daemon: $output"
	start_daemon 3>&-
	watched outliving
	patience=60 await "names are resolved again" resolves outliving
	says outliving 'done 2001:db8:7::6' get six.example.net 80
	says outliving 'REFUSED 9.9.9.9#53 *' ask sendto 9.9.9.9 other.example.net A
	says outliving 'NOERROR 9.9.9.9#53 *' ask tcp 9.9.9.9 four.example.net A
	watched outliving
	same "packets that left" "$before" "$(seen '9.9.9.9.53: ')"
}

run_suite "$@" 3>&1
