#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the kernel's own tests of Landlock's files ask, asked of holdfast: docs/landlock.md lists their cases, and where each has its
# counterpart. This suite has those that no other has.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

GUARDED=("$OUT/none" "$OUT/read/file" "$OUT/read/folder" "$OUT/read/inner/core")
M=$OUT/mounted # where some tests mount something
mount -t tmpfs none "$OUT" # which knows all operations, also those that overlayfs does not
mkdir "$M"
RULES='
	{ "path": "'"$OUT"'/all", "allow": "rwx" }, { "path": "'"$OUT"'/data", "allow": "rw" }, { "path": "'"$OUT"'/read", "allow": "r" },
	{ "path": "'"$OUT"'/read/inner", "allow": "w" }, { "path": "'"$OUT"'/read/inner/core", "deny": "w" }'
base_policy "$RULES"

scene() {
	local each
	rm -rf "${OUT:?}"/{all,data,read,none} "${WS:?}"
	mkdir -p "$WS" "$M"
	for each in all data read none; do
		mkdir -p "$OUT/$each"/{folder,d1,d2,inner/core}
		tee "$OUT/$each"/{file,f1,f2,f3,f4,folder/file,inner/file,inner/core/file} <<<original >/dev/null
		cp /usr/bin/true "$OUT/$each/program"
	done
	cd "$OUT"
}

clean_up() {
	while mountpoint -q "$M"; do
		umount -l "$M"
	done
}

# ---- what rules add up to ------------------------------------------------------------------------------------------------------

test_a_policy_that_allows_everything_refuses_nothing() {
	local POLICY=$SCRATCH/everything.json GUARDED=("$SCRATCH/everything.json")
	base_policy '{ "path": "/", "allow": "rwxc" }'
	mount -t tmpfs none "$M"
	echo text >"$M/file"
	together "
		done files list /
		done files list none
		done files write none/file
		done files rename none/f1 all/moved
		done files link data/f1 all/linked
		done code run none/program
		done files write $M/file"
}

test_a_rule_at_the_root_that_denies_leaves_nothing_but_what_is_nearer() {
	local POLICY=$SCRATCH/root.json
	base_policy '{ "path": "/", "deny": "rw" }, { "path": "'"$OUT"'/read", "allow": "r" }'
	together '
		EACCES files list /
		EACCES files write none/file
		done files read read/file
		EACCES files write read/file'
}

test_a_rule_holds_for_all_below_and_for_nothing_above_or_beside() {
	together '
		done files read read/file
		done files read read/folder/file
		done files list read/folder
		EACCES files write read/folder/file
		EACCES files list ../out
		EACCES files list none
		EACCES files read none/folder/file'
}

test_a_narrower_rule_further_down_adds_and_takes_away() {
	together '
		EACCES files write read/file
		done files write read/inner/file
		done files read read/inner/file
		done files create read/inner/new
		EACCES files write read/inner/core/file
		done files read read/inner/core/file
		EACCES code run read/program'
}

test_rights_that_several_capabilities_give_to_one_place_add_up() {
	local POLICY=$SCRATCH/union.json
	base_policy
	jq --arg out "$OUT" '.capabilities += { one: { files: [ { path: ($out + "/data"), allow: "r" } ] },
		other: { files: [ { path: ($out + "/data"), allow: "w" } ] } }' "$POLICY" >"$POLICY.new"
	mv "$POLICY.new" "$POLICY"
	together '
		done files read-write data/file
		done files create data/new
		EACCES code run data/program
		EACCES files read all/file'
}

test_a_rule_on_a_file_holds_for_that_file_with_each_right() {
	local POLICY=$SCRATCH/file.json GUARDED=("$OUT/none/f1" "$OUT/none/program")
	base_policy '{ "path": "'"$OUT"'/none/f1", "allow": "r" }, { "path": "'"$OUT"'/none/f2", "allow": "w" },
		{ "path": "'"$OUT"'/none/program", "allow": "x" }'
	together '
		done files read none/f1
		EACCES files write none/f1
		done files write none/f2
		EACCES files read none/f2
		done code run none/program
		EACCES files read none/program
		EACCES files read none/file'
}

test_a_policy_that_is_applied_once_more_changes_nothing() {
	scene
	mkfifo "$WS/ask"
	start_session again bash -c "exec 5<>$WS/ask; while read -r file <&5; do files write \$file; files read \$file; done >>$WS/said"
	for _ in 1 2 3; do
		holdfast policy apply "$session" "$POLICY"
		echo "$OUT/read/file" >"$WS/ask"
	done
	await "it has tried" eval "[ \$(grep -c . $WS/said) = 6 ]"
	same answers "$(printf 'refused EACCES\ndone\n%.0s' 1 2 3)" "$(<"$WS/said")"
}

