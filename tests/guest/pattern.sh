#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Rules with "*" and "**": they hold for every name that they match, whenever and however something comes there.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

GUARDED=("$OUT" "$WS/a/key" "$WS/deep" "$WS/repository/.git/hooks")
base_policy '
	{ "path": "${WORKSPACE}/*/key", "deny": "rw" },
	{ "path": "${WORKSPACE}/**/.git/hooks", "deny": "w", "hint": "Ask the user to install hooks." },
	{ "path": "${WORKSPACE}/**/hooks/readme", "allow": "w" },
	{ "path": "${WORKSPACE}/new/folder/*/key", "deny": "rw" },
	{ "path": "'"$OUT"'/**/bin", "allow": "rx" },
	{ "path": "'"$OUT"'/dev/*", "allow": "rw" }'

scene() {
	rm -rf "${WS:?}" "${OUT:?}"
	mkdir -p "$WS"/{a,b,c/d,deep/1/2/3/.git/hooks,repository/.git/hooks} "$OUT"/{x/bin,dev}
	tee "$WS"/{a,c,c/d,deep}/key "$WS"/deep/1/2/3/.git/hooks/{commit,readme} "$WS"/repository/.git/{config,hooks/commit} "$WS/file" "$OUT/x/file" \
		"$OUT/dev/file" <<<original >/dev/null
	cp /usr/bin/true "$OUT/x/bin/true"
	cp /usr/bin/true "$OUT/x/true"
	mknod "$OUT/dev/null" c 1 3
	mknod "$OUT/null" c 1 3
}

denied_by() {
	denied -c workspace -r '$.capabilities.workspace.files['"$1"']' "${@:2}"
}

moved_by() {
	denied -e 'EACCES EPERM EXDEV' -c workspace -r '$.capabilities.workspace.files['"$1"']' "${@:2}"
}

test_one_star_is_one_name() {
	denied_by 1 "$WS/a/key" w files write "$WS/a/key"
	denied_by 1 "$WS/a/key" r files read "$WS/a/key"
	denied_by 1 "$WS/b/key" w files mkdir-then-create "$WS/b/key"
	denied_by 1 "$WS/b/key" w files create "$WS/b/key"
	allowed files write "$WS/c/d/key"
	allowed files write "$WS/file"
	allowed files create "$WS/key"
}

test_two_stars_are_any_depth() {
	denied_by 2 "$WS/repository/.git/hooks/commit" w files write "$WS/repository/.git/hooks/commit"
	denied_by 2 "$WS/deep/1/2/3/.git/hooks/new" w files create "$WS/deep/1/2/3/.git/hooks/new"
	allowed files read "$WS/deep/1/2/3/.git/hooks/commit"
	allowed files write "$WS/deep/1/2/3/.git/hooks/readme"
	allowed files write "$WS/repository/.git/config"
}

test_names_that_are_made_later_are_matched() {
	local make="mkdir -p $WS/later/.git && files create $WS/later/.git/config && mkdir $WS/later/.git/hooks"
	scene
	try bash -c "$make"
	same control 0 "$status"
	scene
	mark
	confined bash -c "$make"
	holds output "$output" 'done'
	settled
	one_refusal "$WS/later/.git/hooks" w workspace '$.capabilities.workspace.files[2]' EACCES
}

test_nothing_is_moved_or_linked_out_of_a_pattern() {
	moved_by 1 "$WS/a/key|$WS/free" w files rename "$WS/a/key" "$WS/free"
	moved_by 1 "$WS/a/key|$WS/free" w files link-then-write "$WS/a/key" "$WS/free"
	moved_by 1 "$WS/free|$WS/a/key" w files exchange "$WS/file" "$WS/a/key"
}

test_a_folder_moves_only_where_patterns_go_on_alike() {
	moved_by 0 "$WS/a|$WS/c/a" rwxc files rename-then-write "$WS/a" "$WS/c/a" "$WS/c/a/key"
	moved_by 0 "$WS/c/d|$WS/moved" rwxc files rename-then-write "$WS/c/d" "$WS/moved" "$WS/moved/key"
	moved_by 0 "$WS/repository/.git|$WS/repository/moved" rwxc files rename-then-write "$WS/repository/.git" "$WS/repository/moved" \
		"$WS/repository/moved/hooks/commit"
	allowed files rename "$WS/b" "$WS/moved"
	allowed files rename "$WS/deep/1/2" "$WS/c/2"
	allowed files rename "$WS/repository" "$WS/moved"
}

test_what_is_prepared_elsewhere_does_not_come_under_a_pattern() {
	moved_by 0 "$WS/other|$WS/new" w bash -c "mkdir -p $WS/other/folder/x && files create $WS/other/folder/x/key >$WS/said && files rename $WS/other $WS/new"
}

test_nothing_but_a_folder_stands_where_a_pattern_leads_on_by_its_name() {
	denied -n "$WS/c/.git" w files symlink "$WS/repository" "$WS/c/.git"
	denied_by 0 "$WS/c/.git" w files create "$WS/c/.git"
	moved_by 0 "$WS/c/.git|$WS/file" w files rename "$WS/file" "$WS/c/.git"
	moved_by 0 "$WS/c/.git|$WS/file" w files link "$WS/file" "$WS/c/.git"
	moved_by 0 "$WS/repository/.git|$WS/file" w files exchange "$WS/file" "$WS/repository/.git"
	allowed files mkdir-then-create "$WS/c/.git"
	allowed files symlink "$WS/file" "$WS/c/link"
}

test_mv_copies_where_a_rename_is_refused() {
	scene
	confined mv "$WS/repository/.git/config" "$WS/deep/1/2/3/.git/"
	same "a file, $output" 0 "$status"
	scene
	confined mv "$WS/c/d" "$WS/b/d"
	same "a folder to where patterns go on alike: $output" 0 "$status"
	scene
	rm "$WS/c/d/key"
	confined mv "$WS/c/d" "$WS/d"
	same "a folder to where they do not: $output" 0 "$status"
	[ -d "$WS/d" ] && [ ! -e "$WS/c/d" ] || fail "it was not moved"
}

test_a_pattern_allows_too() {
	allowed code run "$OUT/x/bin/true"
	denied "$OUT/x/true" x code run "$OUT/x/true"
}

test_a_device_opens_where_a_pattern_names_it() {
	allowed files write "$OUT/dev/null"
	denied "$OUT/null" w files write "$OUT/null"
}

test_explain_says_which_pattern() {
	local id
	scene
	start_session explained sleep infinity
	id=$session
	try holdfast explain "$id" w "$WS/new/.git/hooks/x"
	holds "a name that does not exist: $status" "$output" 'files[2]'
	holds "its hint" "$output" 'install hooks'
	try holdfast explain "$id" r "$WS/a/key"
	holds "a file" "$output" 'files[1]'
	try holdfast explain "$id" w "$WS/c/d/key"
	same "what none matches: $output" 0 "$status"
	try holdfast explain --policy "$POLICY" --workspace "$WS" w "$WS/new/.git/hooks/x"
	holds "before the fact" "$output" 'files[2]'
	try holdfast explain --policy "$POLICY" --workspace "$WS" x "$OUT/x/bin/new"
	same "before the fact, what is allowed: $output" 0 "$status"
}

run_suite "$@"
