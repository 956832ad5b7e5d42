#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Workspaces that stay as they are: what a session writes is kept apart, and then discarded, or compared and applied.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

STATE=/var/lib/holdfast/workspaces
REAL=/srv/holdfast-real # on a file system of its own, with attributes, as the layers are
IMAGES=/srv/holdfast-images
base_policy '{ "path": "/tmp", "allow": "rw" }, { "path": "/var/tmp", "allow": "rw" }, { "path": "${HOME}", "allow": "rw" }'
chmod 755 "$SCRATCH"

# The guest's root is an overlay itself, which can be below another one and cannot be its upper layer.
put_up() {
	mkdir -p "$REAL" "$STATE" "$IMAGES"
	mount -t tmpfs none "$IMAGES"
	truncate -s 200M "$IMAGES/real" "$IMAGES/state"
	mkfs.ext4 -q "$IMAGES/real" 2>/dev/null
	mkfs.ext4 -q "$IMAGES/state" 2>/dev/null
	mount -o loop "$IMAGES/real" "$REAL"
	mount -o loop "$IMAGES/state" "$STATE"
	rmdir "$REAL/lost+found" "$STATE/lost+found"
	chmod 700 "$STATE"
}

W=$REAL/project

# A folder with one of each, of dev.
fill() {
	rm -rf "$W"
	mkdir -p "$W/src/deep" "$W/old/inner" "$W/private" "$W/.git/hooks"
	echo 'one' >"$W/src/main.c"
	echo 'two' >"$W/src/deep/two"
	echo 'old' >"$W/old/inner/file"
	echo 'script' >"$W/script.sh"
	chmod 755 "$W/script.sh"
	ln -s src/main.c "$W/link"
	ln "$W/src/main.c" "$W/src/same.c"
	setfattr -n user.note -v kept "$W/script.sh"
	setfacl -m u:nobody:r "$W/src/deep/two"
	truncate -s 3M "$W/sparse"
	echo end >>"$W/sparse"
	chmod 700 "$W/private"
	chown -hR dev:dev "$W"
	find "$W" -exec touch -h -d '2021-03-04 05:06:07.123456789' {} +
}

# Everything that can be told of a tree, but for its numbers and when it was read.
tree() { # FOLDER
	(
		cd "$1"
		find . -printf '%P %y %m %U:%G %n %s %T@ %l\n' | sort
		find . -type f -exec sha256sum {} + | sort
		getfattr -R -h -d -m - . 2>/dev/null | grep -v '^$'
		getfacl -R -n . 2>/dev/null
	)
}

apart() { # OPTIONS... -- COMMAND...: as dev, in the workspace; sets output, status and id
	apart_by dev "$@"
}

# quoted WORD...: for a shell
quoted() {
	printf '%q ' "$@"
}

apart_by() {
	local user=$1
	shift
	try su "$user" -c "cd $W && holdfast run --ephemeral --policy $POLICY $(quoted "$@")"
	id=$(grep -oE 'workspace diff [a-z2-7]{8}' <<<"$output" | head -n 1 | cut -d ' ' -f 3 || true)
	[ -z "$id" ] || await "session $id has ended" ended "$id"
}

by_dev() { # COMMAND...
	try su dev -c "$(quoted "$@")"
}

# letters: what diff says of the last one.
letters() {
	holdfast workspace diff "$id" | sed 's/ *([^)]*)$//' | sort
}

nothing_left() {
	await "what was discarded is removed" eval '[ -z "$(ls -A $STATE)" ]'
	! grep -h overlay /proc/[0-9]*/mounts 2>/dev/null | grep -q " $REAL" || fail "an overlay is mounted yet"
}

clean_up() {
	daemon_answers >/dev/null 2>&1 || { kill -9 "$(daemon_pid)" 2>/dev/null || true; start_daemon; }
	for each in "$STATE"/*; do
		[ ! -d "$each" ] || holdfast workspace discard "${each##*/}" 2>/dev/null || true
	done
	await "what was discarded is removed" eval '[ -z "$(find $STATE -maxdepth 1 -name ".gone-*")" ]'
}

# What an agent does that changes some of each kind.
job='echo changed >src/main.c; echo new >fresh; rm -r old; rm link; ln -s fresh link2; chmod 700 script.sh; mkdir made; echo x >made/x
	printf "" >script.sh.tmp; mv src/deep/two src/deep/three; rm script.sh.tmp'

