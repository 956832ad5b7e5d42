#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The event stream: numbered without gaps, chained, and honest about what was lost.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

SCHEMA=/usr/share/holdfast/event.schema.json
CONFIG=/etc/holdfast/holdfast.json
ROTATING=/var/log/holdfast/rotating

base_policy
echo outside >"$OUT/file"

# The daemon is as it was for the next test.
clean_up() {
	[ -f "$SCRATCH/configured" ] || return 0
	rm -f "$CONFIG" "$SCRATCH/configured"
	kill_daemon TERM
	rm -rf "$ROTATING"
	start_daemon
}

test_every_line_is_one_json_object_with_the_fields_that_are_promised() {
	confined files write "$OUT/file"
	settled
	same "lines that are no JSON object with those fields" '' "$(jq -c 'select((.seq and .time and .kind and .prev and .hash
		and (.time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{9}Z$"))) | not)' "$AUDIT" | sed -n 1,3p)"
}

test_numbers_have_no_gaps() {
	same gaps '' "$(gaps <"$AUDIT")"
}

test_the_chain_verifies_and_a_changed_line_does_not() {
	python3 - "$AUDIT" <<-'END'
		import glob, hashlib, itertools, json, sys
		prev = "0" * 64
		files = [*sorted(glob.glob(sys.argv[1] + ".[0-9]*")), sys.argv[1]]
		for n, line in enumerate(itertools.chain.from_iterable(open(f, "rb") for f in files), 1):
		    event = json.loads(line)
		    assert event["prev"] == prev, f"line {n}: prev"
		    head, _, _ = line.rpartition(b',"hash":')
		    assert hashlib.sha256(head + b"}").hexdigest() == event["hash"], f"line {n}: hash"
		    prev = event["hash"]
	END
}

test_a_session_begins_and_ends_with_an_event() {
	local id
	mark
	confined true
	await "the end is written" session_ended_since
	id=$(since | fields kind=session op=end session)
	same "operations" 'start end' "$(since | fields kind=session session="$id" agent=suite user=root op | paste -sd' ')"
}

test_an_event_tells_who_did_what() {
	mark
	confined files write "$OUT/file"
	settled
	same "the event" "files file deny w $OUT/file root 0 suite" "$(refusals comm kind verdict right path user uid agent | tr '\t' ' ')"
}

test_tail_prints_the_stream_and_resumes_after_a_number() {
	local last
	confined files write "$OUT/file"
	settled
	last=$(tail -n 1 "$AUDIT" | fields seq)
	same "lines after the last but three" 3 "$(holdfast tail --json --since $((last - 3)) --no-follow | sed -n 1,3p | wc -l)"
	same "first of them" $((last - 2)) "$(holdfast tail --json --since $((last - 3)) --no-follow | sed -n 1p | fields seq)"
	holds "for people" "$(holdfast tail --no-follow --since $((last > 20 ? last - 20 : 0)))" "$OUT/file"
}

test_tail_follows() {
	in_background bash -c "holdfast tail --json >$SCRATCH/followed"
	followed() {
		confined files write "$OUT/file"
		grep -q "$OUT/file" "$SCRATCH/followed"
	}
	await "it prints what happens" followed
	pkill -P "$pid" || true
}

test_events_by_http_come_as_lines_and_as_server_sent_events() {
	local last
	settled
	last=$(tail -n 1 "$AUDIT" | fields seq)
	holds lines "$(curl -s --max-time 3 --unix-socket "$SOCKET" "http://localhost/v1/events?since=$((last - 1))" || true)" "\"seq\":$last,"
	holds events "$(curl -s --max-time 3 --unix-socket "$SOCKET" -H 'Accept: text/event-stream' "http://localhost/v1/events?since=$((last - 1))" || true)" "data: "
}

# counted SESSION: how many refusals of it the stream has since the mark, those that a line stands for each.
counted() {
	since | fields verdict=deny session="$1" comm=files count | awk '{ sum += $1 == "-" ? 1 : $1 } END { print sum + 0 }' || true
}

# missing SESSION [MEMBER]: how many events of it are told to be lost since the mark; of one kind.
missing() {
	since | fields kind=lost session="$1" "${2-count}" | awk '{ sum += $1 } END { print sum + 0 }' || true
}

# waiting_session NAME COMMAND: a session that runs the command once set_off NAME lets it, and ends after over NAME.
waiting_session() {
	rm -f "$WS/$1" "$WS/$1.over"
	mkfifo "$WS/$1" "$WS/$1.over"
	start_session "$1" bash -c "read -r line <$WS/$1; $2; read -r line <$WS/$1.over"
}

set_off() {
	echo go >"$WS/$1"
}

# The agent's read of its other fifo has a writer only once its command is done, also while no daemon can tell.
over() {
	timeout 300 bash -c "echo done >$WS/$1.over" || { kill -CONT "$(daemon_pid)"; fail "$1 did not end"; }
}

test_lost_events_are_counted_by_kind_and_reported() {
	local daemon lost refused
	daemon=$(daemon_pid)
	settled
	mark
	waiting_session flood "files flood $OUT/file 60000"
	kill -STOP "$daemon"
	set_off flood
	over flood
	kill -CONT "$daemon"
	await "it has ended" ended "$session"
	await "the loss is reported" eval '[ -n "$(since | fields kind=lost seq || true)" ]'
	settled
	lost=$(missing "$session")
	refused=$(show "$session" denials)
	echo "written $(counted "$session") lost $lost refused $refused"
	[ "$lost" -gt 0 ] || fail "none lost: make the flood larger"
	same "written and lost together" "$refused" $(($(counted "$session") + lost))
	same "of files" "$lost" "$(missing "$session" lost_file)"
	same "refusals" 60000 "$refused"
	same gaps '' "$(since | gaps)"
}

test_floods_are_folded_and_hide_nothing_of_quiet_sessions() {
	local name ids=() quiet lines
	touch "$OUT"/{one,two,three,twice} "$OUT"/quiet{1..20}
	settled
	mark
	for name in one two three; do
		waiting_session "$name" "files flood $OUT/$name 20000"
		ids+=("$session")
	done
	# shellcheck disable=SC2016
	waiting_session quiet 'for i in {1..20}; do files write '"$OUT"'/quiet$i; files write '"$OUT"'/twice; done'
	quiet=$session
	for name in one two three quiet; do set_off "$name"; done
	over quiet
	await "the quiet one's are there, while the others flood" eval '[ "$(counted "$quiet")" = 40 ]'
	for name in one two three; do over "$name"; done
	for session in "${ids[@]}" "$quiet"; do
		await "it has ended" ended "$session"
	done
	settled
	same "lost of the quiet one" 0 "$(missing "$quiet")"
	same "lines of the quiet one" 40 "$(since | fields session="$quiet" verdict=deny comm=files seq | wc -l)"
	for session in "${ids[@]}"; do
		same "refusals" 20000 "$(show "$session" denials)"
		same "told and lost together" 20000 $(($(counted "$session") + $(missing "$session")))
		lines=$(since | fields session="$session" verdict=deny comm=files seq | wc -l)
		[ "$lines" -gt 4 ] || fail "$lines lines"
		[ "$lines" -lt 400 ] || fail "$lines lines for 20000 refusals of one file"
		same "lines with a count and no time of the first" '' "$(since | fields session="$session" verdict=deny count first_time |
			awk '$1 != "-" && $2 == "-"')"
	done
	same gaps '' "$(since | gaps)"
}

