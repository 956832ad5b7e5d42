# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the suites of egress by name share: real name servers and servers, and those that ask them. Source it after suite.sh.
# The servers are in a network namespace of their own, at addresses for documentation, so that what leaves goes by a device and is counted.

UPSTREAM=198.51.100.53 # unbound
OUTSIDE=holdfast-outside
INSIDE=holdfast-inside # another, for a session
SRV=$SCRATCH/srv
ASKER=$TESTS/guest/names/asker.py
SEEN=$SCRATCH/seen # packets that arrived outside, but those that go on with a TCP connection
BEFORE=$(</etc/resolv.conf)
OWN=() # processes of the suite, not of a test
declare -A TO FROM SESSION

# ---- the network outside ---------------------------------------------------------------------------------------------------

outside() {
	ip netns exec $OUTSIDE "$@"
}

# link NAME NUMBER: a device there, its peer outside, and all routes over it.
link() {
	ip link add "$1" type veth peer name "$1-out" netns $OUTSIDE
	outside ip address add "192.0.2.$(($2 * 8 + 2))/29" dev "$1-out"
	outside ip address add "2001:db8:1:$2::2/64" dev "$1-out" nodad
	outside ip link set "$1-out" up
	[ -z "${3-}" ] || ip link set "$1" netns "$3"
	# shellcheck disable=SC2086
	${3:+ip netns exec $3} bash -ec '
		ip link set lo up
		ip address add "192.0.2.$(($2 * 8 + 1))/29" dev "$1"
		ip address add "2001:db8:1:$2::1/64" dev "$1" nodad
		ip link set "$1" up
		ip route add default via "192.0.2.$(($2 * 8 + 2))"
		ip -6 route add default via "2001:db8:1:$2::2"' link "$1" "$2"
}

make_network() {
	local range
	ip netns add $OUTSIDE
	outside ip link set lo up
	link hf-names 0
	for range in 198.51.100.0/24 203.0.113.0/24 9.9.9.9 10.0.0.0/8 169.254.0.0/16 2001:db8:7::/48 fd00::/8; do
		outside ip route add local $range dev lo
	done
	outside ip address add 2001:db8::53/128 dev lo nodad
	outside ip address add 2001:db8::99/128 dev lo nodad
}

# Where the names lead that all suites have; TTL 5.
zone() {
	cat <<-END
		www A 203.0.113.1
		www AAAA 2001:db8:7::1
		four A 203.0.113.4
		six AAAA 2001:db8:7::6
		other A 203.0.113.9
		other AAAA 2001:db8:7::9
	END
}

# A suite may define its own of these: more lines of the zone, more of unbound's configuration, and what else is outside.
more_names() {
	:
}

more_configuration() {
	:
}

more_servers() {
	:
}

start_name_server() {
	local name type value
	{
		cat <<-END
			server:
			  interface: $UPSTREAM
			  interface: 2001:db8::53
			  interface: 2001:db8::99
			  interface: 9.9.9.9
			  access-control: 0.0.0.0/0 allow
			  access-control: ::/0 allow
			  do-daemonize: no
			  username: ""
			  chroot: ""
			  directory: "$SRV"
			  pidfile: "$SRV/unbound.pid"
			  use-syslog: no
			  module-config: "iterator"
			  local-zone: "example.net." static
		END
		while read -r name type value; do
			echo "  local-data: \"$name.example.net. 5 $type $value\""
		done < <(zone; more_names)
		more_configuration
	} >"$SRV/unbound.conf"
	outside unbound -c "$SRV/unbound.conf" >"$SRV/unbound.log" 2>&1 &
}

# For each name that is served; prints how nginx is told of it.
make_certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=test \
		-addext "subjectAltName=$(printf 'DNS:%s.example.net,' www four six)DNS:other.example.net" -keyout "$SRV/key.pem" -out "$WS/certificate.pem"
	echo "ssl_certificate $WS/certificate.pem; ssl_certificate_key $SRV/key.pem;"
}

# start_web_server [LISTEN...]: on port 80, and where nginx is told to listen.
start_web_server() {
	mkdir -p "$SRV/www"
	cat >"$SRV/nginx.conf" <<-END
		daemon off; user root; worker_processes 1; pid $SRV/nginx.pid; error_log $SRV/nginx.log;
		events { worker_connections 512; }
		http {
		    access_log off; default_type text/plain; keepalive_timeout 900; keepalive_requests 1000000;
		    client_body_temp_path $SRV/t1; proxy_temp_path $SRV/t2; fastcgi_temp_path $SRV/t3; uwsgi_temp_path $SRV/t4; scgi_temp_path $SRV/t5;
		    server {
		        $(printf 'listen %s; ' 80 '[::]:80' "$@")
		        $([[ $* != *ssl* ]] || make_certificate)
		        location = / { return 200 "reached \$server_addr \$server_port\n"; }
		        location = /from.json { return 200 '{ "from": "\$server_addr" }'; }
		        location / { root $SRV/www; } } }
	END
	outside nginx -c "$SRV/nginx.conf" >>"$SRV/nginx.log" 2>&1 &
}

