# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the guest's suites share. A suite sources this, defines functions test_THIS_IS_REFUSED and ends with run_suite "$@".
# Each test runs in a subshell with set -e, in the order of the file; arguments of the suite choose tests by a part of their name.
# Those named long_test_… take long, and are run only where the suite sets LONG.
# Printed: "ok N sentence # its time" or "not ok N sentence" with what went wrong, and last "suite NAME: P passed, F failed".

TESTS=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
SUITE=$(basename "$0" .sh)
AUDIT=/var/log/holdfast/audit.ndjson
SOCKET=/run/holdfast/api.sock
GROUND=${GROUND:-/srv/holdfast-test} # a folder on the file system that is tested
SCRATCH=$GROUND/$SUITE            # what a suite makes, outside of every policy
WS=$SCRATCH/ws                    # the workspace of its sessions
OUT=$SCRATCH/out                  # what lies outside
POLICY=$SCRATCH/policy.json
PATH=$TESTS/guest:$PATH
LONG='' output='' status=0 pid='' session='' marked=0 background=()
rm -rf "$SCRATCH"
mkdir -p "$WS" "$OUT"

# ---- running -------------------------------------------------------------------------------------------------------------

run_suite() {
	local name log number=0 passed=0 failed=0 status started
	log=$(mktemp)
	for name in $(grep -oE "^${LONG:+(long_)?}test_[a-z0-9_]+\(\)" "$0" | tr -d '()'); do
		[[ -z "${1-}" || $name == *"$1"* ]] || continue
		((++number))
		started=$SECONDS
		(
			set -Eeuo pipefail
			exec 9>&1 # the log, also from within $(…)
			trap 'echo "in ${BASH_SOURCE[0]##*/} line $LINENO: $BASH_COMMAND" >&9' ERR
			trap 'end_background; clean_up' EXIT
			"$name"
		) >"$log" 2>&1 </dev/null
		status=$?
		name=${name#long_} name=${name#test_}
		if [ $status = 0 ]; then
			((++passed))
			echo "ok $number ${name//_/ } # $((SECONDS - started)) s"
		else
			((++failed))
			echo "not ok $number ${name//_/ }"
			sed 's/^/    # /' "$log" | tail -n 40
			tail -n 5 "$SCRATCH/background.log" 2>/dev/null | sed 's/^/    # in the background: /'
		fi
	done
	rm -f "$log"
	for name in /sys/fs/cgroup/holdfast/*/cgroup.kill; do # sessions of users, whose su alone was ended, would be met by the next suite
		[ ! -e "$name" ] || echo 1 >"$name"
	done 2>/dev/null
	awk -v at="$SCRATCH/" 'index($2, at) == 1 { print $2 }' /proc/mounts | tac | xargs -r umount -l 2>/dev/null # or rm would empty what is mounted
	rm -rf "$SCRATCH"
	echo "suite $SUITE: $passed passed, $failed failed"
	[ $failed = 0 ]
}

# Called at the end of each test, however it ends; a suite may define its own.
clean_up() {
	:
}

fail() {
	echo "$*"
	exit 1
}

# same WHAT EXPECTED GOT
same() {
	[ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}

# holds WHAT TEXT PART: the text contains the part.
holds() {
	[[ $2 == *"$3"* ]] || fail "$1: '$3' is not in: $2"
}

# await WHAT COMMAND...: until the command succeeds, for at most 120 s, or $patience.
await() {
	local what=$1 until=$((SECONDS + ${patience:-120}))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || fail "waited ${patience:-120} s in vain until $what"
		sleep 0.02
	done
}

# Runs a command; sets output (both streams) and status.
try() {
	status=0
	output=$("$@" 2>&1 </dev/null) || status=$?
}

# ---- processes in the background, ended with the test ----------------------------------------------------------------------

# in_background COMMAND...: sets pid.
in_background() {
	"$@" </dev/null >>"$SCRATCH/background.log" 2>&1 &
	pid=$!
	background+=("$pid")
}

end_background() {
	local each
	for each in "${background[@]}"; do
		kill -9 "$each" 2>/dev/null || true
	done
}

# ---- sessions --------------------------------------------------------------------------------------------------------------

# confined COMMAND...: in a session of its own under $POLICY; sets output and status. The output goes through a pipe: a file
# outside of the policy could not be written, not even through a descriptor that is open already.
confined() {
	try enter "$POLICY" "$WS" "$@"
}

# start_session NAME COMMAND...: the same in the background, by the command line; sets pid and session (its id).
start_session() {
	local name=$1
	shift
	in_background holdfast run --policy "$POLICY" --workspace "$WS" --agent "$name" -- "$@"
	await "session $name is there" eval "session=\$(session_of '$name')"
}

# start_counter NAME: a session that counts in the workspace for as long as it may open its files.
start_counter() {
	rm -f "$WS/$1"
	start_session "$1" latency spin "$WS/$1" /etc/passwd
	await "$1 counts" counts "$1"
}

count() {
	od -An -tu8 -N8 "$WS/$1" | tr -d ' '
}

# counts NAME: within half a second, or a slow host's longer one.
counts() {
	local before n
	before=$(count "$1")
	for ((n = 0; n < 5; n++)); do
		sleep 0.1
		[ "$(count "$1")" = "$before" ] || return 0
	done
	return 1
}

# api METHOD TARGET [BODY]: prints the answer.
api() {
	curl -s --max-time 30 --unix-socket "$SOCKET" -X "$1" ${3+-d "$3"} "http://localhost$2"
}

# show ID MEMBER: of a session.
show() {
	api GET "/v1/sessions/$1" | fields "$2"
}

# Id of the session that lives under this agent name.
session_of() {
	api GET '/v1/sessions?state=live' | fields agent="$1" id
}

state_is() {
	[ "$(show "$1" state)" = "$2" ]
}

# ended ID: the session is over.
ended() {
	state_is "$1" ended
}

# ---- events ----------------------------------------------------------------------------------------------------------------

# mark: remembers where the stream ends now. since: prints what came after that.
mark() {
	marked=$(stat -c %s "$AUDIT" 2>/dev/null || echo 0)
}

since() {
	tail -c "+$((marked + 1))" "$AUDIT"
}

# refusals [NAME]...: those since the mark, a line each, or the members named of each.
refusals() {
	since | fields verdict=deny "$@" || true
}

refused_since() {
	[ -n "$(refusals seq)" ]
}

session_ended_since() {
	since | fields kind=session op=end >/dev/null
}

# settled: every event of the kernel so far is in the stream. A session that runs to its end puts one behind them.
settled() {
	local marked
	mark
	enter "$POLICY" "$WS" /usr/bin/true </dev/null >/dev/null 2>&1 || fail "no session can be made"
	await "the events are written" session_ended_since
}

# one_refusal OBJECTS RIGHT CAPABILITY RULE ERRNO: since the mark there is exactly one refusal, and it is this. OBJECTS are paths
# or ADDRESS:PORT, with | between alternatives; RIGHT is a letter of rwxc or, where no right is about it, the operation (again
# with |). To be called once the stream is settled.
one_refusal() {
	local all wrong='' path addr port right capability rule error rest
	all=$(refusals)
	[ "$(wc -l <<<"$all")" = 1 ] && [ -n "$all" ] || fail "not one refusal but: ${all:-none}"
	IFS=$'\t' read -r path addr port right capability rule error rest < <(refusals path addr port right capability rule error \
		session agent user pid comm seq time reason)
	[ "$path" != - ] || path=$addr:$port
	[[ "|$1|" == *"|$path|"* ]] || wrong+="it is about $path, not $1; "
	[[ "|$2|" == *"|$right|"* || ( ${#2} == 1 && $right == *"$2"* ) ]] || wrong+="right is $right, not $2; "
	[ "$capability" = "$3" ] || wrong+="capability is $capability, not $3; "
	[ "$rule" = "$4" ] || wrong+="rule is $rule, not $4; "
	[ "$error" = "$5" ] || wrong+="error is $error, not $5; "
	[[ $'\t'$rest$'\t' != *$'\t-\t'* ]] || wrong+="a member is missing; "
	[ -z "$wrong" ] || fail "event: $wrong$all"
}

# Prints where the numbers of a stream on standard input do not go up by one.
gaps() {
	fields seq | awk 'NR > 1 && $1 != last + 1 { print last, "then", $1 } { last = $1 }'
}

no_refusal() {
	[ -z "$(refusals seq)" ] || fail "refused: $(refusals | sed -n 1,5p)"
}

# ---- attempts --------------------------------------------------------------------------------------------------------------

# What a refused attempt must leave as it was: everything that stat(2) tells of the places named in GUARDED.
GUARDED=("$OUT")
snapshot() {
	find "${GUARDED[@]}" -printf '%p %i %y %m %U:%G %s %n %T@ %C@ %l\n' | sort
}

# Makes what the attempts are made on; a suite defines its own.
scene() {
	:
}

# lacking PROGRAM ATTEMPT ARG...: the file system that is tested knows no such operation, as LACKS (attempts, from the environment) says.
lacking() {
	[[ " ${LACKS-} " == *" ${2-} "* ]] || return 1
	scene
	try "$@"
	[[ $output =~ ^refused\ (EINVAL|ENOSYS|EOPNOTSUPP|EPERM)$ ]] || fail "LACKS says otherwise: unconfined: $*: $output"
}

# denied [-c CAPABILITY -r RULE] [-e ERRNO] [-n] OBJECTS RIGHT COMMAND...: the positive control first: unconfined the attempt
# gets done. Then the same in a session: refused (EACCES or EPERM, or -e), nothing changed, one event (-n: any number).
denied() {
	local capability=none rule='default deny' errnos='EACCES EPERM' any='' objects right before OPTIND=1 option
	while getopts c:r:e:n option; do
		case $option in
		c) capability=$OPTARG ;;
		r) rule=$OPTARG ;;
		e) errnos=$OPTARG ;;
		n) any=1 ;;
		*) fail "denied: wrong option" ;;
		esac
	done
	shift $((OPTIND - 1))
	objects=$1 right=$2
	shift 2
	! lacking "$@" || return 0
	scene
	try "$@"
	same "unconfined: $*" 'done' "$output"
	scene
	before=$(snapshot)
	mark
	confined "$@"
	[[ " $errnos " == *" ${output#refused } "* && $output == refused* ]] || fail "confined: $*: $output (status $status)"
	same "what was guarded" "$before" "$(snapshot)"
	await "its events are written" session_ended_since
	if [ -n "$any" ]; then
		refused_since || fail "$*: no event"
	else
		one_refusal "$objects" "$right" "$capability" "$rule" "${output#refused }"
	fi
}

# allowed COMMAND...: in a session it gets done, and nothing is refused.
allowed() {
	! lacking "$@" || return 0
	scene
	mark
	confined "$@"
	same "confined: $*" 'done' "$output"
	await "its events are written" session_ended_since
	no_refusal
}

# attempt_each LINES: makes the attempts of together(), and prints what each came to.
attempt_each() {
	local expected attempt
	while read -r expected attempt; do
		# shellcheck disable=SC2086
		[ -z "$expected" ] || echo "$attempt: $($attempt || true)"
	done <<<"$1"
}

# together LINES: several attempts in one session, a line each: what is expected there ("done" or an error), then the command. Unconfined
# each of them gets done, in the same order; what is guarded stays as it was, and each refusal has its event.
together() {
	local expected unconfined before refused
	expected=$(sed -nE 's/^[[:space:]]*done (.*)/\1: done/p; s/^[[:space:]]*(E[A-Z]+) (.*)/\2: refused \1/p' <<<"$1")
	unconfined=$(sed -nE 's/^[[:space:]]*(done|E[A-Z]+) (.*)/\2: done/p' <<<"$1")
	refused=$(grep -c ': refused E' <<<"$expected" || true)
	scene
	output=$(attempt_each "$1")
	output=$(diff <(echo "$unconfined") - <<<"$output") || fail "unconfined: $output"
	scene
	before=$(snapshot)
	mark
	confined bash -c "$(declare -f attempt_each)"'; attempt_each "$1"' attempts "$1"
	output=$(diff <(echo "$expected") - <<<"$output") || fail "confined: $output"
	same "what was guarded" "$before" "$(snapshot)"
	await "its events are written" session_ended_since
	same "refusals with an event: $(refusals op path)" "$refused" "$(refusals seq | grep -c . || true)"
}

# ---- the daemon ------------------------------------------------------------------------------------------------------------

daemon_pid() {
	pgrep -x -o holdfastd
}

daemon_answers() {
	curl -sf --max-time 5 --unix-socket "$SOCKET" http://localhost/v1/health
}

start_daemon() {
	setsid holdfastd </dev/null >>/var/log/holdfastd.log 2>&1 &
	patience=600 await "holdfastd answers" daemon_answers # loading the programs takes long under emulation
}

# gone PID: no such process, or a zombie.
gone() {
	local state
	state=$(ps -o state= -p "$1") || return 0
	[ "$state" = Z ]
}

kill_daemon() {
	local daemon
	daemon=$(daemon_pid)
	kill "-${1:-KILL}" "$daemon"
	await "holdfastd is gone" gone "$daemon"
}

# ---- the policy of most suites ---------------------------------------------------------------------------------------------

# base_policy [FILES [EGRESS]]: writes $POLICY: what programs need, the workspace, and more rules of the workspace's capability.
base_policy() {
	local net=''
	[ -z "${2-}" ] || net=', "net": { "egress": [ '$2' ] }'
	cat >"$POLICY" <<-END
		{ "holdfast": 1, "name": "suite-$SUITE", "capabilities": {
		    "base": { "files": [ { "path": "/usr", "allow": "rx" }, { "path": "/etc", "allow": "r" },
		                         { "path": "/proc", "allow": "r" }, { "path": "/dev/null", "allow": "rw" }, { "path": "/dev/tty", "allow": "rw" } ] },
		    "workspace": { "files": [ { "path": "\${WORKSPACE}", "allow": "rwx" }${1:+, $1} ] }$net } }
	END
}