# An event with a long path takes eight times the room: two sessions that flood with such would fill the buffer.
test_no_session_takes_the_room_of_another() {
	local name daemon quiet ids=() long
	long=$OUT/$(printf 'long%.0s' {1..50})
	daemon=$(daemon_pid)
	mkdir -p "$long"
	touch "$long"/{one,two,three} "$long"/quiet{1..12}
	settled
	mark
	for name in one two three; do
		waiting_session "$name" "files flood $long/$name 3000"
		ids+=("$session")
	done
	# shellcheck disable=SC2016
	waiting_session quiet 'for i in {1..12}; do files write '"$long"'/quiet$i; done'
	quiet=$session
	kill -STOP "$daemon"
	for name in one two three; do
		set_off "$name"
		over "$name"
	done
	set_off quiet
	over quiet
	kill -CONT "$daemon"
	for session in "${ids[@]}" "$quiet"; do
		await "it has ended" ended "$session"
	done
	settled
	same "refusals of the quiet one" 12 "$(counted "$quiet")"
	same "lost of it" 0 "$(missing "$quiet")"
	for session in "${ids[@]}"; do
		same "told and lost together" 3000 $(($(counted "$session") + $(missing "$session")))
	done
}

# What was folded when the daemon died is told as lost by the next; what it wrote a moment before may be told twice, at most one read of 64.
test_a_crash_of_the_daemon_leaves_the_count_of_what_it_had_folded() {
	local all id
	settled
	mark
	waiting_session crash "files flood $OUT/file 30000"
	id=$session
	set_off crash
	await "it is refused" eval '[ "$(counted "$id")" -ge 4 ]'
	sleep 0.3 # some are folded, and their second is not over
	kill_daemon KILL
	start_daemon
	over crash
	await "it has ended" ended "$id"
	settled
	all=$(($(counted "$id") + $(missing "$id")))
	echo "counted $(counted "$id") lost $(missing "$id")"
	[ $all -ge 30000 ] || fail "$((30000 - all)) refusals are in no count"
	[ $all -le 30064 ] || fail "$((all - 30000)) refusals are told twice"
}

