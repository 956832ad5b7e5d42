#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Egress by name, with real name servers, servers and clients: what a policy names is reached, and nothing else by any way to ask for it.
# The servers are in a network namespace of their own, at addresses for documentation, so that what leaves goes by a device and is counted.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
# shellcheck source=../lib/registry.sh
. "$TESTS/lib/registry.sh"

UPSTREAM=198.51.100.53 # unbound
ODD=198.51.100.54      # names/server.py
OUTSIDE=holdfast-outside
INSIDE=holdfast-inside # another, for a session
SRV=$SCRATCH/srv
ASKER=$TESTS/guest/names/asker.py
HELLO=$TESTS/guest/names/hello.py
SEEN=$SCRATCH/seen     # packets that arrived outside, but those that go on with a TCP connection
MORE=${NAMES:-100}     # connections to addresses that change
LONG=${NAMES-}
BEFORE=$(</etc/resolv.conf)
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

# Where each name of the tests leads; TTL 5.
zone() {
	cat <<-END
		www A 203.0.113.1
		www AAAA 2001:db8:7::1
		four A 203.0.113.4
		six AAAA 2001:db8:7::6
		other A 203.0.113.9
		other AAAA 2001:db8:7::9
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
		both A 203.0.113.38
		both AAAA 2001:db8:7::38
		tls A 203.0.113.60
		tls AAAA 2001:db8:7::60
		secure A 203.0.113.61
		plain A 203.0.113.62
		$(printf 'many A 198.51.100.%d\n' {101..200})
		$(printf 'many AAAA 2001:db8:7:64::%d\n' {1..60})
	END
}

start_servers() {
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
			  local-zone: "example.org." static
			  local-zone: "odd.example.net." transparent
			  local-zone: "lots.example.net." redirect
			  local-data: "lots.example.net. 300 A 203.0.113.40"
			  local-zone: "$(printf 'l%.0s' {1..49}).label.example.net." redirect
			  local-data: "$(printf 'l%.0s' {1..49}).label.example.net. 300 A 203.0.113.41"
			  local-zone: "$(printf 'l%.0s' {1..48}).label.example.net." redirect
			  local-data: "$(printf 'l%.0s' {1..48}).label.example.net. 300 A 203.0.113.41"
			  local-data: "real.example.org. 5 A 203.0.113.50"
		END
		while read -r name type value; do
			echo "  local-data: \"$name.example.net. 5 $type $value\""
		done < <(zone)
		printf 'forward-zone:\n  name: "odd.example.net."\n  forward-addr: %s\n' $ODD
	} >"$SRV/unbound.conf"
	cat >"$SRV/nginx.conf" <<-END
		daemon off; user root; worker_processes 1; pid $SRV/nginx.pid; error_log $SRV/nginx.log;
		events { worker_connections 512; }
		http {
		    access_log off; default_type text/plain; keepalive_timeout 900; keepalive_requests 1000000;
		    client_body_temp_path $SRV/t1; proxy_temp_path $SRV/t2; fastcgi_temp_path $SRV/t3; uwsgi_temp_path $SRV/t4; scgi_temp_path $SRV/t5;
		    server {
		        listen 80; listen [::]:80; listen 8080; listen 8081; listen 443 ssl; listen [::]:443 ssl; listen 8443 ssl;
		        ssl_certificate $WS/certificate.pem; ssl_certificate_key $SRV/key.pem;
		        location = / { return 200 "reached \$server_addr \$server_port\n"; }
		        location = /from.json { return 200 '{ "from": "\$server_addr" }'; }
		        location / { root $SRV/www; } } }
	END
	mkdir -p "$SRV/www"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=test \
		-addext "subjectAltName=$(printf 'DNS:%s.example.net,' www four six)DNS:other.example.net" -keyout "$SRV/key.pem" -out "$WS/certificate.pem"
	git init -q "$SRV/tree"
	git -C "$SRV/tree" -c user.name=test -c user.email=test@example.net commit -q --allow-empty -m first
	git clone -q --bare "$SRV/tree" "$SRV/www/tree.git"
	git -C "$SRV/www/tree.git" update-server-info
	npm_package "$SRV/www" https://six.example.net
	mkdir -p "$SRV/www/@test"
	sed 's|"add-two"|"@test/add-two"|; s|six.example|other.example|' "$SRV/www/add-two" >"$SRV/www/@test/add-two"
	mkdir -p "$SRV/www/simple/greeting" /run/sshd
	wheel "$SRV/www"
	echo '<a href="https://six.example.net/greeting-1.0-py3-none-any.whl">greeting</a>' >"$SRV/www/simple/greeting/index.html"
	ssh-keygen -q -t ed25519 -N '' -f "$SRV/host"
	ssh-keygen -q -t ed25519 -N '' -f "$WS/key"
	echo "* $(<"$SRV/host.pub")" >"$WS/known"
	printf '%s\n' "HostKey $SRV/host" "AuthorizedKeysFile $WS/key.pub" 'StrictModes no' 'PidFile none' >"$SRV/sshd.conf"
	outside unbound -c "$SRV/unbound.conf" >"$SRV/unbound.log" 2>&1 &
	outside nginx -c "$SRV/nginx.conf" >>"$SRV/nginx.log" 2>&1 &
	outside /usr/sbin/sshd -D -e -f "$SRV/sshd.conf" >"$SRV/sshd.log" 2>&1 &
	outside python3 "$TESTS/guest/names/server.py" $ODD >"$SRV/odd.log" 2>&1 &
	outside tcpdump -i any -nn -l -Z root 'inbound and (not tcp or tcp[tcpflags] & tcp-syn != 0 or (ip6 and ip6[6] = 6 and ip6[53] & 2 != 0))' \
		>"$SEEN" 2>"$SRV/tcpdump.log" &
}