# ---- mounts --------------------------------------------------------------------------------------------------------------------

fresh_mount() {
	mount -t tmpfs none "$M"
	mkdir -p "$M/folder"
	tee "$M/file" "$M/folder/file" <<<text >/dev/null
	GUARDED=("$M")
}

test_a_rule_on_a_mount_point_is_about_what_is_mounted_there() {
	local POLICY=$SCRATCH/on.json
	fresh_mount
	base_policy '{ "path": "'"$M"'", "allow": "r" }'
	together "
		done files read $M/file
		done files list $M
		done files read $M/folder/file
		EACCES files write $M/file"
}

test_a_rule_above_a_mount_point_reaches_into_what_is_mounted_there() {
	local POLICY=$SCRATCH/over.json
	fresh_mount
	base_policy '{ "path": "'"$OUT"'", "allow": "r" }'
	together "
		done files read $M/file
		EACCES files write $M/folder/file"
	base_policy '{ "path": "/", "allow": "rw" }, { "path": "'"$OUT"'", "deny": "w" }'
	together "
		done files read $M/file
		EACCES files write $M/folder/file"
}

test_a_policy_is_about_the_mounts_that_the_session_sees() {
	local POLICY=$SCRATCH/inside.json
	base_policy '{ "path": "'"$M"'", "allow": "r" }'
	scene
	unshare --mount bash -c "mount -t tmpfs none $M; echo text >$M/file; enter $POLICY $WS bash -c 'files read $M/file; files write $M/file'" \
		>"$SCRATCH/said" || true
	same "in a mount namespace of its own" $'done\nrefused EACCES' "$(<"$SCRATCH/said")"
	[ ! -e "$M/file" ] || fail "it is there outside, too"
}

# A session whose folders are changed by others while it waits; it says what came of reading a path, relative ones from where it began.
start_asked() { # FOLDER
	rm -f "$SCRATCH/ask"
	mkfifo "$SCRATCH/ask"
	: >"$SCRATCH/said"
	(cd "$1" && enter "$POLICY" "$WS" bash -c 'while read -r attempt path; do files $attempt $path || true; done') <"$SCRATCH/ask" | cat >>"$SCRATCH/said" &
	exec 8>"$SCRATCH/ask"
}

asked() { # EXPECTED ATTEMPT PATH
	local before
	before=$(wc -l <"$SCRATCH/said")
	echo "$2 $3" >&8
	await "it has tried" eval "[ \$(wc -l <$SCRATCH/said) -gt $before ]"
	same "$2 $3" "$1" "$(tail -n 1 "$SCRATCH/said")"
}

test_what_is_mounted_later_is_closed_until_the_policy_is_applied_again() {
	local POLICY=$SCRATCH/later.json
	scene
	base_policy '{ "path": "'"$OUT"'", "allow": "rw" }'
	start_asked "$OUT"
	asked 'done' read all/file
	fresh_mount
	asked 'refused EACCES' read "$M/file"
	asked 'done' read all/file
	holdfast policy apply "$(holdfast ps --json | fields agent=suite state=running id | tail -n 1)" "$POLICY"
	asked 'done' read "$M/file"
	exec 8>&-
}

test_a_file_system_whose_objects_have_rules_can_go_and_another_in_its_place_has_none() {
	local POLICY=$SCRATCH/gone.json
	scene
	fresh_mount
	base_policy '{ "path": "'"$M"'", "allow": "r" }, { "path": "'"$M"'/folder", "allow": "rw" }'
	start_asked "$OUT"
	asked 'done' read "$M/file"
	asked 'done' write "$M/folder/file"
	umount "$M"
	fresh_mount
	asked 'refused EACCES' read "$M/file"
	asked 'refused EACCES' write "$M/folder/file"
	exec 8>&-
}

# readable_by_rule KIND FILE RULE...: with a rule at each of these a file of that kind of file system can be read, and without it cannot.
readable_by_rule() {
	local kind=$1 file=$2 rule POLICY=$SCRATCH/kind.json
	shift 2
	base_policy
	confined files read "$file"
	same "$kind: without a rule" 'refused EACCES' "$output"
	for rule; do
		base_policy '{ "path": "'"$rule"'", "allow": "r" }'
		confined files read "$file"
		same "$kind: with one at $rule" 'done' "$output"
	done
}

