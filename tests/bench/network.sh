#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# network.sh ROUNDS: the second part of tools/bench, in a guest whose clock counts instructions and where holdfast was never started: what
# connections, packets and names cost bare, under nftables, by a proxy, beside holdfast and under it, to a server behind a veth pair and on
# loopback; how a connection's cost grows with rules; and how many queries a second the resolver answers. All is on one CPU: servers,
# resolver, all. Writes /out/network.json and prints it as a table.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source-path=SCRIPTDIR source=outside.sh
. "$(dirname "$0")/outside.sh"

rounds=$1
times=3 # each is measured, in turn with the others
failed=0
runs='' # JSON, one object after another

# note MODE WHAT COMMAND...: what it prints is one run.
note() {
	local value
	if ! value=$("run_$1" "${@:3}") || [ -z "$value" ]; then
		say "$1: no $2: $value"
		failed=1
		return
	fi
	runs+="{ \"mode\": \"$1\", \"what\": \"$2\", \"value\": $value }"
}

operations() { # MODE
	local far=$FAR here=127.0.0.1
	[ "$1" != by_name ] || far=far.example.net here=here.example.net
	note "$1" far netops run $far "$PORT" "$rounds"
	note "$1" here netops run $here "$PORT" "$rounds" connect sendto
}

names() { # MODE
	note "$1" names netops ask $NAME_SERVER "$rounds" www.example.net below.example.net
}

# rate MODE CLIENTS EACH: so many ask so many times a second, each in a session of its own where the mode has some, for 1 s.
rate() {
	local n pid pids=()
	rm -f "$WORK/go" "$SCRATCH"/rate-*
	for ((n = 0; n < $2; n++)); do
		"run_$1" netops flood $NAME_SERVER "$3" 1000 www.example.net "$WORK/go" >"$SCRATCH/rate-$n" &
		pids+=($!)
	done
	sleep 10 # of a clock that jumps where nobody runs
	touch "$WORK/go"
	for pid in "${pids[@]}"; do
		wait "$pid" || { say "$1: a client of $2 failed: $(cat "$SCRATCH"/rate-*)"; failed=1; return 0; }
	done
	runs+=$(jq -s --arg mode "$1" '{ mode: $mode, what: "rate", value: { clients: length, sent: map(.sent) | add, answered: map(.answered) | add } }' \
		"$SCRATCH"/rate-*)
}

rates() { # MODE: below what one session may ask
	rate "$1" 1 1900
	rate "$1" 3 1700
	rate "$1" 6 1700
	rate "$1" 8 1900
}

# growth NAME EGRESS HOST: a connection under that policy.
growth() {
	egress_policy "$1" "$2" >"$SCRATCH/growth.json"
	POLICY=$SCRATCH/growth.json note confined "$1" netops run "$3" "$PORT" "$rounds" connect
}

growths() {
	local n
	for n in 10 1000 10000; do
		growth "addresses-$n" "$(jq -c ". + [ $BY_ADDRESS ]" <<<"$(other_addresses $((n - 2)))")" $FAR
	done
	for n in 10 10000; do
		growth "names-$n" "$(jq -c ". + [ $BY_NAME ]" <<<"$(other_hosts $((n - 4)))")" far.example.net
	done
}

# ---- not loaded ------------------------------------------------------------------------------------------------------------------

mkdir -p $WORK
make_network
start_servers # outside of the cgroup that nftables limits
enter_cgroup
make_policies
limits run_nft $FAR
sleep 5
say 'network: measuring bare, and under nftables'
runs=''
operations bare >/dev/null
runs='' # they are only there to make all warm
for ((n = 0; n < times; n++)); do
	operations bare
	operations nft
	names bare
done
rates bare
if make_srt; then
	say 'network: measuring by a proxy'
	for ((n = 0; n < times; n++)); do
		note srt far netops run far.example.net "$PORT" "$rounds" connect bulk
	done
fi

# ---- loaded ----------------------------------------------------------------------------------------------------------------------

holdfast_part() {
	local n
	limits run_by_address $FAR
	limits run_by_name far.example.net
	sleep 2
	say 'network: measuring beside holdfast, and under it'
	for ((n = 0; n < times; n++)); do
		operations loaded
		operations by_address
		operations by_name
		names by_name
	done
	say 'network: measuring with many rules, and many queries'
	growths
	rates by_name
	remove_holdfast
	operations bare_after
}
run_bare_after() { "$@"; }

if start_holdfast; then
	holdfast_part
else
	failed=1
fi

mkdir -p /out
jq -s --arg kernel "$(uname -r)" --argjson rounds "$rounds" '{ kernel: $kernel, rounds: $rounds, runs: . }' <<<"$runs" >/out/network.json
jq -r -L "$TESTS" -f "$TESTS/network.jq" /out/network.json
exit $failed
