#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is attached had a life before: what it has that the policy refuses is told and taken away, or else nothing is confined.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

base_policy
REVOKED='read map-read write folder device proc-read proc-write pidfd tcp-send tcp-receive tcp-splice
	tcp-splice-from tcp-zerocopy udp listener unix-send unix-receive unix-splice unix-splice-from raw-send raw-receive packet netlink fanotify inotify capability registered flight'
KEPT='fifo unix-own socketpair pipe memfd'
ELSEWHERE=/sys/fs/cgroup/holdfast-test-attach

clean_up() {
	local tries
	[ ! -d $ELSEWHERE ] || echo 1 >$ELSEWHERE/cgroup.kill
	for ((tries = 0; tries < 100; tries++)); do
		rmdir $ELSEWHERE 2>/dev/null || [ -d $ELSEWHERE ] || break
	done
}

# start THING...: a hostile process that has these; sets pid and stranger. It is told to use them by use.
start() {
	local line
	echo original >"$OUT/file"
	coproc HOSTILE { exec hostile "$OUT" "$@" 2>/dev/null 9>&-; } # without the log, a file outside
	background+=("$HOSTILE_PID")
	exec 7>&"${HOSTILE[1]}" 8<&"${HOSTILE[0]}"
	read -r -t 60 -u 8 line || fail "$*: it says nothing"
	[[ $line =~ ^ready\ ([0-9]+)\ ([0-9]+)$ ]] || fail "$line"
	pid=${BASH_REMATCH[1]} stranger=${BASH_REMATCH[2]}
	[ "$stranger" = 0 ] || background+=("$stranger")
}

# Has it use all that it has, and prints what each came to.
use() {
	local line
	: <"$OUT/file" # for those that watch it
	echo >&7
	while read -r -t 60 -u 8 line && [ "$line" != end ]; do
		echo "$line"
	done
	[ "${line-}" = end ] || fail "it says no more"
}

# attach: sets session, and the report in $SCRATCH/found.
attach() {
	session=$(holdfast attach --pid "$pid" --policy "$POLICY" --workspace "$WS" 2>"$SCRATCH/found") || fail "attach: $(<"$SCRATCH/found")"
}

# found LINE...: each is in the report, of the process.
found() {
	local each
	for each in "$@"; do
		grep -qxF "holdfast: ${each%%: *}: process $pid: ${each#*: }" "$SCRATCH/found" || fail "'$each' is not in: $(<"$SCRATCH/found")"
	done
}

test_everything_that_the_policy_refuses_is_refused_and_told() {
	local each all
	# shellcheck disable=SC2086
	start $REVOKED $KEPT
	all=$(use)
	for each in $REVOKED $KEPT; do
		grep -qx "$each: done" <<<"$all" || fail "control: $(grep "^$each:" <<<"$all")"
	done
	attach
	all=$(use)
	found "revoked: file $OUT/file (r)" "revoked: file $OUT/file (w)" "revoked: file $OUT (r)" \
		"revoked: device /dev/random (rw)" "revoked: process /proc/$stranger/mem" "revoked: process handle of process $stranger" \
		"revoked: socket udp to 127.0.0.1 port 9" "revoked: socket unix to $OUT/socket" "revoked: socket ipv4, type 3, protocol 1" \
		"revoked: socket packet, type 3, protocol 0" "revoked: socket netlink, type 3, protocol 15" "revoked: watch all marks of a fanotify group"
	for each in 'tcp to 127.0.0.1 port [0-9]+' 'tcp listening on 0.0.0.0 port [0-9]+' 'inotify as descriptor [0-9]+, of what may not be read' \
		'capability .*sys_admin.*'; do
		grep -qE "^holdfast: revoked: process $pid: (socket |watch )?$each$" "$SCRATCH/found" || fail "'$each' is not in: $(<"$SCRATCH/found")"
	done
	! grep -E "$OUT/own|$OUT/fifo|pipe:|memfd|socketpair" "$SCRATCH/found" || fail "told, and yet it goes on"
	each=$(for each in $REVOKED; do grep -xE "$each: refused E[A-Z]+" <<<"$all" >/dev/null || grep "^$each:" <<<"$all"; done)
	same "not refused" '' "$each"
	each=$(for each in $KEPT; do grep -qx "$each: done" <<<"$all" || grep "^$each:" <<<"$all"; done)
	same "refused" '' "$each"
}