test_a_policy_chooses_what_is_told_of_what_it_allows() {
	local id
	base_policy
	jq '.capabilities.base.audit = ["exec"] | .capabilities.workspace.audit = ["write"]' "$POLICY" >"$SCRATCH/told.json"
	mark
	POLICY=$SCRATCH/told.json confined bash -c "echo 1 >$WS/made; echo 2 >>$WS/made; echo 3 >>$WS/made; files read $WS/made; /usr/bin/true
		files write $OUT/file"
	await "its events are written" session_ended_since
	id=$(since | fields kind=session op=end session)
	same "files" "create w $WS/made workspace \$.capabilities.workspace.files[0] allow
open w $WS/made workspace \$.capabilities.workspace.files[0] allow" "$(since | fields session="$id" kind=file verdict=allow op right path capability rule verdict | tr '\t' ' ')"
	same "one exec of true" 1 "$(since | fields session="$id" kind=exec verdict=allow path=/usr/bin/true capability=base seq | wc -l)"
	same "refusals" "$OUT/file" "$(refusals path)"
	mark
	confined bash -c "echo 1 >$WS/other; /usr/bin/true; files write $OUT/file"
	await "its events are written" session_ended_since
	same "without a choice" "$OUT/file" "$(since | jq -r 'select(.kind == "file" or .kind == "exec").path')"
	jq '.capabilities.base.audit = "some"' "$POLICY" >"$SCRATCH/wrong.json"
	try holdfast policy check "$SCRATCH/wrong.json"
	holds "a wrong choice" "$output" '$.capabilities.base.audit: found the string "some", expected "all", "denials"'
}

# Inodes of overlayfs are known by their address, which another file gets once one is gone.
test_the_first_write_to_each_file_on_overlayfs_is_told() {
	local below=$SCRATCH/below over=$OUT/over
	mkdir -p "$below" "$over"
	mount -t tmpfs none "$below"
	mkdir "$below/lower" "$below/upper" "$below/work"
	touch "$below"/lower/b{1..100}
	mount -t overlay -o "lowerdir=$below/lower,upperdir=$below/upper,workdir=$below/work" none "$over"
	base_policy
	jq --arg path "$over" '.capabilities.over = { files: [ { path: $path, allow: "rw" } ], audit: ["write"] }' "$POLICY" >"$SCRATCH/over.json"
	mark
	POLICY=$SCRATCH/over.json confined python3 -c "import os
for i in range(1, 101):
    os.close(os.open(f'$over/a{i}', os.O_WRONLY | os.O_CREAT))
    os.unlink(f'$over/a{i}')
    os.close(os.open(f'$over/b{i}', os.O_WRONLY))"
	same "status: $output" 0 "$status"
	await "its events are written" session_ended_since
	umount -l "$over" "$below"
	same "files that were opened" 100 "$(since | fields kind=file verdict=allow op=open path | grep -c "^$over/b")"
}

test_connections_are_told_of_as_the_policy_chooses() {
	in_background net listen "$SCRATCH/arrived" 7001 7002
	await "the listener is ready" grep -q ready "$SCRATCH/arrived"
	base_policy '' '{ "cidr": "127.0.0.1/32", "port": 7001 }'
	jq '.capabilities.quiet = {"egress": [{"cidr": "127.0.0.1/32", "port": 7002}], "audit": "denials"}' "$POLICY" >"$SCRATCH/quiet.json"
	mark
	POLICY=$SCRATCH/quiet.json confined bash -c 'for port in 7001 7002 7003; do net tcp 127.0.0.1 $port; done'
	await "its events are written" session_ended_since
	same "events" 'connect 7001 allow net
close 7001 allow -
connect 7003 deny none' "$(since | fields kind=connect op port verdict capability | tr '\t' ' ')"
	base_policy
}

