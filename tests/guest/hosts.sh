#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Agents that are started by their own command, with no wrapper, on a host whose configuration has rules for them: confined from the first
# instruction on, and refused where no daemon is there to do it.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

STARTS=${STARTS:-20}
CONFIG=/etc/holdfast/holdfast.json
PROGRAM=/usr/local/bin/host-agent SCRIPT=/usr/local/bin/host-script CLI=/usr/local/bin/host-cli PACKAGE=/usr/local/lib/node_modules/host-cli
INSIDE=/usr/local/bin/host-inside CGROUP=/sys/fs/cgroup/host-test
LATER=/opt/host-agent/bin/host-later OWN=/home/dev/.local/bin/host-own
WITNESS=$OUT/witness
MADE=("$PROGRAM" "$SCRIPT" "$CLI" "$PACKAGE" /opt/host-agent "$OWN" "$INSIDE" /usr/local/bin/host-copy /usr/local/bin/host-link)
base_policy '{ "path": "/opt", "allow": "rx" }, { "path": "/home/dev/.local", "allow": "rx" }'
chmod 755 "$SCRATCH"
chown dev "$WS"

write_script() { # PATH INTERPRETER
	printf '#!%s\necho x >>%s || echo "first refused"\n(echo x >>%s) || echo "child refused"\nexit 7\n' "$2" "$WITNESS" "$WITNESS" >"$1"
	chmod 755 "$1"
}

install_all() {
	rm -rf "${MADE[@]}"
	mkdir -p "$PACKAGE" "${OWN%/*}"
	chown -R dev /home/dev/.local
	install -m 755 "$TESTS/guest/agent" "$PROGRAM"
	cp "$PROGRAM" /usr/local/bin/host-copy
	cp "$PROGRAM" "$INSIDE"
	cp "$PROGRAM" "$OWN"
	chown dev "$OWN"
	write_script "$SCRIPT" /bin/bash
	write_script "$PACKAGE/cli.sh" '/usr/bin/env bash'
	ln -s ../lib/node_modules/host-cli/cli.sh "$CLI"
}

configure() {
	mkdir -p /etc/holdfast/policies
	[ ! -e $CONFIG ] || mv $CONFIG $CONFIG.kept
	jq '.name = "host-agents"' "$POLICY" >/etc/holdfast/policies/host-agents.json
	jq -n --arg user dev '{hosts: ([$ARGS.positional[] | {executable: ., policy: "host-agents"}]
		+ [{executable: "${HOME}/.local/bin/host-own", user: $user, policy: "host-agents"},
		   {executable: $inside, cgroup: "/host-test", policy: "host-agents"}])}' --arg inside "$INSIDE" \
		--args "$PROGRAM" "$SCRIPT" "$CLI" "$LATER" >$CONFIG
	restart
}

unconfigure() {
	rm -rf "${MADE[@]}" $CONFIG /etc/holdfast/policies/host-agents.json
	[ ! -e $CONFIG.kept ] || mv $CONFIG.kept $CONFIG
	restart
}

restart() {
	kill_daemon TERM
	start_daemon
}

# dev COMMAND: as the user does, in the workspace; sets output and status.
dev() {
	try su dev -c "cd $WS && $1"
}

fresh() {
	rm -f "$WITNESS"
	: >"$WITNESS"
	chmod 666 "$WITNESS"
}

untouched() {
	[ ! -s "$WITNESS" ] || fail "$(stat -c %s "$WITNESS") acts outside were done"
}

confined_by() { # COMMAND...
	fresh
	dev "$1 2>/dev/null"
	same "output of $1" $'first refused EACCES\nchild refused EACCES' "$output"
	same "status of $1" 7 "$status"
	untouched
}

clean_up() {
	daemon_answers >/dev/null 2>&1 || { kill -9 "$(daemon_pid)" 2>/dev/null || true; start_daemon; }
}

install_all
configure