test_a_rule_on_the_folder_around_the_mount_the_mount_the_folder_or_the_file_reaches_a_file_of_each_kind_of_file_system() {
	local kind
	for kind in tmpfs ramfs; do
		mount -t $kind none "$M"
		mkdir "$M/dir"
		echo text >"$M/dir/file"
		readable_by_rule $kind "$M/dir/file" "$OUT" "$M" "$M/dir" "$M/dir/file"
		umount "$M"
	done
	mkdir /sys/fs/cgroup/holdfast-test
	readable_by_rule cgroup2 /sys/fs/cgroup/holdfast-test/cgroup.procs /sys/fs /sys/fs/cgroup /sys/fs/cgroup/holdfast-test \
		/sys/fs/cgroup/holdfast-test/cgroup.procs
	rmdir /sys/fs/cgroup/holdfast-test
	readable_by_rule sysfs /sys/kernel/notes / /sys /sys/kernel /sys/kernel/notes
	mount -t proc none "$M"
	readable_by_rule proc "$M/sys/kernel/ostype" "$OUT" "$M" "$M/sys/kernel" "$M/sys/kernel/ostype"
	umount "$M"
}

# ---- bind mounts ---------------------------------------------------------------------------------------------------------------

test_a_file_that_a_bind_mount_shows_twice_has_the_rules_of_both_places() {
	local POLICY=$SCRATCH/bind.json
	scene
	mount --bind "$OUT/none" "$M"
	base_policy '{ "path": "'"$M"'", "allow": "r" }, { "path": "'"$OUT"'/none/folder", "allow": "rw" }'
	GUARDED=("$OUT/none/file")
	confined bash -c "for file in none/file $M/file none/folder/file $M/folder/file; do files read \$file; files write \$file; done"
	same "$POLICY" "$(printf 'done\nrefused EACCES\ndone\nrefused EACCES\ndone\ndone\ndone\ndone')" "$output"
}

test_moving_across_a_bind_mount_gains_nothing() {
	local POLICY=$SCRATCH/cross.json
	scene
	mount --bind "$OUT/none" "$M"
	base_policy '{ "path": "'"$M"'", "allow": "rw" }, { "path": "'"$M"'/d2", "allow": "rwx" }'
	mv "$OUT/none/program" "$OUT/none/d2/"
	confined bash -c "files rename $M/f1 $M/d2/f1; files rename none/f2 none/d2/f2; files rename $M/d2/program $M/program; files rename $M/f3 none/f5"
	# The kernel itself moves nothing from one mount to another: EXDEV.
	same "moving" $'refused EXDEV\nrefused EXDEV\ndone\nrefused EXDEV' "$output"
}

# A folder that was reached through a bind mount and then moved out of what the mount shows.
test_what_has_left_a_bind_mount_is_decided_by_where_it_is() {
	scene
	mkdir -p "$OUT/all/shown/moving" "$OUT/read/new-home"
	echo text >"$OUT/all/shown/moving/file"
	mount --bind "$OUT/all/shown" "$M"
	start_asked "$M/moving"
	asked 'done' write file
	mv "$OUT/all/shown/moving" "$OUT/read/new-home/"
	asked 'done' read file
	asked 'refused EACCES' write file
	asked 'refused EACCES' create new
	asked 'refused EACCES' rename "file $M/taken"
	mv "$OUT/read/new-home/moving" "$OUT/none/"
	asked 'refused EACCES' read file
	mv "$OUT/none/moving" "$OUT/data/"
	asked 'done' write file
	asked 'done' rename 'file file2'
	asked 'refused EXDEV' link "file2 $M/taken"
	asked 'done' link 'file2 file3'
	mv "$OUT/data/moving" "$OUT/all/shown/"
	asked 'done' link 'file2 ../taken'
	exec 8>&-
}

test_the_layers_below_an_overlay_and_what_it_shows_are_places_of_their_own() {
	local POLICY=$SCRATCH/overlay.json L=$SCRATCH/layers
	scene
	mkdir -p "$L"
	mount -t tmpfs none "$L"
	mkdir "$L/lower" "$L/upper" "$L/work"
	tee "$L/lower/low" "$L/lower/both" "$L/upper/both" "$L/upper/up" <<<text >/dev/null
	mount -t overlay -o "lowerdir=$L/lower,upperdir=$L/upper,workdir=$L/work" none "$M"
	base_policy '{ "path": "'"$M"'", "allow": "rw" }'
	confined bash -c "for file in $M/{low,both,up} $L/lower/low $L/upper/up; do files read \$file; done; files write $M/low"
	same "the overlay" "$(printf 'done\ndone\ndone\nrefused EACCES\nrefused EACCES\ndone')" "$output"
	base_policy '{ "path": "'"$L"'", "allow": "rw" }, { "path": "'"$L"'/lower", "deny": "w" }'
	confined bash -c "for file in $M/{low,both,up} $L/lower/both $L/upper/up; do files read \$file; done; files write $L/lower/both"
	same "the layers" "$(printf 'refused EACCES\nrefused EACCES\nrefused EACCES\ndone\ndone\nrefused EACCES')" "$output"
	umount -l "$M" "$L" # what a session's policy names there is held open
}

