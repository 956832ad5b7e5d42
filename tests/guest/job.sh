#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Real work under the policy that is shipped for it: git, a C build, Python, npm. It succeeds unchanged, and nothing is refused.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

POLICY=coding-agent
JOB=$TESTS/demo/job

# The job as root and as a user: what it prints is the same as unconfined.
same_as_unconfined() { # USER
	local unconfined confined
	as_in_work "$1" "bash $JOB prepare"
	unconfined=$(as_in_work "$1" "bash $JOB work") || fail "unconfined: $unconfined"
	as_in_work "$1" "bash $JOB prepare"
	mark
	confined=$(as_in_work "$1" "holdfast run --policy coding-agent --agent coder@1.0 -- bash $JOB work") || fail "confined: $confined $(refusals)"
	same "what it printed" "$unconfined" "$confined"
	same "refused" '' "$(refusals)"
}

# as_in_work USER COMMAND: in a fresh ~/work where the command is "prepare", else in the one that is there.
as_in_work() {
	local fresh=''
	[[ $2 != *prepare ]] || fresh='rm -rf ~/work; mkdir ~/work;'
	su "$1" -c "$fresh cd ~/work && $2" 2>&1 </dev/null
}

test_a_coding_job_of_a_user_succeeds_unchanged() {
	same_as_unconfined dev
}

test_a_coding_job_of_root_succeeds_unchanged() {
	same_as_unconfined root
}

run_suite "$@"
