#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Confinement sticks to a task and all that it makes, and takes in what is attached or moved into the cgroup.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

base_policy
ELSEWHERE=/sys/fs/cgroup/holdfast-test-elsewhere

scene() {
	mkdir -p "$OUT"
	echo original >"$OUT/file"
	chmod 777 "$OUT" "$SCRATCH"
	chmod 666 "$OUT/file"
	mkdir -p $ELSEWHERE
}

clean_up() {
	local tries
	[ ! -d $ELSEWHERE ] || echo 1 >$ELSEWHERE/cgroup.kill
	for ((tries = 0; tries < 100; tries++)); do
		rmdir $ELSEWHERE 2>/dev/null || [ -d $ELSEWHERE ] || break
	done
}

test_children_of_each_kind_are_confined() {
	local way
	for way in fork double-fork new-session vfork clone-shared thread exec; do
		denied "$OUT/file" w tasks $way "$OUT/file"
	done
}

test_another_name_for_the_program_changes_nothing() {
	denied "$OUT/file" w tasks rename-self "$OUT/file"
}

test_another_user_id_changes_nothing() {
	denied "$OUT/file" w tasks set-uid "$OUT/file" 1000
	scene
	same control 'done' "$(setpriv --reuid 1000 --regid 1000 --clear-groups files write "$OUT/file")"
	mark
	confined setpriv --reuid 1000 --regid 1000 --clear-groups files write "$OUT/file"
	same confined 'refused EACCES' "$output"
	settled
	one_refusal "$OUT/file" w none 'default deny' EACCES
	same uid 1000 "$(refusals uid)"
}

test_a_child_born_into_another_cgroup_is_confined() {
	scene
	same control 'done' "$(tasks into-cgroup "$OUT/file" $ELSEWHERE)"
	mark
	confined tasks into-cgroup "$OUT/file" $ELSEWHERE
	[[ $output == 'refused EACCES' || $output == 'refused EPERM' ]] || fail "$output"
}

test_a_task_moved_out_of_its_cgroup_is_still_confined() {
	scene
	mkfifo "$WS/go"
	start_session moved bash -c "read -r line <$WS/go; files write $OUT/file >$WS/said"
	pid=$(show "$session" pid)
	grep -q "$session" "/proc/$pid/cgroup" || fail "not in the session's cgroup: $(cat "/proc/$pid/cgroup")"
	echo "$pid" >$ELSEWHERE/cgroup.procs
	grep -q elsewhere "/proc/$pid/cgroup" || fail "not moved"
	mark
	echo go >"$WS/go"
	await "it has tried" test -s "$WS/said"
	same "its attempt" 'refused EACCES' "$(<"$WS/said")"
	settled
	one_refusal "$OUT/file" w none 'default deny' EACCES
	same "the event's session" "$session" "$(refusals session)"
}

test_a_session_lives_as_long_as_a_task_that_was_moved_out() {
	mkfifo "$WS/stay"
	start_session outside bash -c "read -r line <$WS/stay"
	pid=$(show "$session" pid)
	echo "$pid" >$ELSEWHERE/cgroup.procs 2>/dev/null || { mkdir -p $ELSEWHERE && echo "$pid" >$ELSEWHERE/cgroup.procs; }
	same state running "$(show "$session" state)"
	echo go >"$WS/stay"
	await "it has ended" ended "$session"
}

