#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Files by name: what no rule allows is refused, in each way to name or open it; the nearest rule wins.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

GUARDED=("$OUT" "$WS/secret" "$SCRATCH/ws2")
base_policy '
	{ "path": "${WORKSPACE}/secret", "deny": "rwxc", "hint": "Ask the owner for the secret." },
	{ "path": "${WORKSPACE}/secret/public", "allow": "r" },
	{ "path": "${WORKSPACE}/secret/public/diary", "deny": "r" },
	{ "path": "'"$OUT"'/readable", "allow": "r" }'

scene() {
	rm -rf "${WS:?}" "${OUT:?}" "$SCRATCH/ws2"
	mkdir -p "$WS/secret/public" "$WS/folder" "$OUT/folder" "$OUT/empty" "$OUT/readable" "$SCRATCH/ws2"
	tee "$WS/file" "$WS/other" "$WS/secret/key" "$WS/secret/public/page" "$WS/secret/public/diary" "$OUT/file" "$OUT/folder/file" \
		"$OUT/readable/file" "$SCRATCH/ws2/file" <<<original >/dev/null
	chmod 666 "$OUT/file"
}

denied_by_rule() {
	denied -c workspace -r '$.capabilities.workspace.files['"$1"']' "${@:2}"
}

test_files_inside_the_workspace_can_be_read_written_made_and_removed() {
	allowed files read "$WS/file"
	allowed files write "$WS/file"
	allowed files create "$WS/new"
	allowed files truncate "$WS/file"
	allowed files unlink "$WS/file"
	allowed files mkdir-then-create "$WS/new"
	allowed files rename "$WS/file" "$WS/folder/moved"
	allowed files link "$WS/file" "$WS/folder/linked"
	allowed files through-symlink "$WS/file" "$WS/link"
	allowed files exchange "$WS/file" "$WS/folder"
	allowed files chmod "$WS/file"
	allowed files mkfifo "$WS/fifo"
	allowed files bind "$WS/socket"
}

test_names_change_in_a_folder_below_which_no_rule_speaks() {
	local POLICY=$SCRATCH/plain.json WS=$SCRATCH/plain
	mkdir "$WS"
	mount -t tmpfs none "$WS" # where objects go by their numbers
	base_policy
	confined bash -c "cd $WS && mkdir d && for name in 1 2 3 4; do files create d/\$name; done; files rename d/1 d/moved; files rename d/2 d/3
		files exchange d/3 d/4; files link d/3 d/linked; files unlink d/3; files rename d e"
	umount "$WS"
	same confined "$(printf 'done\n%.0s' {1..10})" "$output"
}

test_writing_a_file_outside_is_refused() {
	denied "$OUT/file" w files write "$OUT/file"
	denied "$OUT/file" w files read-write "$OUT/file"
	denied "$OUT/file" w files creat "$OUT/file"
}

test_reading_a_file_outside_is_refused() {
	denied "$OUT/file" r files read "$OUT/file"
}

test_listing_a_folder_outside_is_refused() {
	denied "$OUT/folder" r files list "$OUT/folder"
}

test_making_a_file_outside_is_refused() {
	denied "$OUT/new" w files create "$OUT/new"
	denied "$OUT/folder/new" w files create "$OUT/folder/new"
}

test_truncating_a_file_outside_is_refused() {
	denied "$OUT/file" w files truncate "$OUT/file"
	denied "$OUT/file" w files open-truncate "$OUT/file"
}

test_a_file_that_may_be_read_is_not_truncated_by_opening_it_for_reading() {
	denied "$OUT/readable/file" w files open-truncate "$OUT/readable/file"
}

test_a_file_that_may_be_read_is_not_written() {
	allowed files read "$OUT/readable/file"
	denied "$OUT/readable/file" w files write "$OUT/readable/file"
	denied "$OUT/readable/file" w files reopen-reader "$OUT/readable/file"
	denied "$OUT/readable/file" w files fchmod "$OUT/readable/file"
}

test_removing_outside_is_refused() {
	denied "$OUT/file" w files unlink "$OUT/file"
	denied "$OUT/empty" w files rmdir "$OUT/empty"
}

