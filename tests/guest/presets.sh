#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The presets of agents: what runs later and what is secret stays out of reach, while it is there and while it is not; and how one is chosen.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

PRESETS='coding-agent claude-code codex gemini opencode cursor-agent code-interpreter'
SITE=/etc/holdfast/policies
KIM=/home/kim
id kim >/dev/null 2>&1 || useradd --create-home --uid 1002 --shell /bin/bash kim
chmod 755 "$KIM" "$SCRATCH" /srv/holdfast-test

as_kim() {
	su kim -c "cd $KIM/work && $1" </dev/null
}

# What runs code outside later, in the workspace and at home.
LATER='.git/hooks/pre-commit .git/config .git/modules/a/config .git/commondir .git/worktrees/a/commondir .githooks/pre-push .husky/pre-commit .pre-commit-config.yaml
	.claude/settings.json .claude/settings.local.json .claude/commands/a.md .claude/agents/a.md .claude/skills/a/run.sh .mcp.json .codex/config.toml
	.cursor/mcp.json .cursor/hooks.json .gemini/settings.json .opencode/plugin/a.js opencode.json .vscode/tasks.json .vscode/settings.json
	.idea/workspace.xml .devcontainer/devcontainer.json .exrc .envrc .mise.toml .npmrc .yarnrc.yml .pnpmfile.cjs .cargo/config.toml
	.github/workflows/ci.yml .gitlab-ci.yml .circleci/config.yml Jenkinsfile
	~/.bashrc ~/.bash_profile ~/.profile ~/.zshrc ~/.zshenv ~/.config/fish/config.fish ~/.vimrc ~/.vim/plugin/a.vim ~/.config/nvim/init.lua
	~/.emacs.d/init.el ~/.config/autostart/a.desktop ~/.config/systemd/user/a.service ~/.local/share/applications/a.desktop ~/.local/bin/git
	~/.config/git/config ~/.gitconfig ~/.npm/_npx/a/a.js ~/.claude/settings.json ~/.claude/hooks/a ~/.claude/plugins/a ~/.claude/skills/a/run.sh
	~/.claude/shell-snapshots/a.sh ~/.claude/session-env/id/a.sh ~/.claude.json ~/.codex/config.toml ~/.codex/hooks.json ~/.codex/rules/a.rules
	~/.codex/shell_snapshots/a.sh ~/.gemini/settings.json ~/.gemini/extensions/a/a.js ~/.gemini/tmp/bin/rg ~/.config/opencode/opencode.json
	~/.config/opencode/plugins/a.js ~/.cache/opencode/bin/rg ~/.local/share/opencode/snapshot/a/b/config ~/.cursor/mcp.json ~/.cursor/hooks.json
	~/.ipython/profile_default/startup/a.py'
SECRETS='.env .env.local .env.production a/b/.env
	~/.ssh/id_ed25519 ~/.ssh/authorized_keys ~/.gnupg/private-keys-v1.d/a.key ~/.aws/credentials ~/.azure/a ~/.config/gcloud/credentials.db ~/.kube/config
	~/.docker/config.json ~/.netrc ~/.git-credentials ~/.config/gh/hosts.yml ~/.npmrc ~/.pypirc ~/.cargo/credentials.toml ~/.m2/settings.xml
	~/.password-store/a.gpg ~/.local/share/keyrings/login.keyring ~/.mozilla/firefox/a/logins.json ~/.config/google-chrome/Default/Cookies
	~/.config/chromium/Default/Cookies ~/.config/BraveSoftware/a ~/.bash_history ~/.terraform.d/credentials.tfrc.json ~/.vault-token'

TRY=/usr/local/share/holdfast-try.py # where every preset lets it be read
trap 'rm -f $TRY' EXIT
# Tries an act at each path of standard input: make, change, remove, replace, link or read. Prints the path and what came of it.
cat >$TRY <<'END_PYTHON'
import errno, os, sys

def make(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))