put_up

test_a_session_sees_what_it_wrote_and_the_folder_stays_as_it_is() {
	local before
	fill
	before=$(tree "$W")
	apart -- sh -c "$job; cat src/main.c fresh made/x; ls old 2>&1; cat src/deep/three"
	same status 0 "$status"
	holds "what the agent saw" "$output" $'changed\nnew\nx\n'
	holds "what the agent saw" "$output" 'two'
	same "the folder" "$before" "$(tree "$W")"
	holds "list" "$(holdfast workspace list)" "$id"
	same "what changed" "$(printf '%s\n' 'A  fresh' 'A  link2' 'A  made/' 'A  made/x' 'A  src/deep/three' 'D  link' 'D  old/' 'D  old/inner/' \
		'D  old/inner/file' 'D  src/deep/two' 'M  src/main.c' 'm  script.sh  0700, was 0755' | sort)" "$(letters)"
}

test_after_discard_the_folder_is_the_same_and_nothing_is_left() {
	local before
	fill
	before=$(tree "$W")
	apart -- sh -c "$job"
	by_dev holdfast workspace discard "$id"
	same status 0 "$status"
	same "the folder" "$before" "$(tree "$W")"
	nothing_left
	try holdfast workspace diff "$id"
	same "status of diff" 4 "$status"
	apart --discard -- sh -c "$job"
	same "the folder" "$before" "$(tree "$W")"
	nothing_left
}

# The same done by hand is what apply has to come to.
exact="$job"'; setfattr -n user.made -v "by the agent" fresh; setfacl -m u:dev:rw made/x; chmod 640 fresh; truncate -s 40M holes
	printf middle | dd of=holes bs=1 seek=20000000 conv=notrunc 2>/dev/null; ln fresh fresh2; ln src/deep/three third
	touch -d "2020-02-02 02:02:02.5" made/x; mkdir -m 2750 made/group; touch -d 2019-01-01 made'

test_what_is_applied_is_exact() {
	fill
	cp -a "$W" "$REAL/expected"
	apart -- sh -c "$exact"
	same "status: $output" 0 "$status"
	# In an overlay a file that is written has that one name.
	su dev -c "cd $REAL/expected && cp -p src/main.c copy && mv copy src/main.c && { $exact; }"
	by_dev holdfast workspace apply "$id"
	same "status: $output" 0 "$status"
	same "the folder" '' "$(diff <(shown "$REAL/expected") <(shown "$W"))"
	same "blocks of the file with holes" "$(stat -c %b "$REAL/expected/holes")" "$(stat -c %b "$W/holes")"
	same "numbers of the names of one file" "$(stat -c %i "$W/fresh")" "$(stat -c %i "$W/fresh2")"
	same "times of what was set" "$(cd "$REAL/expected" && stat -c '%n %.9Y' made/x made)" "$(cd "$W" && stat -c '%n %.9Y' made/x made)"
	same "what is left to apply" '' "$(letters)"
	rm -rf "$REAL/expected"
}

# The tree without the times that each run has for itself.
shown() { # FOLDER
	(
		cd "$1"
		find . -type f -printf '%P %m %U:%G %n %s\n' | sort
		find . ! -type f -printf '%P %y %m %U:%G %l\n' | sort
		find . -type f -exec sha256sum {} + | sort
		find . ! -type l | sort | xargs getfattr -d -m - 2>/dev/null
		find . ! -type l | sort | xargs getfacl -n 2>/dev/null
	)
}

test_chosen_files_are_applied_and_the_rest_stays() {
	fill
	apart -- sh -c "$job"
	by_dev holdfast workspace apply "$id" made/x old src/main.c
	same "status: $output" 0 "$status"
	same "src/main.c" changed "$(cat "$W/src/main.c")"
	same "the other name of it" one "$(cat "$W/src/same.c")"
	same "made/x" x "$(cat "$W/made/x")"
	[ ! -e "$W/old" ] || fail "old is there"
	[ ! -e "$W/fresh" ] || fail "fresh was applied"
	[ -L "$W/link" ] || fail "link was removed"
	same "what is left" "$(printf '%s\n' 'A  fresh' 'A  link2' 'A  src/deep/three' 'D  link' 'D  src/deep/two' 'm  script.sh  0700, was 0755' | sort)" \
		"$(letters)"
	by_dev holdfast workspace apply "$id" no/such
	same status 4 "$status"
}

