#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Explanations: what holdfast explain says is what a confined process then meets, to the rule; and why tells of it afterwards.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

SOCKETS=$SCRATCH/sockets
LAYERS=$SCRATCH/layers
base_policy '
	{ "path": "${WORKSPACE}/secret", "deny": "rwxc", "hint": "Ask the owner for the secret." },
	{ "path": "${WORKSPACE}/secret/public", "allow": "r" },
	{ "path": "${WORKSPACE}/secret/public/diary", "deny": "r" },
	{ "path": "${WORKSPACE}/later/deep/key", "deny": "rw" },
	{ "path": "${WORKSPACE}/merged/denied", "deny": "rw" },
	{ "path": "'"$OUT"'/readable", "allow": "r" },
	{ "path": "'"$OUT"'/shown", "deny": "w" },
	{ "path": "'"$SOCKETS"'/allowed", "allow": "c" }' '
	{ "cidr": "127.0.0.1/32", "port": 7001 },
	{ "cidr": "::1/128", "port": 7001 },
	{ "cidr": "127.0.1.0/24", "port": "7003-7004", "proto": "tcp" }'
jq --arg late "$OUT/late" '.capabilities.late = { authorization: "ask", files: [ { path: $late, allow: "rw" } ],
	egress: [ { cidr: "127.0.0.9", port: 7001 } ] }' "$POLICY" >"$POLICY.new" && mv "$POLICY.new" "$POLICY"

DEEP=$(printf 'd/%.0s' {1..60})
mkdir -p "$WS/secret/public" "$WS/folder" "$WS/bound" "$WS/merged" "$WS/$DEEP" "$OUT/readable" "$OUT/shown" "$OUT/late" "$OUT/$DEEP" \
	"$OUT/folder" "$SOCKETS" "$LAYERS" /etc/holdfast
mount -t tmpfs none "$LAYERS"
mkdir -p "$LAYERS/lower/denied" "$LAYERS/lower/folder" "$LAYERS/upper" "$LAYERS/work"
tee "$WS/file" "$WS/secret/key" "$WS/secret/public/page" "$WS/secret/public/diary" "$WS/${DEEP}file" "$OUT/file" "$OUT/readable/file" \
	"$OUT/shown/file" "$OUT/late/file" "$OUT/${DEEP}file" "$LAYERS/lower/denied/file" "$LAYERS/lower/folder/file" <<<text >/dev/null
mount -t overlay none -o "lowerdir=$LAYERS/lower,upperdir=$LAYERS/upper,workdir=$LAYERS/work" "$WS/merged"
mount --bind "$OUT/shown" "$WS/bound"
cp /usr/bin/true "$WS/program"
cp /usr/bin/true "$WS/secret/program"
cp /usr/bin/true "$OUT/program"
ln "$WS/secret/public/diary" "$WS/diary"
ln "$WS/secret/key" "$WS/alias"
ln -s "$OUT/file" "$WS/out-link"
ln -s "$OUT/folder" "$WS/folder-link"
ln -s "$OUT/dangling" "$WS/dangling-out"
ln -s made-through-link "$WS/dangling-in"
ln -s secret/public/page "$WS/page-link"
net listen "$SCRATCH/arrived" 7001 7002 7003 7004 7005 "$SOCKETS/allowed" "$SOCKETS/denied" >/dev/null 2>&1 &
LISTENER=$!
trap 'kill $LISTENER; umount -l "$WS/bound" "$WS/merged" "$LAYERS"; rm -rf "$SCRATCH"' EXIT
await "the listener is ready" grep -q ready "$SCRATCH/arrived"

# What a right is tried by. The path is opened as it is given, and made where it is not there.
cat >"$WS/agent" <<'END'
echo ready
while read -r right what proto; do
	case $right in
	r) : <"$what" ;;
	w) : >>"$what" ;;
	rw) : <>"$what" ;;
	x) "$what" ;;
	c) net unix "$what" | grep -q done ;;
	connect) net "$proto" "${what%,*}" "${what#*,}" | grep -q done ;;
	esac && echo "did" || echo "could not"
