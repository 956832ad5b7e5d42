#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The Debian package on a host with systemd: installed, booted, upgraded while sessions try to get out, removed and purged.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

DEBS=$TESTS/deb # tools/test puts them there: old.deb, new.deb and systemd's
CONFIG=/etc/holdfast/holdfast.json PINS=/sys/fs/bpf/holdfast
AGENT=/usr/local/bin/host-agent
WITNESS=$OUT/witness HEARD=$OUT/heard PORT=4477
export TMPDIR=$SCRATCH DEBIAN_FRONTEND=noninteractive # systemd empties /tmp when it boots
base_policy
chmod 755 "$SCRATCH" "$OUT"
# Attaching and detaching rewrites code of the kernel. With several emulated processors one may still execute what was there for a moment
# (Oops: int3), and here all of a system goes on meanwhile.
for cpu in /sys/devices/system/cpu/cpu[1-9]/online; do
	[ ! -w "$cpu" ] || echo 0 >"$cpu"
done

no_programs() {
	[ -z "$(bpftool prog list | sed -n '/: lsm/p')" ]
}

# This host becomes one where holdfast never ran; the tests stay.
forget_holdfast() {
	[ -z "$(daemon_pid)" ] || kill_daemon TERM
	rm -rf "$PINS" /var/lib/holdfast /var/log/holdfast /run/holdfast /etc/holdfast /usr/bin/holdfast /usr/sbin/holdfastd /usr/share/holdfast
	rm -rf /usr/lib/{systemd/system,tmpfiles.d,sysusers.d}/holdfast* /usr/share/bash-completion/completions/holdfast /usr/share/man/man[18]/holdfast*
	await "the kernel has let go of the programs" no_programs
}

# fresh: nothing was done outside.
fresh() {
	: >"$WITNESS"
	: >"$HEARD"
	chmod 666 "$WITNESS"
}

untouched() {
	[ ! -s "$WITNESS" ] || fail "$(stat -c %s "$WITNESS") acts outside were done"
	[ ! -s "$HEARD" ] || fail "something was heard outside: $(head -c 200 "$HEARD")"
}

# What an agent is started by, here: a service that says nothing of holdfast.
install_agent() {
	install -m 755 "$TESTS/guest/agent" "$AGENT"
	mkdir -p /etc/holdfast/policies
	jq '.name = "host-agents"' "$POLICY" >/etc/holdfast/policies/host-agents.json
	jq '.hosts = [{executable: $agent, policy: "host-agents"}]' --arg agent "$AGENT" "$CONFIG" >"$CONFIG.new"
	mv "$CONFIG.new" "$CONFIG"
	cat >/etc/systemd/system/bot.service <<-END_OF_UNIT
		[Service]
		Type=oneshot
		ExecStart=$AGENT $WITNESS
		SuccessExitStatus=7
		RemainAfterExit=yes
		WorkingDirectory=$WS
		StandardOutput=truncate:$WS/bot.out
		[Install]
		WantedBy=multi-user.target
	END_OF_UNIT
	systemctl enable bot.service
}

booted() {
	[[ $(systemctl is-system-running) =~ ^(running|degraded)$ ]]
}

boot() {
	systemctl mask unbound nginx ssh podman{,-restart,-auto-update}.service podman.socket podman-auto-update.timer serial-getty@ttyS0 getty@tty1 # no terminal, and no udev that would find one
	fresh
	kill -USR1 1
	patience=600 await "systemd has booted" booted
}