test_what_cannot_be_taken_away_is_told_and_nothing_is_confined() {
	local each cgroup all=''
	while read -r each what; do
		start "$each"
		cgroup=$(<"/proc/$pid/cgroup")
		same "control: $each" "$each: done" "$(use)"
		try holdfast attach --pid "$pid" --policy "$POLICY" --workspace "$WS"
		if [ "$status" != 1 ]; then
			all+="$each: status $status; "
		else
			[[ $output =~ process\ [0-9]+:\ $what ]] || all+="$each: $what is not told; "
			[ "$(use)" = "$each: done" ] || all+="$each: confined; "
			[ "$(<"/proc/$pid/cgroup")" = "$cgroup" ] || all+="$each: in $(<"/proc/$pid/cgroup"); "
		fi
		kill -9 "$pid"
		[ "$stranger" = 0 ] || kill -9 "$stranger"
	done <<-'END'
		traced ptrace by process [0-9]+ outside
		tracing ptrace of process [0-9]+ outside
		tracing-thread ptrace of process [0-9]+ outside
		perf object \[perf_event\]
		bpf object bpf-map
		userfaultfd object \[userfaultfd\]
		notify object seccomp notify
		polled io_uring with a kernel thread
		queue queue
		ring object socket:
		shm-shared shm System V segment
		memory memory shared with process [0-9]+ outside
		descriptors descriptors shared with process [0-9]+ outside
	END
	same "went wrong" '' "$all"
	same "sessions" 0 "$(api GET '/v1/sessions?state=live' | jq length)"
}

test_a_refusal_leaves_all_that_could_be_taken_away() {
	local things=(capability write bpf inotify fanotify) # those that watch see what the ones before them open
	local all
	all=$(printf '%s: done\n' "${things[@]}")
	start "${things[@]}"
	same control "$all" "$(use)"
	try holdfast attach --pid "$pid" --policy "$POLICY" --workspace "$WS"
	same "status: $output" 1 "$status"
	same "what it uses" "$all" "$(use)"
}

