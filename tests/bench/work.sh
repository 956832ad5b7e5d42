#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# work.sh ROUNDS: the third part of tools/bench, in a guest with two CPUs and an ordinary clock: a build of 200 files with make -j2
# and git status on 10,000 files. A round does bare, Landlock, beside holdfast and under holdfast in turn, and starts and removes
# holdfast for it, because the clock of a busy host is only to be trusted over minutes; a ratio is taken within its round.
# Writes /out/work.json and prints it as a table.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

rounds=$1
runs='' # JSON, one object after another

# note ROUND MODE: does both in that mode.
note() {
	local build status
	build=$(build "$2")
	status=$(for run in 1 2 3; do status "$2"; done | median)
	runs+="{ \"round\": $1, \"mode\": \"$2\", \"build\": $build, \"status\": $status }"
}

enter_cgroup
mkdir -p $WORK
make_projects
base_rules >$SCRATCH/rules
policy base <$SCRATCH/rules >$SCRATCH/policy.json
is_confined run_landlock
say "builds and git status, $rounds rounds"
build bare >/dev/null
failed=0
for ((round = 1; round <= rounds && !failed; round++)); do
	note $round bare
	note $round landlock
	if start_holdfast; then
		is_confined run_confined
		note $round loaded
		note $round confined
		remove_holdfast
	else
		failed=1
	fi
done
mkdir -p /out
jq -s --arg kernel "$(uname -r)" '{ kernel: $kernel, runs: . }' <<<"$runs" >/out/work.json
jq -r -L "$TESTS" -f "$TESTS/work.jq" /out/work.json
exit $failed
