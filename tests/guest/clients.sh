#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Egress by name as real clients have it: each reaches a name that its policy allows, as it does unconfined, and no other.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
# shellcheck source=../lib/outside.sh
. "$TESTS/lib/outside.sh"
# shellcheck source=../lib/registry.sh
. "$TESTS/lib/registry.sh"

LONG=${NAMES-} # npm, pip and Java too, which start slowly

more_names() {
	cat <<-END
		both A 203.0.113.38
		both AAAA 2001:db8:7::38
	END
}

serve_git() {
	git init -q "$SRV/tree"
	git -C "$SRV/tree" -c user.name=test -c user.email=test@example.net commit -q --allow-empty -m first
	git clone -q --bare "$SRV/tree" "$SRV/www/tree.git"
	git -C "$SRV/www/tree.git" update-server-info
}

serve_npm() {
	npm_package "$SRV/www" https://six.example.net
	mkdir -p "$SRV/www/@test"
	sed 's|"add-two"|"@test/add-two"|; s|six.example|other.example|' "$SRV/www/add-two" >"$SRV/www/@test/add-two"
}

serve_pip() {
	mkdir -p "$SRV/www/simple/greeting"
	wheel "$SRV/www"
	echo '<a href="https://six.example.net/greeting-1.0-py3-none-any.whl">greeting</a>' >"$SRV/www/simple/greeting/index.html"
}

start_sshd() {
	mkdir -p /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f "$SRV/host"
	ssh-keygen -q -t ed25519 -N '' -f "$WS/key"
	echo "* $(<"$SRV/host.pub")" >"$WS/known"
	printf '%s\n' "HostKey $SRV/host" "AuthorizedKeysFile $WS/key.pub" 'StrictModes no' 'PidFile none' >"$SRV/sshd.conf"
	outside /usr/sbin/sshd -D -e -f "$SRV/sshd.conf" >"$SRV/sshd.log" 2>&1 &
}

more_servers() {
	start_sshd
	serve_git
	[ -z "$LONG" ] || { serve_pip; serve_npm; }
}

names_policy "$(rules www four six), $(rule both 80 '"proto": "tcp"'), $(rule www 443), $(rule four 443), $(rule six 443), $(rule four 22), $(rule six 22),
	{ \"cidr\": \"203.0.113.200\", \"port\": 80 }"
make_outside '443 ssl' '[::]:443 ssl'
begin_free free
begin main
keep_all

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

# refusals_counted ADDR: since the mark, those that a line stands for each.
refusals_counted() {
	since | fields kind=connect verdict=deny addr="$1" why=no_rule count | awk '{ sum += $1 == "-" ? 1 : $1 } END { print sum + 0 }'
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
		patience=20 await "all six are told" eval '[ "$(refusals_counted $addr)" = 6 ]'
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

long_test_pip_installs_from_allowed_names_and_from_no_other() {
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

run_suite "$@"