test_a_request_that_fails_is_told_with_who_asked_and_what_came_of_it() {
	local id
	mark
	waiting_session changed true
	id=$session
	api POST /v1/kills '{"session":"nosuchid"}' >"$SCRATCH/answer"
	api PUT "/v1/sessions/$id/policy" '{"policy":{"holdfast":2}}' >"$SCRATCH/answer"
	api GET /v1/sessions/nosuchid >"$SCRATCH/answer"
	set_off changed
	over changed
	await "it has ended" ended "$id"
	settled
	same "who and what" 'root (uid 0) POST /v1/kills: 404
root (uid 0) PUT /v1/sessions/:id/policy: 422' "$(since | fields kind=admin verdict=deny actor reason | tr '\t' ' ' | sed 's/: [^:]*$//; s/\(: 4[0-9][0-9]\).*/\1/')"
}

test_tail_filters_and_goes_on_over_a_restart_of_the_daemon() {
	local first
	settled
	mark
	first=$(tail -n 1 "$AUDIT" | fields seq)
	confined bash -c "files write $OUT/file; files write /etc/passwd"
	settled
	await "both sessions have ended" eval '[ "$(since | fields kind=session op=end seq | wc -l)" = 2 ]'
	tailed() {
		holdfast tail --no-follow --json "$@"
	}
	same "denials" "$(since | fields verdict=deny seq)" "$(tailed --since "$first" --verdict deny | fields seq)"
	same "kinds" "$(since | jq -r 'select(.kind == "file" or .kind == "session").seq')" "$(tailed --since "$first" --kind session,file | fields seq)"
	same "of a capability" '' "$(tailed --since "$first" --capability workspace)"
	same "of no capability" "$(since | fields capability=none seq)" "$(tailed --since "$first" --capability none | fields seq)"
	same "since a time" "$(since | fields verdict=deny seq)" "$(tailed --since "$(since | sed -n 1p | fields time)" --verdict deny | fields seq)"
	holds "of the last hour" "$(tailed --since 1h | fields seq)" "$first"
	same "colours to what is no terminal" '' "$(holdfast tail --no-follow --since "$first" | grep $'\033' || true)"
	try holdfast tail --since yesterday
	same "status of a wrong time" 2 "$status"
	in_background bash -c "holdfast tail --json --since $first >$SCRATCH/followed 2>$SCRATCH/said"
	await "it follows" grep -q . "$SCRATCH/followed"
	kill_daemon KILL
	start_daemon
	settled
	await "it goes on" eval 'grep -qF "$(tail -n 1 "$AUDIT")" "$SCRATCH/followed"'
	same gaps '' "$(gaps <"$SCRATCH/followed")"
	same "first" $((first + 1)) "$(sed -n 1p "$SCRATCH/followed" | fields seq)"
	[[ $(<"$SCRATCH/said") =~ ^$|'waiting for it to come back' ]] || fail "what it says: $(<"$SCRATCH/said")"
	pkill -P "$pid" || true
}

test_every_line_is_as_the_schema_says_and_another_is_not() {
	confined files write "$OUT/file"
	settled
	try python3 "$TESTS/lib/schema.py" "$SCHEMA" "$AUDIT"
	same "status: $output" 0 "$status"
	local line
	line=$(fields kind=file verdict=deny seq <"$AUDIT" | tail -n 1)
	for change in '.seq = "1"' '.kind = "fiel"' 'del(.path)' '.time = "now"' '.colour = "red"' '.verdict = true'; do
		jq -c "select(.seq == $line) | $change" "$AUDIT" >"$SCRATCH/changed"
		try python3 "$TESTS/lib/schema.py" "$SCHEMA" "$SCRATCH/changed"
		same "status with $change" 1 "$status"
	done
}

