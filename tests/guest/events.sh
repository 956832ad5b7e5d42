#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The event stream: numbered without gaps, chained, and honest about what was lost.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

base_policy
echo outside >"$OUT/file"

# The numbers of the whole stream go up by one from line to line.
numbered() {
	jq -s 'map(.seq) as $s | all(range(1; $s | length); $s[.] == $s[. - 1] + 1)' "$AUDIT"
}

test_every_line_is_one_json_object_with_the_fields_that_are_promised() {
	confined files write "$OUT/file"
	settled
	[ "$(jq -c 'select((.seq and .time and .kind and .prev and .hash) | not)' "$AUDIT" | wc -l)" = 0 ] ||
		fail "$(jq -c 'select((.seq and .time and .kind and .prev and .hash) | not)' "$AUDIT" | head -n 3)"
	jq -es 'all(.[]; .time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{9}Z$"))' "$AUDIT" >/dev/null || fail "time: $(tail -n 1 "$AUDIT")"
}

test_numbers_have_no_gaps() {
	same "without gaps" true "$(numbered)"
}

test_the_chain_verifies_and_a_changed_line_does_not() {
	python3 - "$AUDIT" <<-'END'
		import hashlib, json, sys
		prev = "0" * 64
		for n, line in enumerate(open(sys.argv[1], "rb"), 1):
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
	start_session announced true
	await "it has ended" ended "$session"
	id=$session
	await "both are written" eval '[ "$(since | jq -c "select(.session == \"'"$id"'\" and .kind == \"session\")" | wc -l)" -ge 2 ]'
	since | jq -e 'select(.kind == "session" and .agent == "announced" and .user == "root")' >/dev/null || fail "$(since)"
}

test_an_event_tells_who_did_what() {
	mark
	confined files write "$OUT/file"
	await "there is an event" refused_since
	same "the event" '{"comm":"files","kind":"file","verdict":"deny","right":"w","path":"'"$OUT/file"'","user":"root","uid":0}' \
		"$(refusals | jq -c '{comm, kind, verdict, right, path, user, uid}')"
}

test_tail_prints_the_stream_and_resumes_after_a_number() {
	local last
	confined files write "$OUT/file"
	settled
	last=$(tail -n 1 "$AUDIT" | jq .seq)
	same "lines after the last but three" 3 "$(holdfast tail --json --since $((last - 3)) --no-follow | head -n 3 | wc -l)"
	same "first of them" $((last - 2)) "$(holdfast tail --json --since $((last - 3)) --no-follow | head -n 1 | jq .seq)"
	holds "for people" "$(holdfast tail --no-follow --since $((last - 20)))" "$OUT/file"
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
	last=$(tail -n 1 "$AUDIT" | jq .seq)
	holds lines "$(curl -s --max-time 3 --unix-socket "$SOCKET" "http://localhost/v1/events?since=$((last - 1))" || true)" "\"seq\":$last,"
	holds events "$(curl -s --max-time 3 --unix-socket "$SOCKET" -H 'Accept: text/event-stream' "http://localhost/v1/events?since=$((last - 1))" || true)" "data: "
}

test_lost_events_are_counted_and_reported() {
	local daemon lost refused written
	daemon=$(daemon_pid)
	settled
	mark
	mkfifo "$WS/flood"
	start_session flood bash -c "read -r line <$WS/flood; files flood $OUT/file 60000; read -r line <$WS/flood"
	kill -STOP "$daemon"
	echo go >"$WS/flood"
	# The daemon cannot say when the flood is over: the agent's next read of its fifo does, which has a writer only then.
	timeout 120 bash -c "echo done >$WS/flood" || { kill -CONT "$daemon"; fail "the flood did not end"; }
	kill -CONT "$daemon"
	await "it has ended" ended "$session"
	await "the loss is reported" eval 'since | grep -q "\"kind\":\"lost\""'
	settled
	lost=$(since | jq -s 'map(select(.kind == "lost") | .count // .lost) | add')
	written=$(refusals | jq -c 'select(.comm == "files")' | wc -l)
	refused=$(holdfast show "$session" --json | jq .denials)
	echo "written $written lost $lost refused $refused"
	[ "$lost" -gt 0 ] || fail "none lost: make the flood larger"
	same "written and lost together" "$refused" $((written + lost))
	same "refusals" 60000 "$refused"
	same "without gaps" true "$(since | jq -s 'map(.seq) as $s | all(range(1; $s | length); $s[.] == $s[. - 1] + 1)')"
}

run_suite "$@"