# The other has the descriptor too, and is not attached.
test_watches_that_are_made_without_end_do_not_hold_the_daemon_up() {
	rm -f "$SCRATCH/watcher"
	in_background bash -c "cd $OUT && touch w{0..99} && exec python3 -c 'import ctypes, os
libc = ctypes.CDLL(None)
fd = libc.inotify_init()
child = os.fork()
if child == 0:
    os.execvp(\"sleep\", [\"sleep\", \"600\"])
open(\"$SCRATCH/watcher\", \"w\").write(str(child))
os.fork() and os.fork() and os.fork()
while True:
    for i in range(100):
        libc.inotify_add_watch(fd, b\"w%d\" % i, 1)'"
	await "it watches" test -s "$SCRATCH/watcher"
	pid=$(<"$SCRATCH/watcher")
	background+=("$pid")
	try timeout 60 holdfast attach --pid "$pid" --policy "$POLICY" --workspace "$WS"
	pkill -f inotify_add_watch
	[ "$status" = 0 ] || holds "the refusal" "$output" 'more than can be looked at in 10 s'
	await "the daemon answers" daemon_answers
}

# The processes are a tree: what the child has is told as the child's.
test_attach_by_cgroup_tells_the_same() {
	mkdir -p $ELSEWHERE
	start write tcp-send
	echo "$pid" >$ELSEWHERE/cgroup.procs
	try holdfast attach --cgroup $ELSEWHERE --policy "$POLICY" --workspace "$WS" --json
	same "status: $output" 0 "$status"
	same found "file $pid $OUT/file (w) revoked" \
		"$(grep '^{' <<<"$output" | jq -r '.found[] | select(.kind == "file") | "\(.kind) \(.pid) \(.what) \(.done)"')"
	same "what it uses" "write: refused EACCES tcp-send: refused EACCES" "$(use | tr '\n' ' ' | sed 's/ $//')"
}

test_a_cgroup_of_which_something_cannot_be_taken_away_stays_as_it_was() {
	mkdir -p $ELSEWHERE
	start bpf
	echo "$pid" >$ELSEWHERE/cgroup.procs
	try holdfast attach --cgroup $ELSEWHERE --policy "$POLICY" --workspace "$WS"
	same "status: $output" 1 "$status"
	same "what it uses" 'bpf: done' "$(use)"
	grep -q "${ELSEWHERE#/sys/fs/cgroup}" "/proc/$pid/cgroup" || fail "moved: $(<"/proc/$pid/cgroup")"
	same frozen 0 "$(<$ELSEWHERE/cgroup.freeze)"
}

test_after_a_refusal_the_same_can_be_attached_without_what_was_in_the_way() {
	start traced write
	try holdfast attach --pid "$pid" --policy "$POLICY" --workspace "$WS"
	same "status: $output" 1 "$status"
	holds "the refusal" "$output" "process $pid: ptrace by process $stranger outside"
	kill -9 "$stranger"
	await "the tracer is gone" grep -q '^TracerPid:[^0-9]*0$' "/proc/$pid/status"
	same "what it uses" "traced: done write: done" "$(use | tr '\n' ' ' | sed 's/ $//')"
	attach
	found "revoked: file $OUT/file (w)"
	same "what it uses" "traced: refused EACCES write: refused EACCES" "$(use | tr '\n' ' ' | sed 's/ $//')"
}

test_an_exception_of_the_policy_lets_it_have_what_else_is_refused() {
	jq '.capabilities.workspace.guard = ["perf", "userfaultfd", "io_uring-sqpoll"]' "$POLICY" >"$SCRATCH/guard.json"
	start perf userfaultfd polled
	session=$(holdfast attach --pid "$pid" --policy "$SCRATCH/guard.json" --workspace "$WS" 2>"$SCRATCH/found") || fail "$(<"$SCRATCH/found")"
	! grep -E ' (object|io_uring) ' "$SCRATCH/found" || fail "told"
	holds "what its kernel thread may" "$(use)" 'polled: refused EACCES'
}

test_a_command_to_a_device_by_io_uring_is_refused() {
	jq 'del(.capabilities.base.files[] | select(.path == "/dev/null"))' "$POLICY" >"$SCRATCH/less.json"
	start command
	same control 'command: done' "$(use)"
	session=$(holdfast attach --pid "$pid" --policy "$SCRATCH/less.json" --workspace "$WS" 2>"$SCRATCH/found")
	found 'revoked: device /dev/null (rw)'
	same "what it uses" 'command: refused EACCES' "$(use)"
}

# One pipe is in the table of descriptors when it is looked at, the other in the queue of a socket.
test_a_process_outside_gets_no_signals_from_what_it_owns() {
	local victim each
	rm -f "$WS"/{hits,go,said,victim}
	mkfifo "$WS/go"
	in_background bash -c "trap 'echo hit >>$WS/hits' USR1; echo ready >$WS/victim; while :; do sleep 0.1; done"
	victim=$pid
	await "the victim is ready" test -e "$WS/victim"
	in_background bash -c "exec python3 -c 'import fcntl, os, socket, sys
def owned():
    r, w = os.pipe()
    fcntl.fcntl(r, fcntl.F_SETOWN, $victim)
    fcntl.fcntl(r, 10, 10) # F_SETSIG, SIGUSR1
    fcntl.fcntl(r, fcntl.F_SETFL, os.O_ASYNC)
    return r, w
here, flying = owned(), owned()
ends = socket.socketpair()
socket.send_fds(ends[0], [b\"x\"], [flying[0]])
os.close(flying[0])
for line in sys.stdin:
    os.write({\"here\": here, \"flying\": flying}[line.split()[0]][1], b\"x\")
    print(line.strip(), file=open(\"$WS/said\", \"w\"))' <$WS/go"
	exec 6>"$WS/go"
	for each in here flying; do
		echo "$each control" >&6
		await "control: $each hits" eval "[ \$(grep -c . $WS/hits) = $([ $each = here ] && echo 1 || echo 2) ]"
	done
	attach
	grep -qE "^holdfast: revoked: process $pid: owner signals from descriptor [0-9]+ \(pipe:.*\) to a process outside$" "$SCRATCH/found" ||
		fail "told: $(<"$SCRATCH/found")"
	mark
	for each in here flying; do
		echo "$each confined" >&6
		await "it has tried" grep -q "$each confined" "$WS/said"
	done
	settled
	same "event" 'guard owner' "$(refusals kind op | sort -u | tr '\t' ' ')"
	same "hits" 2 "$(wc -l <"$WS/hits")"
	exec 6>&-
}

test_what_an_end_sent_before_it_closed_is_read() {
	local POLICY=$SCRATCH/peer.json
	base_policy '{ "path": "'"$OUT"'/peer", "allow": "c" }'
	rm -f "$OUT/peer" "$WS/go" "$WS/said"
	mkfifo "$WS/go"
	in_background socat "UNIX-LISTEN:$OUT/peer" SYSTEM:'echo text'
	await "somebody listens" test -S "$OUT/peer"
	in_background bash -c "read -r <$WS/go; python3 -c 'import socket, time
s = socket.socket(socket.AF_UNIX)
s.connect(\"$OUT/peer\")
time.sleep(2)
print(s.recv(9).decode().strip())' >$WS/said 2>&1"
	attach
	echo >"$WS/go"
	await "it has tried" grep -q . "$WS/said"
	same "what came" text "$(<"$WS/said")"
}

test_shared_memory_of_its_own_is_no_matter() {
	start shm
	attach
	! grep shm "$SCRATCH/found" || fail "told"
}

test_what_the_policy_allows_is_not_told() {
	OUT=$WS start read write folder fifo
	jq '.capabilities.workspace.files += [{path: "/dev/random", allow: "rw"}]' "$POLICY" >"$SCRATCH/more.json"
	session=$(holdfast attach --pid "$pid" --policy "$SCRATCH/more.json" --workspace "$WS" 2>"$SCRATCH/found")
	! grep -v ' capability ' "$SCRATCH/found" || fail "told"
	same "what it uses" "read write folder fifo" "$(OUT=$WS use | sed -n 's/: done//p' | tr '\n' ' ' | sed 's/ $//')"
}

test_a_writable_mapping_is_told_and_its_process_stopped() {
	local held=$OUT/held beat=$WS/beat
	truncate -s 4096 "$held" "$beat"
	in_background mapped write "$held" "$beat"
	await "it has it" grep -q "$held" "/proc/$pid/maps"
	attach
	found "stopped: mapping $held, mapped (rw)"
	await "it is gone" gone "$pid"
}

test_code_outside_of_the_policy_is_told_and_goes_on() {
	cp "$(command -v sleep)" "$OUT/sleep"
	in_background "$OUT/sleep" 600
	await "it runs" grep -q "$OUT/sleep" "/proc/$pid/maps"
	attach
	found "left: code $OUT/sleep"
	same state running "$(show "$session" state)"
	! gone "$pid" || fail "it was stopped"
}

test_each_has_an_event() {
	start write device
	mark
	attach
	await "the events are written" eval '[ "$(since | fields op=found found | wc -l)" = 3 ]'
	same events "capability device file" "$(since | fields kind=session op=found found | sort -u | tr '\n' ' ' | sed 's/ $//')"
	same event "$pid $session $OUT/file (w) revoked holdfastd" \
		"$(since | fields op=found found=file pid session what action actor | tr '\t' ' ')"
}

test_the_report_is_bounded() {
	in_background bash -c "for ((i = 10; i < 310; i++)); do eval \"exec \$i>>$OUT/\$i\"; done; echo ready >$SCRATCH/ready; exec sleep 600"
	await "it has all open" test -s "$SCRATCH/ready"
	await "it sleeps" grep -q sleep "/proc/$pid/comm"
	mark
	attach
	settled
	same lines 257 "$(wc -l <"$SCRATCH/found")"
	same event 1 "$(since | fields op=found found=more what | grep -cE '^(4[5-9]|5[0-9]) things that are not named$')"
	[[ $(tail -n 1 "$SCRATCH/found") =~ ^holdfast:\ and\ (4[5-9]|5[0-9])\ more$ ]] || fail "the last line: $(tail -n 1 "$SCRATCH/found")"
}

run_suite "$@"