test_a_program_that_no_rule_names_is_not_confined() {
	fresh
	dev "/usr/local/bin/host-copy $WITNESS"
	same output $'first done\nchild done' "$output"
	same acts 2 "$(stat -c %s "$WITNESS")"
	dev "bash -c 'echo x >>$WITNESS'"
	same "status of the interpreter" 0 "$status"
}

test_a_program_is_confined_from_its_first_instruction() {
	mark
	confined_by "host-agent $WITNESS"
	await "the session is over" session_ended_since
	same session "exec host-agents $WS host-agent dev" "$(since | fields kind=session op=start attach policy workspace agent user | tr '\t' ' ')"
	same refusals "w w" "$(refusals right path | grep -F "$WITNESS" | cut -f 1 | paste -sd ' ')"
}

test_a_script_is_confined_and_its_interpreter_by_itself_is_not() {
	local command
	for command in host-script host-cli $CLI "bash -c host-cli"; do
		fresh
		dev "$command 2>/dev/null"
		same "output of $command" $'first refused\nchild refused' "$output"
		same "status of $command" 7 "$status"
		untouched
	done
}

test_who_starts_it_notices_nothing() {
	local how
	for how in fork spawn thread fexecve; do
		fresh
		dev "/usr/local/bin/host-copy start $how $PROGRAM $WITNESS"
		same "$how" $'first refused EACCES\nchild refused EACCES\nexited 7' "$output"
		untouched
	done
}

test_a_hard_link_and_a_bind_mount_are_the_same_program() {
	ln "$PROGRAM" /usr/local/bin/host-link
	confined_by "host-link $WITNESS"
	rm /usr/local/bin/host-link
	touch "$SCRATCH/mounted"
	mount --bind "$PROGRAM" "$SCRATCH/mounted"
	fresh
	dev "$SCRATCH/mounted $WITNESS"
	untouched
	umount "$SCRATCH/mounted"
}

test_a_rule_for_a_user_is_about_that_user() {
	confined_by "$OWN $WITNESS"
	fresh
	try "$OWN" "$WITNESS"
	same "root's" $'first done\nchild done' "$output"
}

# inside COMMAND: as the user does, below the cgroup of the rule.
inside() {
	mkdir -p "$CGROUP/below"
	try bash -c "echo \$\$ >$CGROUP/below/cgroup.procs && exec su dev -c 'cd $WS && $1'"
}

test_a_rule_for_a_cgroup_is_about_what_is_in_it() {
	fresh
	inside "$INSIDE $WITNESS"
	same "in it" $'first refused EACCES\nchild refused EACCES' "$output"
	untouched
	dev "$INSIDE $WITNESS"
	same "outside" $'first done\nchild done' "$output"
	kill_daemon KILL
	inside "$INSIDE $WITNESS"
	same "status in it, without the daemon" 126 "$status"
	dev "$INSIDE $WITNESS"
	same "outside, without the daemon" $'first done\nchild done' "$output"
	start_daemon
	rmdir "$CGROUP/below" "$CGROUP"
}

test_what_an_agent_starts_stays_in_its_session() {
	mark
	fresh
	write_script "$SCRIPT" /bin/bash
	sed -i "2i $PROGRAM $WITNESS" "$SCRIPT"
	dev "host-script 2>/dev/null"
	untouched
	await "the session is over" session_ended_since
	same sessions 1 "$(since | fields kind=session op=start session | wc -l)"
}

test_many_at_once_are_all_confined() {
	fresh
	dev "for ((i = 0; i < $STARTS; i++)); do host-agent $WITNESS >>$WS/many || echo \$? >>$WS/statuses & done; wait"
	same statuses "$STARTS 7" "$(sort "$WS/statuses" | uniq -c | sed 's/^ *//')"
	same outcomes "$STARTS child refused EACCES $STARTS first refused EACCES" "$(sort "$WS/many" | uniq -c | sed 's/^ *//' | paste -sd ' ')"
	untouched
}

