#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a hostile agent tries: each program of tests/adversary, unconfined and then in sessions, as root and as an ordinary user,
# under run and under attach. adversary.sh [PART]...: only the attempts whose names contain a PART. Of the modes root.run, root.attach,
# user.run and user.attach only the first and the last are tried unless ADVERSARY_MODES says otherwise. Prints a table; the README of
# tests/adversary tells of the scene.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
# shellcheck source=../lib/adversary.sh
. "$TESTS/lib/adversary.sh"

MODES=${ADVERSARY_MODES:-root.run user.attach}
passed=0 failed=0 absent=0 attempts=0 audit='' rest=''

# ---- events ------------------------------------------------------------------------------------------------------------------------

open_stream() {
	mkfifo "$PIPES/never"
	exec {never}<>"$PIPES/never"
	await "the stream is there" test -s "$AUDIT"
	exec {audit}<"$AUDIT"
	while read -r -u "$audit" _; do :; done
}

# events_until MARK SESSION: sets happened to the refusals before the mark, "KIND OP" each once.
events_until() {
	local mark=$1 session=$2 line='' until=$((SECONDS + 20)) kind op what
	happened=''
	while [ $SECONDS -lt $until ]; do
		if ! read -r -u "$audit" line; then
			rest+=$line
			read -r -t 0.005 -u "$never" || true
			continue
		fi
		line=$rest$line rest=''
		[[ $line != *"mark-$mark."* ]] || return 0
		[[ $line == *'"verdict":"deny"'* && $line != *'"path":"/memfd:mark-'* ]] || continue
		[[ $line =~ \"kind\":\"([a-z]+)\" ]] && kind=${BASH_REMATCH[1]}
		[[ $line =~ \"op\":\"([a-z]+)\" ]] && op=${BASH_REMATCH[1]}
		what="$kind $op"
		[[ $line == *"\"session\":\"$session\""* ]] || what+=" of another session"
		[[ ", $happened," == *", $what,"* ]] || happened+="${happened:+, }$what"
	done
	happened="no mark"
}

# ---- attempts ------------------------------------------------------------------------------------------------------------------------

row() {
	printf '%-9s %-44s %-12s %-8s %-16s %-18s %s\n' "$@"
}

# verdict NAME MODE CONTROL RESULT EVENTS WRONG
verdict() {
	((++number))
	if [ -z "$6" ]; then
		((++passed))
		row "ok $number" "$1" "$2" refused "$3" "$4" "${5:-no event}"
	else
		((++failed))
		row "not ok $number" "$1" "$2" refused "$3" "$4" "${5:-no event}"
		printf '%s' "$6" | sed 's/^/    # /'
	fi
}

confined_run() {
	local name=$1 program=$2 policy=$3 who=$4 target=$5 event=$6 mode=$7 key=$3.$7 user=${7%%.*} wrong='' control before reply_of
	control=${controls[$user]}
	before=$guarded
	ask_session "$key" "$target" $number "$program"
	reply_of=$reply
	events_until $number "${identity[$key]}"
	state
	case $control in
	'done') ;;
	refused*) [ "$who" = root ] && [ "$user" = user ] || wrong+="the control: $control"$'\n' ;;
	*) wrong+="the control: $control"$'\n' ;;
	esac
	[[ $reply_of == refused* ]] || wrong+="the attempt: $reply_of"$'\n'
	[ "$before" = "$now" ] || wrong+="$(diff <(echo "$before") <(echo "$now"))"$'\n'
	guarded=$now
	event_fits "$event" || wrong+="expected the event: $event"$'\n'
	verdict "$name" "$mode" "$control" "$reply_of" "$happened" "$wrong"
	reply=$reply_of
	end_if_broken "$key"
}

# Whether what happened is one of the alternatives.
event_fits() {
	local alternatives each
	IFS='|' read -r -a alternatives <<<"$1"
	for each in "${alternatives[@]}"; do
		each=${each# } each=${each% }
		[[ ", $happened," != *", $each,"* ]] || return 0
		[[ $each != none* || -n $happened ]] || return 0
	done
	return 1
}

try_attempt() {
	local file=$1 policy=$2 who=$3 target=$4 event=$5 event_user=$6 name program user mode
	local -A controls=()
	name=${file#"$TESTS/adversary/"} program=${file%.c}
	name=${name%.*}
	[ "$target" = watched ] || name+=' (session)'
	((++attempts))
	for user in root user; do
		[[ $MODES == *$user.* ]] || continue
		control_of $user "$program"
	done
	if [[ ${controls[*]} == *absent* ]]; then
		((++absent))
		row absent "$name" - - "${controls[root]-}" - "${controls[user]-}"
		return
	fi
	state
	guarded=$now # what the unconfined did to the host is not the sessions' doing
	for mode in $MODES; do
		[ "${mode%%.*}" = root ] || event=$event_user
		confined_run "$name" "$program" "$policy" "$who" "$target" "$event" "$mode"
	done
}

main() {
	local file policy who targets event event_user target
	setup
	open_stream
	row '' attempt mode expected control result event
	while IFS=$'\t' read -r file policy who targets event event_user; do
		chosen "$file" "$@" || continue
		for target in $targets; do
			case $target in session) target=stranger ;; *) target=watched ;; esac
			try_attempt "$file" "$policy" "$who" $target "$event" "$event_user"
		done
	done <<<"$(list_attempts)"
	tear_down
	rm -rf "$SCRATCH" 2>/dev/null
	echo "# adversary: $attempts attempts, $number runs, $passed refused as expected, $failed not; $absent attempts are about what this kernel lacks ($SECONDS s)"
	echo "suite $SUITE: $passed passed, $failed failed"
	[ $failed = 0 ]
}

main "$@"
