#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a session does is recorded, and a policy is suggested by it: with that the same goes on, with other names, and nothing dangerous does.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

DEV=$(getent passwd dev | cut -d : -f 6)
W=$SCRATCH/work          # of dev
DATA=/srv/suggest-data   # what no shipped policy opens
TOOL=/opt/suggest-tool
NEW=$SCRATCH/suggested.json
base_policy
chmod 755 "$SCRATCH"
mkdir -p "$W" "$DATA/set" "$TOOL/bin" "$TOOL/lib"
chown dev: "$W"
for n in 1 2 3; do echo "data $n" >"$DATA/set/$n"; done
cp /bin/cat "$TOOL/bin/show"
cp -L "$(ldd /bin/cat | sed -nE 's/.* (\/[^ ]*libc\.so\.6) .*/\1/p')" "$TOOL/lib/libc.so.6"

clean_up() {
	rm -rf "$DEV"/.suggest* "$DEV/.cache/suggest" "$DATA/made" "$TOOL/made"
	sed -i '/suggest/d' "$DEV/.bashrc" 2>/dev/null || true
}

# by_dev OPTIONS... -- COMMAND: holdfast run as dev, in their workspace; sets output, status and session.
by_dev() {
	mark
	try su dev -c "cd $W && holdfast run --name learned $(printf '%q ' "$@")"
	session=$(since | fields kind=session op=start session | tail -n 1)
	[ -z "$session" ] || await "session $session has ended" ended "$session"
}

# What an agent does, with names that differ from run to run.
work() { # NAME
	cat <<-END_OF_SCRIPT
		set -e
		cat $DATA/set/$2 >$1.txt
		LD_LIBRARY_PATH=$TOOL/lib $TOOL/bin/show $1.txt >$1.copy
		mkdir -p ~/.suggest/state ~/.cache/suggest
		echo $1 >~/.suggest/state/$1
		mv ~/.suggest/state/$1 ~/.suggest/state/$1.old
		rm ~/.suggest/state/$1.old
		echo $1 >~/.cache/suggest/$1
		chmod 600 ~/.cache/suggest/$1
		mkdir $1.d
		rmdir $1.d
		echo done
	END_OF_SCRIPT
}

learn() {
	by_dev --audit-only -- sh -c "$(work first 1)"
	same "the first run: $output" 0 "$status"
	holds "what was said" "$output" "holdfast suggest $session"
}

suggest() { # OPTIONS...
	holdfast suggest "$session" "$@" >"$NEW" 2>"$SCRATCH/said" || fail "$(<"$SCRATCH/said")"
}

told() { # OP RIGHT PATH
	since | fields session="$session" verdict=allow op="$1" right="$2" path="$3" seq | grep -q . || fail "nothing is told of $1 $2 $3"
}

test_all_that_is_allowed_is_told() {
	learn
	told open r "$DATA/set/1"
	told create w "$W/first.txt"
	told exec x "$TOOL/bin/show"
	told map x "$TOOL/lib/libc.so.6"
	told mkdir w "$DEV/.suggest/state"
	told rename w "$DEV/.suggest/state/first"
	told rename w "$DEV/.suggest/state/first.old"
	told unlink w "$DEV/.suggest/state/first.old"
	told rmdir w "$W/first.d"
	same "what was lost" '' "$(since | fields kind=lost session="$session" count)"
	same "whether it is a session to learn from" true "$(show "$session" audit_only)"
}

test_each_object_is_told_once() {
	by_dev --audit-only -- sh -c "for i in 1 2 3; do cat $DATA/set/1; done"
	same "how often" 1 "$(since | fields session="$session" verdict=allow op=open right=r path="$DATA/set/1" seq | wc -l)"
}

test_without_it_nothing_more_is_told() {
	jq '.capabilities.data = {files: [{path: $data, allow: "rw"}]}' --arg data "$DATA" "$POLICY" >"$SCRATCH/plain.json"
	by_dev --policy "$SCRATCH/plain.json" -- cat "$DATA/set/1"
	same "its output" "data 1" "$(grep data <<<"$output")"
	same "what is told of files" '' "$(since | fields session="$session" kind=file path)"
}

