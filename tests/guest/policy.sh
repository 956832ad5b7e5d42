#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Policies: what is wrong with one is said at once and nothing of it applied; one is replaced by another in one step.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

base_policy
A=$SCRATCH/a.json
B=$SCRATCH/b.json

# A policy wrong in five places.
write_bad() {
	cat >"$SCRATCH/bad.json" <<-'END'
		{ "holdfast": 1, "name": "bad", "colour": "blue",
		  "capabilities": {
		    "base": { "files": [ { "path": "relative", "allow": "r" }, { "path": "/usr", "allow": "rz" } ] },
		    "net": { "egress": [ { "cidr": "300.0.0.1/8" }, { "cidr": "127.0.0.1/32", "port": 70000 } ] } } }
	END
}

test_policy_check_accepts_the_policies_that_are_shipped() {
	local file
	for file in /usr/share/holdfast/policies/*.json; do
		try holdfast policy check "$file"
		same "$file: $output" 0 "$status"
	done
}

test_policy_check_names_file_place_and_fault_of_all_errors_at_once() {
	local place
	write_bad
	try holdfast policy check "$SCRATCH/bad.json"
	[ "$status" != 0 ] || fail "accepted"
	holds file "$output" "$SCRATCH/bad.json"
	for place in '$.colour' '$.capabilities.base.files[0].path' '$.capabilities.base.files[1].allow' '$.capabilities.net.egress[0].cidr' \
		'$.capabilities.net.egress[1].port'; do
		holds place "$output" "$place"
	done
}

test_text_that_is_no_json_is_refused_with_its_line() {
	printf '{ "holdfast": 1,\n  "name": }\n' >"$SCRATCH/broken.json"
	try holdfast policy check "$SCRATCH/broken.json"
	[ "$status" != 0 ] || fail "accepted"
	holds output "$output" "$SCRATCH/broken.json"
	holds output "$output" 2
}

test_run_with_a_bad_policy_runs_nothing() {
	write_bad
	try holdfast run --policy "$SCRATCH/bad.json" --workspace "$WS" -- touch "$WS/ran"
	[ "$status" != 0 ] || fail "it ran"
	holds output "$output" '$.capabilities.base.files[0].path'
	[ ! -e "$WS/ran" ] || fail "it ran"
	try holdfast run --policy no-such-policy --workspace "$WS" -- touch "$WS/ran"
	same "status for an unknown name" 4 "$status"
	[ ! -e "$WS/ran" ] || fail "it ran"
}

test_applying_a_bad_policy_leaves_the_old_one_in_force() {
	write_bad
	mkfifo "$WS/ask"
	rm -f "$WS/said"
	start_session old bash -c "while read -r file <$WS/ask; do files read \$file >>$WS/said; done"
	echo inside >"$WS/inside"
	echo outside >"$OUT/outside"
	try holdfast policy apply "$session" "$SCRATCH/bad.json"
	[ "$status" != 0 ] || fail "applied"
	holds output "$output" '$.capabilities.net.egress[0].cidr'
	same "policy in force" suite-policy "$(show "$session" policy)"
	echo "$WS/inside" >"$WS/ask"
	await "it has read" grep -q 'done' "$WS/said"
	echo "$OUT/outside" >"$WS/ask"
	await "it was refused" grep -q 'refused EACCES' "$WS/said"
}

test_a_policy_that_takes_a_right_away_reaches_descriptors_that_are_open() {
	rm -f "$WS/said" "$WS/step"
	mkfifo "$WS/step"
	echo text >"$WS/data"
	start_session held bash -c "exec 7>>$WS/data; echo open >>$WS/said; read -r line <$WS/step; files write-descriptor 7 >>$WS/said"
	await "it is open" grep -q open "$WS/said"
	jq '.capabilities.workspace.files += [{"path": "${WORKSPACE}/data", "deny": "w"}]' "$POLICY" >"$SCRATCH/less.json"
	holdfast policy apply "$session" "$SCRATCH/less.json"
	echo go >"$WS/step"
	await "it has tried" grep -Eq 'done|refused' "$WS/said"
	same "the write" 'refused EACCES' "$(tail -n 1 "$WS/said")"
	same "the file" text "$(<"$WS/data")"
}

test_a_policy_that_gives_a_right_works_at_once() {
	rm -f "$WS/said" "$WS/step2"
	mkfifo "$WS/step2"
	echo text >"$OUT/given"
	start_session more bash -c "files read $OUT/given >>$WS/said; read -r line <$WS/step2; files read $OUT/given >>$WS/said"
	await "it was refused" grep -q 'refused EACCES' "$WS/said"
	jq --arg path "$OUT/given" '.capabilities.workspace.files += [{"path": $path, "allow": "r"}]' "$POLICY" >"$SCRATCH/more.json"
	holdfast policy apply "$session" "$SCRATCH/more.json"
	echo go >"$WS/step2"
	await "it has read" grep -q 'done' "$WS/said"
}

# Two policies that differ in which capability is granted and in what each capability allows, so that the nodes of one under the
# grants of the other would refuse "both" or open "neither".
write_pair() {
	jq --arg out "$OUT" '
		def files(name): [ { path: ($out + "/" + name), allow: "r" } ];
		.name = "policy-a" | .capabilities += {
			one: { authorization: "always", files: files("both") }, two: { authorization: "ask", files: files("neither") } }
		| .capabilities.base.files += files("a")' "$POLICY" >"$A"
	jq --arg out "$OUT" '
		def files(name): [ { path: ($out + "/" + name), allow: "r" } ];
		.name = "policy-b" | .capabilities += {
			one: { authorization: "ask", files: files("neither") }, two: { authorization: "always", files: files("both") } }
		| .capabilities.base.files += files("b")' "$POLICY" >"$B"
}

test_a_policy_replaced_1000_times_is_always_seen_whole() {
	local counts
	write_pair
	tee "$OUT/both" "$OUT/neither" "$OUT/a" "$OUT/b" <<<text >/dev/null
	try holdfast policy check "$A"
	same "$output" 0 "$status"
	POLICY=$B
	start_session replaced replace open "$WS/page" "$OUT/both" "$OUT/neither" "$OUT/a" "$OUT/b"
	counts=$(timeout 300 replace policies "$WS/page" "$session" "$A" "$B" 1000) || fail "$counts"
	echo "$counts"
	[[ $counts =~ ^both\ ([0-9]+)\ ([0-9]+)\ neither\ ([0-9]+)\ ([0-9]+)\ a\ ([0-9]+)\ ([0-9]+)\ b\ ([0-9]+)\ ([0-9]+)$ ]] || fail "$counts"
	same "refusals of what both allow" 0 "${BASH_REMATCH[2]}"
	same "openings of what neither allows" 0 "${BASH_REMATCH[3]}"
	[ "${BASH_REMATCH[1]}" -gt 100 ] && [ "${BASH_REMATCH[4]}" -gt 100 ] || fail "too few: $counts"
	# Each of the two was seen.
	[ "${BASH_REMATCH[5]}" -gt 0 ] && [ "${BASH_REMATCH[6]}" -gt 0 ] || fail "a: $counts"
	[ "${BASH_REMATCH[7]}" -gt 0 ] && [ "${BASH_REMATCH[8]}" -gt 0 ] || fail "b: $counts"
}

test_policy_list_names_the_policies_that_can_be_used() {
	holdfast policy list | grep -q coding-agent || fail "$(holdfast policy list)"
}

test_what_this_version_cannot_enforce_is_refused() {
	jq '.capabilities.net = {"egress": [{"host": "example.org", "port": 443}]}' "$POLICY" >"$SCRATCH/host.json"
	try holdfast policy check "$SCRATCH/host.json"
	[ "$status" != 0 ] || fail "a rule with a host name was accepted, though nothing enforces it"
	holds output "$output" '$.capabilities.net.egress[0].host'
}

run_suite "$@"
