#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Chains of permitted steps, made by chance: unconfined many of them gain something, in a session none. CHAINS="COUNT [SEED]" from the
# environment sets how many are played in each session.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

read -r COUNT SEED <<<"${CHAINS-}" || true
: "${COUNT:=700}" "${SEED:=1}"
base_policy '{ "path": "${WORKSPACE}/secret", "deny": "rwxc" }, { "path": "${WORKSPACE}/readonly", "deny": "w" },
	{ "path": "${WORKSPACE}/way/to/denied", "deny": "rw" }, { "path": "'"$OUT"'/readable", "allow": "r" }'
chmod 755 /srv/holdfast-test "$SCRATCH"
chmod 644 "$POLICY"
AS_DEV=(setpriv --reuid 1000 --regid 1000 --init-groups env HOME=/home/dev)

# judged COUNT COMMAND...: has that player play; sets output and status.
judged() {
	local count=$1 to from
	shift
	rm -f "$SCRATCH"/to "$SCRATCH"/from
	mkfifo "$SCRATCH/to" "$SCRATCH/from"
	"$@" <"$SCRATCH/to" >"$SCRATCH/from" 2>>"$SCRATCH/background.log" &
	background+=($!)
	exec {to}>"$SCRATCH/to" {from}<"$SCRATCH/from"
	[ -z "${attached-}" ] || "${as[@]}" holdfast attach --pid $! --policy "$POLICY" --workspace "$WS" >/dev/null
	status=0
	output=$(chains judge "$count" "$SEED" "$WS" "$OUT" 3>&"$to" 4<&"$from") || status=$?
	exec {to}>&- {from}<&-
	same "status of the judge, which said: $output" 0 "$status"
}

none_gains() {
	chains world "$WS" "$OUT"
	judged "$COUNT" "$@"
	echo "# chains: $(tail -n 1 <<<"$output")" >&3
	same "chains" "$COUNT chains, 0 gained" "$output"
}

test_unconfined_many_chains_gain() {
	chains world "$WS" "$OUT"
	judged 300 "${AS_DEV[@]}" "$TESTS/guest/chains" play "$WS" "$OUT"
	[[ $output =~ ([0-9]+)\ gained$ ]]
	echo "# chains: control: 300 chains, ${BASH_REMATCH[1]} gained" >&3
	[ "${BASH_REMATCH[1]}" -ge 40 ] || fail "only ${BASH_REMATCH[1]} of 300 gained"
}

test_no_chain_of_root_gains() {
	none_gains holdfast run --policy "$POLICY" --workspace "$WS" -- "$TESTS/guest/chains" play "$WS" "$OUT"
}

test_no_chain_of_a_user_gains() {
	none_gains "${AS_DEV[@]}" holdfast run --policy "$POLICY" --workspace "$WS" -- "$TESTS/guest/chains" play "$WS" "$OUT"
}

test_no_chain_of_what_was_attached_gains() {
	local attached=1 as=("${AS_DEV[@]}")
	none_gains "${AS_DEV[@]}" "$TESTS/guest/chains" play "$WS" "$OUT"
}

run_suite "$@" 3>&1