test_what_others_changed_is_not_overwritten() {
	fill
	apart -- sh -c "$job"
	echo 'by hand' >"$W/src/main.c"
	echo 'mine' >"$W/old/mine"
	echo 'also' >"$W/fresh"
	by_dev holdfast workspace apply "$id"
	same status 1 "$status"
	holds "what was said" "$output" "src/main.c: it was changed outside since the session began"
	holds "what was said" "$output" "old/mine: it was changed outside"
	same src/main.c 'by hand' "$(cat "$W/src/main.c")"
	[ -L "$W/link" ] || fail "something was applied all the same"
	by_dev holdfast workspace apply "$id" src/deep
	same "status of another path: $output" 0 "$status"
	by_dev holdfast workspace apply "$id" --force src/main.c
	same "status by force: $output" 0 "$status"
	same src/main.c changed "$(cat "$W/src/main.c")"
	same old/mine mine "$(cat "$W/old/mine")"
}

test_modes_that_others_set_are_not_taken_back() {
	fill
	apart -- sh -c 'echo new >private/new; echo changed >src/deep/two; : >>script.sh'
	chmod 711 "$W/private"
	chmod 744 "$W/script.sh"
	chmod 750 "$W/src/deep"
	by_dev holdfast workspace apply "$id"
	same "status: $output" 0 "$status"
	same "private/new" new "$(cat "$W/private/new")"
	same modes '711 744 750' "$(stat -c %a "$W/private" "$W/script.sh" "$W/src/deep" | xargs)"
}

test_devices_pipes_sockets_and_set_user_id_are_refused_by_name() {
	fill
	apart -- sh -c 'mkfifo pipe; python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\"sock\")"; cp /bin/true tool; chmod 4755 tool; echo fine >fine; mknod null c 1 3'
	# What no session gets to make, as if one had.
	mknod "$STATE/$id/upper/device" b 8 0
	cp /bin/true "$STATE/$id/upper/setuid"
	chmod 4755 "$STATE/$id/upper/setuid"
	cp /bin/true "$STATE/$id/upper/capable"
	chown dev "$STATE/$id/upper/capable" "$STATE/$id/upper/device"
	setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 "$STATE/$id/upper/capable"
	echo x >"$STATE/$id/upper/roots"
	chmod 666 "$STATE/$id/upper/roots"
	by_dev holdfast workspace apply "$id"
	same "status: $output" 1 "$status"
	[ ! -e "$W/fine" ] || fail "a part was applied"
	by_dev holdfast workspace apply "$id" .
	same "status: $output" 3 "$status"
	for each in pipe device setuid capable roots; do
		holds "what was said" "$output" "not applied: $each:"
		[ ! -e "$W/$each" ] || fail "$each was applied"
	done
	same fine fine "$(cat "$W/fine")"
}

test_what_the_user_may_not_read_is_not_shown_by_a_new_name() {
	fill
	echo 'of root alone' >"$W/secret"
	echo 'of root too' >"$W/public"
	chmod 600 "$W/secret"
	apart -- sh -c 'mv secret shown; cat shown'
	[[ $output != *alone* ]] || fail "the agent read it: $output"
	by_dev holdfast workspace diff "$id" --patch
	[[ $output != *alone* ]] || fail "the patch has it: $output"
	by_dev holdfast workspace apply "$id" --force
	[ ! -e "$W/shown" ] || fail "it was applied"
	apart -- sh -c 'mv -f secret public'
	by_dev holdfast workspace apply "$id" --force .
	same "public" 'of root too' "$(cat "$W/public")"
}

test_folders_that_others_put_in_the_place_of_one_are_not_lost() {
	fill
	mkdir -p "$REAL/precious/in" "$REAL/other"
	echo precious >"$REAL/precious/in/file"
	echo other >"$REAL/other/two"
	chown -R dev:dev "$REAL/precious" "$REAL/other"
	find "$REAL/precious" "$REAL/other" -exec touch -h -d 2021-01-01 {} +
	apart -- sh -c 'rm -r old; echo changed >src/deep/two'
	mv "$REAL/precious" "$W/old/"
	mv "$W/src/deep" "$W/src/deep.old"
	mv "$REAL/other" "$W/src/deep"
	by_dev holdfast workspace apply "$id"
	same "status: $output" 1 "$status"
	holds "what was said" "$output" "src/deep/two: another folder"
	same "what was moved in" precious "$(cat "$W/old/precious/in/file")"
	same "what was put in its place" other "$(cat "$W/src/deep/two")"
	by_dev holdfast workspace apply "$id" src/deep/two
	same "status: $output" 1 "$status"
}

