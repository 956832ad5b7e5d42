#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The demo, inside the guest (or on a host that can enforce): a coding job under a policy, what the kernel refuses after it, and
# a kill by curl. Prints one screen; exits with 1 when anything is not as it should be.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
PATH=$here/../guest:$PATH
audit=/var/log/holdfast/audit.ndjson
socket=/run/holdfast/api.sock
address=198.51.100.7
port=4444
user=dev
home=$(getent passwd $user | cut -d: -f6)
work=$home/work
scratch=$(mktemp -d)
wrong=0

clean() {
	local each
	for each in $(jobs -p); do kill "$each" 2>/dev/null || true; done
	ip addr del "$address/32" dev lo 2>/dev/null || true
	rm -rf "$scratch"
}
trap clean EXIT

await() { # COMMAND...: until it succeeds, for at most 30 s
	local until=$((SECONDS + 30))
	while ! "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || { echo "waited 30 s in vain for: $*"; return 1; }
		sleep 0.02
	done
}

# What the attempts would change.
secrets() {
	find "$home/.ssh" "$audit" -printf '%p %i %m %n ' -type f -path "$home/*" -printf '%s %C@' -printf '\n' | sort
	wc -l <"$scratch/arrived"
}

refusal() { # NUMBER: the refusal with that place in the stream since the start, as a short line
	local seq kind right path addr port proto capability rule
	IFS=$'\t' read -r seq kind right path addr port proto capability rule < <(tail -c "+$((start + 1))" "$audit" |
		fields verdict=deny session="$session" seq kind right path addr port proto capability rule | sed -n "$1p") || return 1
	[ "$path" != - ] || path=$addr:$port/$proto
	[ "$right" != connect ] || right=''
	echo "#$seq $kind${right:+ $right} $path: $capability, ${rule#\$.capabilities.}"
}

of_session() { # MEMBER
	holdfast ps --json | fields id="$session" "$1"
}

printf 'Kernel %s, user %s, policy coding-agent, workspace ~/work.\n\nAn agent does its job, confined:\n' "$(uname -r)" $user
ip addr add "$address/32" dev lo
net listen "$scratch/arrived" $port >/dev/null 2>&1 &
await grep -q ready "$scratch/arrived"
su $user -c "rm -rf ~/work && mkdir ~/work && cd ~/work && bash $here/job prepare"
before=$(secrets)
start=$(stat -c %s "$audit")

mkfifo "$scratch/said" "$scratch/go"
exec 6<>"$scratch/go"
su $user -c "cd ~/work && exec holdfast run --policy coding-agent --agent demo@1.0 -- bash $here/agent $address $port" \
	<"$scratch/go" 2>&1 >"$scratch/said" | sed '/^Killed$/d; s/^/! /' &
exec 5<"$scratch/said"
number=0
while read -r -t 120 -u 5 line; do
	case $line in
	WORKED)
		session=$(holdfast ps --json | fields agent=demo state=running id | tail -n 1)
		printf 'Done; refusals so far: %s.\n\nThen the same session, %s, tries what it should not:\n' \
			"$(of_session denials)" "$session"
		[ "$(of_session denials)" = 0 ] || wrong=1
		echo go >&6
		;;
	TRY*)
		((++number))
		printf '  %-32s %s\n' "${line#TRY }" '' | sed 's/ -> / → /; s/ *$//'
		if await refusal $number; then printf '      %s\n' "$(refusal $number)"; else wrong=1; fi
		[[ $line != *'it worked!'* ]] || wrong=1
		;;
	SPINNING) break ;;
	*) echo "  $line" ;;
	esac
done
[ "$number" = 6 ] || wrong=1
if [ "$before" = "$(secrets)" ]; then
	echo 'On disk nothing changed, and nothing arrived at the listener.'
else
	echo 'SOMETHING CHANGED:'
	diff <(echo "$before") <(secrets) || true
	wrong=1
fi

# When the request had arrived is in the daemon's answer, when the first call was refused the agent notes itself, by one clock.
clock() { od -An -tu8 -j"$1" -N8 "$work/.clock" | tr -d ' '; }
counting() { [ "$(clock 0)" -gt 0 ]; }
refused() { [ "$(clock 16)" -gt 0 ]; }
await counting
printf '\nThe agent works on. An admin has seen enough:\n'
# shellcheck disable=SC2016
printf '  $ curl --unix-socket %s \\\n      -d '\''{"session":"%s","strength":"deny"}'\'' http://localhost/v1/kills\n' $socket "$session"
answer=$(curl -s --unix-socket $socket -d "{\"session\":\"$session\",\"strength\":\"deny\",\"reason\":\"demo\"}" http://localhost/v1/kills)
await refused || wrong=1
took=$((($(clock 16) - $(fields asked_ns <<<"$answer")) / 1000))
printf '  From the request to its first refused call: %d.%03d ms. Its state: %s.\n' $((took / 1000)) $((took % 1000)) \
	"$(of_session state)"
curl -s --unix-socket $socket -o /dev/null -d "{\"session\":\"$session\",\"reason\":\"demo\"}" http://localhost/v1/kills
over() { [ "$(of_session state)" = ended ]; }
if await over; then echo '  A second kill, with strength "kill": its processes are gone.'; else wrong=1; fi
exit $wrong