test_a_program_that_is_replaced_or_comes_later_is_confined() {
	local n
	for n in 1 2 3; do
		cp "$TESTS/guest/agent" "$PROGRAM.new"
		mv "$PROGRAM.new" "$PROGRAM"
		fresh
		# Until the daemon has seen it, the kernel refuses it.
		patience=20 await "it runs" eval "dev 'host-agent $WITNESS'; [ \$status = 7 ]"
		untouched
	done
	mkdir -p "${LATER%/*}"
	cp "$PROGRAM" "$LATER"
	patience=20 await "the new one runs" eval "dev '$LATER $WITNESS'; [ \$status = 7 ]"
	untouched
	# As npm does: the whole folder anew.
	cp -r "$PACKAGE" "$PACKAGE.new"
	mv "$PACKAGE" "$PACKAGE.old"
	mv "$PACKAGE.new" "$PACKAGE"
	rm -r "$PACKAGE.old"
	patience=20 await "the new package runs" eval "dev 'host-cli 2>/dev/null'; [ \$status = 7 ]"
	untouched
}

test_replacing_it_while_it_starts_lets_none_through() {
	fresh
	in_background bash -c "while :; do cp $TESTS/guest/agent $PROGRAM.new; mv $PROGRAM.new $PROGRAM; sleep 0.05; done"
	dev "for ((i = 0; i < 60; i++)); do host-agent $WITNESS; done"
	kill -9 "$pid"
	untouched
	grep -q 'first refused EACCES' <<<"$output" || fail "none ran: $output"
}

test_without_the_daemon_it_is_refused_and_then_runs_again() {
	mark
	kill_daemon KILL
	fresh
	dev "host-agent $WITNESS"
	same status 126 "$status"
	holds "what the shell says" "$output" 'Permission denied'
	dev "host-script"
	same "status of the script" 126 "$status"
	cp "$PROGRAM" "$PROGRAM.new"
	mv "$PROGRAM.new" "$PROGRAM"
	dev "host-agent $WITNESS"
	same "status of one that came meanwhile" 126 "$status"
	untouched
	dev "/usr/local/bin/host-copy"
	same "status of another" 7 "$status"
	start_daemon
	await "the events are there" eval '[ "$(refusals why | grep -c host)" = 3 ]'
	same event "exec x $PROGRAM none host host EACCES" "$(refusals kind right path capability rule why error | head -n 1 | tr '\t' ' ')"
	patience=20 confined_by "host-agent $WITNESS"
}

# as_script INTERPRETER: what is executed is a script, which begins with that.
as_script() {
	printf '#!%s\n' "$1" >"$WITNESS"
	chmod 777 "$WITNESS"
	dev "$WITNESS"
}

test_a_script_that_it_is_to_read_is_confined() {
	local between=$SCRATCH/between
	as_script /usr/local/bin/host-copy
	same "by another" $'first done\nchild done' "$output"
	as_script "$PROGRAM"
	same "by it" $'first refused EACCES\nchild refused EACCES' "$output"
	printf '#!%s\n' "$PROGRAM" >"$between"
	chmod 755 "$between"
	as_script "$between" # which is the script that the program is given
	[[ $output != *done* ]] || fail "by a script that is for it: $output"
	same "the scripts" "#!$between #!$PROGRAM" "$(cat "$WITNESS" "$between" | paste -sd ' ')"
}

test_in_namespaces_and_below_another_root_it_is_the_same_program() {
	local how
	for how in 'unshare -Ur' 'unshare -Urmpf --kill-child' 'unshare -Urnui' \
		"unshare -Urm sh -c 'mount --rbind / /mnt && exec chroot /mnt \"\$@\"' sh" "unshare -Urm sh -c 'exec \"\$@\"' sh"; do
		fresh
		dev "$how /usr/local/bin/host-copy $WITNESS"
		holds "$how: another" "$output" 'first done'
		fresh
		dev "$how $PROGRAM $WITNESS"
		[[ $output != *done* ]] || fail "$how: $output"
		untouched
	done
}