use_name_server() {
	echo "nameserver $1" >/etc/resolv.conf
}

make_outside() {
	mkdir -p "$SRV"
	make_network
	start_servers >"$SRV/log" 2>&1
	use_name_server $UPSTREAM
	patience=60 await "a name server answers" dig +tries=1 +time=1 www.example.net
	patience=60 await "the other does" dig +tries=1 +time=1 @$ODD probe.odd.example.net
	patience=60 await "a server answers" curl -sf --max-time 2 http://203.0.113.1/
	await "packets are seen" grep -q . "$SEEN"
}

unmake_outside() {
	echo "$BEFORE" >/etc/resolv.conf
	ip netns pids $OUTSIDE 2>/dev/null | xargs -r kill -9
	ip netns pids $INSIDE 2>/dev/null | xargs -r kill -9
	ip link del hf-names 2>/dev/null
	ip netns del $OUTSIDE
	[ ! -e /run/netns/$INSIDE ] || ip netns del $INSIDE
}

# Whatever a test has done to it.
clean_up() {
	kill -CONT "$(<"$SRV/unbound.pid")"
	grep -q $UPSTREAM /etc/resolv.conf || use_name_server $UPSTREAM
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
	SESSION[$1]=$session
}

# begin_free NAME [COMMAND...]: one that is not confined, run by the command.
begin_free() {
	pipes "$1"
	in_background "${@:2}" python3 "$ASKER" "$WS/$1.to" "$WS/$1.from"
}

