#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the documents say to type works: each block fenced as ```sh in README.md, docs/ and the runbook is run, by root, in a folder of its
# own. Blocks in other languages are not for the guest (make demo, output that is shown).
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

DOCS=$TESTS/docs
RUNBOOK=/usr/share/holdfast/runbook.md

# The guest's root is an overlay, which cannot be the upper layer of another.
STATE=/var/lib/holdfast/workspaces
mkdir -p "$STATE"
mount -t tmpfs -o mode=700 none "$STATE"

# blocks FILE: writes each block to a file of its own, named by the line it starts at.
blocks() {
	awk -v to="$SCRATCH/$(basename "$1")" '
		/^```sh$/ { name = sprintf("%s:%04d", to, NR); printf "" >name; next }
		/^```/ { if (name) close(name); name = "" }
		name { print >name }' "$1"
}

test_each_command_in_the_documents_works() {
	local file block
	[ -f "$DOCS/README.md" ] || fail "there is no $DOCS/README.md"
	[ -f "$RUNBOOK" ] || fail "there is no $RUNBOOK"
	for file in "$DOCS"/*.md "$RUNBOOK"; do
		blocks "$file"
	done
	mkdir -p "$SCRATCH/here"
	cd "$SCRATCH/here"
	for block in "$SCRATCH"/*.md:*; do
		[ -f "$block" ] || continue
		try timeout 120 bash -euo pipefail "$block"
		[ "$status" = 0 ] || fail "${block##*/}: status $status: $output"
		echo "${block##*/} works"
	done
}

test_help_and_version_are_there() {
	local each
	for each in holdfast holdfastd; do
		holds "$each --help" "$($each --help)" "$each"
		[[ "$($each --version)" =~ [0-9]+\.[0-9]+ ]] || fail "$each --version"
	done
	for each in run attach unit ps show tail explain why suggest kill kills pause lift drill policy audit token workspace doctor; do
		holds "holdfast $each --help" "$(holdfast $each --help)" "$each"
	done
}

test_wrong_usage_is_told_apart() {
	try holdfast no-such-command
	same status 2 "$status"
	try holdfast run
	same status 2 "$status"
	try holdfast kill
	same status 2 "$status"
	try holdfast run --no-such-option -- true
	same status 2 "$status"
}

run_suite "$@"
result=$?
umount -l "$STATE"
exit $result