# ---- names ---------------------------------------------------------------------------------------------------------------------

test_relative_paths_and_folders_held_open_are_no_way_round() {
	together "
		EACCES scenarios open-at none file r
		EACCES scenarios open-at all ../none/file r
		done scenarios open-at none ../all/file w
		done scenarios open-at read file r
		EACCES scenarios open-at read file w
		EACCES scenarios open-at read inner/core/file w"
	confined bash -c 'cd none; files read file; cd ../read; files read file; files write file; files read ../none/file'
	same "from a folder that was entered" $'refused EACCES\ndone\nrefused EACCES\nrefused EACCES' "$output"
}

test_files_and_folders_move_to_where_they_have_no_more_rights() {
	together '
		done files rename all/f1 data/moved
		EXDEV files rename data/f1 all/moved
		EACCES files rename data/f2 read/moved
		EACCES files rename read/f1 data/moved-too
		EACCES files rename none/f1 data/taken
		done files rename all/d1 data/moved-d1
		EXDEV files rename data/d1 all/moved-d1
		EXDEV files rename data/folder all/moved-folder
		EACCES files rename read/d1 all/taken-d1
		done files rename data/f3 data/f4
		EXDEV files rename data/f4 all/f4
		done files rename all/f2 all/folder/moved'
}

test_links_are_made_to_where_they_have_no_more_rights() {
	together '
		done files link all/f1 data/linked
		EXDEV files link data/f1 all/linked
		EXDEV files link read/f1 data/linked-too
		EACCES files link data/f1 read/linked
		EXDEV files link none/f1 data/taken
		done files link data/f1 data/folder/linked'
}

test_exchanging_gains_nothing_in_either_direction() {
	together '
		EXDEV files exchange all/f1 data/f1
		EXDEV files exchange data/f2 all/f2
		EXDEV files exchange all/d1 data/d1
		EACCES files exchange read/f1 data/f3
		EACCES files exchange all/f3 none/f3
		done files exchange data/f1 data/f2
		done files exchange data/f3 data/d2'
}

test_nothing_is_made_or_removed_where_nothing_may_be_written() {
	together '
		EACCES files rmdir read/d1
		EACCES files unlink read/f1
		EPERM files mkdevice read/character
		EPERM scenarios block-device read/block
		EACCES scenarios whiteout read/whiteout
		EACCES scenarios rename-whiteout read/f2 read/moved
		EACCES files mknod read/regular
		EACCES files bind read/socket
		EACCES files mkfifo read/fifo
		EACCES files symlink target read/symlink
		EACCES files mkdir read/made
		done files rmdir data/d1
		done files unlink data/f1
		done scenarios rename-whiteout data/f2 data/moved
		done scenarios whiteout data/whiteout
		done files bind data/socket'
}

# ---- what has no name, or no more ----------------------------------------------------------------------------------------------

test_a_deleted_file_is_opened_again_where_it_was_allowed() {
	together '
		done scenarios reopen-deleted data/file
		done scenarios reopen-pipe
		done scenarios truncate-memory'
}

test_a_path_descriptor_is_good_for_nothing_confined_or_not() {
	together '
		done scenarios truncate-path none/file
		done scenarios truncate-path none'
}

test_truncating_by_a_descriptor_needs_the_right_to_write() {
	together '
		done scenarios truncate-open data/f1
		done scenarios truncate-passed data/f2
		EACCES files truncate read/f1
		EACCES files open-truncate read/f1'
}

test_pipes_and_sockets_with_a_name_take_ioctls() {
	scene
	mkfifo "$OUT/data/fifo"
	confined bash -c 'scenarios pipe-ioctl data/fifo; scenarios socket-ioctl data/server'
	same confined $'done\ndone' "$output"
}

test_sockets_with_a_name_need_the_right_to_connect_in_each_type() {
	local type
	scene
	GUARDED=("$OUT/none/f1")
	mkdir -p "$SCRATCH/servers/open" "$SCRATCH/servers/closed"
	in_background scenarios serve "$SCRATCH/servers/open"
	in_background scenarios serve "$SCRATCH/servers/closed"
	await "they listen" test -S "$SCRATCH/servers/open/packet" -a -S "$SCRATCH/servers/closed/packet"
	local POLICY=$SCRATCH/sockets.json
	base_policy '{ "path": "'"$SCRATCH"'/servers/open", "allow": "c" }'
	for type in stream datagram packet; do
		confined bash -c "scenarios connect $type $SCRATCH/servers/open/$type; scenarios connect $type $SCRATCH/servers/closed/$type"
		same $type $'done\nrefused EACCES' "$output"
		same "control: $type" 'done' "$(scenarios connect $type "$SCRATCH/servers/closed/$type")"
	done
}

run_suite "$@"
