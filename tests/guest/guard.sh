#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What no policy can give: other processes, the kernel's controls, and what holds the agent. The policy here allows every file.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

PIN=/sys/fs/bpf/holdfast-test-pin
cat >"$POLICY" <<'END'
{ "holdfast": 1, "name": "everything", "capabilities": { "all": { "files": [ { "path": "/", "allow": "rwxc" }, { "path": "/dev/null", "allow": "rw" }, { "path": "/dev/tty", "allow": "rw" } ] } } }
END

clean_up() {
	umount "$OUT/mounted" 2>/dev/null || true
	rm -f $PIN
}

# forbidden OPERATION COMMAND...: unconfined it gets done, confined it is refused with one event that names the operation.
forbidden() {
	local operation=$1
	shift
	same "unconfined: $*" 'done' "$("$@")"
	clean_up
	mark
	confined "$@"
	[[ $output == 'refused EACCES' || $output == 'refused EPERM' ]] || fail "confined: $*: $output"
	settled
	same "events of $*" "$operation" "$(refusals op | sort -u | paste -sd' ')"
	[[ "$(refusals capability rule reason pid session)" != *-* ]] || fail "a member is missing: $(refusals)"
}

# forbidden_silently COMMAND...: what a session tries without meaning it (ps, say) makes no event.
forbidden_silently() {
	same "unconfined: $*" 'done' "$("$@")"
	clean_up
	confined "$@"
	[[ $output == 'refused EACCES' || $output == 'refused EPERM' ]] || fail "confined: $*: $output"
}

stranger() {
	in_background sleep infinity
}

objects_of_ipc() {
	cat /proc/sysvipc/{shm,sem,msg} | awk '$1 != "key" { n++ } END { print n + 0 }'
}

test_what_a_session_made_of_system_v_ipc_goes_when_it_ends() {
	local before queue
	queue=$(ipcmk -Q | grep -o '[0-9]*$')
	before=$(objects_of_ipc)
	confined bash -c 'ipcmk -M 4096 >made; ipcmk -S 3 >>made; ipcmk -Q >>made; wc -l <made; wc -l </proc/sysvipc/msg'
	same "made, and lines of the queues' table" '3 3' "$(xargs <<<"$output")"
	await "they are gone" eval '[ "$(objects_of_ipc)" = '"$before"' ]'
	ipcrm -q "$queue" || fail "another's went too"
}

test_a_session_has_only_so_many_objects_of_system_v_ipc() {
	local before
	before=$(objects_of_ipc)
	confined guard queues 1024
	same "1024" 'done' "$output"
	forbidden ipc guard queues 1025
	await "they are gone" eval '[ "$(objects_of_ipc)" = '"$before"' ]'
	confined bash -c 'for ((i = 0; i < 20; i++)); do guard queues 100 || exit; done'
	same "those that are gone do not count" "$(printf 'done\n%.0s' {1..20})" "$output"
}

test_signals_to_another_process_are_refused() {
	stranger
	forbidden signal guard signal "$pid" 0
	forbidden signal guard signal "$pid" 18
	forbidden signal guard signal-pidfd "$pid" 18
}

test_signals_within_the_session_arrive() {
	mark
	# One that is killed within execve(2) has the kernel ask for a module, which is refused and told.
	confined bash -c 'sleep 100 & until [ "$(</proc/$!/comm)" = sleep ]; do :; done; kill -TERM $!; wait $!; echo $?'
	same "status" 143 "$output"
	settled
	no_refusal
}

test_tracing_another_process_is_refused() {
	stranger
	forbidden ptrace guard trace "$pid"
	stranger
	forbidden ptrace guard read-memory "$pid"
	forbidden ptrace guard take-descriptor "$pid" 0
}

test_memory_and_environment_of_another_process_are_closed() {
	stranger
	forbidden_silently files read "/proc/$pid/environ"
	scratch=$(mktemp)
	confined bash -c "cat /proc/$pid/maps /proc/$pid/mem" 2>/dev/null
	[ "$status" != 0 ] || fail "read: $output"
	rm "$scratch"
}

test_mounting_and_changing_the_root_is_refused() {
	mkdir -p "$OUT/mounted" "$OUT/other"
	forbidden_silently guard mount "$OUT/mounted"
	forbidden_silently guard bind-mount "$OUT/other" "$OUT/mounted"
	forbidden_silently guard chroot "$OUT"
	forbidden_silently guard unshare mount
	forbidden_silently guard unshare net
	forbidden namespace guard unshare user
}

test_bpf_and_perf_are_refused() {
	forbidden bpf guard bpf-map
	forbidden bpf guard bpf-id
	forbidden_silently guard perf
}

test_the_pins_maps_and_programs_are_out_of_reach() {
	local pin
	pin=$(find /sys/fs/bpf/holdfast -type f | sed -n 1p)
	[ -n "$pin" ] || fail "nothing is pinned"
	forbidden bpf guard bpf-pin "$pin"
	confined rm -rf /sys/fs/bpf/holdfast
	[ "$status" != 0 ] || fail "removed"
	[ -e "$pin" ] || fail "$pin is gone"
}

test_the_daemon_cannot_be_signalled_or_traced() {
	local daemon
	daemon=$(daemon_pid)
	forbidden signal guard signal "$daemon" 0
	mark
	confined guard signal "$daemon" 9
	same kill 'refused EPERM' "$output"
	confined guard trace "$daemon"
	same trace 'refused EPERM' "$output"
	confined pkill -STOP -x holdfastd
	same "the daemon" "$daemon" "$(daemon_pid)"
	await "it answers" daemon_answers
}