test_what_is_suggested_lets_the_same_pass_with_other_names() {
	learn
	suggest
	same "policy check: $(holdfast policy check "$NEW" 2>&1)" 0 "$(holdfast policy check "$NEW" >/dev/null 2>&1; echo $?)"
	same "what it extends" coding-agent "$(jq -r .extends "$NEW")"
	same "its rules" "$(printf '%s\n' '${HOME}/.cache/suggest w' '${HOME}/.suggest rw' "$DATA r" "$TOOL rx" | sort)" \
		"$(jq -r '.capabilities[].files[]? | .path + " " + .allow' "$NEW" | sort)"
	clean_up
	by_dev --policy "$NEW" -- sh -c "$(work second 2)"
	same "the second run: $output" 0 "$status"
	no_refusal
}

test_and_nothing_that_is_hostile() {
	local attempt
	learn
	suggest
	touch "$DEV/.bashrc"
	echo secret >"$OUT/secret"
	chown dev: "$OUT" "$DATA" "$TOOL"
	for attempt in "cat $OUT/secret" "ls $OUT" 'echo x >>~/.bashrc' "echo x >$DATA/made" "echo x >$TOOL/made" 'cat ~/.ssh/id' 'echo x >~/.profile' \
		'mkdir -p .git/hooks && echo x >.git/hooks/pre-commit' 'cp /bin/true /tmp/true && /tmp/true' "ln -s $OUT/secret l && cat l" \
		': </dev/tcp/127.0.0.1/22'; do
		mkdir -p "$DEV/.ssh"
		echo key >"$DEV/.ssh/id"
		by_dev --policy "$NEW" -- bash -c "set -e; $attempt"
		[ "$status" != 0 ] || fail "done: $attempt"
		refused_since || fail "nothing is told of $attempt: $output"
	done
	rm -r "$DEV/.ssh"
	chown root: "$OUT" "$DATA" "$TOOL"
}

# The first run makes it dangerous, under a policy of root's own that allows it.
test_what_is_dangerous_is_not_granted() {
	jq '.capabilities.more = {files: [{path: "${HOME}/.bashrc", allow: "rw"}, {path: $data, allow: "r"}]}' --arg data "$DATA" "$POLICY" >"$SCRATCH/wide.json"
	by_dev --audit-only --policy "$SCRATCH/wide.json" -- sh -c "echo '# suggest' >>~/.bashrc; cat $DATA/set/1"
	suggest --extends none
	same "where it is" ask "$(jq -r '.capabilities["check-runs-later"].authorization' "$NEW")"
	same "what it is" '${HOME}/.bashrc' "$(jq -r '.capabilities["check-runs-later"].files[].path' "$NEW")"
	by_dev --policy "$NEW" -- sh -c "cat $DATA/set/1 && echo '# suggest' >>~/.bashrc"
	[ "$status" != 0 ] || fail "it was done"
}

test_while_it_learns_secrets_stay_closed() {
	mkdir -p "$DEV/.ssh"
	echo key >"$DEV/.ssh/id"
	by_dev --audit-only -- cat "$DEV/.ssh/id"
	[ "$status" != 0 ] || fail "read: $output"
	suggest
	holds "what was said" "$(<"$SCRATCH/said")" "was refused already"
	same "rules about it" '' "$(grep ssh "$NEW" || true)"
	rm -r "$DEV/.ssh"
}

test_a_policy_is_tested_by_what_is_on_record() {
	learn
	suggest
	try holdfast policy test "$NEW" "$session"
	same "by what was suggested: $output" 0 "$status"
	try holdfast policy test locked-down "$session"
	same "by one that is closed" 3 "$status"
	holds "what it refuses" "$output" "refused r $DATA/set/1"
	since >"$SCRATCH/record.ndjson"
	try su dev -c "cd $W && HOLDFAST_SOCKET=/nowhere holdfast policy test $NEW $SCRATCH/record.ndjson"
	same "from a file, without a daemon: $output" 0 "$status"
	holds "what it says" "$output" "0 are refused now"
	try holdfast policy diff "$NEW" coding-agent
	same "that they differ" 3 "$status"
	holds "in what" "$output" "- reads: allow r $DATA"
}

test_what_is_wrong_is_told() {
	try holdfast suggest no-such-session
	same status 4 "$status"
	try holdfast suggest ./no-such-file
	same status 4 "$status"
	: >"$SCRATCH/empty.ndjson"
	try holdfast suggest "$SCRATCH/empty.ndjson"
	same status 4 "$status"
	by_dev -- true
	try holdfast suggest "$session" --extends no-such-policy
	[ "$status" != 0 ] || fail "$output"
	try holdfast policy test no-such-policy "$session"
	[ "$status" != 0 ] || fail "$output"
}

run_suite "$@"