start_servers() {
	start_name_server
	start_web_server "$@"
	outside tcpdump -i any -nn -l -Z root 'inbound and (not tcp or tcp[tcpflags] & tcp-syn != 0 or (ip6 and ip6[6] = 6 and ip6[53] & 2 != 0))' \
		>"$SEEN" 2>"$SRV/tcpdump.log" &
	more_servers
}

use_name_server() {
	echo "nameserver $1" >/etc/resolv.conf
}

# make_outside [LISTEN...]: all of it, until the suite ends.
make_outside() {
	trap finish EXIT
	mkdir -p "$SRV"
	make_network
	use_name_server $UPSTREAM
	start_servers "$@" >"$SRV/log" 2>&1
	patience=60 await "a name server answers" dig +tries=1 +time=1 www.example.net
	patience=60 await "a server answers" curl -sf --max-time 2 http://203.0.113.1/
	await "packets are seen" eval "net udp-sendto 9.9.9.9 55 && grep -q . '$SEEN'"
}

unmake_outside() {
	echo "$BEFORE" >/etc/resolv.conf
	ip netns pids $OUTSIDE 2>/dev/null | xargs -r kill -9
	ip netns pids $INSIDE 2>/dev/null | xargs -r kill -9
	ip link del hf-names 2>/dev/null
	ip netns del $OUTSIDE
	[ ! -e /run/netns/$INSIDE ] || ip netns del $INSIDE
}

finish() {
	kill -9 "${OWN[@]}"
	unmake_outside
} 2>/dev/null

# keep_all: what runs in the background by now stays until the suite ends.
keep_all() {
	disown -a
	OWN+=("${background[@]}")
	background=()
}

# seen PATTERN: how many packets like that have arrived so far; all that were sent before have.
seen() {
	local before
	before=$(grep -cF ' > 9.9.9.9.54: ' "$SEEN" || true)
	net udp-sendto 9.9.9.9 54 >/dev/null
	patience=20 await "the last packet arrived" eval "[ \$(grep -cF ' > 9.9.9.9.54: ' '$SEEN') -gt $before ]"
	grep -cE "$1" "$SEEN" || true
}

# ---- those that ask --------------------------------------------------------------------------------------------------------

# pipes NAME: those of an asker.
pipes() {
	local to from
	mkfifo "$WS/$1.to" "$WS/$1.from"
	exec {to}<>"$WS/$1.to" {from}<>"$WS/$1.from"
	TO[$1]=$to FROM[$1]=$from
}

# begin NAME: an asker in a session of its own under $POLICY; sets session too.
begin() {
	pipes "$1"
	start_session "$1" python3 "$ASKER" "$WS/$1.to" "$WS/$1.from"
	# shellcheck disable=SC2154 # start_session sets it
	SESSION[$1]=$session
}

# give_sockets PATH: somebody outside passes TCP sockets of its own there.
give_sockets() {
	in_background python3 -c "import socket
s = socket.socket(socket.AF_UNIX)
s.bind('$1')
s.listen()
while True:
    c, given = s.accept()[0], socket.socket()
    socket.send_fds(c, [b'x'], [given.fileno()])"
	await "it gives sockets" test -S "$1"
}

# begin_free NAME [COMMAND...]: one that is not confined, run by the command.
begin_free() {
	pipes "$1"
	in_background "${@:2}" python3 "$ASKER" "$WS/$1.to" "$WS/$1.from"
}

# tell NAME COMMAND...: has it do that; sets output.
tell() {
	echo "${*:2}" >&"${TO[$1]}"
	read -r -t "${patience:-90}" -u "${FROM[$1]}" output || fail "$*: it says nothing"
}

# says NAME EXPECTED COMMAND...: what it answers is that, as a pattern.
says() {
	tell "$1" "${@:3}"
	# shellcheck disable=SC2053
	[[ $output == $2 ]] || fail "$1: ${*:3}: expected '$2', got '$output'"
}

# told HOST NAME=VALUE...: the stream has such an event of a query since the mark.
told() {
	patience=20 await "there is an event of $*" eval "since | fields kind=dns host='$1' $(printf "'%s' " "${@:2}")"
}

# not_connected ADDR PORT WHY: since the mark, a connection there was refused in a session.
not_connected() {
	patience=20 await "there is an event of $*" eval "since | fields kind=connect verdict=deny addr='$1' port='$2' why='$3'"
}

# names_policy EGRESS: a policy with those rules.
names_policy() {
	base_policy '{ "path": "/dev/urandom", "allow": "r" }' "$1"
}

rule() { # NAME [PORT [MORE]]
	echo "{ \"host\": \"$1.example.net\", \"port\": ${2:-80}${3:+, $3} }"
}

rules() { # NAME...
	local all
	all=$(printf ', { "host": "%s.example.net", "port": 80 }' "$@")
	echo "${all#, }"
}
