#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Policies: what is wrong with one is said at once and nothing of it applied; one is replaced by another in one step.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

base_policy
A=$SCRATCH/a.json
B=$SCRATCH/b.json
CEILINGS=/etc/holdfast/ceilings

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

# write_registered NAME [POLICY]: a session registers $WS/data with io_uring, then has its policy replaced, and writes. Sets result.
write_registered() {
	rm -f "$WS/said" "$WS/step3"
	mkfifo "$WS/step3"
	printf text >"$WS/data"
	start_session "$1" bash -c "uring write-registered $WS/data $WS/step3 >$WS/said"
	await "it is registered" grep -q registered "$WS/said"
	[ -z "${2-}" ] || holdfast policy apply "$session" "$2"
	echo go >"$WS/step3"
	await "it has tried" grep -Eq 'done|refused' "$WS/said"
	result="$(tail -n 1 "$WS/said") $(<"$WS/data")"
}

test_a_policy_that_takes_a_right_away_reaches_files_registered_with_io_uring() {
	local result
	write_registered registered
	same "with the right" 'done xext' "$result"
	jq '.capabilities.workspace.files += [{"path": "${WORKSPACE}/data", "deny": "w"}]' "$POLICY" >"$SCRATCH/less.json"
	write_registered registered-less "$SCRATCH/less.json"
	same "without it" 'refused EACCES text' "$result"
}

# The sum of a file as it is on the disk.
on_disk() {
	sync
	echo 1 >/proc/sys/vm/drop_caches
	sha256sum <"$1"
}

