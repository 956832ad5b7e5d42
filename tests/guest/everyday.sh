#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The tools of every day under the policy that is shipped, as a user: each job succeeds as it does unconfined, and nothing is refused.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
# shellcheck source=../lib/registry.sh
. "$TESTS/lib/registry.sh"

LONG=${NAMES-} # npm and pip, which start slowly
PORT=7010
SERVED=$SCRATCH/served # what the registries serve, over HTTP on loopback
POLICY=$SCRATCH/coding-agent.json

# What is shipped, and the way to the registries.
jq --argjson port $PORT '.capabilities.registries = { egress: [ { cidr: "127.0.0.1", port: $port, proto: "tcp" } ] }' \
	/usr/share/holdfast/policies/coding-agent.json >"$POLICY"
chmod 644 "$POLICY"
chmod 755 /srv/holdfast-test "$SCRATCH"
mkdir -p "$SERVED"

debian_archive() {
	local package=$SCRATCH/debian/greeting size
	mkdir -p "$package/DEBIAN" "$package/usr/share/greeting" "$SERVED/debian"
	echo hello >"$package/usr/share/greeting/text"
	printf 'Package: greeting\nVersion: 1.0\nArchitecture: all\nMaintainer: Nobody <nobody@localhost>\nDescription: a greeting\n' >"$package/DEBIAN/control"
	dpkg-deb --root-owner-group --build "$package" "$SERVED/debian/greeting_1.0_all.deb" >/dev/null
	size=$(stat -c %s "$SERVED/debian/greeting_1.0_all.deb")
	{
		cat "$package/DEBIAN/control"
		printf 'Filename: ./greeting_1.0_all.deb\nSize: %d\nSHA256: %s\n' "$size" "$(sha256sum "$SERVED/debian/greeting_1.0_all.deb" | cut -d' ' -f1)"
	} >"$SERVED/debian/Packages"
	echo "deb [trusted=yes] http://127.0.0.1:$PORT/debian ./" >/etc/apt/sources.list.d/holdfast-test.list
}

npm_package "$SERVED" "http://127.0.0.1:$PORT"
wheel "$SERVED"
ip link set lo up
python3 -m http.server --bind 127.0.0.1 --directory "$SERVED" $PORT >/dev/null 2>&1 &
SERVER=$!
trap 'kill $SERVER; rm -rf "$SCRATCH" /etc/apt/sources.list.d/holdfast-test.list' EXIT
await "the registries answer" curl -sf "http://127.0.0.1:$PORT/add-two"
debian_archive

# job PREPARE: in a fresh folder of the user, PREPARE unconfined and the script after it, first without a session and then in one.
job() {
	local unconfined
	prepared "$1"
	unconfined=$(as_dev 'bash -ec "$SCRIPT"' 2>&1) || fail "unconfined: $unconfined"
	prepared "$1"
	mark
	output=$(as_dev "holdfast run --policy $POLICY --agent everyday -- bash -ec \"\$SCRIPT\"" 2>&1) || fail "confined: $output; refused: $(refusals op path addr)"
	await "its events are written" session_ended_since
	same "what it printed" "$unconfined" "$output"
	# git tries to remove .git after taking away a name in it, which fails in any case: it is not empty
	same "refused" '' "$(refusals op path addr | grep -v "^rmdir	/home/dev/everyday/.git	" || true)"
}

as_dev() {
	su dev -c "cd ~/everyday && $1" </dev/null
}

# prepared COMMANDS: the folder afresh.
prepared() {
	rm -rf /home/dev/everyday
	su dev -c 'mkdir ~/everyday'
	as_dev "$1" >/dev/null 2>&1 || fail "cannot prepare: $1"
}

# The job's script, from standard input.
script() {
	SCRIPT=$(cat)
	export SCRIPT
}

GIT='export GIT_AUTHOR_NAME=dev GIT_AUTHOR_EMAIL=dev@localhost GIT_COMMITTER_NAME=dev GIT_COMMITTER_EMAIL=dev@localhost GIT_AUTHOR_DATE="1700000000 +0000" GIT_COMMITTER_DATE="1700000000 +0000"'