test_the_stream_verifies_with_its_key_and_a_changed_copy_does_not() {
	local copy=$SCRATCH/copy last first
	settled
	try holdfast audit verify
	same "status: $output" 0 "$status"
	holds "what it says" "$output" "checkpoint"
	same "mode of the key" 600 "$(stat -c %a /var/lib/holdfast/audit.key)"
	same "mode of its public half" 644 "$(stat -c %a "$AUDIT.pub")"
	kill_daemon TERM
	cp -r /var/log/holdfast "$copy"
	start_daemon
	cp "$AUDIT.pub" "$SCRATCH/public.pem"
	try holdfast audit verify "$copy" --key "$SCRATCH/public.pem" --json
	same "status of the copy: $output" 0 "$status"
	last=$(jq .last <<<"$output")
	same "vouched for" $((last - 1)) "$(jq .vouched <<<"$output")"
	try holdfast audit verify "$copy" --at-least $((last + 1))
	same "status when lines are missing at the end" 1 "$status"
	first=$(find "$copy" -name 'audit.ndjson.0*' | sort | head -n 1)
	first=${first:-$copy/audit.ndjson}
	sed -i '3s/"seq":3,"time":"20/"seq":3,"time":"21/' "$first"
	try holdfast audit verify "$copy"
	same "status of a changed copy" 1 "$status"
	holds "what it says" "$output" "${first##*/}: line 3 (seq 3): its text was changed"
	same "where, as JSON" "${first##*/} 3 3" "$(holdfast audit verify "$copy" --json | jq -r '"\(.file) \(.line) \(.seq)"')"
	try holdfast audit verify "$SCRATCH/nothing"
	same "status of what is not there" 4 "$status"
}

test_events_are_exported_as_cef_and_ocsf() {
	local last
	confined files write "$OUT/file"
	settled
	last=$(fields kind=file verdict=deny path="$OUT/file" seq <"$AUDIT" | tail -n 1)
	holds "as CEF" "$(holdfast audit export --format cef --since $((last - 1)) | sed -n 1p)" "|file.open|file open denied|6|"
	same "as OCSF" "1001 $last $OUT/file" "$(holdfast audit export --format ocsf --since $((last - 1)) | sed -n 1p |
		jq -r '"\(.class_uid) \(.metadata.sequence) \(.file.path)"')"
	same "lines that are no OCSF" '' "$(holdfast audit export --format ocsf | jq -c 'select((.time and .type_uid and .unmapped.hash) | not)')"
	try holdfast audit export --format xml
	same "status" 2 "$status"
}

# Of a flood some events are lost, more where the daemon is slow: whether those that were written led to the removal of a file.
flooded() {
	# shellcheck disable=SC2016
	confined bash -c 'for i in {1..2000}; do : >"$1$i"; done 2>/dev/null' each "$OUT/no"
	grep -qs '"op":"audit-removed"' "$AUDIT" "$AUDIT".0*
}

test_the_stream_goes_on_in_a_new_file_and_old_ones_go() {
	local first last
	[ ! -f "$CONFIG" ] || fail "there is a configuration already"
	AUDIT=$ROTATING/audit.ndjson
	touch "$SCRATCH/configured"
	mkdir -p "${CONFIG%/*}"
	printf '{"audit": "%s", "audit_rotate_size": "1M", "audit_rotate_age": "24h", "audit_keep": 2}' "$AUDIT" >"$CONFIG"
	kill_daemon TERM
	start_daemon
	patience=400 await "old files are gone" flooded
	settled
	same "files kept" 2 "$(find "$ROTATING" -name 'audit.ndjson.0*' | wc -l)"
	try holdfast audit verify "$ROTATING" --json
	same "status: $output" 0 "$status"
	first=$(jq .first <<<"$output") last=$(jq .last <<<"$output")
	same "removed" $((first - 1)) "$(jq .removed <<<"$output")"
	[ "$first" -gt 1 ] || fail "nothing was removed"
	same "first line by the API" "$first" "$(holdfast tail --json --since 0 --no-follow | sed -n 1p | fields seq)"
	same gaps '' "$(holdfast tail --json --since 0 --no-follow | gaps)"
	same "the last ten by the API" $((last - 9)) "$(holdfast tail --json --since $((last - 10)) --no-follow | sed -n 1p | fields seq)"
	kill_daemon KILL
	start_daemon
	try holdfast audit verify "$ROTATING"
	same "status after a kill: $output" 0 "$status"
}

run_suite "$@"