# The file that is open is the donor: what it gets is the other's block. The other's descriptor is what the hook sees.
test_a_policy_that_takes_a_right_away_stops_the_trading_of_blocks() {
	local disk=$SCRATCH/trade POLICY=$SCRATCH/trade.json original before
	mkdir -p "$disk"
	truncate -s 8M "$SCRATCH/disk"
	mke2fs -q -F -t ext4 "$SCRATCH/disk"
	mount -o loop "$SCRATCH/disk" "$disk"
	head -c 4096 /dev/zero | tr '\0' 0 >"$disk/victim"
	mkdir "$disk/own"
	head -c 4096 /dev/zero | tr '\0' 1 >"$disk/own/file"
	original=$(on_disk "$disk/victim")
	base_policy '{ "path": "'"$disk"'/own", "allow": "rw" }, { "path": "'"$disk"'/victim", "allow": "rw" }'
	jq '.capabilities.workspace.files[-1].allow = "r"' "$POLICY" >"$SCRATCH/less.json"
	rm -f "$WS/ask" "$WS/said"
	mkfifo "$WS/ask"
	start_session trade python3 -c "import errno, fcntl, os, struct
victim = os.open('$disk/victim', os.O_RDWR)
own = os.open('$disk/own/file', os.O_RDWR)
for line in open('$WS/ask'):
    try:
        fcntl.ioctl(own, 0xc028660f, struct.pack('=IIQQQQ', 0, victim, 0, 0, 1, 0))
        said = 'done'
    except OSError as e:
        said = 'refused ' + errno.errorcode[e.errno]
    print(said, file=open('$WS/said', 'a'))"
	exec 6>"$WS/ask"
	echo >&6
	await "it has tried" test -s "$WS/said"
	same control 'done' "$(<"$WS/said")"
	before=$original
	original=$(on_disk "$disk/victim")
	[ "$original" != "$before" ] || fail "control: the blocks were not traded"
	holdfast policy apply "$session" "$SCRATCH/less.json"
	echo >&6
	await "it has tried again" eval "[ \$(wc -l <$WS/said) = 2 ]"
	[[ $(tail -n 1 "$WS/said") == refused* ]] || fail "$(tail -n 1 "$WS/said")"
	same "the file" "$original" "$(on_disk "$disk/victim")"
	exec 6>&-
	holdfast kill "$session" || true
	await "it has ended" ended "$session"
	umount "$disk"
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

test_a_policy_replaced_again_and_again_is_always_seen_whole() {
	local counts
	write_pair
	tee "$OUT/both" "$OUT/neither" "$OUT/a" "$OUT/b" <<<text >/dev/null
	try holdfast policy check "$A"
	same "$output" 0 "$status"
	POLICY=$B
	start_session replaced replace open "$WS/page" "$OUT/both" "$OUT/neither" "$OUT/a" "$OUT/b"
	counts=$(timeout 900 replace policies "$WS/page" "$session" "$A" "$B" 250) || fail "$counts"
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
	holds list "$(holdfast policy list)" coding-agent
}

test_what_this_version_cannot_enforce_is_refused() {
	jq '.tools = []' "$POLICY" >"$SCRATCH/tools.json"
	try holdfast policy check "$SCRATCH/tools.json"
	[ "$status" != 0 ] || fail "tools were accepted, though nothing enforces them"
	holds output "$output" '$.tools'
}

# ---- paths and texts that are hard to follow ---------------------------------------------------------------------------------

# nothing_runs WORDS...: a session under $POLICY does not begin, and the error has these words.
nothing_runs() {
	local words
	rm -f "$WS/ran"
	try holdfast run --policy "$POLICY" --workspace "$WS" -- touch "$WS/ran"
	[ "$status" != 0 ] || fail "it ran"
	[ ! -e "$WS/ran" ] || fail "it ran"
	for words; do
		holds error "$output" "$words"
	done
}

test_a_rule_through_a_loop_of_symlinks_is_refused_with_its_place() {
	local POLICY=$SCRATCH/loop.json
	ln -sfn loop-b "$WS/loop-a"
	ln -sfn loop-a "$WS/loop-b"
	base_policy '{ "path": "${WORKSPACE}/loop-a/file", "deny": "w" }'
	nothing_runs '$.capabilities.workspace.files[1].path' 'a loop of symlinks' "$WS/loop-a/file"
	base_policy '{ "path": "${WORKSPACE}/loop-a", "allow": "r" }'
	nothing_runs '$.capabilities.workspace.files[1].path' 'a loop of symlinks'
}

test_a_rule_at_a_dangling_link_is_about_what_it_would_lead_to() {
	local POLICY=$SCRATCH/dangling.json
	rm -rf "${WS:?}"/* "${OUT:?}"/*
	ln -s not-there "$WS/denied"
	ln -s "$OUT/not-there" "$WS/allowed"
	base_policy '{ "path": "${WORKSPACE}/denied", "deny": "w" }, { "path": "${WORKSPACE}/allowed", "allow": "rw" }'
	confined bash -c "cd $WS; files create not-there; files write denied; files unlink denied; files rename not-there-either not-there
		files creat allowed; files read $OUT/not-there; files creat $OUT/beside; files creat beside"
	same confined "$(printf 'refused %s\n' EACCES ENOENT EACCES ENOENT; printf 'done\ndone\nrefused EACCES\ndone')" "$output"
	same "what is there" "$(printf '%s\n' "$OUT/not-there" "$WS/allowed" "$WS/beside" "$WS/denied")" "$(find "$WS" "$OUT" ! -type d | sort)"
}

# long BYTES: a path of that length in the workspace.
long() {
	local path=$WS name
	printf -v name '%200s' ''
	while [ $((${#path} + 202)) -lt "$1" ]; do
		path+=/${name// /d}
	done
	printf -v name "%$(($1 - ${#path} - 1))s" ''
	echo "$path/${name// /f}"
}

test_a_rule_at_the_longest_path_holds_exactly_and_a_longer_one_is_refused() {
	local POLICY=$SCRATCH/long.json path
	path=$(long 4095)
	same length 4095 ${#path}
	mkdir -p "${path%/*}"
	(cd "${path%/*}" && touch "${path##*/}" beside)
	base_policy '{ "path": "'"$path"'", "deny": "rw" }'
	same control 'done' "$(files write "$path")"
	mark
	confined bash -c "files write $path; files read $path; files write ${path%/*}/beside"
	same confined $'refused EACCES\nrefused EACCES\ndone' "$output"
	await "its events are written" session_ended_since
	holds event "$(refusals path | sed -n 1p)" "${path: -3500}"
	base_policy '{ "path": "'"$(long 4096)"'", "deny": "rw" }'
	nothing_runs '$.capabilities.workspace.files[1].path' 4095
	rm -rf "${WS:?}"/ddd*
}

test_100000_rules_are_enforced_each() {
	local POLICY=$SCRATCH/many.json number
	mkdir -p "$OUT/many"
	mount -t tmpfs none "$OUT/many" # places that exist and places that do not
	(cd "$OUT/many" && seq 1 2 100000 | xargs touch)
	base_policy '{ "path": "'"$OUT"'/many", "allow": "rw" },
		'"$(seq -f '{"path": "'"$OUT"'/many/%.0f", "deny": "w"},' 99999)"' { "path": "'"$OUT"'/many/100000", "deny": "w" }'
	try holdfast run --policy "$POLICY" --workspace "$WS" -- bash -c "cd $OUT/many
		for number in 1 2 3 4 24999 25000 49999 50000 65535 65536 75001 99998 99999 100000; do files creat \$number; done; files creat 0; files creat 100001"
	umount "$OUT/many"
	for number in {1..14}; do echo 'refused EACCES'; done >"$SCRATCH/expected"
	same "$POLICY" "$(<"$SCRATCH/expected")"$'\ndone\ndone' "$output"
}