def link(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.symlink("/tmp", path)

def change(path):
    with open(path, "a") as f:
        f.write("changed")

def replace(path):
    with open("new", "w") as f:
        f.write("new")
    try:
        os.rename("new", path)
    finally:
        if os.path.exists("new"):
            os.unlink("new")

acts = {"make": make, "link": link, "change": change, "replace": replace, "remove": os.unlink, "read": lambda path: open(path).read()}
paths = sys.stdin.read().split()
for path in paths:
    try:
        acts[sys.argv[1]](os.path.abspath(os.path.expanduser(path)))
        print(path, "done")
    except OSError as e:
        print(path, errno.errorcode[e.errno])
END_PYTHON
chmod 644 $TRY

# fresh [PATHS]: the home afresh, with a repository as its workspace, and these files, each with a text.
fresh() {
	rm -rf "$KIM" 2>/dev/null || true
	mkdir -p "$KIM/work/.git"
	python3 -c 'import os, sys
for path in sys.argv[2].split():
    path = os.path.join(sys.argv[1], "work", path.replace("~", sys.argv[1]))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f: f.write("original\n")' "$KIM" "${1-}"
	chown -R kim: "$KIM"
}

# acts ACT PATHS [PRESET]: what came of it, in a session under the preset or outside of any.
acts() {
	tr -s ' \t\n' '\n' <<<"$2" | sed '/^./!d' >"$SCRATCH/paths"
	chmod 644 "$SCRATCH/paths"
	as_kim "${3:+holdfast run --policy $3 -- }python3 $TRY $1 <$SCRATCH/paths" 2>&1
}

# all ACTS PATHS EXPECTED [PRESET]: the same for each of them. A session for each act: a preset may pause who is refused very often.
all() {
	local act expected
	expected=$(tr -s ' \t\n' '\n' <<<"$2" | sed "/^./!d; s/\$/ $3/")
	for act in ${1//+/ }; do
		same "$act ${4-outside}" "$expected" "$(acts "$act" "$2" "${4-}")"
	done
}

state_of() {
	(cd "$KIM" && find . -not -path './.claude/session-env/id' -printf '%p %y %l\n' | sort; find . -type f | sort | xargs -r cat)
}

test_what_runs_later_cannot_be_made_where_it_is_not_there_yet() {
	local preset before
	fresh
	all make "$LATER" 'done'
	for preset in $PRESETS; do
		fresh
		before=$(state_of)
		all make+link "$LATER" EACCES "$preset"
		same "what $preset left" '' "$(diff <(echo "$before") <(state_of) | grep '^[<>]' | grep -v ' d $' || true)"
	done
}

test_what_runs_later_cannot_be_changed_removed_or_replaced() {
	local preset before
	for preset in $PRESETS; do
		fresh "$LATER"
		before=$(state_of)
		all change+remove+replace "$LATER" EACCES "$preset"
		same "what is there under $preset" "$before" "$(state_of)"
	done
	all change+replace+remove "$LATER" 'done'
}

test_secrets_are_not_read_nor_made() {
	local preset before
	fresh "$SECRETS"
	all read "$SECRETS" 'done'
	for preset in $PRESETS; do
		fresh "$SECRETS"
		before=$(state_of)
		all read+change "$SECRETS" EACCES "$preset"
		same "what is there under $preset" "$before" "$(state_of)"
		fresh
		all make "$SECRETS" EACCES "$preset"
	done
}

# shellcheck disable=SC2088 # the tilde is for who tries
test_an_agent_keeps_its_transcripts_and_reads_its_login_but_no_other_agent_s() {
	local preset own other
	local -A logins=([claude-code]='~/.claude/.credentials.json' [codex]='~/.codex/auth.json' [gemini]='~/.gemini/oauth_creds.json'
		[opencode]='~/.local/share/opencode/auth.json' [cursor-agent]='~/.config/cursor/auth.json')
	local -A kept=([claude-code]='~/.claude/projects/a/b.jsonl ~/.claude/history.jsonl' [codex]='~/.codex/sessions/2026/a.jsonl ~/.codex/state_5.sqlite'
		[gemini]='~/.gemini/tmp/work/chats/a.jsonl ~/.gemini/projects.json' [opencode]='~/.local/share/opencode/opencode.db'
		[cursor-agent]='~/.cursor/chats/a/store.db')
	for preset in "${!logins[@]}"; do
		fresh "${logins[*]} ~/.cursor/cli-config.json"
		own=${logins[$preset]}
		other=${logins[*]}
		all read "$own" 'done' "$preset"
		all read "${other//"$own"/}" EACCES "$preset"
		all make "${kept[$preset]} main.c src/a/b.c" 'done' "$preset"
	done
	fresh "${logins[*]}"
	all read "${logins[*]}" EACCES coding-agent
}

# A program as npm installs one at home, that prints what it was given.
fake_agent() { # PREFIX PACKAGE PROGRAM VERSION
	local package=$1/lib/node_modules/$2
	mkdir -p "$package/bin" "$1/bin"
	echo "{\"name\": \"$2\", \"version\": \"$4\", \"bin\": {\"$3\": \"bin/start.sh\"}}" >"$package/package.json"
	printf '#!/bin/sh\ncd "$1" && env | sort >environment && holdfast_line=$(cat %s/package.json) && echo "ran $*"\n' "$package" >"$package/bin/start.sh"
	chmod 755 "$package/bin/start.sh"
	ln -sfn "../lib/node_modules/$2/bin/start.sh" "$1/bin/$3"
	chown -R kim: "$1"
}

test_run_finds_the_preset_the_version_and_the_place_of_an_agent() {
	local program preset
	while read -r program preset; do
		fresh
		fake_agent "$KIM/strange/prefix" "@maker/$program" "$program" 9.8.7
		mark
		output=$(as_kim "PATH=$KIM/strange/prefix/bin:\$PATH holdfast run $program . --flag" 2>&1) || fail "$program: $output"
		holds "$program" "$output" "holdfast: $program 9.8.7 runs under the policy $preset in $KIM/work"
		holds "$program" "$output" 'ran . --flag'
		same "the session" "$program 9.8.7 $preset" "$(api GET '/v1/sessions?state=ended' | fields agent="$program" agent version policy | tail -n 1 | tr '\t' ' ')"
	done <<-END
		claude claude-code
		codex codex
		gemini gemini
		opencode opencode
		cursor-agent cursor-agent
	END
	fresh
	fake_agent "$KIM/work/node_modules/.x" evil claude 1.0
	output=$(as_kim "PATH=$KIM/work/node_modules/.x/bin:\$PATH holdfast run claude ." 2>&1) || fail "$output"
	holds "a program of the workspace itself" "$output" "under the policy coding-agent"
	mkdir -p "$KIM/work/bin"
	ln -s /usr/bin/true "$KIM/work/bin/claude"
	output=$(as_kim "PATH=$KIM/work/bin:\$PATH holdfast run claude ." 2>&1) || fail "$output"
	holds "a link in the workspace" "$output" "under the policy coding-agent"
}

test_secrets_of_the_environment_are_dropped_and_only_their_names_are_told() {
	local name
	fresh
	fake_agent "$KIM/prefix" agent claude 1.0
	export ANTHROPIC_API_KEY=kept-1 GITHUB_TOKEN=hidden-2 AWS_SECRET_ACCESS_KEY=hidden-3 SSH_AUTH_SOCK=/hidden-4 PLAIN=kept-5 DB=postgres://u:hidden-6@h OTHER_KEY=kept-7
	output=$(as_kim "PATH=$KIM/prefix/bin:\$PATH holdfast run --keep-env OTHER_KEY claude ." 2>&1) || fail "$output"
	for name in GITHUB_TOKEN AWS_SECRET_ACCESS_KEY SSH_AUTH_SOCK DB; do
		holds "what is told" "$output" "$name"
	done
	[[ $output != *hidden* ]] || fail "a value is told: $output"
	grep -q hidden "$KIM/work/environment" && fail "handed on: $(grep hidden "$KIM/work/environment")"
	same kept 'ANTHROPIC_API_KEY=kept-1 OTHER_KEY=kept-7 PLAIN=kept-5' "$(grep kept "$KIM/work/environment" | tr '\n' ' ' | sed 's/ $//')"
	output=$(as_kim 'holdfast run env' 2>&1) || fail "$output"
	[[ $output != *kept-1* ]] || fail "coding-agent keeps a key of a model: $output"
}

clean_up() {
	rm -f "$SITE/mine.json" "$SITE/base.json"
}

# site NAME EXTENDS MORE
site() {
	mkdir -p "$SITE"
	echo "{ \"holdfast\": 1, \"name\": \"$1\", \"extends\": \"$2\"${3:+, $3} }" >"$SITE/$1.json"
}

test_what_is_in_force_is_the_whole_whatever_becomes_of_what_it_extends() {
	local before etag POLICY=mine
	rm -f "$WS/ask" "$WS/said"
	mkfifo "$WS/ask"
	site base coding-agent '"capabilities": { "out": { "files": [ {"path": "'"$OUT"'", "allow": "r"}, {"path": "'"$TESTS"'", "allow": "rx"} ] } }'
	site mine base '"limits": { "pids": 77 }'
	echo text >"$OUT/file"
	start_session whole bash -c "while read -r file <$WS/ask; do files read \$file >>$WS/said; done"
	before=$(holdfast policy show --session "$session")
	same "where capabilities are from" 'base coding-agent null' "$(jq -r '"\(.capabilities.out.from) \(.capabilities.secrets.from) \(.extends)"' <<<"$before")"
	same limit 77 "$(jq .limits.pids <<<"$before")"
	etag=$(curl -sI -X GET --unix-socket "$SOCKET" "http://localhost/v1/sessions/$session/policy" | grep -i '^etag')
	echo "$OUT/file" >"$WS/ask"
	await "it has read" grep -q 'done' "$WS/said"
	site base coding-agent '"capabilities": { "nothing": { } }'
	kill_daemon KILL
	rm "$SITE/mine.json"
	start_daemon
	same "after a restart" "$before" "$(holdfast policy show --session "$session")"
	same "its tag" "$etag" "$(curl -sI -X GET --unix-socket "$SOCKET" "http://localhost/v1/sessions/$session/policy" | grep -i '^etag')"
	echo "$OUT/file" >"$WS/ask"
	await "it has read again" eval "[ \$(grep -c done $WS/said) = 2 ]"
	site mine base
	holdfast policy apply "$session" mine
	mark
	echo "$OUT/file" >"$WS/ask"
	await "it was refused" grep -q 'refused EACCES' "$WS/said"
	same explain 3 "$(holdfast explain "$session" r "$OUT/file" >/dev/null; echo $?)"
}

test_errors_of_a_chain_name_its_files_and_are_said_by_each_command() {
	local said
	site base nowhere '"colour": 1'
	site mine base '"capabilities": { "a": { "file": [] } }'
	for said in "holdfast policy check $SITE/mine.json" "holdfast run --policy mine --workspace $WS -- true" "holdfast explain --policy mine r /etc"; do
		try bash -c "$said"
		[ "$status" != 0 ] || fail "$said: accepted"
		holds "$said" "$output" "$SITE/base.json: \$.colour: "
		holds "$said" "$output" "$SITE/base.json: \$.extends: mine extends base extends nowhere"
		holds "$said" "$output" '$.capabilities.a.file: '
	done
	site base mine
	try holdfast policy check "$SITE/mine.json"
	holds "a circle" "$output" 'mine extends base extends mine: the chain comes back'
}

test_a_policy_of_the_site_extends_the_one_that_it_hides() {
	site coding-agent coding-agent '"capabilities": { "out": { "files": [ {"path": "'"$OUT"'", "allow": "r"} ] } }'
	echo text >"$OUT/file"
	try holdfast explain --policy claude-code r "$OUT/file"
	rm "$SITE/coding-agent.json"
	same "through a preset: $output" 0 "$status"
	try holdfast explain --policy claude-code r "$OUT/file"
	same "without: $output" 3 "$status"
}

run_suite "$@"
