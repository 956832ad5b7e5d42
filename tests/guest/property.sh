#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the kernel says to operations of chance, under policies of chance, is what the same policy says in user space: for half a minute
# from a fixed seed, or PROPERTY="OPERATIONS [SEED]" from the environment.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

test_kernel_and_user_space_say_the_same_of_any_operation() {
	local operations seed
	read -r operations seed <<<"${PROPERTY-}" || true
	try property "$SCRATCH/tree" "${seed:-1}" "$([ -n "$operations" ] || echo 30)" "${operations:-0}"
	echo "$output"
	same "status" 0 "$status"
	output=$(tail -n 1 <<<"$output")
	echo "# property: $output" >&3
	[[ $output =~ ^alike\ ([0-9]+)\ operations ]]
	[ "${BASH_REMATCH[1]}" -ge 1000 ] || fail "these are too few"
}

run_suite "$@" 3>&1