test_making_a_folder_node_fifo_device_symlink_or_socket_outside_is_refused() {
	denied "$OUT/new" w files mkdir "$OUT/new"
	denied "$OUT/new" w files mknod "$OUT/new"
	denied "$OUT/new" w files mkfifo "$OUT/new"
	denied -r guard -- -:- capability files mkdevice "$OUT/new" # which no session may do anywhere
	denied "$OUT/new" w files symlink "$WS/file" "$OUT/new"
	denied "$OUT/new" w files bind "$OUT/new"
}

test_changing_metadata_outside_is_refused() {
	denied "$OUT/file" w files chmod "$OUT/file"
	denied "$OUT/file" w files chown "$OUT/file"
	denied "$OUT/file" w files utimes "$OUT/file"
}

test_renaming_into_out_of_and_outside_is_refused() {
	denied -e 'EACCES EPERM EXDEV' "$OUT/file|$WS/moved" w files rename "$OUT/file" "$WS/moved"
	denied -e 'EACCES EPERM EXDEV' "$WS/file|$OUT/moved" w files rename "$WS/file" "$OUT/moved"
	denied -e 'EACCES EPERM EXDEV' "$OUT/file|$OUT/moved" w files rename "$OUT/file" "$OUT/moved"
	denied -e 'EACCES EPERM EXDEV' "$OUT/file|$WS/file" w files rename "$WS/file" "$OUT/file"
}

test_exchanging_a_file_with_one_outside_is_refused() {
	denied -e 'EACCES EPERM EXDEV' "$OUT/file|$WS/file" w files exchange "$WS/file" "$OUT/file"
	denied -e 'EACCES EPERM EXDEV' "$OUT/file|$WS/file" w files exchange "$OUT/file" "$WS/file"
}

test_hard_links_to_and_from_outside_are_refused() {
	denied -e 'EACCES EPERM EXDEV' "$OUT/file|$WS/link" w files link-then-write "$OUT/file" "$WS/link"
	denied -e 'EACCES EPERM EXDEV' "$WS/file|$OUT/link" w files link "$WS/file" "$OUT/link"
	denied -e 'EACCES EPERM EXDEV' "$OUT/file|$WS/link" w files link-descriptor "$OUT/file" "$WS/link"
}

test_a_file_that_may_only_be_read_gains_nothing_by_a_hard_link_in_the_workspace() {
	denied -e EXDEV "$OUT/readable/file|$WS/link" w files link-then-write "$OUT/readable/file" "$WS/link"
}

test_writing_through_a_symlink_out_of_the_workspace_is_refused() {
	denied "$OUT/file" w files through-symlink "$OUT/file" "$WS/link"
	denied "$OUT/folder/made" w files create-through-symlink "$OUT/folder" "$WS/link"
}

test_a_symlink_swapped_while_it_is_followed_never_leads_out() {
	denied -n '' w files swap "$OUT/file" "$WS/file" "$WS/link"
}

test_other_ways_to_spell_a_path_are_refused() {
	denied "$OUT/file" w files write "$WS/../out/file"
	denied "$OUT/file" w files write "$WS//..//.//out//file"
	denied "$OUT/file" w files proc-root "$OUT/file"
	denied "$OUT/file" w files proc-cwd ../out/file "$WS"
}

test_reopening_an_o_path_descriptor_is_refused() {
	denied "$OUT/file" w files reopen "$OUT/file"
	denied "$OUT/file" w files reopen-dev-fd "$OUT/file"
}

test_openat2_with_each_way_to_resolve_is_refused() {
	denied -n "$OUT/file" w files openat2 "$OUT/file"
}

test_io_uring_reaches_no_more_than_the_system_calls() {
	denied "$OUT/file" w uring open "$OUT/file"
	denied "$OUT/file" w uring unlink "$OUT/file"
	denied -e 'EACCES EPERM EXDEV' "$OUT/file|$WS/moved" w uring rename "$OUT/file" "$WS/moved"
	allowed uring open "$WS/file"
}

test_standard_input_and_output_are_what_the_caller_gave() {
	scene
	same output '' "$(holdfast run --policy "$POLICY" --workspace "$WS" -- echo written >"$OUT/file")"
	same "the file" written "$(<"$OUT/file")"
	same input written "$(holdfast run --policy "$POLICY" --workspace "$WS" -- cat <"$OUT/file")"
}