# crew THREADS CHILDREN: starts one, unconfined; it is told to try by a line to descriptor 7 and answers on 8. Sets pid.
start_crew() {
	local line
	coproc CREW { crew "$1" "$2" "$OUT/file"; }
	background+=("$CREW_PID")
	exec 7>&"${CREW[1]}" 8<&"${CREW[0]}"
	read -r -u 8 line
	pid=${line#pid }
}

all_try() {
	local line
	echo >&7
	read -r -t 30 -u 8 line || fail "no answer"
	echo "$line"
}

test_a_process_moved_into_an_agents_cgroup_is_confined() {
	local cgroup
	scene
	start_session host sleep infinity
	cgroup=/sys/fs/cgroup$(show "$session" cgroup)
	start_crew 4 0
	same "before" 'opened 4 refused 0' "$(all_try)"
	mark
	echo "$pid" >"$cgroup/cgroup.procs"
	same "after, each of its threads" 'opened 0 refused 4' "$(all_try)"
	settled
	same "the events' session" "$session" "$(refusals session | sort -u)"
}

# thread_executes [CGROUP]: a thread of a process that was moved there executes a program that tries; prints what it came to.
thread_executes() {
	local go status=0
	rm -f "$SCRATCH/go"
	mkfifo "$SCRATCH/go"
	tasks thread-exec "$OUT/file" <"$SCRATCH/go" >/dev/null 2>&1 &
	pid=$!
	exec {go}>"$SCRATCH/go"
	await "its threads are there" eval "[ \$(ls /proc/$pid/task | wc -l) = 2 ]"
	[ -z "${1-}" ] || echo "$pid" >"$1/cgroup.procs"
	echo >&"$go"
	exec {go}>&-
	wait "$pid" || status=$?
	echo $status
}

test_a_thread_of_a_process_moved_in_that_executes_a_program_is_confined() {
	scene
	same control 0 "$(thread_executes)"
	start_session threads sleep infinity
	same "errno (EACCES)" 13 "$(thread_executes "/sys/fs/cgroup$(show "$session" cgroup)")"
}

test_a_process_started_in_a_cgroup_below_an_agents_is_confined() {
	local cgroup
	scene
	start_session below sleep infinity
	cgroup=/sys/fs/cgroup$(show "$session" cgroup)
	mkdir -p "$cgroup/deeper"
	same "born below" 'refused EACCES' "$(tasks into-cgroup "$OUT/file" "$cgroup/deeper" 2>&1 || true)"
}

test_tasks_that_preempt_each_other_in_the_middle_of_anything_are_confined() {
	local how=/sys/kernel/debug/sched/preempt before
	mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug
	[ -w $how ] || return 0 # preemption is not this kernel's to choose
	before=$(sed 's/.*(\(.*\)).*/\1/' $how)
	echo full >$how
	scene
	confined tasks crowd "$OUT/file"
	echo "$before" >$how
	same "a crowd on one CPU" 'refused EACCES' "$output"
	same "the file" original "$(<"$OUT/file")"
	same "the control" 'done' "$(tasks crowd "$OUT/file")"
}

test_attach_by_pid_confines_threads_and_children() {
	scene
	start_crew 3 3
	same "before" 'opened 6 refused 0' "$(all_try)"
	session=$(holdfast attach --pid "$pid" --policy "$POLICY" --agent crew)
	same "after" 'opened 0 refused 6' "$(all_try)"
	same state running "$(show "$session" state)"
	same agent crew "$(show "$session" agent)"
}

test_attach_by_cgroup_confines_all_that_is_in_it() {
	scene
	start_crew 3 3
	echo "$pid" >$ELSEWHERE/cgroup.procs
	pgrep -P "$pid" | while read -r child; do echo "$child" >$ELSEWHERE/cgroup.procs; done
	same "before" 'opened 6 refused 0' "$(all_try)"
	session=$(holdfast attach --cgroup $ELSEWHERE --policy "$POLICY" --agent crew)
	same "after" 'opened 0 refused 6' "$(all_try)"
}

# start_storm CGROUP [threads]: in that cgroup from the start; "" for where the suite is.
start_storm() {
	local line
	coproc STORM {
		[ -z "$1" ] || echo "$BASHPID" >"$1/cgroup.procs"
		exec storm 4 "$OUT/file" ${2:+"$2"}
	}
	background+=("$STORM_PID")
	exec 7>&"${STORM[1]}" 8<&"${STORM[0]}"
	read -r -u 8 line
	pid=${line#pid }
	echo 50 >&7
	read -r -u 8 line
	[[ $line =~ ^opened\ [0-9]+\ refused\ 0$ ]] || fail "before: $line"
}

# After attach has returned, no link of the storm may ever open the file; and a kill ends it.
storm_is_confined() {
	local line round
	echo 'after' >"$OUT/file"
	for ((round = 0; round < 3; round++)); do
		echo 100 >&7
		read -r -t 60 -u 8 line || fail "the storm is silent"
		[[ $line == 'opened 0 refused '* ]] || fail "round $round: $line"
	done
	same "the file" after "$(<"$OUT/file")"
	holdfast kill "$session"
	await "nothing is left of it" ended "$session"
}

test_attach_by_pid_confines_a_fork_storm_whole() {
	scene
	start_storm ''
	session=$(holdfast attach --pid "$pid" --policy "$POLICY" --agent storm)
	storm_is_confined
}

test_attach_by_pid_confines_a_storm_of_threads_whole() {
	scene
	start_storm '' threads
	session=$(holdfast attach --pid "$pid" --policy "$POLICY" --agent storm)
	storm_is_confined
}

test_attach_by_cgroup_confines_a_fork_storm_whole() {
	scene
	start_storm $ELSEWHERE
	session=$(holdfast attach --cgroup $ELSEWHERE --policy "$POLICY" --agent storm)
	storm_is_confined
}

test_attach_to_a_process_that_is_not_there_is_an_error() {
	try holdfast attach --pid 4194304 --policy "$POLICY"
	same status 4 "$status"
	try holdfast attach --cgroup /sys/fs/cgroup/no-such --policy "$POLICY"
	same status 4 "$status"
}

test_a_process_is_not_attached_twice() {
	scene
	start_session first sleep infinity
	pid=$(show "$session" pid)
	try holdfast attach --pid "$pid" --policy "$POLICY"
	[ "$status" != 0 ] || fail "attached: $output"
	same state running "$(show "$session" state)"
}

run_suite "$@"