test_links_lead_nowhere_while_it_is_applied() {
	fill
	echo secret >"$OUT/secret"
	chown dev "$OUT/secret"
	apart -- sh -c 'mkdir new; echo evil >new/secret; echo evil >src/deep/two; echo evil >src/deep/secret'
	# The folder's side leads elsewhere by now.
	rm -r "$W/src/deep"
	ln -s "$OUT" "$W/src/deep"
	ln -s "$OUT" "$W/new"
	by_dev holdfast workspace apply "$id" --force
	same "what is outside" secret "$(cat "$OUT/secret")"
	[ ! -e "$OUT/two" ] || fail "a file was made outside"
}

test_links_that_are_swapped_in_a_loop_lead_nowhere() {
	local each
	fill
	mkdir -p "$OUT/trap"
	chown dev "$OUT/trap"
	apart -- sh -c 'i=0; while [ $i -lt 200 ]; do echo evil >src/deep/f$i; i=$((i + 1)); done'
	in_background setpriv --reuid=dev --regid=dev --init-groups \
		sh -c "cd $W/src && while :; do mv -T deep other && ln -s $OUT/trap deep; rm -f deep; mv -T other deep; done"
	for each in 1 2 3 4 5; do
		by_dev holdfast workspace apply "$id" --force
	done
	kill -9 "$pid"
	await "the loop has ended" eval '! pgrep -u dev >/dev/null'
	same "what is in the trap" '' "$(ls "$OUT/trap")"
}

test_what_the_user_may_not_do_apply_does_not_do_either() {
	fill
	apart -- sh -c 'echo new >src/deep/new'
	chown root "$W/src/deep"
	chmod 755 "$W/src/deep"
	by_dev holdfast workspace apply "$id"
	[ ! -e "$W/src/deep/new" ] || fail "a file was made in a folder of root's"
	try su nobody -s /bin/sh -c "holdfast workspace diff $id"
	same "status of another user" 4 "$status"
	try su nobody -s /bin/sh -c "holdfast workspace discard $id"
	same "status of another user" 4 "$status"
}

