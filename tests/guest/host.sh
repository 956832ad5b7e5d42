#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Hosts that lack something: doctor and holdfastd name what is missing and what to do, exit 1, and nothing stays attached.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

PINS=/sys/fs/bpf/holdfast

try holdfast doctor
content=$output content_status=$status

# This host becomes one where holdfast never ran.
[ -z "$(daemon_pid)" ] || kill_daemon TERM
rm -rf "$PINS"

no_programs() {
	[ -z "$(bpftool prog list | sed -n '/: lsm/p')" ]
}
await "the kernel has let go of the programs" no_programs

# refuses WORD COMMAND...: the command is one that runs its arguments on a host that lacks something. Both programs name it by WORD.
refuses() {
	local word=$1 program
	shift
	for program in 'holdfast doctor' holdfastd; do
		# shellcheck disable=SC2086
		try "$@" timeout 120 $program
		same "$program: $output: status" 1 "$status"
		holds "$program" "${output,,}" "${word,,}"
		[ ! -e $PINS ] || fail "$program left pins: $(ls $PINS)"
		[ ! -S "$SOCKET" ] || fail "$program left a socket"
		await "no program is attached" no_programs
	done
}

in_mounts() { # SHELL-COMMAND PROGRAM...
	local change=$1
	shift
	unshare --mount bash -c "$change"' && exec "$@"' bash "$@"
}

test_doctor_is_content_with_a_host_that_has_all() {
	local each
	same "$content: status" 0 "$content_status"
	for each in btf cgroup bpffs lsm; do
		holds output "$content" $each
	done
}

test_a_host_without_btf() {
	refuses /sys/kernel/btf/vmlinux in_mounts 'mount -t tmpfs none /sys/kernel/btf'
}

test_a_host_where_bpf_is_not_an_active_lsm() {
	echo lockdown,capability,landlock,yama >"$SCRATCH/lsm"
	refuses 'lsm=' in_mounts "mount --bind $SCRATCH/lsm /sys/kernel/security/lsm"
}

test_a_host_that_forbids_bpf() {
	refuses 'forbids it' nobpf
}

test_a_host_without_cgroup_v2() {
	refuses 'cgroup v2' in_mounts 'umount -l /sys/fs/cgroup'
}

test_a_host_without_bpffs() {
	refuses 'bpffs' in_mounts 'umount -l /sys/fs/bpf'
}

test_a_user_who_is_not_root() {
	refuses 'root' setpriv --reuid 1000 --regid 1000 --clear-groups
}

test_several_things_missing_are_named_at_once() {
	try in_mounts 'umount -l /sys/fs/cgroup && mount -t tmpfs none /sys/kernel/btf' holdfast doctor
	same status 1 "$status"
	holds output "$output" 'cgroup v2'
	holds output "$output" /sys/kernel/btf/vmlinux
}

# Its records have another size than those of this one.
test_pins_of_another_version_stay_as_long_as_they_hold_a_session() {
	local rest
	rest=$(printf ' 00%.0s' {1..48})
	mkdir -p $PINS/maps
	bpftool map create $PINS/maps/sessions type array key 4 value 64 entries 4096 name sessions flags 0x400
	# shellcheck disable=SC2086
	bpftool map update pinned $PINS/maps/sessions key hex 07 00 00 00 value hex 00 00 00 00 01 00 00 00 05 00 00 00 00 00 00 00 $rest
	try timeout 120 holdfastd
	same "status: $output" 1 "$status"
	holds "what it says" "$output" 'another version'
	[ -e $PINS/maps/sessions ] || fail "the pins are gone"
	# shellcheck disable=SC2086
	bpftool map update pinned $PINS/maps/sessions key hex 07 00 00 00 value hex 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 $rest
}

# Also where there are pins of another version, without a session.
test_the_same_host_enforces_once_nothing_is_missing() {
	start_daemon
	base_policy
	echo original >"$OUT/file"
	denied "$OUT/file" w files write "$OUT/file"
	kill_daemon TERM
	[ -d $PINS ] || fail "nothing is pinned"
	rm -rf $PINS
}

run_suite "$@"