# tell NAME COMMAND...: has it do that; sets output.
tell() {
	echo "${*:2}" >&"${TO[$1]}"
	read -r -t 90 -u "${FROM[$1]}" output || fail "$*: it says nothing"
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

# names_policy EGRESS [MORE]: a policy with those rules.
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

names_policy "$(rules www four six alias second trap loop link private mapped mixed many none one kept dead dead2 early '*.odd' '*.lots' '*.label' '*.wild'),
	$(rule tcp 80 '"proto": "tcp"'), $(rule both 80 '"proto": "tcp"'), $(rule port 8080), $(rule '*.deep.wild' 8081), $(rule exact.wild 8080),
	{ \"host\": \"upload.wild.example.net\", \"deny\": true }, $(rule www 443), $(rule four 443), $(rule six 443), $(rule four 22), $(rule six 22),
	$(rule tls 443), $(rule secure 8443 '"tls": true'), $(rule plain 443 '"tls": false'),
	$(rule corp 80 '"private": true'), $(rule here 7090 '"private": true'), $(rule '*.corps' 80 '"private": true'), $(rule '*.corps' 7090 '"private": true'),
	{ \"cidr\": \"203.0.113.200\", \"port\": 80 }"
finish() {
	kill -9 "${OWN[@]}"
	unmake_outside
} 2>/dev/null
trap finish EXIT
make_outside
begin_free free
begin main
begin early
tell early hold early.example.net 80
EARLY=$output SINCE=$SECONDS
disown -a
OWN=("${background[@]}") # not the tests'
background=()

# ---- clients ---------------------------------------------------------------------------------------------------------------

# reached LINES COMMAND...: both outside of a session and in one the output has those lines, in order, and nothing is refused.
reached() {
	try "${@:2}"
	same "unconfined: ${*:2}" "$1" "$output"
	mark
	confined "${@:2}"
	same "confined: ${*:2}" "$1" "$output"
	settled
	same refusals '' "$(since | fields verdict=deny kind=connect addr port op right; since | fields verdict=deny kind=dns host)"
}

# kept_out COMMAND...: outside of a session it gets what it wants of other.example.net; in one it fails, which is told, and nothing leaves.
kept_out() {
	local before
	try "$@"
	same "unconfined: status of $*: $output" 0 "$status"
	before=$(seen 'other\.example|203\.0\.113\.9\.|2001:db8:7::9\.')
	[ "$before" -gt 0 ] || fail "control: nothing was seen"
	mark
	confined "$@"
	[ "$status" != 0 ] || fail "confined: $*: $output"
	(told other.example.net verdict=deny why=no_rule rule='default deny') || fail "$*: status $status: $output; $(since | tail -n 20)"
	same "packets that left" "$before" "$(seen 'other\.example|203\.0\.113\.9\.|2001:db8:7::9\.')"
}

BOTH=$'reached 203.0.113.4 80\nreached 2001:db8:7::6 80'

test_curl_reaches_an_allowed_name_by_ipv4_and_ipv6() {
	reached "$BOTH" curl -sS -m 20 http://four.example.net/ http://six.example.net/
	reached 'reached 203.0.113.1 80' curl -4 -sS -m 20 http://www.example.net/
	reached 'reached 2001:db8:7::1 80' curl -sS -m 20 http://www.example.net/
}

test_curl_reaches_an_allowed_name_by_tls() {
	reached 'reached 2001:db8:7::1 443' curl -sS -m 20 --cacert "$WS/certificate.pem" https://www.example.net/
}

test_python_reaches_an_allowed_name_by_ipv4_and_ipv6() {
	reached "$BOTH"$'\nreached 2001:db8:7::1 80' python3 -c 'from urllib.request import urlopen
for name in "four", "six", "www":
    print(urlopen("http://%s.example.net/" % name, timeout=20).read().decode(), end="")'
}

test_node_reaches_an_allowed_name_by_ipv4_and_ipv6() {
	reached "$BOTH" node -e '(async () => {
		for (const name of ["four", "six"]) process.stdout.write(await (await fetch(`http://${name}.example.net/`)).text());
	})().catch((e) => console.log(e.cause ?? e));'
}

test_node_resolves_by_itself_too() {
	reached '203.0.113.4 2001:db8:7::6' node -e 'const { resolve4, resolve6 } = require("dns").promises;
		(async () => console.log((await resolve4("four.example.net"))[0], (await resolve6("six.example.net"))[0]))().catch(console.log);'
}

# The libraries of programs look which of several addresses has a route, by a UDP socket that is connected and sends nothing.
test_looking_for_a_route_to_what_a_name_leads_to_is_no_refusal() {
	reached 'reached 2001:db8:7::38 80' curl -sS -m 20 http://both.example.net/
}

test_looking_for_a_route_to_no_port_is_no_refusal() {
	reached 2001:db8:7::1 bash -c 'getent ahosts www.example.net | sed -n "1s/ .*//p"'
}

test_what_looked_for_a_route_sends_nothing_to_a_port_of_no_rule() {
	local addr before refused='refused E*'
	for addr in 203.0.113.4 2001:db8:7::6; do
		says free 'done, done, done, done, done, done' look $addr 9999
	done
	before=$(seen '(203.0.113.4|2001:db8:7::6).9999: UDP')
	same "control: packets" 12 "$before"
	mark
	says main 'NOERROR *' ask sendto $UPSTREAM four.example.net A
	says main 'NOERROR *' ask sendto $UPSTREAM six.example.net AAAA
	for addr in 203.0.113.4 2001:db8:7::6; do
		says main "$refused, $refused, $refused, $refused, $refused, $refused" look $addr 9999
		[[ $output != *done* ]] || fail "$output"
		not_connected $addr 9999 no_rule
	done
	same "packets that left" "$before" "$(seen '(203.0.113.4|2001:db8:7::6).9999: UDP')"
}

test_dig_and_getent_resolve_an_allowed_name() {
	reached $'203.0.113.1\n2001:db8:7::1' dig +short www.example.net A www.example.net AAAA
	reached 203.0.113.1 dig +short +tcp www.example.net A
	reached '2001:db8:7::1   www.example.net' getent hosts www.example.net
	reached 203.0.113.4 bash -c 'getent ahostsv4 four.example.net | sed -n "1s/ .*//p"'
}

test_a_connection_by_a_name_is_told_of_with_it() {
	local to='session="${SESSION[main]}" kind=connect verdict=allow' each
	mark
	says main 'done 203.0.113.1' get www.example.net 80 4
	says main 'done 2001:db8:7::1' get www.example.net 80 6
	says main 'NOERROR * 203.0.113.4' ask tcp $UPSTREAM four.example.net A
	says main 'done' connect 203.0.113.200 80
	patience=20 await "the last is told" eval "since | fields $to op=close addr=203.0.113.200"
	for each in 203.0.113.1 2001:db8:7::1; do
		same "made" 'www.example.net 80 net' "$(eval "since | fields $to op=connect addr=$each host port capability" | tr '\t' ' ')"
		same "closed" 'www.example.net 30' "$(eval "since | fields $to op=close addr=$each host sent" | tr '\t' ' ')"
		[ "$(eval "since | fields $to op=close addr=$each received")" -gt 100 ] || fail "$each: nothing received"
	done
	same "by its address" '- 0 0' "$(eval "since | fields $to op=close addr=203.0.113.200 host sent received" | tr '\t' ' ')"
	same "all that were made" 3 "$(eval "since | fields $to op=connect addr" | wc -l)" # and none to the resolver
}

test_git_clones_from_an_allowed_name() {
	reached first bash -c "rm -rf $WS/tree; git clone -q http://four.example.net/tree.git $WS/tree; git -C $WS/tree log --format=%s"
	reached first bash -c "rm -rf $WS/tree; GIT_SSL_CAINFO=$WS/certificate.pem HOME=$WS git clone -q https://www.example.net/tree.git $WS/tree;
		git -C $WS/tree log --format=%s"
}

test_curl_git_python_and_node_reach_no_other_name() {
	kept_out curl -sS -m 20 http://other.example.net/
	kept_out git ls-remote http://other.example.net/tree.git
	kept_out python3 -c 'from urllib.request import urlopen; urlopen("http://other.example.net/", timeout=20)'
	kept_out node -e 'fetch("http://other.example.net/").catch(() => process.exit(1))'
}

test_git_clones_by_ssh_from_an_allowed_name_and_from_no_other() {
	local ssh="ssh -i $WS/key -o UserKnownHostsFile=$WS/known -o StrictHostKeyChecking=yes -o BatchMode=yes"
	clone() { # NAME
		echo "rm -rf $WS/tree; GIT_SSH_COMMAND='$ssh' git clone -q root@$1.example.net:$SRV/www/tree.git $WS/tree && git -C $WS/tree log --format=%s"
	}
	reached $'first\nfirst' bash -c "$(clone four); $(clone six)"
	kept_out bash -c "$(clone other)"
}

# The archive is at another name than the rest. npm starts slowly: one run asks for what it may do without, too, at a name it may not have.
long_test_npm_installs_from_allowed_names_and_from_no_other() {
	local install="rm -rf $WS/npm/node_modules $WS/npm/cache; cd $WS/npm; HOME=$WS npm install --silent --no-audit --no-fund --no-update-notifier \
		--no-package-lock --ignore-scripts --fetch-retries 0 --cache cache --cafile $WS/certificate.pem --registry https://four.example.net/; ls node_modules"
	mkdir "$WS/npm"
	echo '@test:registry=https://other.example.net/' >"$WS/npm/.npmrc"
	echo '{ "dependencies": { "add-two": "1.0.0" }, "optionalDependencies": { "@test/add-two": "1.0.0" } }' >"$WS/npm/package.json"
	try bash -c "$install"
	same unconfined $'@test\nadd-two' "$output"
	mark
	confined bash -c "$install"
	same confined add-two "$output"
	told other.example.net verdict=deny why=no_rule rule='default deny'
	same refusals '' "$(since | fields verdict=deny kind=connect addr port op right)"
}

test_pip_installs_from_allowed_names_and_from_no_other() {
	install() { # NAME
		echo "rm -rf $WS/site; HOME=$WS TMPDIR=$WS PYTHONPATH=$WS/pip python3 -m pip install -q --disable-pip-version-check --root-user-action ignore \
			--no-cache-dir --retries 0 --cert $WS/certificate.pem --index-url https://$1.example.net/simple/ --target $WS/site greeting &&
			cat $WS/site/greeting.py"
	}
	python3 -m zipfile -e /usr/share/python-wheels/pip-*.whl "$WS/pip"
	reached "def text(): return 'hello'" bash -c "$(install four)"
	kept_out bash -c "$(install other)"
}

# gron is written in Go, whose own resolver reads /etc/resolv.conf.
test_a_go_program_reaches_an_allowed_name_and_no_other() {
	local go=(env GODEBUG=netdns=go "SSL_CERT_FILE=$WS/certificate.pem" gron)
	reached $'json = {};\njson.from = "203.0.113.4";' "${go[@]}" https://four.example.net/from.json
	reached $'json = {};\njson.from = "2001:db8:7::6";' "${go[@]}" https://six.example.net/from.json
	kept_out "${go[@]}" https://other.example.net/from.json
}

long_test_a_java_program_reaches_an_allowed_name_and_no_other() {
	local name get="rm -f $WS/got.*; ant -q -f $WS/build.xml >$WS/ant.log 2>&1; cat $WS/got.*"
	{
		echo '<project default="get"><target name="get">'
		for name in four six other; do
			echo "<get src='http://$name.example.net/' dest='$WS/got.$name' ignoreerrors='true' retries='1'/>"
		done
		echo '</target></project>'
	} >"$WS/build.xml"
	try bash -c "$get"
	holds unconfined "$output" 'reached 203.0.113.9 80'
	mark
	confined bash -c "$get"
	same confined "$BOTH" "$output"
	told other.example.net verdict=deny why=no_rule rule='default deny'
	same refusals '' "$(since | fields verdict=deny kind=connect addr port op right)"
}

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

# ---- TLS -------------------------------------------------------------------------------------------------------------------

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
	in_background python3 -c "import socket
s = socket.socket(socket.AF_UNIX)
s.bind('$server')
s.listen()
while True:
    c, given = s.accept()[0], socket.socket()
    socket.send_fds(c, [b'x'], [given.fileno()])"
	await "it gives sockets" test -S "$server"
	before=$(seen '203.0.113.60.443: Flags .S.')
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
	tell crowd flood 4100 1000 lots.example.net
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
	local before=0
	says "$1" 'sent=* refused=*' watched
	[[ $output =~ ^sent=([0-9]+)\ refused=([0-9]+)$ ]] || fail "$output"
	before=${BASH_REMATCH[1]}
	sleep 0.3
	says "$1" 'sent=* refused=*' watched
	[[ $output =~ ^sent=([0-9]+)\ refused=([0-9]+)$ && ${BASH_REMATCH[1]} -gt $before ]] || fail "after $before: $output"
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