test_the_real_folder_cannot_be_written_by_another_way() {
	local before
	fill
	mkdir -p "$OUT/bound"
	mount --bind "$REAL" "$OUT/bound"
	before=$(tree "$W")
	apart -- sh -c "echo x >$OUT/bound/project/x; echo x >/proc/1/root$W/x; echo x >/proc/$$/root$W/x; umount $W; mount --bind / $W
		for p in /proc/[0-9]*; do echo x >\$p/cwd/x; done; echo x >$STATE/x; ls $STATE; unshare -rm umount $W; cat $STATE/*/record.json; echo inside >x" 
	umount "$OUT/bound"
	same "the folder" "$before" "$(tree "$W")"
	same "what was written" 'A  x' "$(letters)"
	[[ $output != *at_end* ]] || fail "the record was read: $output"
}

# A user is master of the namespace that they made for the session: what is not to be opened in the real folder is not there either.
test_devices_of_a_file_system_without_devices_stay_closed() {
	local folder=$REAL/without
	mkdir -p "$folder"
	mount -t tmpfs -o nodev,noexec,mode=755 none "$folder"
	mknod -m 666 "$folder/zero" c 1 5
	cp /bin/true "$folder/true"
	chown dev: "$folder"
	try su dev -c "head -c 1 $folder/zero"
	[ "$status" != 0 ] || fail "the device can be opened in the real folder"
	in_background su dev -c "cd $folder && holdfast run --ephemeral --agent devices --policy $POLICY -- sleep 1000"
	await "it runs" session_of devices
	session=$(session_of devices)
	cat >"$SCRATCH/beside.py" <<-'END'
		import ctypes, os, subprocess, sys
		pid, folder = sys.argv[1:]
		c = ctypes.CDLL(None, use_errno=True)
		for kind in "user", "mnt":
		    assert c.setns(os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY), 0) == 0, kind
		print(sorted(os.listdir(folder)))
		print("remount", c.mount(None, folder.encode(), None, 32 | 4096, None))  # MS_REMOUNT | MS_BIND, and no other flag
		print("mount", c.mount(b"none", b"/tmp", b"tmpfs", 0, None))  # as who is master of it
		for use in (lambda: open(folder + "/zero", "rb").read(1)), (lambda: subprocess.run([folder + "/true"])):
		    try:
		        print("got", use())
		    except OSError as e:
		        print(e.strerror)
	END
	try su dev -c "python3 $SCRATCH/beside.py $(show "$session" pid) $folder"
	same "beside the session" "$(printf '%s\n' "['true', 'zero']" 'remount -1' 'mount 0' 'Permission denied' 'Permission denied')" "$output"
	holdfast kill "$session"
	await "it has ended" ended "$session"
	umount "$folder"
}

test_it_is_the_same_for_root() {
	local before
	fill
	before=$(tree "$W")
	try sh -c "cd $W && holdfast run --ephemeral --policy $POLICY -- sh -c 'echo root >fresh; rm -r old; mknod n c 1 3; nsenter -t 1 -m touch $W/n'"
	id=$(ls "$STATE")
	await "it has ended" ended "$id"
	same "the folder" "$before" "$(tree "$W")"
	holds letters "$(letters)" 'A  fresh'
	by_dev holdfast workspace apply "$id"
	same "another user" 4 "$status"
	try holdfast workspace apply "$id" fresh
	same "owner of fresh" 'root root' "$(stat -c %U "$W/fresh") $(cat "$W/fresh")"
}

test_rules_within_the_workspace_hold_on_it() {
	fill
	jq '.capabilities.workspace.files += [{path: "${WORKSPACE}/.git/hooks", deny: "w"}, {path: "${WORKSPACE}/private", deny: "r"}]' "$POLICY" >"$SCRATCH/hooks.json"
	chmod 644 "$SCRATCH/hooks.json"
	POLICY=$SCRATCH/hooks.json apart -- sh -c 'echo x >.git/hooks/pre-commit; mv .git g; ls private; cat src/main.c; echo y >src/main.c; cat src/main.c'
	holds "what was written" "$output" $'one\ny'
	same "what changed" 'M  src/main.c' "$(letters)"
}

test_tmp_and_home_of_its_own() {
	fill
	echo host >/tmp/host-file
	chmod 644 /tmp/host-file
	try su dev -c "cd $W && holdfast run --policy $POLICY --private-tmp --private-home -- sh -c 'cat /tmp/host-file; echo a >/tmp/a && cat /tmp/a; ls -A ~; echo b >~/b && cat ~/b; pwd; echo through >through'"
	holds output "$output" "$(printf 'a\nb\n%s' "$W")"
	[[ $output != *host$'\n'* ]] || fail "it saw the host's /tmp: $output"
	[ ! -e /tmp/a ] && [ ! -e /home/dev/b ] || fail "something was left on the host"
	same "the workspace" through "$(cat "$W/through")"
	su dev -c "mkdir -p /home/dev/in/side && cd /home/dev/in/side && holdfast run --policy $POLICY --private-home -- sh -c 'echo there >there; ls -A ~'" >"$SCRATCH/seen" 2>&1
	same "the workspace in the home folder" there "$(cat /home/dev/in/side/there)"
	same "what is seen of the home folder" in "$(tail -n 1 "$SCRATCH/seen")"
	rm -rf /home/dev/in /tmp/host-file
}

test_killed_sessions_leave_what_they_wrote_or_nothing() {
	local before
	fill
	before=$(tree "$W")
	in_background su dev -c "cd $W && holdfast run --ephemeral --agent slow --policy $POLICY -- sh -c 'echo x >fresh; sleep 600'"
	await "the session is there" eval "id=\$(session_of slow) && [ -e $STATE/\$id/upper/fresh ]"
	id=$(session_of slow)
	try holdfast workspace apply "$id"
	same "while it runs" 1 "$status"
	try holdfast workspace discard "$id"
	same "while it runs" 1 "$status"
	same "what it wrote so far" 'A  fresh' "$(letters)"
	kill -9 "$(show "$id" pid)"
	echo 1 >"/sys/fs/cgroup/holdfast/$id/cgroup.kill"
	await "it has ended" ended "$id"
	same "the folder" "$before" "$(tree "$W")"
	same "what it wrote" 'A  fresh' "$(letters)"
	in_background su dev -c "cd $W && holdfast run --discard --agent slow2 --policy $POLICY -- sh -c 'echo x >fresh; sleep 600'"
	await "the session is there" eval "[ -n \"\$(session_of slow2)\" ]"
	holdfast workspace discard "$id"
	id=$(session_of slow2)
	holdfast kill "$id"
	await "it has ended" ended "$id"
	same "the folder" "$before" "$(tree "$W")"
	nothing_left
}

test_a_daemon_that_was_killed_brings_them_to_their_end() {
	local before
	fill
	before=$(tree "$W")
	in_background su dev -c "cd $W && holdfast run --discard --agent left --policy $POLICY -- sh -c 'echo x >fresh; sleep 600'"
	await "the session is there" eval "[ -e $STATE/\$(session_of left)/upper/fresh ]"
	id=$(session_of left)
	apart -- sh -c 'echo kept >kept'
	kill_daemon KILL
	kill -9 "$pid"
	for each in /sys/fs/cgroup/holdfast/*/cgroup.kill; do
		echo 1 >"$each" 2>/dev/null || true
	done
	# Half made, and half removed.
	mkdir -p "$STATE/aaaaaaaa/upper" "$STATE/.gone-bbbbbbbb/upper/x/y"
	start_daemon
	await "only the one that is kept is left" eval "[ \"\$(ls -A $STATE)\" = '$id' ]"
	same "what it wrote" 'A  kept' "$(letters)"
	holds "its state" "$(holdfast workspace list)" ended
	same "the folder" "$before" "$(tree "$W")"
}