done 2>&1
END

# An agent for the suite, which tries what it is told to by a pipe that it holds open.
mkfifo "$SCRATCH/ask"
exec 8<>"$SCRATCH/ask"
holdfast run --policy "$POLICY" --workspace "$WS" --agent subject -- bash "$WS/agent" <"$SCRATCH/ask" 2>&1 | cat >"$SCRATCH/said" &
await "the agent is ready" grep -q ready "$SCRATCH/said"
SUBJECT=$(session_of subject)

said_more_than() {
	[ "$(grep -cE '^(did|could not)' "$SCRATCH/said")" -gt "$1" ]
}

# attempt RIGHT WHAT [PROTO]: the agent tries; sets output to what it says.
attempt() {
	local before
	before=$(grep -cE '^(did|could not)' "$SCRATCH/said" || true)
	echo "$*" >&8
	await "the agent tried: $*" said_more_than "$before"
	output=$(grep -E '^(did|could not)' "$SCRATCH/said" | tail -n 1)
}

# member NAME: sets value to that of $explained. By the shell itself: jq takes a second to start under emulation.
member() {
	[[ $explained =~ \"$1\":\"([^\"]*)\" ]] || fail "no $1 in: $explained"
	value=${BASH_REMATCH[1]}
}

# told EXPLANATION: prints what matters of it.
told() {
	local explained=$1 each
	for each in verdict path capability rule why; do
		member "$each"
		echo "$value"
	done
}

# compare ATTEMPT...: the explanation (in $explained, with its $status) and what the agent meets are the same.
compare() {
	local verdict capability rule why value
	member verdict && verdict=$value
	member capability && capability=$value
	member rule && rule=$value
	member why && why=$value
	mark
	attempt "$@"
	echo "$* : $verdict $why $capability $rule"
	if [ "$verdict" = allow ]; then
		same "status" 0 "$status"
		same "the agent, of what is explained as allowed: $*" did "$output"
		return
	fi
	same "status" 3 "$status"
	same "the agent, of what is explained as refused: $*" 'could not' "$output"
	await "the event is written" refused_since
	same "capability, rule and why of $*" "$capability	$rule	$why" "$(refusals capability rule why | sed -n 1p)"
}

# agrees RIGHT PATH [EXPECTED]: explained, then tried. EXPECTED is the verdict or the reason in a word that has to come out.
agrees() {
	status=0
	explained=$(holdfast explain "$SUBJECT" "$1" "$2" --json) || status=$?
	[ -n "$explained" ] || fail "no explanation of $1 $2: status $status"
	[ -z "${3-}" ] || holds "what is said of $1 $2" "$explained" "\"$3\""
	compare "$1" "$2"
}

# reaches ADDRESS PORT tcp|udp [EXPECTED]
reaches() {
	local host=$1
	[[ $host != *:* ]] || host="[$host]"
	status=0
	explained=$(holdfast explain "$SUBJECT" connect "$host:$2/$3" --json) || status=$?
	[ -z "${4-}" ] || holds "what is said of $*" "$explained" "\"$4\""
	compare connect "$1,$2" "${3/udp/udp-connect}"
}

test_existing_and_missing_files_inside_and_outside() {
	agrees r "$WS/file" allowed
	agrees w "$WS/file" allowed
	agrees rw "$WS/file" allowed
	agrees w "$WS/new" allowed
	agrees r "$WS/new" allowed
	agrees r "$OUT/file" no_rule
	agrees w "$OUT/file" no_rule
	agrees w "$OUT/new" no_rule
	agrees r "$OUT/readable/file" allowed
	agrees w "$OUT/readable/file" no_rule
	agrees r /etc/passwd allowed
	agrees w /etc/passwd no_rule
	agrees r "$WS/folder" allowed
	agrees r /root no_rule
	agrees r / no_rule
}

test_paths_through_symlinks_and_dots() {
	agrees r "$WS/out-link" no_rule
	agrees w "$WS/out-link" no_rule
	agrees w "$WS/folder-link/new" no_rule
	agrees w "$WS/folder-link/../file" no_rule
	agrees w "$WS/dangling-out" no_rule
	agrees w "$WS/dangling-in" allowed
	[ -e "$WS/made-through-link" ] || fail "nothing was made through the link"
	agrees r "$WS/page-link" allowed
	agrees w "$WS/page-link" rule
	agrees r "$WS/secret/../file" allowed
	agrees r "$WS/../out/file" no_rule
	agrees r "$WS/folder/.././/secret/public/../key" rule
}

test_denials_inside_allowances_and_allowances_inside_denials() {
	agrees r "$WS/secret/key" rule
	agrees w "$WS/secret/new" rule
	agrees r "$WS/secret" rule
	agrees r "$WS/secret/public/page" allowed
	agrees r "$WS/secret/public" allowed
	agrees w "$WS/secret/public/page" rule
	agrees r "$WS/secret/public/diary" rule
	holds hint "$(holdfast explain "$SUBJECT" r "$WS/secret/key" || true)" 'Ask the owner for the secret.'
}

test_hard_links_mounts_and_what_was_moved() {
	agrees r "$WS/diary" rule
	agrees w "$WS/diary"
	agrees r "$WS/alias"
	agrees w "$WS/alias"
	agrees r "$WS/bound/file"
	agrees w "$WS/bound/file" rule
	agrees w "$OUT/shown/file" rule
	agrees r "$WS/merged/folder/file" allowed
	agrees w "$WS/merged/folder/file" allowed
	agrees w "$WS/merged/new" allowed
	agrees r "$WS/merged/denied/file" rule
	agrees w "$WS/merged/denied/new" rule
	mkdir -p "$WS/mounted"
	mount --bind "$OUT/folder" "$WS/mounted"
	agrees w "$WS/mounted/new"
	umount "$WS/mounted"
	mv "$WS/secret/public" "$WS/moved"
	agrees r "$WS/moved/page"
	agrees w "$WS/moved/page"
	agrees r "$WS/moved/diary" rule
	mkdir "$WS/secret/public"
	echo text >"$WS/secret/public/page"
	agrees r "$WS/secret/public/page"
	rm -r "$WS/secret/public"
	mv "$WS/moved" "$WS/secret/public"
}

test_names_that_a_rule_has_before_they_exist() {
	agrees w "$WS/later" way
	mkdir -p "$WS/later/deep/deeper"
	agrees w "$WS/later/deep/key" rule
	agrees w "$WS/later/deep/other" allowed
	agrees w "$WS/later/other" allowed
	agrees w "$WS/later/deep/deeper/key" allowed
	echo text >"$WS/later/deep/key"
	agrees r "$WS/later/deep/key" rule
	agrees r "$WS/later/deep" allowed
	rm -r "$WS/later"
	holds "far below what is not there" "$(holdfast explain "$SUBJECT" w "$WS/later/deep/key" --json || true)" '"rule"'
	holds "beside it" "$(holdfast explain "$SUBJECT" w "$WS/later/deep/other" --json)" '"exists":false'
}

test_deep_folders() {
	agrees r "$WS/${DEEP}file" allowed
	agrees w "$WS/${DEEP}new" allowed
	agrees r "$OUT/${DEEP}file" no_rule
	agrees w "$OUT/${DEEP}new" no_rule
}

test_programs_and_sockets() {
	agrees x "$WS/program" allowed
	agrees x "$WS/secret/program" rule
	agrees x "$OUT/program" no_rule
	agrees x /usr/bin/true allowed
	agrees c "$SOCKETS/allowed" allowed
	agrees c "$SOCKETS/denied" no_rule
}

test_what_is_sealed() {
	agrees r /var/lib/holdfast/holdfast.db guard
	agrees r /var/log/holdfast guard
	agrees w /proc/sys/kernel/hostname guard
	agrees r /proc/sys/kernel/hostname allowed
	agrees w /etc/holdfast/new guard
	agrees w /usr/bin/holdfast guard
	agrees r /sys/fs/bpf guard
	agrees c "$SOCKET" no_rule
}

test_addresses_and_ports() {
	reaches 127.0.0.1 7001 tcp allowed
	reaches 127.0.0.1 7001 udp allowed
	reaches ::1 7001 tcp allowed
	reaches ::ffff:127.0.0.1 7001 tcp allowed
	reaches 127.0.0.1 7002 tcp no_rule
	reaches ::1 7002 tcp no_rule
	reaches 127.0.1.9 7003 tcp allowed
	reaches 127.0.1.9 7004 tcp allowed
	reaches 127.0.1.9 7005 tcp no_rule
	reaches 127.0.1.9 7003 udp no_rule
	reaches 127.0.2.9 7003 tcp no_rule
	reaches 127.0.0.9 7001 tcp inactive
}

test_a_capability_that_asks() {
	agrees r "$OUT/late/file" inactive
	agrees w "$OUT/late/new" inactive
	holds state "$explained" '"state":"not granted"'
	holds capability "$explained" '"capability":"late"'
}

# The numbers are those of the policy's order: base, workspace, net, late.
test_a_capability_that_is_granted_killed_and_lifted() {
	local slot
	slot=$(show "$SUBJECT" slot)
	masks "$slot" grant 3
	agrees r "$OUT/late/file" allowed
	agrees w "$OUT/late/new" allowed
	reaches 127.0.0.9 7001 tcp allowed
	masks "$slot" kill 3
	agrees r "$OUT/late/file" inactive
	holds state "$explained" '"state":"killed"'
	masks "$slot" kill 2
	reaches 127.0.0.1 7001 tcp inactive
	reaches 127.0.1.9 7005 tcp no_rule
	masks "$slot" lift 2
	reaches 127.0.0.1 7001 tcp allowed
	masks "$slot" revoke 3
	masks "$slot" lift 3
	agrees r "$OUT/late/file" inactive
}

test_why_tells_of_the_last_refusals_and_what_would_allow_them() {
	local told
	attempt r "$OUT/file"
	attempt r "$WS/secret/key"
	settled
	told=$(holdfast why "$SUBJECT" -n 2)
	holds "what was tried" "$told" "tried to read $OUT/file (r)"
	holds "the rule to add" "$told" "{\"path\":\"$OUT/file\",\"allow\":\"r\"}"
	holds "the rule that refused" "$told" '$.capabilities.workspace.files[1]'
	holds hint "$told" 'Ask the owner for the secret.'
	same "the newest last" "$WS/secret/key" "$(holdfast why "$SUBJECT" -n 2 --json | jq -r '.[-1].path')"
	same "as many as were asked for" 1 "$(holdfast why -n 1 --json | jq length)"
	try holdfast why -n 0
	same status 2 "$status"
	try holdfast why no-such-session
	same status 4 "$status"
}

test_what_would_allow_it_allows_it() {
	local rule
	rule=$(holdfast explain "$SUBJECT" w "$OUT/folder/loosened" --json | jq -c .loosen) || true
	jq --argjson rule "$rule" '.capabilities.workspace.files += [$rule]' "$POLICY" >"$SCRATCH/looser.json"
	holdfast policy apply "$SUBJECT" "$SCRATCH/looser.json"
	agrees w "$OUT/folder/loosened" allowed
	agrees w "$OUT/folder/other" no_rule
	holdfast policy apply "$SUBJECT" "$POLICY"
	agrees r "$OUT/folder/loosened" no_rule
}

test_a_policy_is_explained_without_a_session_or_the_daemon() {
	local right path live before
	while read -r right path; do
		live=$(holdfast explain "$SUBJECT" "$right" "$path" --json || true)
		before=$(HOLDFAST_SOCKET=/none holdfast explain --policy "$POLICY" --workspace "$WS" "$right" "$path" --json || true)
		same "$right $path" "$(told "$live")" "$(told "$before")"
	done <<-END
		r $WS/file
		w $WS/out-link
		r $WS/secret/public/page
		r $WS/secret/key
		w $WS/later
		w $WS/later/deep/key
		r $OUT/late/file
		w /etc/holdfast/x
		x /usr/bin/true
	END
	before=$(holdfast explain --policy "$POLICY" connect 127.0.0.9:7001 --json || true)
	same "an address" inactive "$(jq -r .why <<<"$before")"
	chmod 644 "$POLICY"
	chmod 755 "$SCRATCH"
	before=$(su dev -c "holdfast explain --policy $POLICY --workspace /home/dev w /etc/shadow --json" </dev/null || true)
	same "without root" deny "$(jq -r .verdict <<<"$before")"
}

test_a_user_learns_nothing_of_folders_that_they_may_not_search() {
	local id
	chmod 755 "$SCRATCH"
	chmod 644 "$POLICY"
	mkdir -p "$OUT/closed/inner"
	touch "$OUT/closed/inner/there"
	chmod 700 "$OUT/closed"
	su dev -c "cd /home/dev && mkdir -p w && exec holdfast run --policy $POLICY --workspace /home/dev/w --agent devs -- sleep infinity" \
		</dev/null >/dev/null 2>&1 &
	background+=($!)
	await "the session is there" session_of devs
	id=$(session_of devs)
	for each in there not-there; do
		try su dev -c "holdfast explain $id r $OUT/closed/inner/$each"
		same "status" 3 "$status"
		holds "$each" "$output" 'you may not search'
	done
	try su dev -c "holdfast explain $id r /etc/passwd"
	same "what they may look at" 0 "$status"
	try su dev -c "holdfast explain $SUBJECT r /etc/passwd"
	same "of another's session: $output" 3 "$status"
	try holdfast explain "$id" r "$OUT/closed/inner/there" --json
	holds "root" "$output" '"exists":true'
}

test_wrong_usage_and_what_leads_nowhere() {
	local each
	for each in 'q /x' 'r x' 'connect x' 'connect example.org' 'connect https://example.org:1' 'rr /x' 'connect 127.0.0.1:0' 'connect ::1:2'; do
		# shellcheck disable=SC2086
		try holdfast explain "$SUBJECT" $each
		same "status of $each" 2 "$status"
	done
	try holdfast explain no-such-session r /etc/passwd
	same "status for no such session" 4 "$status"
	try holdfast explain "$SUBJECT" r "$WS/none/../file"
	same "status for .. below what is not there" 4 "$status"
	try holdfast explain "$SUBJECT" r /proc/self/status
	same "status for a path that is another to each" 1 "$status"
	try holdfast explain "$SUBJECT" r "$WS/file/below"
	same "status for a path through a file" 1 "$status"
	holds "by the API" "$(api GET "/v1/sessions/$SUBJECT/explain?right=z&path=/x")" 'rwxc'
	holds "by the API" "$(api GET "/v1/sessions/$SUBJECT/explain?right=connect&addr=x&port=1")" 'addr'
}

test_a_killed_session() {
	start_session killed sleep infinity
	holdfast kill "$session" --deny --reason 'three in the morning'
	try holdfast explain "$session" r "$WS/file"
	same status 3 "$status"
	holds why "$output" 'a kill is in force: three in the morning'
	try holdfast explain "$session" connect 127.0.0.1:7001 --json
	same why killed "$(jq -r .why <<<"$output")"
	holdfast kill "$session" --reason 'enough'
}

# The last, for the agent does not live through it: what it waits for is asked again, and refused.
test_a_session_that_waits_when_it_is_killed() {
	mark
	holdfast kill "$SUBJECT" --deny
	await "it is refused" eval 'since | fields verdict=deny kind=file'
	same why killed "$(refusals kind=file why | sed -n 1p)"
	await "it has ended" ended "$SUBJECT"
	try holdfast explain "$SUBJECT" r "$WS/file"
	same "status of one that ended" 1 "$status"
}

run_suite "$@"
