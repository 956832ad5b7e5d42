#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Who may use the API: root, users, groups, agents, and over TCP whoever has a token, by the table in docs/api.md.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

CONFIG=/etc/holdfast/holdfast.json
PORT=8443
CERTIFICATE=$SCRATCH/certificate.pem
KEY=$SCRATCH/key.pem
DEV=/home/dev/work
API_DOCUMENT=$TESTS/docs/api.md

base_policy
chmod 755 "$SCRATCH"
id eve >/dev/null 2>&1 || useradd --create-home --uid 1001 eve
getent group ops >/dev/null || groupadd ops
su dev -c "mkdir -p $DEV"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=holdfast -addext subjectAltName=IP:127.0.0.1 \
	-keyout "$KEY" -out "$CERTIFICATE" 2>/dev/null
chmod 600 "$KEY"

# configure MEMBERS: writes a configuration, and starts the daemon with it.
configure() {
	kill_daemon TERM
	mkdir -p "${CONFIG%/*}"
	echo "{ $1 }" >"$CONFIG"
	start_daemon
}

[ ! -e $CONFIG ] || cp $CONFIG "$SCRATCH/config.before"
configure "\"listen\": \"127.0.0.1:$PORT\", \"tls_certificate\": \"$CERTIFICATE\", \"tls_key\": \"$KEY\", \"roles\": { \"operator\": \"ops\" }"
python3 "$TESTS/guest/access.py" drip $PORT "$CERTIFICATE" >"$SCRATCH/drip" 2>&1 &

# token ROLE NAME [MORE]...: makes one.
token() {
	holdfast token create --role "$1" --name "$2" "${@:3}"
}

# id_of TOKEN
id_of() {
	cut -d_ -f2 <<<"$1"
}

# over_tcp TOKEN METHOD TARGET [BODY]: prints the answer.
over_tcp() {
	curl -s --max-time 60 --cacert "$CERTIFICATE" -H "Authorization: Bearer $1" -X "$2" ${4+-d "$4"} "https://127.0.0.1:$PORT$3"
}

start_devs() {
	su dev -c "exec holdfast run --policy $POLICY --workspace $DEV --agent $1 -- sleep infinity" </dev/null >/dev/null 2>&1 &
	background+=($!)
	await "the session is there" session_of "$1"
	session=$(session_of "$1")
}

access() {
	try python3 "$TESTS/guest/access.py" "$@"
	[ "$status" = 0 ] || fail "$output"
	echo "# $1: $output" >&3
}

test_each_caller_may_do_what_the_documents_say() {
	local role tokens=()
	for role in viewer auditor operator admin; do
		tokens+=("$role=$(token "$role" "$role" --for 1h)")
	done
	start_devs matrix
	access matrix "$API_DOCUMENT" "$SOCKET" "$PORT" "$CERTIFICATE" "$session" "$POLICY" "${tokens[@]}"
}