test_text_that_is_no_utf8_is_refused_and_names_that_are_none_are_held_by_the_folder() {
	local POLICY=$SCRATCH/utf8.json
	rm -rf "${OUT:?}"/*
	base_policy '{ "path": "'"$OUT"/$'na\xefve''", "deny": "w" }' # in Latin-1
	nothing_runs UTF-8
	same "by the API" 400 "$(printf '{"policy_text":"\xff"}' | curl -s -o /dev/null -w '%{http_code}' --unix-socket "$SOCKET" --data-binary @- \
		http://localhost/v1/sessions)"
	base_policy '{ "path": "'"$OUT"'", "allow": "rw" }, { "path": "'"$OUT"'/na\u00efve", "deny": "w" }, { "path": "'"$OUT"'/grün", "deny": "w" }'
	confined bash -c "cd $OUT; files creat $'na\xc3\xafve'; files creat grün; files creat $'na\xefve'; files creat $'gr\xfcn'"
	same confined "$(printf 'refused EACCES\nrefused EACCES\ndone\ndone')" "$output"
	base_policy '{ "path": "'"$OUT"'", "deny": "w" }'
	confined bash -c "cd $OUT; files write $'na\xefve'"
	same "by the folder" 'refused EACCES' "$output"
}

# ---- ceilings ----------------------------------------------------------------------------------------------------------------

clean_up() {
	rm -rf "$CEILINGS"
}

# put_ceiling FILE RULES [MORE]: everything is allowed but what the rules, of a capability "secrets", say.
put_ceiling() {
	mkdir -p "$CEILINGS/users"
	cat >"$CEILINGS/$1" <<-END
		{ "holdfast": 1, "name": "ceiling-${1%%[./]*}", "capabilities": {
		    "rest": { "files": [ { "path": "/", "allow": "rwxc" } ] }, "secrets": { "files": [ $2 ] } }${3:+, $3} }
	END
}

# A policy that allows all of $OUT and a port; $OUT has a secret.
wide_policy() {
	POLICY=$SCRATCH/wide.json
	jq --arg out "$OUT" '.capabilities.workspace.files += [ { path: $out, allow: "rw" }, { path: "/home/dev", allow: "rw" } ]
		| .capabilities.net = { egress: [ { cidr: "127.0.0.1", port: 7001 } ] }' "$SCRATCH/policy.json" >"$POLICY"
	chmod 755 "$SCRATCH"
	chmod 644 "$POLICY"
	tee "$OUT/secret" "$OUT/other" <<<text >/dev/null
}

# refused_by LAYER CAPABILITY RULE COMMAND...: one refusal in a session, by that.
refused_by() {
	local layer=$1 capability=$2 rule=$3
	shift 3
	mark
	confined "$@"
	same "$*" 'refused EACCES' "$output"
	await "its events are written" session_ended_since
	same "$*: $(refusals)" "$layer|$capability|$rule" "$(refusals layer capability rule | tr '\t' '|')"
}

test_a_ceiling_of_the_host_clips_a_session() {
	wide_policy
	confined files read "$OUT/secret"
	same "without a ceiling" 'done' "$output"
	put_ceiling host.json '{ "path": "'"$OUT/secret"'", "deny": "r", "hint": "Not on this host." }'
	refused_by host secrets '$.capabilities.secrets.files[0]' files read "$OUT/secret"
	same hint 'Not on this host.' "$(refusals hint)"
	same reason "a rule of the host's ceiling denies it" "$(refusals reason)"
	allowed files write "$OUT/secret"
	allowed files read "$OUT/other"
	refused_by host none 'default deny' net tcp 127.0.0.1 7001
	# What the policy itself does not allow stays its own refusal.
	refused_by policy none 'default deny' files read "$SCRATCH/policy.json"
}

test_a_ceiling_allows_nothing_by_itself() {
	echo text >"$OUT/other"
	put_ceiling host.json ''
	refused_by policy none 'default deny' files write "$OUT/other"
}

test_what_no_rule_of_a_ceiling_allows_is_refused_in_its_name() {
	wide_policy
	put_ceiling host.json ''
	jq --arg ws "$WS" '.capabilities.rest.files = [ { path: "/", allow: "rx" }, { path: $ws, allow: "w" }, { path: "/dev", allow: "w" } ]' \
		"$CEILINGS/host.json" >"$SCRATCH/ceiling.json"
	cp "$SCRATCH/ceiling.json" "$CEILINGS/host.json"
	refused_by host none 'default deny' files write "$OUT/other"
	allowed files read "$OUT/other"
}

test_the_ceiling_of_a_user_holds_for_that_user() {
	local secret=/home/dev/secret work=/home/dev/work id
	wide_policy
	su dev -c "mkdir -p $work; echo text >$secret"
	put_ceiling users/dev.json '{ "path": "/home/dev/secret", "deny": "r" }'
	mark
	same "dev's session" 'refused EACCES' "$(su dev -c "holdfast run --policy $POLICY --workspace $work -- $TESTS/guest/files read $secret" || true)"
	await "its events are written" session_ended_since
	same event 'user|secrets|$.capabilities.secrets.files[0]' "$(refusals layer capability rule | tr '\t' '|')"
	id=$(since | fields kind=session op=start session)
	same "what the session shows" '[{"layer":"user","name":"ceiling-users","file":"'"$CEILINGS"'/users/dev.json"}]true' \
		"$(holdfast show "$id" --json | jq -cj '.ceilings, .clipped')"
	holds show "$(holdfast show "$id")" "user ceiling-users $CEILINGS/users/dev.json"
	allowed files read "$secret" # root has none
	put_ceiling user.json '{ "path": "/home/dev/secret", "deny": "r" }'
	refused_by user secrets '$.capabilities.secrets.files[0]' files read "$secret"
}

test_a_broken_ceiling_stops_runs_with_a_clear_error() {
	local bad=$CEILINGS/host.json
	start_session before sleep infinity
	put_ceiling host.json '{ "path": "relative", "deny": "r" }, { "path": "/usr", "deny": "z" }'
	try holdfast run --policy "$POLICY" --workspace "$WS" -- touch "$WS/ran-under-broken"
	same "status: $output" 1 "$status"
	holds error "$output" "the ceiling $bad has errors"
	holds error "$output" "$bad: \$.capabilities.secrets.files[0].path: "
	holds error "$output" "$bad: \$.capabilities.secrets.files[1].deny: "
	try holdfast policy apply "$session" "$POLICY"
	same "status of apply: $output" 1 "$status"
	holds error "$output" "$bad"
	same "the session of before" running "$(show "$session" state)"
	try holdfast policy check "$bad"
	same "status of check" 1 "$status"
	put_ceiling host.json ''
	chmod g+w "$bad"
	try holdfast run --policy "$POLICY" --workspace "$WS" -- touch "$WS/ran-under-broken"
	same "status: $output" 1 "$status"
	holds error "$output" "$bad must belong to root"
	[ ! -e "$WS/ran-under-broken" ] || fail "it ran"
	chmod g-w "$bad"
	allowed files create "$WS/ran-under-sound-$RANDOM"
}

# What a session that is asked through $WS/ask answers, at the end of $WS/said.
answers() {
	local before
	before=$(wc -l <"$WS/said")
	echo "$1" >"$WS/ask"
	await "it has answered" eval "[ \$(wc -l <$WS/said) -gt $before ]"
	tail -n 1 "$WS/said"
}

test_a_session_keeps_its_ceilings_over_a_restart_of_the_daemon() {
	local group
	wide_policy
	rm -f "$WS/ask" "$WS/said"
	mkfifo "$WS/ask"
	touch "$WS/said"
	start_session kept bash -c "while read -r file <$WS/ask; do files read \$file >>$WS/said; done"
	same "without a ceiling" 'done' "$(answers "$OUT/secret")"
	put_ceiling host.json '{ "path": "'"$OUT/secret"'", "deny": "r" }' '"limits": { "pids": 123 }'
	same "a ceiling counts from the next apply on" 'done' "$(answers "$OUT/secret")"
	holdfast policy apply "$session" "$POLICY"
	same "after that" 'refused EACCES' "$(answers "$OUT/secret")"
	group=$(holdfast show "$session" --json | jq -r .cgroup)
	same "tasks at most" 123 "$(cat "$(findmnt -n -t cgroup2 -o TARGET | sed -n 1p)$group/pids.max")"
	kill_daemon KILL
	rm -rf "$CEILINGS"
	put_ceiling user.json '{ "path": "relative", "deny": "r" }'
	put_ceiling hosts.json ''
	start_daemon
	holds "what the daemon says of a broken one" "$(tail -n 20 /var/log/holdfastd.log)" "$CEILINGS/user.json: \$.capabilities.secrets.files[0].path: "
	holds "and of what is none" "$(tail -n 20 /var/log/holdfastd.log)" "$CEILINGS/hosts.json is no ceiling"
	mark
	same "with a new daemon" 'refused EACCES' "$(answers "$OUT/secret")"
	await "its event is written" refused_since
	same event 'host|secrets|$.capabilities.secrets.files[0]' "$(refusals layer capability rule | tr '\t' '|')"
	same "what the session shows" 'ceiling-host true' "$(holdfast show "$session" --json | jq -r '"\(.ceilings[0].name) \(.clipped)"')"
}

run_suite "$@"
