# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# What tools/deps and tools/vm/* share: the cache folder, messages, and an apt with private sources and state, so that the
# machine's own sources are neither needed nor changed. Source it; it runs nothing.

CACHE=${HOLDFAST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/holdfast}
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

say() { echo "${0##*/}: $*" >&2; }
die() { say "$*"; exit 1; }

# The first URI in the machine's own sources that ends in /$1, or the public mirror.
mirror() {
	set -- "$1" "$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
		grep -v '^[[:space:]]*#' | grep -oE "(https?|file)://[^[:space:]]*/$1/?([[:space:]]|\$)" | head -n 1 | tr -d '[:space:]')"
	echo "${2:-http://deb.debian.org/$1}"
}

# sources_for SUITE...: a sources list of those suites on standard output.
sources_for() {
	for suite; do
		case $suite in
		*-security) archive=debian-security ;;
		*) archive=debian ;;
		esac
		echo "deb [signed-by=$KEYRING] $(mirror $archive) $suite main"
	done
}

# private_apt NAME SUITE...: gives $CACHE/apt/NAME a sources list and folders of its own, and prints the folder.
private_apt() {
	dir=$CACHE/apt/$1
	shift
	[ -r "$KEYRING" ] || die "needs the package debian-archive-keyring"
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	sources_for "$@" >"$dir/sources.list"
	: >>"$dir/status"
	echo "$dir"
}

# with_apt DIR TOOL ARGS...: apt-get or apt-cache on that folder's sources and lists, but this machine's installed packages.
with_apt() {
	dir=$1 tool=$2
	shift 2
	"$tool" -qq -o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$dir/lists" \
		-o Dir::Cache="$dir/cache" -o Dir::Etc::PreferencesParts=/dev/null -o APT::Sandbox::User=root -o Acquire::Retries=3 \
		-o Acquire::Languages=none -o APT::Update::Post-Invoke-Success::= "$@"
}

# Takes the lock $CACHE/NAME.lock for the life of this process, so that two runs do not build the same thing.
lock() {
	mkdir -p "$CACHE"
	exec 9>"$CACHE/$1.lock"
	flock 9
}