test_it_does_not_run_where_the_daemon_dies_while_it_waits() {
	fresh
	pkill -STOP -x holdfastd
	in_background su dev -c "cd $WS && $PROGRAM $WITNESS; echo \$? >$WS/status"
	sleep 2
	[ ! -e "$WS/status" ] || fail "it did not wait"
	kill_daemon KILL
	await "it has ended" test -s "$WS/status"
	same status 126 "$(<"$WS/status")"
	untouched
	start_daemon
	confined_by "host-agent $WITNESS"
}

test_what_runs_as_root_does_not_leave_its_session() {
	fresh
	mkdir -p "${LATER%/*}"
	cat >"$SCRATCH/leave" <<-END
		#!/bin/bash
		act() { (echo x >>$WITNESS) 2>/dev/null; }
		act
		echo \$\$ >/sys/fs/cgroup/cgroup.procs; act
		mkdir /sys/fs/cgroup/left && echo \$\$ >/sys/fs/cgroup/left/cgroup.procs; act
		unshare -m bash -c 'echo x >>$WITNESS'; unshare -Ur bash -c 'echo x >>$WITNESS'; nsenter -t 1 -m bash -c 'echo x >>$WITNESS'
		setsid -f bash -c 'echo x >>$WITNESS'; chroot /proc/1/root bash -c 'echo x >>$WITNESS'
		[ "\${1-}" = control ] || pkill -9 -x holdfastd
		rm -f $CONFIG; echo '{}' >$CONFIG
		mv $PROGRAM $PROGRAM.moved; cp $PROGRAM.moved $PROGRAM; act
		exit 0
	END
	cp "$CONFIG" "$SCRATCH/config"
	install -m 755 "$SCRATCH/leave" "$LATER.control"
	"$LATER.control" control >/dev/null 2>&1 </dev/null
	[ "$(stat -c %s "$WITNESS")" -ge 9 ] || fail "unconfined: $(stat -c %s "$WITNESS") bytes"
	rmdir /sys/fs/cgroup/left
	cp "$SCRATCH/config" "$CONFIG"
	rm -f "$PROGRAM.moved"
	fresh
	install -m 755 "$SCRATCH/leave" "$LATER"
	cd "$WS"
	patience=20 await "it runs" "$LATER" # once the daemon has seen it
	untouched
	same "the configuration" '' "$(diff "$SCRATCH/config" "$CONFIG")"
	[ ! -e "$PROGRAM.moved" ] && daemon_answers >/dev/null || fail "the program was moved, or the daemon ended"
	rm -r /opt/host-agent
}

test_a_killed_agent_does_not_start() {
	holdfast kill --agent host-agent --reason 'a bad release'
	mark
	dev "host-agent $WITNESS"
	same status 126 "$status"
	same event "deny start host-agents" "$(since | fields kind=session op=start verdict op policy | tr '\t' ' ')"
	holds "the reason" "$(since | fields kind=session op=start reason)" 'a bad release'
	holdfast lift --agent host-agent
	confined_by "host-agent $WITNESS"
}

test_what_it_cannot_be_confined_with_is_refused_and_told() {
	mark
	try su dev -c "cd / && host-agent $WITNESS"
	same "status in /" 126 "$status"
	holds "the reason" "$(since | fields kind=session op=start reason)" 'whole file system'
}

test_what_a_start_costs() {
	local bare with
	bare=$(su dev -c "cd $WS && host-copy time 21 /usr/local/bin/host-copy")
	with=$(su dev -c "cd $WS && host-copy time 21 $PROGRAM")
	echo "cost: $bare us bare, $with us confined" >"$GROUND/hosts-cost"
}

run_suite "$@"
status=$?
sed 's/^/# /' "$GROUND/hosts-cost" 2>/dev/null
unconfigure >/dev/null 2>&1
exit $status