{
	forget_holdfast
	dpkg -i "$DEBS"/systemd/*.deb
} >"$SCRATCH/prepared" 2>&1 || { tail -n 20 "$SCRATCH/prepared"; exit 1; }

version() {
	daemon_answers | fields version
}

test_it_installs_where_no_service_manager_runs() {
	try dpkg -i "$DEBS/old.deb"
	same "status: $output" 0 "$status"
	same "the unit" enabled "$(systemctl is-enabled holdfastd.service)"
	holds "the group" "$(getent group holdfast)" holdfast
	jq . "$CONFIG"
	[ -z "$(daemon_pid)" ] || fail "a daemon runs"
}

test_what_the_machine_starts_when_it_boots_is_confined() {
	install_agent
	boot
	[ "$(systemctl is-active holdfastd.service)" = active ] || fail "$(journalctl -b --no-pager -u holdfastd.service | tail -n 25)"
	same "what the agent says" $'first refused EACCES\nchild refused EACCES' "$(<"$WS/bot.out")"
	untouched
	[ "$(systemctl show -P ActiveEnterTimestampMonotonic holdfastd)" -le "$(systemctl show -P ExecMainStartTimestampMonotonic bot)" ] ||
		fail "the agent was started first"
	same "units that failed" '' "$(systemctl --failed --no-legend --plain | cut -d ' ' -f 1 | grep holdfast || true)"
}

test_doctor_is_content() {
	try holdfast doctor
	same "$output: status" 0 "$status"
	holds output "$output" "daemon: version"
}

test_the_unit_lets_the_daemon_do_what_it_has_to() {
	fresh
	denied "$WITNESS" w files write "$WITNESS"
	mkdir -p /tmp/holdfast-ws
	try holdfast run --policy "$POLICY" --workspace /tmp/holdfast-ws -- bash -c "echo text >/tmp/holdfast-ws/file && files write $WITNESS"
	same "in /tmp" 'refused EACCES' "$(tail -n 1 <<<"$output")"
	same "written there" text "$(</tmp/holdfast-ws/file)"
	start_session killed sleep infinity
	holdfast kill "$session" --reason test
	await "it has ended" ended "$session"
	in_background su dev -c 'exec sleep infinity'
	await "it runs" pgrep -n -u dev sleep
	session=$(holdfast attach --pid "$(pgrep -n -u dev sleep)" --policy "$POLICY" --workspace "$WS")
	holdfast kill "$session"
	await "that of a user has ended" ended "$session"
	try holdfast drill
	same "the drill: $output" 0 "$status"
}

# The root of the guest is an overlay, which cannot be the upper layer of another.
test_the_unit_lets_the_daemon_keep_a_workspace_apart() {
	local layers=/var/lib/holdfast/workspaces real=/home/dev/real
	mkdir -p "$layers" "$real"
	mount -t tmpfs -o mode=700 none "$layers"
	mount -t tmpfs -o mode=755 none "$real"
	echo before >"$real/file"
	chown -R dev:dev "$real"
	try su dev -c "cd $real && holdfast run --ephemeral --policy $POLICY -- sh -c 'echo after >file; echo more >new; chmod 750 new'"
	same "status: $output" 0 "$status"
	session=$(grep -oE 'workspace diff [a-z2-7]{8}' <<<"$output" | head -n 1 | cut -d ' ' -f 3)
	await "session $session has ended" ended "$session"
	same "the folder" before "$(cat "$real"/*)"
	try su dev -c "holdfast workspace apply $session"
	same "status: $output" 0 "$status"
	same "the folder" $'after\nmore' "$(cat "$real"/*)"
	same "new" '750 dev dev' "$(stat -c '%a %U %G' "$real/new")"
	holdfast workspace discard "$session"
	await "what was discarded is removed" eval '[ -z "$(ls -A '"$layers"')" ]'
	umount "$layers" "$real"
}

test_the_unit_is_hardened() {
	try systemd-analyze security --offline=true --threshold=49 /lib/systemd/system/holdfastd.service
	same "$(tail -n 1 <<<"$output")" 0 "$status"
	echo "exposure: $(sed -nE 's/.*Overall exposure level.*: ([0-9.]+) .*/\1/p' <<<"$output")" >>"$GROUND/package-notes"
}

# What it tries over and over: to write outside, from without its cgroup too, to be heard outside, and to change the daemon that comes.
escapes() {
	cat <<-END_OF_SCRIPT
		try_all() {
			(echo x >>$WITNESS)
			(echo \$BASHPID >/sys/fs/cgroup/cgroup.procs; echo x >>$WITNESS)
			(echo x >/dev/tcp/127.0.0.1/$PORT)
			(echo x >>/usr/sbin/holdfastd.dpkg-new && echo x >>$WITNESS)
			(echo x >>$CONFIG && echo x >>$WITNESS)
			(: <$PINS/maps/sessions && echo x >>$WITNESS)
		} 2>/dev/null
	END_OF_SCRIPT
}

tries() {
	cat "$WS"/tries-* | wc -l
}

listen() {
	in_background python3 -c "
import socket
s = socket.create_server(('127.0.0.1', $PORT))
while True:
    c, _ = s.accept()
    open('$HEARD', 'ab').write(b'connection')
    c.close()"
	await "it listens" eval "(: >/dev/tcp/127.0.0.1/$PORT)"
	await "it has heard" test -s "$HEARD"
}

# A session by run, one by attach and agents that are started by their own command, all of which go on until the test ends.
start_escapes() {
	local loop
	loop="$(escapes); while :; do try_all; echo x >>"
	start_session escaper bash -c "$loop$WS/tries-run; done"
	in_background bash -c "until [ -e $WS/attached ]; do sleep 0.1; done; $loop$WS/tries-attach; done"
	holdfast attach --pid "$pid" --policy "$POLICY" --workspace "$WS" --agent attached
	touch "$WS/attached"
	in_background bash -c "cd $WS; while :; do $AGENT $WITNESS; echo \$? >>$SCRATCH/starts; done"
	await "they all try" test -s "$WS/tries-run" -a -s "$WS/tries-attach" -a -s "$SCRATCH/starts"
}

live() {
	holdfast ps --json | jq -r '.[] | select(.agent == "escaper" or .agent == "attached") | .id' | sort
}

without_daemon() { # ms, as the stream tells
	since | fields kind=admin time reason | awk -F '\t' '/stopped/ { print $1 } /started/ { print $1 }' | tail -n 2 |
		xargs -I TIME date -d TIME +%s%3N | paste -sd ' ' | awk '{ print $2 - $1 }'
}