test_an_apply_that_is_killed_leaves_each_file_old_or_new() {
	local each
	fill
	su dev -c "cd $W && for n in \$(seq 200); do echo old-\$n >f\$n; done"
	apart -- sh -c 'i=1; while [ $i -le 200 ]; do printf "%20000d" $i >f$i; i=$((i + 1)); done'
	for each in 1 2 3; do
		in_background su dev -c "holdfast workspace apply $id"
		await "it works" pgrep -f holdfastd-workspace
		sleep "0.$each"
		pkill -9 -f holdfastd-workspace || true
		wait "$pid" || true
		same "those that are half" '' "$(cd "$W" && find . -maxdepth 1 -name 'f[0-9]*' ! -size 20000c -print0 | xargs -r0 grep -Lx 'old-[0-9]*')"
		same "how many there are" 200 "$(find "$W" -maxdepth 1 -name 'f[0-9]*' | wc -l)"
	done
	kill_daemon KILL
	start_daemon
	await "it is cleared up" eval "[ -z \"\$(find $W -name '.holdfast*')\" ]"
	by_dev holdfast workspace apply "$id"
	same "status: $output" 0 "$status"
	same "what is left" '' "$(letters)"
	same "names of apply's own" '' "$(find "$W" -name '.holdfast*')"
}

test_edits_at_the_last_moment_are_not_lost() {
	fill
	su dev -c "cd $W && for n in \$(seq 300); do echo old >g\$n; done"
	apart -- sh -c 'i=1; while [ $i -le 300 ]; do echo agent >g$i; i=$((i + 1)); done'
	in_background su dev -c "holdfast workspace apply $id >/dev/null 2>$SCRATCH/../said"
	su dev -c "cd $W && for n in \$(seq 300 -1 1); do echo hand-\$n >>g\$n; done"
	wait "$pid" || true
	for ((n = 1; n <= 300; n++)); do
		grep -q "hand-$n" "$W/g$n" || fail "the edit of g$n is lost: $(cat "$W/g$n")"
	done
}

test_deep_trees_and_strange_names() {
	fill
	apart -- python3 -c '
import os
os.mkdir("deep"); os.chdir("deep")
for i in range(400):
    os.mkdir("d" * 20); os.chdir("d" * 20)
open("bottom", "w").write("found")
os.chdir("'"$W"'")
open(b"esc\x1b[2Jape\nline", "w").write("\x1b]0;title\x07\n")
open(b"bytes\xff", "w").write("x")
os.mkfifo(b"fifo\x1b]52;c;eA==\x07")
'
	same "status: $output" 0 "$status"
	try holdfast workspace diff "$id"
	[[ $output != *$'\e'* ]] || fail "an escape sequence came through"
	by_dev script -qc "holdfast workspace diff $id --patch" /dev/null
	[[ $output != *$'\e'* ]] || fail "an escape sequence came through"
	by_dev holdfast workspace apply "$id"
	same "status with a pipe among them" 1 "$status"
	[[ $output == *fifo* && $output != *$'\e'* ]] || fail "an escape sequence came through, or no name: $output"
	by_dev holdfast workspace apply "$id" .
	same "status of all the rest" 3 "$status"
	same "what is left" 1 "$(letters | wc -l)"
	python3 -c '
import os
os.chdir("'"$W"'/deep")
for i in range(400): os.chdir("d" * 20)
assert open("bottom").read() == "found"
'
	[ -e "$W/"$'bytes\xff' ] || fail "a name that is no text was not applied"
	holdfast workspace discard "$id"
	nothing_left
	rm -rf "$W"
}

