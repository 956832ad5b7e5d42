#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Programs that a rule names by the SHA-256 of their content: they run, and are mapped as code, as that and as nothing else.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

FS=$SCRATCH/fs # an ext4: tmpfs does not tell what is written through mappings
CEILINGS=/etc/holdfast/ceilings
GUARDED=("$FS/program" "$FS/script")
mkdir -p "$FS"
truncate -s 32M "$SCRATCH/disk"
mke2fs -q -F -t ext4 "$SCRATCH/disk"
mount -o loop "$SCRATCH/disk" "$FS"

# Without the objects in a session, which fields does not look past.
api() {
	curl -s --max-time 30 --unix-socket "$SOCKET" -X "$1" "http://localhost$2" | sed -E 's/"unverified":\[(\{[^}]*\},?)*\],//g'
}

digest() {
	sha256sum "$1" | cut -d' ' -f1
}

LIBRARY=$(realpath /usr/lib/x86_64-linux-gnu/libz.so.1)
printf '#!%s\n' "$FS/program" >"$SCRATCH/script"

# content RULES: the policy of a test, with more rules of the capability "programs".
content() {
	base_policy
	jq --argjson more "[ $1 ]" '.capabilities.programs.files = $more' "$POLICY" >"$POLICY.new" && mv "$POLICY.new" "$POLICY"
}

names() {
	echo '{ "path": "'"$1"'", "allow": "rx", "sha256": "'"$(digest "$2")"'" }'
}

EVERYTHING='{ "path": "'$FS'", "allow": "rwx" }'
usual() {
	content "$EVERYTHING, $(names "$FS/program" /usr/bin/true), $(names "$FS/script" "$SCRATCH/script"),
		$(names "$FS/library" "$LIBRARY"), $(names "$FS/later" /usr/bin/true)"
}
usual

rule() {
	echo "\$.capabilities.programs.files[$1]"
}