test_the_audit_log_cannot_be_read_changed_or_removed() {
	local size
	size=$(stat -c '%i' "$AUDIT")
	mark
	confined files write "$AUDIT"
	[[ $output == refused* ]] || fail "write: $output"
	settled
	same path "$AUDIT" "$(refusals path | sed -n 1p)"
	confined files unlink "$AUDIT"
	[[ $output == refused* ]] || fail "unlink: $output"
	confined files rename "$AUDIT" "$WS/log"
	[[ $output == refused* ]] || fail "rename: $output"
	confined files rename /var/log/holdfast /var/log/gone
	[[ $output == refused* ]] || fail "rename of the folder: $output"
	confined files rename /var/log /var/gone
	[[ $output == refused* ]] || fail "rename of a folder above: $output"
	confined files read "$AUDIT"
	[[ $output == refused* ]] || fail "read: $output"
	same "the log" "$size" "$(stat -c '%i' "$AUDIT")"
}

test_state_and_socket_of_the_daemon_are_out_of_reach() {
	local path
	for path in /var/lib/holdfast/holdfast.db /run/holdfast/api.sock; do
		[ -e $path ] || fail "there is no $path"
		confined files unlink $path
		[[ $output == refused* ]] || fail "unlink $path: $output"
		confined files rename "$(dirname $path)" /var/elsewhere
		[[ $output == refused* ]] || fail "rename above $path: $output"
	done
	confined files write /var/lib/holdfast/holdfast.db
	[[ $output == refused* ]] || fail "write: $output"
	confined files write /usr/sbin/holdfastd
	[[ $output == refused* ]] || fail "write to the daemon's program: $output"
}

test_the_api_does_not_answer_an_agent() {
	try curl -s --max-time 5 --unix-socket "$SOCKET" http://localhost/v1/sessions
	same control 0 "$status"
	mark
	confined curl -s --max-time 5 --unix-socket "$SOCKET" http://localhost/v1/sessions
	holds "its answer" "$output" '"type":"urn:holdfast:agent"'
	await "it is told" eval "since | fields kind=admin verdict=deny reason='an agent asked the daemon, and agents may not'"
	confined holdfast kill --all --reason 'by the agent'
	[ "$status" != 0 ] || fail "an agent killed all: $output"
	confined holdfast run --policy "$POLICY" -- true
	[ "$status" != 0 ] || fail "an agent started a session"
}

test_cgroups_are_out_of_reach() {
	local file=/sys/fs/cgroup/cgroup.procs
	mark
	confined tasks move "$OUT" /sys/fs/cgroup
	[[ $output == refused* ]] || fail "$output"
	settled
	await "its event is there" eval '[[ $(refusals path) == *"$file"* ]]'
	confined files mkdir /sys/fs/cgroup/own
	[[ $output == refused* ]] || fail "$output"
}

test_settings_of_the_kernel_are_out_of_reach() {
	local before
	before=$(</proc/sys/kernel/core_pattern)
	confined bash -c 'echo x >/proc/sys/kernel/core_pattern'
	same core_pattern "$before" "$(</proc/sys/kernel/core_pattern)"
	confined bash -c 'echo c >/proc/sysrq-trigger' # the guest would be gone
	confined bash -c 'echo mem >/sys/power/state'
}

# excepted EXCEPTION COMMAND...: refused to every session, but to one whose policy makes just this exception, and none that lacks it.
excepted() {
	local exception=$1
	shift
	same "unconfined: $*" 'done' "$("$@")"
	confined "$@"
	[[ $output == 'refused EACCES' || $output == 'refused EPERM' ]] || fail "confined: $*: $output"
	jq --arg exception "$exception" '.capabilities.all.guard = [$exception]' "$EVERYTHING" >"$POLICY"
	confined "$@"
	same "with the exception $exception: $*" 'done' "$output"
	jq --arg exception "$exception" '.capabilities.all.guard = (["perf", "keys"] - [$exception])' "$EVERYTHING" >"$POLICY"
	confined "$@"
	[[ $output == 'refused EACCES' || $output == 'refused EPERM' ]] || fail "with other exceptions: $*: $output"
	cp "$EVERYTHING" "$POLICY"
}

test_an_exception_opens_what_it_names_and_nothing_else() {
	EVERYTHING=$SCRATCH/everything.json
	cp "$POLICY" "$EVERYTHING"
	stranger
	excepted userfaultfd guard userfaultfd
	excepted keys guard add-key
	excepted io_uring-sqpoll guard sqpoll
	excepted limits guard raise-limit
	excepted lock-memory guard lock-memory
	excepted priority guard raise-priority
	excepted setuid guard setuid-file "$OUT/set-id"
	sysctl -qw kernel.perf_event_paranoid=2
	excepted perf guard perf-own
	excepted user-namespaces guard unshare user
	excepted processes guard other-process "$pid"
}

test_a_program_of_another_user_does_not_start_without_the_exception() {
	install -o nobody -m 4755 /usr/bin/id "$OUT/as-nobody"
	mark
	confined "$OUT/as-nobody"
	same "confined" "broken exec: EPERM" "$output"
	settled
	same event "setuid $OUT/as-nobody" "$(refusals op path | tr '\t' ' ')"
	jq '.capabilities.all.guard = ["setuid"]' "$POLICY" >"$SCRATCH/setuid.json"
	try enter "$SCRATCH/setuid.json" "$WS" "$OUT/as-nobody" -u
	same "with the exception" nobody "$(id -nu "$output")"
}

run_suite "$@"