test_git_in_its_everyday_forms() {
	script <<-END
		$GIT
		git status --short
		echo two >>file; git add file; git commit -qm two; git log --oneline
		git branch topic; git checkout -q topic; echo three >>file; git commit -qam three
		git checkout -q main; echo other >other; git add .; git commit -qm other
		git merge -q --no-edit topic; git rebase -q topic; git log --format=%s
		echo changed >file; git stash -q; git stash pop -q; git diff --stat; git checkout -q -- file
		git tag v1; git describe --tags; git show --stat v1; git blame -s file; git grep -n two; git bisect start; git bisect reset
		git cherry-pick --allow-empty topic || git cherry-pick --skip; git reset -q --hard HEAD~1; git clean -fdq; git reflog | wc -l
		git worktree list | wc -l
		git clone -q . clone; git -C clone log --oneline | wc -l; git -C clone pull -q; git -C clone push -q origin HEAD:refs/heads/pushed
		git archive HEAD | tar t; git gc -q; git fsck; git format-patch -1 --stdout | git apply --check -R; git submodule status
	END
	job "$GIT; git init -qb main . && echo one >file && git add . && git commit -qm one"
}

test_a_c_project_is_built_and_tested() {
	script <<-'END'
		cat >add.c <<<'int add(int a, int b) { return a + b; }'
		cat >main.c <<<'#include <stdio.h>
		int add(int, int); int main(void) { return printf("%d\n", add(1, 2)) < 0; }'
		printf 'all: main\nlibadd.so: add.c\n\t$(CC) -shared -fPIC -o $@ $<\nmain: main.c libadd.so\n\t$(CC) -g -O2 -fsanitize=undefined -o $@ main.c -L. -ladd -Wl,-rpath,.\n' >Makefile
		make -s -j2; ./main; gcc -c -flto -o add.o add.c; ar rcs libadd.a add.o; strip main; ./main
	END
	job :
}

long_test_node_and_npm_install_from_a_registry() {
	script <<-END
		npm install --silent --no-audit --no-fund --cache .cache --registry http://127.0.0.1:$PORT/ add-two
		node -e 'console.log(require("add-two")(1, 2))'
		npm test --silent --cache .cache; npm run --silent --cache .cache greet;
		node --input-type=module -e 'import { Worker } from "node:worker_threads"; new Worker("console.log(5)", { eval: true })'
		node -e 'const { spawnSync } = require("child_process"); process.stdout.write(spawnSync("uname").stdout)'
	END
	job 'echo "{ \"name\": \"everyday\", \"version\": \"1.0.0\", \"scripts\": { \"test\": \"node -e 1\", \"greet\": \"echo hello\" } }" >package.json'
}

long_test_python_in_an_environment_of_its_own_installs_a_wheel() {
	script <<-END
		python3 -m venv environment; . environment/bin/activate
		pip install -q --no-index --disable-pip-version-check --find-links http://127.0.0.1:$PORT/ --trusted-host 127.0.0.1 greeting
		python -c 'import greeting; print(greeting.text())'; pip list --format freeze --disable-pip-version-check | grep greeting
		python -m unittest -q 2>/dev/null || true
		python -c 'import subprocess; print(subprocess.check_output(["uname"]))'
		python -c 'import threading; t = threading.Thread(target=print, args=("in a thread",)); t.start(); t.join()'
	END
	job :
}

test_a_database_on_sqlite() {
	script <<-'END'
		python3 - <<'PYTHON'
		import sqlite3
		for mode in "delete", "wal":
		    db = sqlite3.connect("test.db")
		    print(db.execute("pragma journal_mode=" + mode).fetchone())
		    db.execute("create table if not exists t (a integer primary key, b text)")
		    with db:
		        db.executemany("insert into t (b) values (?)", [(str(n),) for n in range(1000)])
		    other = sqlite3.connect("test.db")
		    print(other.execute("select count(*), sum(a) from t").fetchone())
		    db.execute("create index if not exists i on t (b)")
		    db.execute("vacuum")
		    db.close(); other.close()
		PYTHON
	END
	job :
}

test_apt_get_download() {
	script <<-'END'
		apt-get download -qq greeting; dpkg-deb --info greeting_1.0_all.deb | grep Version; dpkg-deb -x greeting_1.0_all.deb root; cat root/usr/share/greeting/text
		apt-cache policy greeting | sed -n 1,3p; dpkg -l bash | tail -n 1 | cut -c1-8
	END
	apt-get -qq update >"$SCRATCH/apt.log" 2>&1 || fail "apt-get update: $(<"$SCRATCH/apt.log")"
	job :
}

run_suite "$@"