scene() {
	rm -rf "${FS:?}"/*
	cp /usr/bin/true "$FS/program"
	cp "$SCRATCH/script" "$FS/script"
	cp "$LIBRARY" "$FS/library"
	chmod 755 "$FS/script"
}

clean_up() {
	rm -rf "$CEILINGS"
	umount -l "$FS/merged" 2>/dev/null || true
	usual
}

# another FILE: the program still works, and its content is another.
another() {
	printf x >>"$1"
}

# What changes a program behind a session's back: another byte, in a way that the size does not tell.
patched() {
	printf '\1' | dd of="$1" bs=1 seek=$(($(stat -c %s "$1") - 1)) conv=notrunc status=none
}

# meanwhile CHANGE COMMAND...: begins a session, lets the change be made outside of it, and then runs the command in it. Sets output.
meanwhile() {
	local change=$1
	shift
	rm -f "$WS"/{ready,go,came}
	mark
	# shellcheck disable=SC2016 # expanded in the session
	start_session late bash -c 'cd "$1"; : >ready; until [ -e go ]; do sleep 0.05; done; shift; "$@" >out 2>&1; mv out came' - "$WS" "$@"
	await "the session waits" test -e "$WS/ready"
	eval "$change"
	: >"$WS/go"
	await "the command came to an end" test -e "$WS/came"
	output=$(cat "$WS/came")
	await "the session has ended" ended "$session"
}

# refused_for WHERE RULE: the output and the one event say that the content is why.
refused_for() {
	same output 'refused EACCES' "$output"
	same "the event of $1" "$1|x|programs|$2|content" "$(refusals path right capability rule why | tr '\t' '|')"
}

test_a_program_with_the_content_that_the_rule_names_runs() {
	allowed code run "$FS/program"
	allowed code run "$FS/script"
	allowed code run-descriptor "$FS/program"
	allowed code loader "$FS/program"
	allowed code dlopen "$FS/library"
	allowed code map "$FS/program"
	allowed code mprotect "$FS/program"
	ln "$FS/program" "$WS/linked" 2>/dev/null || ln "$FS/program" "$FS/linked"
	confined code run "$FS/linked"
	same "by another name" 'done' "$output"
}

test_a_program_with_another_content_does_not_run_although_a_folder_allows_it() {
	scene
	another "$FS/program"
	same control 'done' "$(code run "$FS/program")"
	for way in run run-descriptor loader map mprotect mprotect-after-close map-shared; do
		mark
		confined code "$way" "$FS/program"
		settled
		refused_for "$FS/program" "$(rule 1)"
	done
	another "$FS/library"
	confined code dlopen "$FS/library"
	same library 'refused EACCES' "$output"
	settled
	another "$FS/script"
	mark
	confined code run "$FS/script"
	settled
	refused_for "$FS/script" "$(rule 2)"
	cp "$SCRATCH/script" "$FS/new" && chmod 755 "$FS/new" && mv "$FS/new" "$FS/script"
	mark
	confined code run "$FS/script" # its interpreter is the program
	settled
	refused_for "$FS/program" "$(rule 1)"
}

test_whoever_begins_is_told_what_does_not_run_and_why() {
	scene
	another "$FS/program"
	rm "$FS/script"
	try holdfast run --policy "$POLICY" --workspace "$WS" -- true
	same status 0 "$status"
	holds output "$output" "$(rule 1).sha256: \"$FS/program\" does not run: its content has the SHA-256 $(digest "$FS/program")"
	holds output "$output" "$(rule 2).sha256: \"$FS/script\" does not run: nothing is there yet"
	start_session told sleep 60
	same "where" "$(rule 4).sha256" "$(holdfast show "$session" --json | jq -r '.unverified | sort_by(.where)[2].where')"
	cp /usr/bin/true "$FS/later"
	cp /usr/bin/true "$FS/new" && mv "$FS/new" "$FS/program"
	cp "$SCRATCH/script" "$FS/script"
	same "once all is right" '' "$(holdfast policy apply "$session" "$POLICY" 2>&1)"
	same "once all is right" '[]' "$(holdfast show "$session" --json | jq -c .unverified)"
}

# Nobody is to keep the daemon reading: what is beyond the limit is not read, in whatever order.
test_programs_beyond_the_limit_together_do_not_run() {
	scene
	truncate -s 300M "$FS/huge" "$FS/giant" 2>/dev/null || fail "no sparse files"
	content "$EVERYTHING, $(names "$FS/program" /usr/bin/true), { \"path\": \"$FS/huge\", \"allow\": \"rx\", \"sha256\": \"$(digest "$FS/huge")\" },
		{ \"path\": \"$FS/giant\", \"allow\": \"rx\", \"sha256\": \"$(digest "$FS/huge")\" }"
	start_session told sleep 60
	same "how many do not run" 1 "$(holdfast show "$session" --json | jq '[.unverified[] | select(.what | contains("with the programs before it, it has more than 512 MiB"))] | length')"
}

test_a_program_that_is_changed_after_the_policy_was_applied_does_not_run() {
	local change
	scene
	meanwhile : code run "$FS/program"
	same "left alone" 'done' "$output"
	for change in another patched 'chmod 750' 'code write-mapped' 'truncate -s +1'; do
		scene
		meanwhile "$change $FS/program" code run "$FS/program"
		same "control: $change" 'done' "$(code run "$FS/program")"
		refused_for "$FS/program" "$(rule 1)"
	done
	for change in loader map mprotect; do
		scene
		meanwhile "patched $FS/program" code $change "$FS/program"
		refused_for "$FS/program" "$(rule 1)"
	done
}

test_a_program_that_is_replaced_or_comes_later_does_not_run_until_the_policy_is_applied_again() {
	scene
	meanwhile "cp /usr/bin/true $FS/new; mv $FS/new $FS/program" code run "$FS/program"
	refused_for "$FS/program" "$(rule 1)"
	meanwhile "cp /usr/bin/true $FS/later" code run "$FS/later"
	refused_for "$FS/later" "$(rule 4)"
	meanwhile "chmod 700 $FS/later; holdfast policy apply \$session $POLICY" code run "$FS/later"
	same "applied again" 'done' "$output"
}

test_a_program_that_somebody_has_open_for_writing_does_not_run() {
	scene
	: >"$SCRATCH/background.log"
	in_background code hold-writable "$FS/program"
	await "it is mapped" grep -q ready "$SCRATCH/background.log"
	mark
	confined code run "$FS/program"
	settled
	refused_for "$FS/program" "$(rule 1)"
	kill -9 "$pid"
	await "it is not mapped" gone "$pid"
	confined code run "$FS/program"
	same "let go" 'done' "$output"
	: >"$SCRATCH/background.log"
	# shellcheck disable=SC2016 # expanded below
	meanwhile 'in_background code hold-writable $FS/program; await mapped grep -q ready $SCRATCH/background.log' code map "$FS/program"
	refused_for "$FS/program" "$(rule 1)"
}

test_a_session_does_not_write_replace_or_move_a_program_that_is_named_by_its_content() {
	local denial=(-c programs -r "$(rule 1)" "$FS/program" w files)
	denied "${denial[@]}" write "$FS/program"
	denied "${denial[@]}" open-truncate "$FS/program"
	denied "${denial[@]}" truncate "$FS/program"
	denied "${denial[@]}" chmod "$FS/program"
	denied "${denial[@]}" unlink "$FS/program"
	denied -c programs -r "$(rule 1)" "$FS/program|$FS/library" w files rename "$FS/program" "$FS/away"
	denied -c programs -r "$(rule 1)" "$FS/program|$FS/new" w bash -c "cp /usr/bin/true $FS/new; files rename $FS/new $FS/program"
	denied -c programs -r "$(rule 4)" "$FS/later" w files create "$FS/later"
	allowed files create "$FS/beside"
}

test_a_copy_has_no_right_by_the_rule() {
	content "$(names "$FS/program" /usr/bin/true), { \"path\": \"$FS/other\", \"allow\": \"rw\" }"
	scene
	mkdir "$FS/other"
	mark
	confined bash -c "cp $FS/program $FS/other/copy && code run $FS/other/copy"
	settled
	same output 'refused EACCES' "$output"
	same event "$FS/other/copy|x|no_rule" "$(refusals path right why | tr '\t' '|')"
}

test_what_stops_being_granted_stops_the_content_that_it_names() {
	scene
	content "$EVERYTHING, $(names "$FS/program" /usr/bin/true)"
	jq --argjson rule "$(names "$FS/program" /usr/bin/false)" '.capabilities.beta = { authorization: "ask", files: [ $rule ] }' \
		"$POLICY" >"$POLICY.new" && mv "$POLICY.new" "$POLICY"
	confined code run "$FS/program"
	same "granted" 'done' "$output"
	cp /usr/bin/false "$FS/program"
	mark
	confined code run "$FS/program"
	settled
	same "not granted" 'refused EACCES' "$output"
	same why content "$(refusals why)"
}

test_a_ceiling_names_a_content_too() {
	scene
	content "$EVERYTHING"
	mkdir -p "$CEILINGS"
	cat >"$CEILINGS/host.json" <<-END
		{ "holdfast": 1, "name": "host", "capabilities": { "rest": { "files": [ { "path": "/", "allow": "rwxc" },
		    { "path": "$FS/program", "allow": "x", "hint": "Ask the admins.", "sha256": [ "$(digest /usr/bin/false)", "$(digest /usr/bin/true)" ] } ] } } }
	END
	allowed code run "$FS/program"
	scene
	another "$FS/program"
	mark
	confined code run "$FS/program"
	settled
	same output 'refused EACCES' "$output"
	same event 'host|rest|$.capabilities.rest.files[1]|content|Ask the admins.' "$(refusals layer capability rule why hint | tr '\t' '|')"
	# Both: what one of them names is not enough.
	content "$EVERYTHING, $(names "$FS/program" "$FS/program")"
	confined code run "$FS/program"
	same "named by the policy alone" 'refused EACCES' "$output"
}

test_on_overlayfs_it_is_the_file_in_the_layer_that_counts() {
	local merged=$FS/merged change
	content "{ \"path\": \"$FS\", \"allow\": \"rwx\" }, $(names "$merged/program" /usr/bin/true)"
	lay() {
		umount -l "$merged" 2>/dev/null || true
		scene
		mkdir "$FS/lower" "$FS/upper" "$FS/work" "$merged"
		cp /usr/bin/true "$FS/lower/program"
		mount -t overlay none -o "lowerdir=$FS/lower,upperdir=$FS/upper,workdir=$FS/work" "$merged"
	}
	lay
	for way in run loader map mprotect; do
		confined code $way "$merged/program"
		same "$way" 'done' "$output"
	done
	for change in "another $merged/program" "patched $FS/lower/program" "code write-mapped $merged/program" "touch $merged/program"; do
		lay
		meanwhile "$change" code run "$merged/program"
		refused_for "$merged/program" "$(rule 1)"
	done
	confined code run "$merged/program" # now in the upper layer, with another change time and the same content
	same "in the upper layer" 'done' "$output"
	for change in "patched $FS/upper/program" "code write-mapped $merged/program"; do
		meanwhile "$change" code map "$merged/program"
		refused_for "$merged/program" "$(rule 1)"
	done
}

test_a_program_of_the_host_itself_can_be_named() {
	content "$(names /usr/bin/true /usr/bin/true)"
	allowed code run /usr/bin/true
}

test_where_writes_leave_no_trace_nothing_is_verified() {
	cp /usr/bin/true "$OUT/program"
	content "$(names "$OUT/program" /usr/bin/true)"
	try holdfast run --policy "$POLICY" --workspace "$WS" -- code run "$OUT/program"
	holds output "$output" 'it is on tmpfs, where writes through a mapping leave no trace'
	holds output "$output" 'refused EACCES'
}

test_nobody_learns_the_content_of_what_they_may_not_read() {
	local each
	scene
	mkdir -m 700 "$FS/closed"
	cp /usr/bin/true "$FS/closed/program"
	chmod 711 "$FS/library"
	content "$(names "$FS/library" "$LIBRARY"), $(names "$FS/closed/program" /usr/bin/true), $(names "$FS/closed/none" /usr/bin/true),
		$(names "$FS/program" /usr/bin/false)"
	chmod 755 "$SCRATCH"
	chmod 644 "$POLICY"
	su dev -c "mkdir -p /home/dev/work"
	try su dev -c "holdfast run --policy $POLICY --workspace /home/dev/work -- true"
	for each in library closed/program closed/none; do
		holds output "$output" "\"$FS/$each\" does not run: the user whose session it is may not read it"
	done
	holds output "$output" "\"$FS/program\" does not run: its content has the SHA-256 $(digest "$FS/program")"
	try holdfast run --policy "$POLICY" --workspace "$WS" -- true # root may
	same output "holdfast: $(rule 2).sha256: \"$FS/closed/none\" does not run: nothing is there yet: apply the policy again when it is" \
		"$(grep closed <<<"$output")"
}

test_a_folder_has_no_content() {
	scene
	mkdir "$FS/folder"
	content "$(names "$FS/folder" /usr/bin/true)"
	try holdfast run --policy "$POLICY" --workspace "$WS" -- true
	same status 1 "$status"
	holds output "$output" "$(rule 0).sha256: \"$FS/folder\" is a folder, expected a program"
}

test_explain_tells_of_the_content() {
	scene
	start_session asked sleep 60
	holdfast explain "$session" x "$FS/program"
	holdfast explain --policy "$POLICY" --workspace "$WS" x "$FS/program"
	another "$FS/program"
	for ask in "$session" "--policy=$POLICY"; do
		try holdfast explain "$ask" x "$FS/program"
		same "$ask: $output" 3 "$status"
		holds output "$output" 'its content is not, or no longer, what the rule names by sha256'
		holds output "$output" "$(rule 1)"
		try holdfast explain "$ask" x "$FS/later"
		same "$ask: $output" 3 "$status"
		holdfast explain "$ask" r "$FS/program"
	done
	try holdfast explain "$session" w "$FS/program"
	same "$output" 3 "$status"
}

run_suite "$@"