test_descriptors_beyond_the_first_three_are_not_inherited() {
	scene
	same confined 'refused EBADF' "$(holdfast run --policy "$POLICY" --workspace "$WS" -- files write-descriptor 7 7>>"$OUT/file" </dev/null || true)"
}

test_a_denied_folder_inside_the_workspace_is_closed() {
	denied_by_rule 1 "$WS/secret/key" r files read "$WS/secret/key"
	denied_by_rule 1 "$WS/secret/key" w files write "$WS/secret/key"
	denied_by_rule 1 "$WS/secret/new" w files create "$WS/secret/new"
	denied_by_rule 1 "$WS/secret/key" w files unlink "$WS/secret/key"
	denied_by_rule 1 "$WS/secret" r files list "$WS/secret"
}

test_a_refusal_by_a_rule_carries_its_hint() {
	scene
	mark
	confined files read "$WS/secret/key"
	settled
	same hint 'Ask the owner for the secret.' "$(refusals hint)"
}

test_an_allowed_folder_inside_a_denied_one_is_open() {
	allowed files read "$WS/secret/public/page"
	allowed files list "$WS/secret/public"
	denied_by_rule 1 "$WS/secret/public/page" w files write "$WS/secret/public/page"
}

test_a_denied_file_inside_an_allowed_folder_inside_a_denied_one_is_closed() {
	denied_by_rule 3 "$WS/secret/public/diary" r files read "$WS/secret/public/diary"
}

test_a_folder_whose_name_begins_like_the_workspace_is_outside() {
	denied "$SCRATCH/ws2/file" w files write "$SCRATCH/ws2/file"
	denied "$SCRATCH/ws2/new" w files create "$SCRATCH/ws2/new"
}

test_who_may_write_to_a_device_does_not_say_who_else_may() {
	local devices=$SCRATCH/devices device=$SCRATCH/devices/own POLICY=$SCRATCH/devices.json change
	mkdir -p "$devices"
	mknod -m 666 "$device" c 1 3
	for change in 'chmod 600' 'chown 1' 'chgrp 1' 'setfacl -m u:1:r' 'setfattr -n user.a -v b' rm; do
		cp -a "$device" "$devices/control"
		[[ $change == setfattr* ]] || $change "$devices/control" || fail "control: $change does nothing"
		rm -f "$devices/control"
	done
	base_policy '{ "path": "'"$device"'", "allow": "rw" }'
	confined bash -c "echo x >$device && touch $device"
	same "writing, and its times" 0 "$status"
	mark
	for change in 'chmod 600' 'chown 1' 'chgrp 1' 'setfacl -m u:1:r' 'setfattr -n user.a -v b' rm; do
		# shellcheck disable=SC2086
		confined $change "$device"
		[ "$status" != 0 ] || fail "$change: it was done"
	done
	same "its mode and owner" '666 0:0' "$(stat -c '%a %u:%g' "$device")"
	await "it is told" eval 'since | fields kind=file op=setattr why=device verdict=deny | grep -q .'
}

test_a_device_opens_only_where_a_rule_names_it() {
	local POLICY=$SCRATCH/device.json devices=$SCRATCH/devices
	mkdir -p "$devices"
	mknod -m 666 "$devices/one" c 1 3
	same control 'done' "$(files read "$devices/one")"
	base_policy '{ "path": "'"$devices"'", "allow": "r" }'
	mark
	confined files read "$devices/one"
	same "below an allowed folder" 'refused EACCES' "$output"
	settled
	same event "device	$devices/one" "$(since | fields verdict=deny why path)"
	base_policy '{ "path": "'"$devices/one"'", "allow": "r" }'
	allowed files read "$devices/one"
}

test_names_that_are_deep_long_or_odd_are_refused_outside_and_allowed_inside() {
	allowed files odd-name "$WS/folder"
	allowed files deep "$WS/folder"
	scene
	same control 'done' "$(files odd-name "$OUT/folder")"
	scene
	mark
	confined files odd-name "$OUT/folder"
	same confined 'refused EACCES' "$output"
	settled
	same events 1 "$(refusals | wc -l)"
	holds "the path in the event" "$(refusals)" "$OUT/folder/a\\n\\\""
}

run_suite "$@"
