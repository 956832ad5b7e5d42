#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# hooks.sh [files|network]: in a guest whose clock counts instructions: which of holdfast's programs each operation of ops, or of netops,
# runs, how often, and how many instructions they take there, for a session and beside one. The kernel's own count (bpf_stats_enabled),
# which adds some 100 instructions of its own to each run. What it costs to get into a program is not in it.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source-path=SCRIPTDIR source=outside.sh
. "$(dirname "$0")/outside.sh"

rounds=40

programs() {
	bpftool prog show -j | jq -c '[.[] | select(.run_cnt) | { key: "\(.name)", value: [.run_cnt, .run_time_ns] }] | group_by(.key)
		| map({ key: .[0].key, value: [(map(.value[0]) | add), (map(.value[1]) | add)] }) | from_entries'
}

# The operation in one round and in 40; the difference is what 39 rounds take.
used() { # MODE NAME ROUNDS COMMAND...
	programs
	"run_$1" "${@:4}" "$3" "$2"
	programs
}

hooks() { # MODE NAME COUNT COMMAND...
	local few many
	few=$(used "$1" "$2" 1 "${@:4}")
	many=$(used "$1" "$2" $rounds "${@:4}")
	# Rounds that are run: those asked for, a tenth more, and one.
	jq -rn --arg mode "$1" --arg name "$2" --argjson times $(((rounds + rounds / 10 - 1) * $3)) --slurpfile few <(echo "$few") \
		--slurpfile many <(echo "$many") '
		def used($two; $name; $i): $two[2][$name][$i] - ($two[0][$name][$i] // 0);
		def used($name; $i): (used($many; $name; $i) - (if $few[2][$name] then used($few; $name; $i) else 0 end)) / $times;
		[$many[2] | keys[] | { name: ., runs: used(.; 0), ns: used(.; 1) } | select(.runs > 0.2)] | sort_by(-.ns)
		| "\($name), \($mode): \(map(.ns) | add // 0 | round) in \(map(.runs) | add // 0 | round) runs",
		  (.[] | "    \(.name): \(.runs * 10 | round / 10) x \(.ns / .runs | round)")'
}

files() {
	local each
	for each in open-1:50 open-17:40 open-write:50 create:20 rename:30 spawn:1 connect:16 sendto:64; do
		hooks confined "${each%:*}" "${each#*:}" ops run $WORK $PORT
		hooks loaded "${each%:*}" "${each#*:}" ops run $WORK $PORT | head -n 1
	done
}

network() {
	local each
	for each in connect:16 send:32 sendto:32 bulk:16; do
		hooks by_address "${each%:*}" "${each#*:}" netops run $FAR $PORT
		hooks by_name "${each%:*}" "${each#*:}" netops run far.example.net $PORT
		hooks loaded "${each%:*}" "${each#*:}" netops run $FAR $PORT | head -n 1
	done
	for each in connect:16 sendto:32; do
		echo "on loopback:"
		hooks by_address "${each%:*}" "${each#*:}" netops run 127.0.0.1 $PORT
	done
}

mkdir -p $WORK
ops prepare $WORK
base_rules >$SCRATCH/rules
policy base <$SCRATCH/rules >$SCRATCH/policy.json
if [ "${1-}" = network ]; then
	make_network
	start_servers # outside of the cgroup
fi
enter_cgroup
[ "${1-}" != network ] || make_policies
start_holdfast
is_confined run_confined
sleep 2
sysctl -q kernel.bpf_stats_enabled=1
"${1:-files}"