test_a_patch_is_one() {
	fill
	cp -a "$W" "$REAL/copy"
	apart -- sh -c 'printf "one\nmore\n" >src/main.c; printf "a\nb\n" >fresh; rm src/deep/two'
	holdfast workspace diff "$id" --patch >"$REAL/patch"
	(cd "$REAL/copy" && git apply --unsafe-paths "$REAL/patch") || fail "patch: $(cat "$REAL/patch")"
	same main.c $'one\nmore' "$(cat "$REAL/copy/src/main.c")"
	same fresh $'a\nb' "$(cat "$REAL/copy/fresh")"
	[ ! -s "$REAL/copy/src/deep/two" ] || fail "src/deep/two is there"
	rm -rf "$REAL/copy" "$REAL/patch"
}

test_who_fills_the_file_system_is_paused() {
	fill
	in_background su dev -c "cd $W && holdfast run --discard --agent filler --policy $POLICY -- sh -c 'yes | head -c 160M >big; sleep 600'"
	await "it is paused" eval "id=\$(session_of filler) && [ \"\$(show \"\$id\" state)\" = paused ]"
	try su dev -c "cd $W && holdfast run --ephemeral --policy $POLICY -- true"
	holds "what another one is told" "$output" "too little room"
	holdfast kill "$(session_of filler)"
	wait "$pid" || true
	nothing_left
}

test_an_overlay_that_comes_to_nothing_leaves_nothing() {
	fill
	try su dev -c "cd $W && holdfast run --ephemeral --private-home --workspace /home/dev --policy $POLICY -- true"
	holds "answer" "$output" "which cannot be private"
	nothing_left
}

test_one_path_on_another_file_system_keeps_nobody_from_the_rest() {
	fill
	mkdir -p "$W/mounted"
	chown dev:dev "$W/mounted"
	mount -t tmpfs none "$W/mounted"
	apart -- sh -c 'echo x >mounted/x; echo fine >fine'
	by_dev holdfast workspace apply "$id" .
	umount "$W/mounted"
	same "status: $output" 3 "$status"
	holds "what was said" "$output" "another file system"
	same fine fine "$(cat "$W/fine")"
}

test_a_policy_is_not_replaced_while_the_real_folder_is_elsewhere() {
	fill
	in_background su dev -c "cd $W && holdfast run --ephemeral --agent moved --policy $POLICY -- sleep 600"
	await "the session is there" eval "[ -n \"\$(session_of moved)\" ]"
	id=$(session_of moved)
	mv "$W" "$W.elsewhere"
	mkdir "$W"
	try holdfast policy apply "$id" "$POLICY"
	rmdir "$W"
	mv "$W.elsewhere" "$W"
	[ "$status" != 0 ] || fail "it was replaced: $output"
	holds "what was said" "$output" "the real folder of workspace"
	try holdfast policy apply "$id" "$POLICY"
	same "status: $output" 0 "$status"
	holdfast kill "$id"
	wait "$pid" || true
	await "it has ended" ended "$id"
}

test_who_asks_without_mounts_of_its_own_is_refused() {
	fill
	try su dev -c "cd $W && curl -s --unix-socket $SOCKET -d '{\"policy\":\"coding-agent\",\"ephemeral\":\"keep\"}' http://localhost/v1/sessions"
	holds "answer" "$output" "mount namespace of its own"
	nothing_left
	try sh -c "cd /var && holdfast run --ephemeral --workspace /var --policy $POLICY -- true"
	holds "answer" "$output" "it has the state of holdfastd in it"
	nothing_left
}

run_suite "$@"
result=$?
umount -l "$STATE" "$REAL" "$IMAGES"
rm -rf "$REAL" "$IMAGES"
exit $result
