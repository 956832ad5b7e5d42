#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# operations.sh ROUNDS FILES: the first part of tools/bench, in a guest whose clock counts instructions and where holdfast was never
# started: what single operations cost bare, under Landlock, beside holdfast and under holdfast, and how that grows with rules;
# then, if FILES is not 0, a build of so many files and git status on 10,000. All on tmpfs, so nothing waits for a disk.
# Writes /out/operations.json and prints it as a table.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

rounds=$1
files=$2
sizes='10 1000 50000'
most=50000
failed=0
targets=()

# measure MODE [NAME...]: the operations in that mode, as JSON.
measure() {
	local mode=$1
	shift
	"run_$mode" ops run $WORK $PORT "$rounds" "$@"
}

# measure_all MODE: the operations and the real work, as JSON.
measure_all() {
	local operations build=null status=null
	operations=$(measure "$1") || return
	if [ "$files" != 0 ]; then
		build=$(build "$1" "${targets[@]}")
		status=$(for run in 1 2 3 4 5; do status "$1"; done | median)
	fi
	jq --argjson build "$build" --argjson status "$status" '. + if $build then
		{ build: { ns: ($build * 1000) }, status: { ns: ($status * 1000) } } else {} end' <<<"$operations"
}

# landlock_by_size KIND NAME: one operation under each number of rules, as JSON.
landlock_by_size() {
	local n one sum='{}'
	for n in $sizes; do
		one=$(RULES=$SCRATCH/$1-$n measure landlock "$2") || return # no pipe to jq: there is one CPU
		sum=$(jq --arg n "$n" --arg name "$2" --argjson one "$one" '.[$n] = $one[$name].ns' <<<"$sum")
	done
	echo "$sum"
}

# ---- what is needed, made before anything is loaded or measured ------------------------------------------------------------------

enter_cgroup
mkdir -p $WORK
ops prepare $WORK
say "making $most files and policies up to $most rules"
many_files 0 $most | xargs dirname | uniq | xargs mkdir -p
many_files 0 $most | xargs touch
for n in $sizes; do
	path_rules "$n" >"$SCRATCH/paths-$n"
	egress_rules "$n" >"$SCRATCH/egress-$n"
	policy "paths-$n" <"$SCRATCH/paths-$n" >"$SCRATCH/paths-$n.json"
	policy "egress-$n" <"$SCRATCH/egress-$n" >"$SCRATCH/egress-$n.json"
done
if [ "$files" != 0 ]; then
	say 'making a C project and a git repository'
	make_projects
	build bare >/dev/null # brings what it reads into memory
	for ((n = 0; n < files; n++)); do targets+=("part$n.o"); done
fi
cp $SCRATCH/paths-10 $SCRATCH/rules
cp $SCRATCH/paths-10.json $SCRATCH/policy.json
is_confined run_landlock
sleep 5

# ---- not loaded ------------------------------------------------------------------------------------------------------------------

result=$(jq -n --arg kernel "$(uname -r)" --argjson rounds "$rounds" --argjson files "$files" --argjson landlock "$(landlock abi)" \
	'$ARGS.named')

# note NAME COMMAND...: adds the JSON that it prints to the result.
note() {
	local name=$1 value
	shift
	value=$("$@") && [ -n "$value" ] || { say "no $name"; value=null failed=1; }
	result=$(jq --arg name "$name" --argjson value "$value" '.[$name] = $value' <<<"$result")
}

alone() { jq -s add <<<"$(measure bare open-17)$(measure bare connect)"; }

say 'measuring bare, and under Landlock'
rounds=20 measure bare >/dev/null
note bare measure_all bare
note under_landlock measure_all landlock
note bare_again measure_all bare
note alone alone # as the next are
note landlock_paths landlock_by_size paths open-17
[ "$(jq .landlock.tcp <<<"$result")" = false ] || note landlock_egress landlock_by_size egress connect

# ---- loaded ----------------------------------------------------------------------------------------------------------------------

# Bytes of kernel memory that the daemon, and so its maps, hold; and of the maps alone, as the kernel counts them (from 6.4).
kernel_memory() {
	awk '$1 == "slab_unreclaimable" || $1 == "percpu" || $1 == "vmalloc" { sum += $2 } END { print sum + 0 }' "$GROUP"/memory.stat
}
map_memory() {
	bpftool map show -j | jq '[.[] | select(.name == "holdfast_book" or .name == "egress") | .bytes_memlock] | add'
}

session_of() { # AGENT
	holdfast ps --json | jq -r --arg agent "$1" 'map(select(.agent == $agent and .state == "running")) | .[0].id // empty'
}

# holdfast_by_size KIND NAME: the same under holdfast, in one session whose policy is replaced by larger and larger ones, and what the
# largest took to be put in force: seconds, and kernel memory, of the daemon's cgroup and as the maps count it, for each rule more.
holdfast_by_size() {
	local runner session n line sum='{}' start seconds memory maps before=0 before_maps=0 rules=0
	rm -f "$WORK/go" "$WORK/answer"
	mkfifo "$WORK/go" "$WORK/answer"
	holdfast run --policy "$SCRATCH/policy.json" --workspace "$WORK" --agent "$1" -- bash -c \
		"while read -r line; do ops run $WORK $PORT $rounds $2; done <$WORK/go >$WORK/answer" &
	runner=$!
	exec 7<>"$WORK/go" 8<>"$WORK/answer" # so that opening waits for nobody
	for ((n = 0; n < 60; n++)); do
		session=$(session_of "$1")
		[ -z "$session" ] || break
		sleep 0.5
	done
	for n in $sizes; do
		start=$(date +%s%N)
		holdfast policy apply "$session" "$SCRATCH/$1-$n.json" >/dev/null || { kill "$runner"; return 1; }
		seconds=$(($(date +%s%N) - start))
		sleep 2
		memory=$(kernel_memory) maps=$(map_memory)
		echo go >&7
		read -r -t 600 -u 8 line || return
		sum=$(jq --arg n "$n" --arg name "$2" --argjson one "$line" --argjson ns "$seconds" --argjson more $((n - rules)) \
			--argjson memory $((memory - before)) --argjson maps $((maps - before_maps)) '.[$n] = $one[$name].ns |
			.load = { rules: ($n | tonumber), seconds: ($ns / 1e9), bytes_a_rule: ($memory / $more), map_bytes_a_rule: ($maps / $more) }' \
			<<<"$sum")
		before=$memory before_maps=$maps rules=$n
	done
	exec 7>&- 8<&-
	wait "$runner"
	echo "$sum"
}

holdfast_part() {
	say 'measuring beside holdfast, and under it'
	is_confined run_confined
	sleep 2
	note beside measure_all loaded
	note under_holdfast measure_all confined
	say 'measuring with many rules'
	note holdfast_paths holdfast_by_size paths open-17
	note holdfast_egress holdfast_by_size egress connect
	remove_holdfast
	note bare_after measure_all bare
}

if start_holdfast; then
	holdfast_part
else
	failed=1
fi

mkdir -p /out
jq . <<<"$result" >/out/operations.json
jq -r -L "$TESTS" -f "$TESTS/operations.jq" /out/operations.json
exit $failed
