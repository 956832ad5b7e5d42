#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Real agents, as npm installs them, each under its preset and unchanged: a task of twenty steps in which nothing that it needs is refused,
# then twenty commands that are all refused. Their model is a server that follows a script (agents/model.py), at the real one's name, by TLS.
# AGENTS="claude codex" in the environment: only these. Needs a guest with the agents (tools/vm/run --agents).
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
# shellcheck source=../lib/outside.sh
. "$TESTS/lib/outside.sh"

AGENTS=${AGENTS:-claude codex gemini opencode}
MODEL=203.0.113.80
AT=$TESTS/guest/agents
KIM=/home/kim WORK=/home/kim/work
CA=/etc/ssl/certs/holdfast-test.pem # where each preset lets it be read
SHARED=/srv/shared
CONFIG=/etc/holdfast/holdfast.json
declare -A SETTINGS=([claude]='.claude/settings.json' [codex]='.codex/config.toml' [gemini]='.gemini/settings.json' [opencode]='.config/opencode/opencode.json')
declare -A HOSTS=([api.anthropic.com]=1 [api.openai.com]=1 [generativelanguage.googleapis.com]=1)

[ -x /opt/agents/bin/claude ] || { echo "the agents are not there: tools/vm/run --agents"; exit 1; }
id kim >/dev/null 2>&1 || useradd --create-home --uid 1002 --shell /bin/bash kim
chmod 755 "$KIM" "$SCRATCH" /srv/holdfast-test

more_configuration() {
	local name
	for name in "${!HOSTS[@]}"; do
		printf '  local-zone: "%s." static\n  local-data: "%s. 60 A %s"\n' "$name" "$name" $MODEL
	done
	# What else the agents look for is not there.
	printf '  local-zone: "%s." static\n' com dev ai org io
}

# An authority, and a certificate of it for the names of the models.
make_certificates() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj '/CN=test authority' \
		-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign -keyout "$SRV/ca.key" -out $CA
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=model -keyout "$SRV/model.key" -out "$SRV/model.csr"
	openssl x509 -req -in "$SRV/model.csr" -CA $CA -CAkey "$SRV/ca.key" -days 30 -out "$SRV/model.pem" \
		-extfile <(echo "subjectAltName=$(printf 'DNS:%s,' "${!HOSTS[@]}")DNS:localhost"; echo extendedKeyUsage=serverAuth)
	chmod 644 $CA
} 2>/dev/null

# start_model SCRIPT: it follows that; what it is told goes to $SRV/told.
start_model() {
	rm -f "$SRV/told" "$SRV/told.all"
	in_background ip netns exec $OUTSIDE python3 "$AT/model.py" 443 "$1" "$SRV/told" "$SRV/model.pem" "$SRV/model.key"
	await "the model answers" curl -s --cacert $CA --max-time 3 -o /dev/null https://api.anthropic.com/
}

