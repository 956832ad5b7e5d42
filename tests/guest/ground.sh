#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Files by moving the ground: renamed parents, names that do not exist yet, file handles, other file systems, the lower layer.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

FS=$SCRATCH/fs # a tmpfs, and later an ext4
GUARDED=("$OUT" "$WS/way")
base_policy '
	{ "path": "${WORKSPACE}/way/to/denied", "deny": "rw" },
	{ "path": "${WORKSPACE}/later", "deny": "w" },
	{ "path": "${WORKSPACE}/new/folder/later", "deny": "w" },
	{ "path": "${WORKSPACE}/private", "deny": "r" },
	{ "path": "'"$FS"'/ws", "allow": "rwx" }, { "path": "'"$FS"'/ws/denied", "deny": "rw" },
	{ "path": "'"$FS"'/folded", "allow": "rwx" }, { "path": "'"$FS"'/folded/later", "deny": "rw" },
	{ "path": "'"$FS"'/plain", "allow": "rwx" }, { "path": "'"$FS"'/plain/later", "deny": "rw" },
	{ "path": "'"$FS"'/out/readable", "allow": "r" }'

scene() {
	rm -rf "${WS:?}" "${OUT:?}"
	mkdir -p "$WS/way/to/denied" "$WS/folder" "$OUT"
	tee "$WS/file" "$WS/way/to/denied/file" "$WS/way/file" "$OUT/file" <<<original >/dev/null
	if mountpoint -q "$FS"; then
		rm -rf "${FS:?}"/*
		mkdir -p "$FS/ws/denied" "$FS/out"
		tee "$FS/ws/file" "$FS/ws/denied/file" "$FS/out/file" "$FS/out/readable" <<<original >/dev/null
	fi
}

# Called at the end of each test.
clean_up() {
	while mountpoint -q "$FS"; do
		umount -l "$FS"
	done
}

fresh_tmpfs() {
	mkdir -p "$FS"
	mount -t tmpfs none "$FS"
	GUARDED+=("$FS/out" "$FS/ws/denied")
}

rule() {
	echo "\$.capabilities.workspace.files[$1]"
}

MOVED='EACCES EPERM EXDEV'

test_a_folder_on_the_way_to_a_denied_one_cannot_be_renamed() {
	denied -e "$MOVED" -c workspace -r "$(rule 0)" "$WS/way|$WS/gone" w files rename-then-write "$WS/way" "$WS/gone" "$WS/gone/to/denied/file"
	denied -e "$MOVED" -c workspace -r "$(rule 0)" "$WS/way/to|$WS/gone" w files rename-then-write "$WS/way/to" "$WS/gone" "$WS/gone/denied/file"
}

test_a_denied_folder_cannot_be_renamed_removed_or_replaced() {
	denied -e "$MOVED" -c workspace -r "$(rule 1)" "$WS/way/to/denied|$WS/gone" w files rename-then-write "$WS/way/to/denied" "$WS/gone" "$WS/gone/file"
	denied -e "$MOVED" -c workspace -r "$(rule 1)" "$WS/way/to/denied|$WS/folder" w files exchange "$WS/folder" "$WS/way/to/denied"
}

test_a_folder_on_the_way_to_a_denied_one_cannot_be_exchanged_or_replaced_by_a_link() {
	denied -e "$MOVED" -c workspace -r "$(rule 0)" "$WS/way|$WS/folder" w files exchange "$WS/folder" "$WS/way"
	denied -e "$MOVED" -c workspace -r "$(rule 0)" "$WS/way|$WS/folder" w files exchange "$WS/way" "$WS/folder"
}

test_what_lies_beside_the_way_is_free() {
	allowed files write "$WS/way/file"
	allowed files create "$WS/way/to/new"
	allowed files rename "$WS/way/file" "$WS/way/to/moved"
}

test_a_file_linked_from_a_denied_folder_cannot_be_written_by_the_link() {
	denied -e "$MOVED" -c workspace -r "$(rule 1)" "$WS/way/to/denied/file|$WS/link" w files link-then-write "$WS/way/to/denied/file" "$WS/link"
}

test_a_denied_name_that_does_not_exist_yet_cannot_be_made() {
	denied -c workspace -r "$(rule 2)" "$WS/later" w files create "$WS/later"
	denied -c workspace -r "$(rule 2)" "$WS/later" w files mkdir-then-create "$WS/later"
	denied -c workspace -r "$(rule 2)" "$WS/later" w files symlink "$WS/file" "$WS/later"
	denied -c workspace -r "$(rule 2)" "$WS/later" w files mknod "$WS/later"
	denied -e "$MOVED" -c workspace -r "$(rule 2)" "$WS/later|$WS/file" w files link "$WS/file" "$WS/later"
	denied -e "$MOVED" -c workspace -r "$(rule 2)" "$WS/later|$WS/file" w files rename "$WS/file" "$WS/later"
	denied -e "$MOVED" -c workspace -r "$(rule 2)" "$WS/later|$WS/folder" w files rename "$WS/folder" "$WS/later"
}

test_what_comes_under_a_denied_name_later_is_not_read_by_moving_or_linking_it() {
	local way try_it
	for way in rename link; do
		try_it="files $way $WS/private $WS/free; cat $WS/free"
		scene
		echo secret >"$WS/private"
		same "control: $way" $'done\nsecret' "$(bash -c "$try_it")"
		scene
		mkfifo "$WS/go"
		start_session "$way" bash -c "read -r line <$WS/go; { $try_it; } >$WS/said 2>&1; sleep infinity"
		echo secret >"$WS/private" # after the policy was put in force
		echo go >"$WS/go"
		await "it has tried" grep -q 'No such file' "$WS/said"
		same "$way" 'refused EXDEV' "$(sed -n 1p "$WS/said")"
	done
}

test_a_denied_name_below_folders_that_do_not_exist_yet_stays_denied_once_they_do() {
	local make="mkdir -p $WS/new/folder && files create $WS/new/folder/beside && files create $WS/new/folder/later"
	scene
	try bash -c "$make"
	same control $'done\ndone' "$output"
	scene
	mark
	confined bash -c "$make"
	same "beside, then the denied one" $'done\nrefused EACCES' "$output"
	settled
	one_refusal "$WS/new/folder/later" w workspace "$(rule 3)" EACCES
}

test_folders_built_elsewhere_and_moved_into_place_do_not_carry_a_denied_name() {
	local name=$WS/new/folder/later
	local build="mkdir -p $WS/other/folder && files create $WS/other/folder/later && files rename $WS/other $WS/new && files write $name"
	scene
	try bash -c "$build"
	same control $'done\ndone\ndone' "$output"
	scene
	confined bash -c "$build"
	holds output "$output" refused
	[ ! -e "$name" ] || same "the file under the denied name" x "$(cat "$name")"
}

test_a_file_handle_opens_nothing_that_a_name_would_not() {
	fresh_tmpfs
	denied "$FS/out/file" w files handle "$FS/out/file" "$FS/ws"
	denied -c workspace -r "$(rule 6)" "$FS/ws/denied/file" w files handle "$FS/ws/denied/file" "$FS/ws"
	allowed files handle "$FS/ws/file" "$FS/ws"
}

test_a_file_without_a_name_is_not_made_or_named_outside() {
	fresh_tmpfs
	denied -n "$FS/out" w files tmpfile "$FS/out"
	allowed files tmpfile-link "$FS/ws" "$FS/ws/named"
	denied -e "$MOVED" "$FS/out/named" w files tmpfile-link "$FS/ws" "$FS/out/named"
	denied -e "$MOVED" -c workspace -r "$(rule 6)" "$FS/ws/denied/named" w files tmpfile-link "$FS/ws" "$FS/ws/denied/named"
}

test_rules_hold_on_ext4_with_extended_attributes_and_file_handles() {
	mkdir -p "$FS"
	truncate -s 8M "$SCRATCH/disk"
	mke2fs -q -F -t ext4 "$SCRATCH/disk"
	mount -o loop "$SCRATCH/disk" "$FS"
	GUARDED+=("$FS/out" "$FS/ws/denied")
	allowed files write "$FS/ws/file"
	denied "$FS/out/file" w files write "$FS/out/file"
	denied "$FS/out/file" w files setxattr "$FS/out/file"
	denied "$FS/out/file" w files handle "$FS/out/file" "$FS/ws"
	denied "$FS/out/readable" w files set-flags "$FS/out/readable"
	denied -e "$MOVED" "$FS/out/file|$FS/ws/link" w files link-then-write "$FS/out/file" "$FS/ws/link"
}

# denied_in_any_spelling: where the denied name of a folder has others, nothing is made in it.
denied_in_any_spelling() {
	local name
	for name in later LATER file; do
		mark
		confined files create "$FS/folded/$name"
		same "$name confined" 'refused EACCES' "$output"
		settled
		[[ $(refusals why) =~ ^(no_rule|rule)$ ]] || fail "why $name: $(refusals why)"
	done
	for name in "mkdir $FS/folded/LATER" "rename $FS/plain/mine $FS/folded/LATER" "link $FS/plain/mine $FS/folded/LATER" \
		"symlink $FS/plain/mine $FS/folded/LATER"; do
		echo text >"$FS/plain/mine"
		# shellcheck disable=SC2086
		confined files $name
		[[ $output == refused* ]] || fail "$name: $output"
	done
	[ ! -e "$FS/folded/LATER" ] || fail "made"
	same control 'done' "$(files create "$FS/folded/LATER")"
	[ -e "$FS/folded/later" ] || fail "control: it is another file"
}

test_a_denied_name_has_no_other_in_a_folder_that_takes_upper_and_lower_case_for_the_same() {
	mkdir -p "$FS"
	truncate -s 8M "$SCRATCH/disk"
	mke2fs -q -F -t ext4 -O casefold "$SCRATCH/disk"
	mount -o loop "$SCRATCH/disk" "$FS"
	mkdir -p "$FS"/{ws/denied,out,folded,plain}
	touch "$FS/out/readable"
	chattr +F "$FS/folded"
	denied_in_any_spelling
	confined files create "$FS/plain/LATER"
	same "in another folder" 'done' "$output"
	confined files create "$FS/plain/later"
	same "the denied name in another folder" 'refused EACCES' "$output"
}

# FAT12 on 2,000 sectors of 512 bytes: 1 of boot, 6 of its table, 4 of 64 names.
test_a_denied_name_has_no_other_on_vfat() {
	mkdir -p "$FS"
	python3 -c "import struct
disk = bytearray(2000 * 512)
disk[0:3] = b'\xeb\x3c\x90'
struct.pack_into('<HBHBHHBH', disk, 11, 512, 1, 1, 1, 64, 2000, 0xf8, 6)
disk[510:515] = b'\x55\xaa\xf8\xff\xff'
open('$SCRATCH/fat', 'wb').write(disk)"
	mount -o loop -t vfat "$SCRATCH/fat" "$FS"
	mkdir -p "$FS"/{ws/denied,out,folded,plain}
	touch "$FS/out/readable"
	denied_in_any_spelling
}

test_a_file_of_the_lower_layer_is_not_copied_up() {
	local lower=/usr/share/base-files/motd before
	[ -f $lower ] || lower=$(find /usr/share -type f -name '*.txt' | sed -n 1p)
	before=$(stat -c '%i %s %Y %Z' "$lower")
	mark
	confined files write "$lower"
	same confined 'refused EACCES' "$output"
	same "the file" "$before" "$(stat -c '%i %s %Y %Z' "$lower")"
	settled
	one_refusal "$lower" w none 'default deny' EACCES
	same control 'done' "$(files write "$lower")"
}

run_suite "$@"