test_an_upgrade_lets_no_session_do_what_it_may_not() {
	local before each tried refused old
	fresh
	listen
	fresh
	bash -c "$(escapes | sed "s,/usr/sbin/holdfastd.dpkg-new,$SCRATCH/new,;s,>>$CONFIG,>>$SCRATCH/config,"); try_all" || true
	[ "$(stat -c %s "$WITNESS")" -ge 8 ] || fail "unconfined: $(stat -c %s "$WITNESS") bytes"
	await "it is heard, unconfined" test -s "$HEARD"
	fresh
	start_escapes
	before=$(live) old=$(daemon_pid) tried=$(tries)
	mark
	same sessions 2 "$(wc -l <<<"$before")"
	try dpkg -i "$DEBS/new.deb"
	same "status: $output" 0 "$status"
	tried=$(($(tries) - tried))
	await "the new one answers" daemon_answers
	untouched
	same "the version" "$(dpkg-query -f '${Version}' -W holdfast)" "$(version)"
	[ "$old" != "$(daemon_pid)" ] || fail "the daemon is the old one"
	same "the sessions" "$before" "$(live)"
	refused=$(refusals seq | wc -l)
	[ "$tried" -ge 10 ] && [ "$refused" -ge 1 ] || fail "tried $tried times meanwhile, $refused refusals"
	same "started agents' statuses" '' "$(grep -vxE '7|126' "$SCRATCH/starts" || true)"
	same "what dpkg verifies" '' "$(dpkg --verify holdfast | grep -v -e ' c /etc/holdfast/holdfast.json' -e /usr/share/doc -e /usr/share/man || true)"
	same "gaps in the numbers" '' "$(gaps <"$AUDIT")"
	echo "upgrade: $((tried * 6)) attempts of two sessions and $(wc -l <"$SCRATCH/starts") agents started meanwhile, none got out;" \
		"$(without_daemon) ms without a daemon" >>"$GROUND/package-notes"
	for each in $before; do
		holdfast kill "$each"
		await "it has ended" ended "$each"
	done
	untouched
}

# other_abi: a package whose programs hold sessions in another way, as far as its scripts know.
other_abi() {
	dpkg-deb -R "$DEBS/new.deb" "$SCRATCH/other"
	sed -i 's/!= "[0-9]*"/!= "999"/' "$SCRATCH/other/DEBIAN/preinst"
	sed -i 's/^Version: .*/&.other/' "$SCRATCH/other/DEBIAN/control"
	dpkg-deb -b "$SCRATCH/other" "$SCRATCH/other.deb"
}

test_an_upgrade_that_could_not_take_the_sessions_over_changes_nothing() {
	local before
	other_abi
	before=$(version)
	start_session held sleep infinity
	try dpkg -i "$SCRATCH/other.deb"
	[ "$status" != 0 ] || fail "it was upgraded: $output"
	holds "what it says" "$output" 'sessions are in force'
	same "the version" "$before" "$(version)"
	same "the state" 'install ok installed' "$(dpkg-query -f '${Status}' -W holdfast)"
	same "the session" running "$(show "$session" state)"
	holdfast kill "$session"
	await "it has ended" ended "$session"
}

test_it_is_not_removed_while_a_session_is_in_force() {
	fresh
	rm -f "$WS/go" "$WS/said"
	start_session stays bash -c "until [ -e $WS/go ]; do sleep 0.2; done; files write $WITNESS >$WS/said; sleep infinity"
	try dpkg -r holdfast
	[ "$status" != 0 ] || fail "it was removed: $output"
	holds "what it says" "$output" 'it is not removed'
	await "the daemon runs again" daemon_answers
	same "the session" running "$(show "$session" state)"
	touch "$WS/go"
	await "it has tried" test -s "$WS/said"
	same "what came of it" 'refused EACCES' "$(<"$WS/said")"
	untouched
	holdfast kill "$session"
	await "it has ended" ended "$session"
}

test_removed_it_leaves_nothing_in_the_kernel() {
	try dpkg -r holdfast
	same "status: $output" 0 "$status"
	[ ! -e "$PINS" ] || fail "there are pins: $(ls "$PINS")"
	[ ! -e /sys/fs/cgroup/holdfast ] || fail "there are cgroups"
	await "no program is attached" no_programs
	await "no process is left" eval '! pgrep holdfast'
	[ -e "$CONFIG" ] && [ -s "$AUDIT" ] || fail "the configuration or the stream is gone"
}

test_purged_it_leaves_nothing_on_disk() {
	try dpkg -P holdfast
	same "status: $output" 0 "$status"
	systemctl daemon-reload
	same "files" '' "$(find /etc /var /usr /run -xdev -iname '*holdfast*' ! -path '/run/systemd/*' ! -path '/usr/lib/holdfast' ! -path '/usr/lib/holdfast/*' \
		! -path '/var/log/holdfastd.log' || true)"
	same "the group" '' "$(getent group holdfast || true)"
	same "the unit" 0 "$(systemctl list-unit-files 'holdfast*' --no-legend | wc -l)"
}

run_suite "$@"
status=$?
sed 's/^/# /' "$GROUND/package-notes" 2>/dev/null
exit $status
