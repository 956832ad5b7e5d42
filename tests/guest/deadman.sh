#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The dead man's switch: what the kernel does with the sessions by itself once no daemon has its turn.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

CONFIG=/etc/holdfast/holdfast.json
TIMEOUT=10
declare -A sessions pids

[ ! -f "$CONFIG" ] || fail "there is a configuration already"
mkdir -p "${CONFIG%/*}"
echo "{\"control_timeout\": \"${TIMEOUT}s\"}" >"$CONFIG"
kill_daemon TERM
start_daemon
base_policy

clean_up() {
	kill -CONT "$(daemon_pid)" 2>/dev/null || true
	daemon_answers >/dev/null 2>&1 || start_daemon
	api POST /v1/kills '{"all":true}' >/dev/null
	holdfast lift --all
}

# start_with NAME ON_CONTROL_LOSS: a counter under that policy.
start_with() {
	jq ".on_control_loss = \"$2\"" "$POLICY" >"$SCRATCH/$2.json"
	POLICY=$SCRATCH/$2.json start_counter "$1"
	sessions[$1]=$session
	pids[$1]=$pid
}

is_stopped() {
	[ "$(ps -o state= -p "$1")" = T ]
}

is_not_stopped() {
	! is_stopped "$1"
}

test_control_that_is_lost_is_acted_on_without_a_daemon() {
	local from each
	mark
	start_with keep keep
	start_with pause pause
	start_with kill kill
	# A daemon that is back in time has never been away.
	kill_daemon TERM
	start_daemon
	from=$SECONDS
	while [ $((SECONDS - from)) -le $((TIMEOUT + 2)) ]; do
		for each in keep pause kill; do
			counts "$each" || fail "$each is refused, though a daemon is there"
		done
	done
	kill_daemon KILL
	for each in keep pause kill; do
		counts "$each" || fail "$each is refused before the time is over"
	done
	await "the process of the killed one is gone" gone "${pids[kill]}"
	await "the process of the paused one is stopped" is_stopped "${pids[pause]}"
	counts pause && fail "the paused one goes on"
	counts keep || fail "the one that is to be kept is refused"
	start_daemon
	same "state of the one that is kept" running "$(show "${sessions[keep]}" state)"
	same "state of the paused one" paused "$(show "${sessions[pause]}" state)"
	await "the killed one has ended" ended "${sessions[kill]}"
	holds "why it ended" "$(since | fields kind=session op=end session="${sessions[kill]}" reason)" 'control was lost'
	holds "the event" "$(since | fields kind=admin reason)" 'that the kernel paused or killed for it: 2'
	holds "the pause" "$(since | fields kind=kill op=set session="${sessions[pause]}" strength actor reason)" $'pause\tholdfastd\tcontrol was lost'
	same "kills of the one that is kept" '' "$(api GET /v1/kills | jq -r ".[] | select(.session == \"${sessions[keep]}\") | .id")"
	await "it is frozen rather than stopped" is_not_stopped "${pids[pause]}"
	counts pause && fail "the paused one goes on while it is paused"
	holdfast lift "${sessions[pause]}"
	await "it goes on" counts pause
	counts keep
}

test_a_daemon_that_hangs_has_lost_control_too() {
	local daemon
	start_with hung pause
	daemon=$(daemon_pid)
	mark
	kill -STOP "$daemon"
	await "the process is stopped" is_stopped "${pids[hung]}"
	kill -CONT "$daemon"
	await "its state is paused" state_is "${sessions[hung]}" paused
	await "it is on record" eval 'since | fields kind=kill op=set session='"${sessions[hung]}"
	await "it is frozen rather than stopped" is_not_stopped "${pids[hung]}"
	# What the kernel has done once it does again.
	holdfast lift "${sessions[hung]}"
	await "it goes on" counts hung
	kill -STOP "$daemon"
	await "the process is stopped again" is_stopped "${pids[hung]}"
	kill -CONT "$daemon"
	await "its state is paused again" state_is "${sessions[hung]}" paused
}

# Of a session whose daemon is gone; $procs is its file cgroup.procs.
all_stopped() {
	local list
	list=$(tr '\n' ',' <"$procs")
	[ -n "$list" ] && ! ps -o state= -p "${list%,}" | grep -qv T
}

test_a_lost_pause_holds_against_forks_and_signals() {
	local procs before
	jq '.on_control_loss = "pause"' "$POLICY" >"$SCRATCH/pause.json"
	POLICY=$SCRATCH/pause.json start_session wakers python3 -c "import os, signal, time
def forks():
    while True:
        try:
            child = os.fork()
            if child == 0:
                os._exit(0)
            os.waitpid(child, 0)
        except OSError:
            pass
def opens():
    while True:
        try:
            os.close(os.open('/etc/passwd', os.O_RDONLY))
        except OSError:
            pass
others = []
for what in (forks, opens):
    child = os.fork()
    if child == 0:
        what()
    others.append(child)
while True:
    for each in others:
        try:
            os.kill(each, signal.SIGCONT)
        except OSError:
            pass"
	procs=/sys/fs/cgroup$(show "$session" cgroup)/cgroup.procs
	await "it has its processes" eval '[ "$(wc -l <"$procs")" -ge 3 ]'
	kill_daemon KILL
	all_stopped && fail "all are stopped before the time is over"
	await "all of them are stopped" all_stopped
	before=$(<"$procs")
	sleep 3
	all_stopped || fail "one goes on: $(ps -o pid,state,args -p "$(tr '\n' ',' <"$procs" | sed 's/,$//')")"
	same "its processes" "$before" "$(<"$procs")"
	start_daemon
	same state paused "$(show "$session" state)"
	holdfast lift "$session"
	await "it goes on" eval '! all_stopped'
}

test_requests_without_end_do_not_stop_the_heart() {
	local each
	start_with alive kill
	mark
	for each in 1 2 3 4; do
		in_background su dev -c "exec python3 -c \"import socket, threading, time
end = time.time() + 2 * $TIMEOUT
def ask():
    s = socket.socket(socket.AF_UNIX)
    s.connect('$SOCKET')
    def read():
        while s.recv(1 << 20):
            pass
    threading.Thread(target=read, daemon=True).start()
    while time.time() < end:
        s.sendall(b'GET /v1/openapi.json HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' * 20)
for i in range(5):
    threading.Thread(target=ask, daemon=True).start()
time.sleep(2 * $TIMEOUT)\""
	done
	sleep $((2 * TIMEOUT))
	counts alive || fail "it was killed for the daemon's being busy"
	await "the daemon answers" daemon_answers
	[[ $(since | fields kind=admin reason || true) != *'control was lost'* ]] || fail "control was lost"
}

run_suite "$@"
status=$?
rm -f "$CONFIG"
kill_daemon TERM
start_daemon
exit $status