# A home with secrets, and a project in it, afresh.
make_home() {
	find "$KIM" -mindepth 1 -delete 2>/dev/null || true
	mkdir -p "$KIM"/{.ssh,.aws,.claude,.codex,.gemini,.config/opencode,work/src,work/tests,work/tools}
	echo secret | tee "$KIM/.ssh/id_ed25519" "$KIM/.aws/credentials" "$WORK/.env" >/dev/null
	echo '# mine' >"$KIM/.bashrc"
	# As a user has them once the agent was set up: how it logs in, by a key of the environment.
	echo '{"security": {"auth": {"selectedType": "gemini-api-key"}}}' >"$KIM/.gemini/settings.json"
	echo '{"snapshot": false}' >"$KIM/.config/opencode/opencode.json" # repositories with a configuration of their own: its preset lets it make none
	mkdir -p "$KIM"/.local/{share/opencode/repos,state} "$KIM/.cache/opencode/bin" # as opencode's first start outside leaves them
	jq -n '{ type: "command", command: "holdfast why --hook" } as $hook | [{ matcher: "*", hooks: [$hook] }] as $each
		| { hooks: { PostToolUse: $each, PostToolUseFailure: $each } }' >"$KIM/.claude/settings.json"
	jq '.hooks |= { PostToolUse }' "$KIM/.claude/settings.json" >"$KIM/.codex/hooks.json"
	echo 'A project.' >"$WORK/README.md"
	printf '%s\n' .env '*.o' '*_test' >"$WORK/.gitignore"
	echo 'int sum(int a, int b);' >"$WORK/src/parts.h"
	printf '#include "parts.h"\n\nint sum(int a, int b)\n{\n\treturn a + b + 1;\n}\n' >"$WORK/src/sum.c"
	printf '#include "../src/parts.h"\n#include <stdio.h>\n\nint main(void)\n{\n\tint n = sum(1, 3);\n\tprintf("%%s: %%d\\n", n == 4 ? "right" : "wrong", n);\n\treturn 0;\n}\n' >"$WORK/tests/sum_test.c"
	cat >"$WORK/Makefile" <<-'END'
		.RECIPEPREFIX = >
		TESTS = sum_test
		SOURCES = $(wildcard src/*.c)
		test: $(addprefix tests/,$(TESTS))
		> for each in $^; do ./$$each || exit 1; done
		tests/%_test: tests/%_test.c $(SOURCES)
		> gcc -o $@ $^
		clean:
		> rm -f tests/*_test
	END
	chown -R kim: "$KIM"
	su kim -c "cd $WORK && git init -q && git config user.name Kim && git config user.email kim@example.com && git add -A && git commit -q -m first"
	rm -rf $SHARED
	mkdir -p $SHARED
	git init -q --bare $SHARED/repository.git
	chown -R kim: $SHARED/repository.git
	chmod 777 $SHARED
}

# as_kim COMMAND: with the keys and the authority that the agents need.
as_kim() {
	timeout 1500 su kim -c "cd $WORK && export PATH=/opt/agents/bin:\$PATH NODE_EXTRA_CA_CERTS=$CA SSL_CERT_FILE=$CA ANTHROPIC_API_KEY=key-1 \
		CODEX_API_KEY=key-2 OPENAI_API_KEY=key-2 GEMINI_API_KEY=key-3 && $1" </dev/null
}

# How each is told to do a task without asking a person, by its documentation.
command_of() { # AGENT TASK
	case $1 in
	claude) echo "claude -p '$2' --dangerously-skip-permissions" ;;
	codex) echo "codex exec --sandbox danger-full-access --skip-git-repo-check --dangerously-bypass-hook-trust -m gpt-5 '$2'" ;;
	gemini) echo "gemini --yolo --skip-trust -m gemini-2.5-pro -p '$2'" ;;
	opencode) echo "opencode run -m anthropic/claude-sonnet-4-5 '$2'" ;;
	esac
}

# script NAME AGENT: that script of agents/, with the places filled in.
script() {
	sed "s#WORK/#$WORK/#g; s#AGENT_SETTINGS#${SETTINGS[$2]}#g; s#OUTSIDE_PID#${other-}#g" "$AT/$1.json" >"$SRV/script.json"
	chmod 644 "$SRV/script.json"
	jq length "$SRV/script.json"
}

told() { # STEP
	jq -r "select(.step == $1).text" "$SRV/told"
}

# Refusals that are meant: who, and a part of the line that surprises() makes of it. None of them is of a step.
meant() {
	cat <<-'END'
		claude create /home/kim/.claude.json.tmp.
		claude mkdir /home/kim/.claude/shell-snapshots
		claude create /home/kim/.claude/policy-limits.json
		claude create /home/kim/.claude/remote-settings.json
		claude open /home/kim claude
		claude rmdir /home/kim/.claude/
		codex ab.chatgpt.com
		codex mkdir /home/kim/.codex/skills
		codex mkdir /home/kim/.codex/shell_snapshots
		codex mkdir /home/kim/.codex/.tmp
		codex watch /home/kim
		codex open /home/kim/.bashrc
		gemini open /home/kim/work/.env
		gemini play.googleapis.com
		gemini open /opt/agents/lib
		gemini guard capability
		opencode open / opencode
		opencode open /home opencode
		opencode create /home/kim/.config/opencode/
		opencode open /home/kim/.config/opencode/opencode.json
		opencode registry.npmjs.org
		opencode open /home/kim opencode
	END
}

# surprises AGENT: refusals since the mark that nobody means.
surprises() {
	local line who pattern meant
	since | jq -r 'select(.verdict == "deny") | "\(.kind) \(.op) \(.host // .path // .addr // "-") \(.comm) \(.why)"' | sort | uniq -c | while read -r line; do
		meant=''
		while read -r who pattern; do
			[[ $who != "$1" || $line != *"$pattern"* ]] || meant=1
		done < <(meant)
		[ -n "$meant" ] || echo "$line"
	done
}

# works AGENT: does the task under its preset.
works() {
	local steps n expected
	make_home
	steps=$(script task "$1")
	start_model "$SRV/script.json"
	mark
	output=$(as_kim "holdfast run $(command_of "$1" 'do the task')" 2>&1) || fail "$1: status $?: $(tail -n 15 <<<"$output")"
	holds "$1" "$output" 'runs under the policy'
	same "$1: steps that it told of" "$steps" "$(wc -l <"$SRV/told")"
	for ((n = 0; n < steps; n++)); do
		expected=$(jq -r ".[$n].says // \"\"" "$SRV/script.json")
		holds "$1: step $n, after $(told $((n - 1)))" "$(told $n)" "$expected"
	done
	same "$1: the commits" 'Add a mean' "$(git -c safe.directory='*' -C "$WORK" log -1 --format=%s)"
	await "the session has ended" session_ended_since
	same "$1: refusals that nobody means" '' "$(surprises "$1")"
}

# As a shell tells what came of a command of the script.
outcome_of() {
	echo "if bash -c $(printf %q "$1") >/dev/null 2>&1; then echo it-got-out; else echo it-was-refused; fi"
}

# is_held AGENT: tries the hostile commands under its preset; unconfined each of them gets done.
is_held() {
	local steps n other before
	make_home
	in_background su kim -c 'exec sleep 1000'
	await "somebody else's process runs" pgrep -u kim -x sleep
	other=$(pgrep -n -u kim -x sleep)
	in_background su kim -c "python3 -c 'import socket, time; s = socket.socket(socket.AF_UNIX); s.bind(\"$KIM/own.sock\"); s.listen(); time.sleep(1000)'"
	await "a socket of the user is there" test -S "$KIM/own.sock"
	steps=$(script hostile "$1")
	for ((n = 0; n < steps; n++)); do
		[ $n != 4 ] || continue # moved, it is not there for those after it: below
		same "unconfined: $(jq -r ".[$n].shell" "$SRV/script.json")" it-got-out "$(as_kim "$(outcome_of "$(jq -r ".[$n].shell" "$SRV/script.json")")" 2>&1)"
	done
	kill -CONT "$other"
	same "unconfined: moved" it-got-out "$(as_kim "$(outcome_of 'mv ~/.ssh here && mv here ~/.ssh')" 2>&1)"
	rm -f "$KIM/own.sock"
	make_home
	in_background su kim -c "python3 -c 'import socket, time; s = socket.socket(socket.AF_UNIX); s.bind(\"$KIM/own.sock\"); s.listen(); time.sleep(1000)'"
	await "a socket of the user is there again" test -S "$KIM/own.sock"
	jq -c '.[]' "$SRV/script.json" | while read -r n; do
		jq -n --arg shell "$(outcome_of "$(jq -r .shell <<<"$n")")" '{ shell: $shell }'
	done | jq -s . >"$SRV/wrapped.json"
	start_model "$SRV/wrapped.json"
	before=$(held_state)
	mark
	output=$(as_kim "holdfast run $(command_of "$1" 'do the task')" 2>&1) || fail "$1: status $?: $(tail -n 15 <<<"$output")"
	same "$1: commands that it told of" "$steps" "$(wc -l <"$SRV/told")"
	for ((n = 0; n < steps; n++)); do
		holds "$1: $(jq -r ".[$n].shell" "$SRV/script.json")" "$(told $n)" it-was-refused
	done
	same "$1: what is outside" "$before" "$(held_state)"
	await "the session has ended" session_ended_since
	case $1 in
	claude | codex) # which have hooks
		grep -q 'holdfast, which confines this session, has refused:.*cat: open /home/kim/.ssh/id_ed25519' "$SRV/told.all" ||
			fail "$1: its model was not told why: $(grep -o 'which confines.\{300\}' "$SRV/told.all" | head -n 2)" ;;
	esac
	[ "$(refusals seq | wc -l)" -ge 15 ] || fail "$1: only $(refusals seq | wc -l) refusals are told"
	kill -9 "$other"
}

held_state() {
	find "$KIM/.ssh" "$KIM/.aws" "$KIM/.bashrc" "$WORK/.git/hooks" "$WORK/.git/config" $SHARED -printf '%p %s %T@\n' | sort
}

mkdir -p "$SRV"
trap finish EXIT
make_network
use_name_server $UPSTREAM
make_certificates
start_name_server
start_web_server >"$SRV/log" 2>&1
patience=60 await "a name server answers" dig +tries=1 +time=1 www.example.net
keep_all

chosen() {
	[[ " $AGENTS " == *" $1 "* ]]
}

test_claude_code_does_its_task() {
	! chosen claude || works claude
}

test_claude_code_is_held() {
	! chosen claude || is_held claude
}

test_codex_does_its_task() {
	! chosen codex || works codex
}

test_codex_is_held() {
	! chosen codex || is_held codex
}

test_gemini_cli_does_its_task() {
	! chosen gemini || works gemini
}

test_gemini_cli_is_held() {
	! chosen gemini || is_held gemini
}

test_opencode_does_its_task() {
	! chosen opencode || works opencode
}

test_opencode_is_held() {
	! chosen opencode || is_held opencode
}

restart() {
	kill_daemon TERM
	start_daemon 3>&-
}

# A host whose configuration has a rule for each: the agents are started by their own command, with no wrapper.
host_rules() {
	local agent preset
	mkdir -p /etc/holdfast/policies
	for agent in claude codex gemini opencode; do
		preset=${agent/claude/claude-code}
		jq -n --arg name "host-$agent" --arg preset "$preset" '{ holdfast: 1, $name, extends: $preset,
			capabilities: { installed: { files: [ { path: "/opt/agents", allow: "rx" } ] } } }' >"/etc/holdfast/policies/host-$agent.json"
	done
	[ ! -e $CONFIG ] || mv $CONFIG $CONFIG.kept
	jq -n '{ hosts: [ $ARGS.positional[] | { executable: "/opt/agents/bin/\(.)", user: "kim", policy: "host-\(.)" } ] }' --args claude codex gemini opencode >$CONFIG
	restart
}

no_host_rules() {
	rm -f $CONFIG /etc/holdfast/policies/host-*.json
	[ ! -e $CONFIG.kept ] || mv $CONFIG.kept $CONFIG
	restart
}

test_each_is_confined_when_it_is_started_by_its_own_command() {
	local agent
	host_rules
	for agent in $AGENTS; do
		make_home
		jq -n '[$ARGS.positional[] | { shell: . }]' --args 'make test' "$(outcome_of 'cat ~/.ssh/id_ed25519')" "$(outcome_of "echo x >$SHARED/file")" \
			>"$SRV/script.json"
		start_model "$SRV/script.json"
		mark
		output=$(as_kim "$(command_of "$agent" 'do the task')" 2>&1) || fail "$agent: status $?: $(tail -n 15 <<<"$output")"
		await "the session has ended" session_ended_since
		end_background
		same "$agent: its session" "exec host-$agent $WORK $agent kim" "$(since | fields kind=session op=start attach policy workspace agent user | tr '\t' ' ')"
		holds "$agent: the task" "$(told 0)" 'wrong: 5'
		same "$agent: the others" 'it-was-refused it-was-refused' "$(told 1 | grep -o 'it-.*ed') $(told 2 | grep -o 'it-.*ed')"
	done
	no_host_rules
}

run_suite "$@"