test_an_agent_may_ask_why_it_was_refused_and_hears_of_nobody_else() {
	base_policy '{ "path": "/run/holdfast/api.sock", "allow": "c" }'
	echo secret | tee "$OUT/first" "$OUT/second" "$OUT/other" >/dev/null
	start_session other sh -c "cat $OUT/other; sleep 600"
	confined sh -c "exec 2>/dev/null; holdfast why --json; cat $OUT/first; sleep 0.2; holdfast why --json; holdfast why"
	same "before it was refused anything" '[]' "$(jq -c . <<<"$(head -n 1 <<<"$output")")"
	same "what it is told" "cat file open r $OUT/first none EACCES" \
		"$(sed -n '2,/^]/p' <<<"$output" | jq -r '.[] | "\(.comm) \(.kind) \(.op) \(.right) \(.path) \(.capability) \(.error)"')"
	holds "for people" "$output" "cat tried to read $OUT/first (r)"
	[[ $output != *"$OUT/other"* ]] || fail "it hears of another session: $output"
	confined sh -c "exec 2>/dev/null; cat $OUT/first; sleep 0.2
		echo '{\"hook_event_name\": \"PostToolUseFailure\"}' | holdfast why --hook; echo '{}' | holdfast why --hook; echo between; cat $OUT/second; sleep 0.2
		holdfast why --hook </dev/null"
	same "hooks" 'PostToolUseFailure PostToolUse' "$(sed '/^between/d' <<<"$output" | jq -r '.hookSpecificOutput.hookEventName' | paste -sd ' ')"
	holds "the first" "${output%%between*}" "- cat: open $OUT/first: "
	holds "the second" "${output#*between}" "- cat: open $OUT/second: "
	[[ ${output#*between} != *"$OUT/first"* ]] || fail "it is told twice: $output"
	confined sh -c 'holdfast ps 2>&1; holdfast why k3v7x2ma 2>&1; holdfast kill --all 2>&1'
	same "what else it asks" 3 "$(grep -c 'a process in a session may not steer holdfast' <<<"$output")"
	same "root" 403 "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$SOCKET" http://localhost/v1/why)"
	same "outside, the hook says nothing" '' "$(holdfast why --hook </dev/null 2>&1)"
	base_policy
	confined sh -c "cat $OUT/first; holdfast why"
	holds "without the right to connect" "$output" 'Permission denied'
}

test_an_agent_takes_no_connections_from_its_user() {
	base_policy '{ "path": "/run/holdfast/api.sock", "allow": "c" }'
	in_background enter "$POLICY" "$WS" python3 -c "import select, socket, sys, time
all = []
for i in range(300):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(5)
    s.connect('$SOCKET')
    all.append(s)
time.sleep(2)
with open('$WS/held', 'w') as f: print(len(all) - len(select.select(all, [], [], 0)[0]), file=f)
time.sleep(600)"
	await "it has connected" test -s "$WS/held"
	[ "$(<"$WS/held")" -le 4 ] || fail "it holds $(<"$WS/held") connections"
	same "root" 200 "$(curl -s -o /dev/null -w '%{http_code}' --max-time 10 --unix-socket "$SOCKET" http://localhost/v1/health)"
	base_policy
}

# Asks by connections that a process of a session hands out: while it lives, and once it has ended and another session is there.
KEEPER='import http.client, os, select, socket, sys, time
folder, api = sys.argv[1:]
taken = socket.socket(socket.AF_UNIX)
taken.bind(folder + "/give")
os.chmod(folder + "/give", 0o777)
taken.listen()
ends = [socket.fromfd(fd, socket.AF_UNIX, socket.SOCK_STREAM) for fd in socket.recv_fds(taken.accept()[0], 1, 3)[1]]
def ask(s, what):
    s.sendall(what)
    s.settimeout(20)
    answer = b""
    while b"\r\n\r\n" not in answer or answer.endswith(b"\r\n\r\n"):
        piece = s.recv(65536)
        if not piece: break
        answer += piece
    return answer.decode()
def note(name, text):
    with open(folder + "/" + name + ".new", "w") as f: f.write(text)
    os.rename(folder + "/" + name + ".new", folder + "/" + name)
note("while", ask(ends[0], b"GET /v1/why HTTP/1.1\r\nHost: a\r\n\r\n"))
note("others", "".join(ask(ends[1], line + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}") for line in (
    b"POST /v1/why", b"GET /v1/why/../kills", b"GET /v1/%77hy/x", b"GET http://localhost/v1/sessions", b"POST /v1/kills", b"GET /v1/events?since=0")))
ends[2].sendall(b"GET /v1/why HTTP/1.1\r\n")
while not os.path.exists(folder + "/ask"):
    ends[2].sendall(b"X: y\r\n") # so that it is not hung up on
    time.sleep(1)
note("after", ask(ends[2], b"Host: a\r\n\r\n"))'

test_a_connection_tells_of_the_session_that_made_it_and_of_none_after_it() {
	base_policy '{ "path": "/run/holdfast/api.sock", "allow": "c" }, { "path": "'"$WS"'/give", "allow": "rwc" }'
	rm -f "$WS"/{give,while,others,after,ask}
	echo secret | tee "$OUT/of-the-first" "$OUT/of-the-second" >/dev/null
	mark
	in_background python3 -c "$KEEPER" "$WS" "$SOCKET"
	await "it takes connections" test -S "$WS/give"
	confined python3 -c "import os, socket, sys, time
try: open('$OUT/of-the-first')
except PermissionError: pass
ends = [socket.socket(socket.AF_UNIX) for i in range(3)]
for end in ends: end.connect('$SOCKET')
give = socket.socket(socket.AF_UNIX)
give.connect('$WS/give')
socket.send_fds(give, [b'x'], [end.fileno() for end in ends])
while not os.path.exists('$WS/others'): time.sleep(0.1)"
	[ "$status" = 0 ] || fail "$output"
	holds "while it lives, by its connection" "$(<"$WS/while")" "$OUT/of-the-first"
	same "what else is answered" '405 404 404 403 403 403' "$(grep -o '^HTTP/1.1 [0-9]*' "$WS/others" | cut -d ' ' -f 2 | paste -sd ' ')"
	start_session next sh -c "cat $OUT/of-the-second; sleep 600"
	await "it was refused" eval "since | fields verdict=deny path=$OUT/of-the-second seq"
	: >"$WS/ask"
	await "it has asked" test -s "$WS/after"
	holds "once it has ended" "$(<"$WS/after")" 'HTTP/1.1 403'
	[[ $(<"$WS/after") != *of-the-second* ]] || fail "it hears of another session: $(<"$WS/after")"
	same "whose that is said to be" '' "$(since | fields kind=admin verdict=deny agent | grep next || true)"
	base_policy
}

test_an_agent_may_do_nothing_else() {
	base_policy '{ "path": "/run/holdfast/api.sock", "allow": "rw" }'
	try enter "$POLICY" "$WS" python3 "$TESTS/guest/access.py" agent "$API_DOCUMENT" "$SOCKET"
	[ "$status" = 0 ] || fail "$output"
	echo "# agent: $output" >&3
	base_policy
}

test_an_agent_with_a_token_may_do_nothing_over_tcp() {
	local good asks
	good=$(token admin stolen --for 1h)
	asks=(curl -s --max-time 60 -k -H "Authorization: Bearer $good" "https://127.0.0.1:$PORT/v1/tokens")
	base_policy '' '{ "cidr": "127.0.0.1", "port": '"$PORT"' }'
	try "${asks[@]}"
	holds "control" "$output" '"name":"stolen"'
	mark
	try enter "$POLICY" "$WS" "${asks[@]}"
	holds "in a session" "$output" '"type":"urn:holdfast:agent"'
	[[ $output != *stolen* ]] || fail "$output"
	await "it is told" eval "since | fields kind=admin verdict=deny actor='an agent over TCP'"
	try enter "$POLICY" "$WS" "${asks[@]/127.0.0.1/[::ffff:127.0.0.1]}"
	holds "by an IPv6 socket" "$output" '"type":"urn:holdfast:agent"'
	# By a port that the host sends there, so that its socket has another destination than the daemon sees.
	nft -f - <<<"table ip redirected { chain out { type nat hook output priority -100; tcp dport 9443 redirect to :$PORT; }; }"
	try "${asks[@]/:$PORT/:9443}"
	holds "by another port" "$output" '"type":"urn:holdfast:unknown-peer"'
	base_policy '' '{ "cidr": "127.0.0.1", "port": 9443 }, { "cidr": "127.0.0.1", "port": '"$PORT"' }'
	try enter "$POLICY" "$WS" "${asks[@]/:$PORT/:9443}"
	nft delete table ip redirected
	[[ $output != *stolen* ]] || fail "$output"
	base_policy '' '{ "cidr": "127.0.0.1", "port": '"$PORT"' }'
	# A group below the session's, which its own processes cannot make.
	mkfifo "$WS/go"
	start_session below bash -c "read -r _ <$WS/go; ${asks[*]@Q} >$WS/said"
	mkdir "/sys/fs/cgroup/holdfast/$session/below"
	echo "$pid" >"/sys/fs/cgroup/holdfast/$session/below/cgroup.procs"
	echo go >"$WS/go"
	await "it has asked" test -s "$WS/said"
	holds "below" "$(<"$WS/said")" '"type":"urn:holdfast:agent"'
	base_policy
}

test_over_tcp_nobody_does_anything_without_a_valid_token() {
	local good revoked expired
	good=$(token admin good --for 1h)
	revoked=$(token admin revoked)
	holdfast token revoke "$(id_of "$revoked")"
	expired=$(token admin expired --for 1s)
	sleep 1.1
	access strangers "$API_DOCUMENT" "$PORT" "$CERTIFICATE" garbage=garbage "wrong=${good%?????}aaaaa" "revoked=$revoked" "expired=$expired"
	same "control" "$(id_of "$good")" "$(over_tcp "$good" GET /v1/tokens | jq -r '.[] | select(.name == "good") | .id')"
}

test_a_token_is_shown_once_and_taken_back_at_once() {
	local made
	made=$(token viewer shown)
	[[ $made =~ ^hf_[a-z2-7]{8}_[a-z2-7]{52}$ ]] || fail "$made"
	holds list "$(holdfast token list)" "$(id_of "$made")"
	! holdfast token list --json | grep -q "${made##*_}" || fail "the list has the secret"
	! grep -q "${made##*_}" "$AUDIT" /var/lib/holdfast/holdfast.db* || fail "it was written down"
	same "health" ok "$(over_tcp "$made" GET /v1/health | fields status)"
	holdfast token revoke "$(id_of "$made")"
	same "then" 401 "$(over_tcp "$made" GET /v1/health | fields status)"
	try holdfast token revoke "$(id_of "$made")"
	same "again: $output" 4 "$status"
	try holdfast token create --role emperor
	same "an unknown role: $output" 1 "$status"
	try holdfast token create --role viewer --for soon
	same "a time that is none: $output" 2 "$status"
}

# follows SEQ TOKEN: its stream of events from there on goes to $SCRATCH/followed; sets pid.
follows() {
	in_background curl -sN --cacert "$CERTIFICATE" -H "Authorization: Bearer $2" -o "$SCRATCH/followed" \
		"https://127.0.0.1:$PORT/v1/events?follow=1&kind=admin&since=$1"
	await "it has events" test -s "$SCRATCH/followed"
}

test_a_stream_ends_with_its_token() {
	local made seq
	seq=$(api GET /v1/health | fields seq)
	made=$(token auditor follower)
	follows "$seq" "$made"
	gone "$pid" && fail "it ended before"
	holdfast token revoke "$(id_of "$made")"
	await "the stream has ended" gone "$pid"
	! grep -q token-revoke "$SCRATCH/followed" || fail "it heard of its own end"
	rm "$SCRATCH/followed"
	seq=$(api GET /v1/health | fields seq)
	follows "$seq" "$(token auditor short --for 6s)"
	await "the stream has ended" gone "$pid"
}

test_what_a_token_does_is_told_with_its_name() {
	local made actor answer
	made=$(token operator oncall)
	actor="token oncall (id $(id_of "$made"), role operator, from 127.0.0.1)"
	start_devs told
	mark
	answer=$(over_tcp "$made" POST /v1/kills '{"session":"'"$session"'","strength":"deny","reason":"by a token"}')
	same "the kill" "$actor" "$(fields actor <<<"$answer")"
	same "its event" "$actor" "$(since | fields kind=kill op=set actor)"
	try su dev -c "holdfast lift $session"
	same "a lift by the session's user: $output" 3 "$status"
	over_tcp "$made" DELETE /v1/kills '{"session":"'"$session"'"}' >/dev/null
	same state running "$(show "$session" state)"
	same "the lift" "$actor" "$(since | fields kind=kill op=lift actor)"
}

test_a_refusal_is_told_with_the_role_that_is_needed() {
	local made
	made=$(token viewer curious)
	mark
	holds "the answer" "$(over_tcp "$made" GET /v1/events | fields detail)" 'needs the role auditor or admin'
	same "events" 1 "$(since | grep '"verdict":"deny"' | grep -c "token curious (id $(id_of "$made"), role viewer, from 127.0.0.1)")"
}

test_a_group_gives_a_role() {
	local eve=(setpriv --reuid 1001 --regid 1001 --groups "$(getent group ops | cut -d: -f3)")
	start_devs grouped
	try "${eve[@]}" holdfast pause "$session"
	same "pause: $output" 0 "$status"
	same state paused "$(show "$session" state)"
	holds actor "$(api GET /v1/kills | fields session="$session" actor)" 'eve (uid 1001'
	try "${eve[@]}" holdfast lift "$session"
	same "lift: $output" 0 "$status"
	try "${eve[@]}" holdfast policy apply "$session" "$POLICY"
	same "what operators may not: $output" 3 "$status"
	try "${eve[@]}" holdfast token list
	same "tokens: $output" 3 "$status"
	try setpriv --reuid 1001 --regid 1001 --clear-groups holdfast pause "$session"
	same "without the group: $output" 3 "$status"
}

test_only_tls_1_3_is_spoken() {
	local made url=127.0.0.1:$PORT/v1/health
	made=$(token viewer tls)
	try curl -sS --tlsv1.3 --cacert "$CERTIFICATE" -H "Authorization: Bearer $made" "https://$url"
	same "TLS 1.3: $output" 0 "$status"
	try curl -sS --tls-max 1.2 --cacert "$CERTIFICATE" -H "Authorization: Bearer $made" "https://$url"
	same "TLS 1.2: $output" 35 "$status"
	try curl -sS --max-time 20 -H "Authorization: Bearer $made" "http://$url"
	[ "$status" != 0 ] || fail "plain HTTP: $output"
	try curl -sS -H "Authorization: Bearer $made" "https://$url"
	same "a certificate that the client does not know: $output" 60 "$status"
}

# Counted for one address; others, who has a token, and the unix socket go on.
test_guesses_are_slowed_down_and_delay_nobody() {
	local made each worst=0 before took
	made=$(token viewer neighbour)
	start_devs guessed
	mark
	in_background python3 "$TESTS/guest/access.py" guess "$PORT" "$CERTIFICATE" 127.0.2.2 60
	each=$pid
	took=$SECONDS
	python3 "$TESTS/guest/access.py" guess "$PORT" "$CERTIFICATE" 127.0.2.1 30 >"$SCRATCH/guesses"
	took=$((SECONDS - took))
	before=${EPOCHREALTIME/./}
	holdfast pause "$session"
	worst=$(((${EPOCHREALTIME/./} - before) / 1000))
	echo "# a pause by root among guesses took $worst ms" >&3
	[ "$worst" -lt 5000 ] || fail "a pause took $worst ms"
	await "all guesses are made" gone "$each"
	if [ "$took" -lt 18 ]; then # one a second is let pass
		holds statuses "$(cut -d' ' -f1 "$SCRATCH/guesses" | sort | uniq -c | tr -s ' \n' ' ')" ' 429'
		grep -qE '^429 [1-9]' "$SCRATCH/guesses" || fail "no Retry-After"
	fi
	! grep -qvE '^(401 -|429 [0-9]+)$' "$SCRATCH/guesses" || fail "other answers: $(sort "$SCRATCH/guesses" | uniq -c)"
	same "who has a token, from there" 200 "$(curl -s -o /dev/null -w '%{http_code}' --interface 127.0.2.1 --cacert "$CERTIFICATE" \
		-H "Authorization: Bearer $made" "https://127.0.0.1:$PORT/v1/health")"
	await "all were counted" all_told
	[ "$(since | fields kind=admin address=127.0.2.1 seq | wc -l)" -le $((took / 10 + 5)) ] || fail "a flood of events"
}

all_told() {
	[ "$(since | grep '"address":"127.0.2.1"' | jq -s 'map(.count // 1) | add')" = 30 ]
}

# refused MEMBERS TEXT: a daemon with this configuration does not start, and says why.
refused() {
	echo "{ $1 }" >"$SCRATCH/wrong.json"
	try timeout 60 holdfastd --config "$SCRATCH/wrong.json"
	same "status: $output" 1 "$status"
	holds "the reason" "$output" "$2"
}

test_a_daemon_that_could_not_keep_it_secret_does_not_start() {
	local listen='"listen": "127.0.0.1:8444"'
	cp "$KEY" "$SCRATCH/open.pem"
	chmod 644 "$SCRATCH/open.pem"
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$SCRATCH/other.pem" 2>/dev/null
	chmod 600 "$SCRATCH/other.pem"
	refused "$listen" 'needs $.tls_certificate'
	refused "$listen, \"tls_certificate\": \"$CERTIFICATE\"" 'needs $.tls_key'
	refused "$listen, \"tls_certificate\": \"$CERTIFICATE\", \"tls_key\": \"$SCRATCH/open.pem\"" "chmod 600 $SCRATCH/open.pem"
	refused "$listen, \"tls_certificate\": \"/nonexistent\", \"tls_key\": \"$KEY\"" 'cannot read /nonexistent'
	refused "$listen, \"tls_certificate\": \"$CERTIFICATE\", \"tls_key\": \"$SCRATCH/other.pem\"" 'no pair'
	same "the running one" ok "$(api GET /v1/health | fields status)"
}

test_a_request_that_never_ends_is_cut() {
	await "it was cut" test -s "$SCRATCH/drip"
	[[ $(<"$SCRATCH/drip") =~ ^[0-9]+$ ]] && [ "$(<"$SCRATCH/drip")" -lt 60 ] || fail "after $(<"$SCRATCH/drip") s"
}

result=0
(run_suite "$@") 3>&1 || result=$?
rm -f $CONFIG
kill_daemon TERM
start_daemon
exit $result
