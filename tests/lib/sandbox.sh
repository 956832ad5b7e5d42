# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Says the rules of a policy to other sandboxes, as well as each can or else stricter. Rules are lines "PATH ALLOW DENY" (letters of rwxc
# or -), the outer before the inner. Source it; read_rules FILE, then one of those below, which print.
#   bubblewrap  arguments, each ended by a null byte. What may be read is bound read-only, what may be written read-write, and what may
#               not be read has something empty and read-only in its place; so has what a rule says may not be run, as there is no noexec.
#               No capabilities, and all namespaces its own: there is no network, not even what the policy opens.
#   landlock    lines for tests/bench/landlock -a. Rules only add up: where a folder holds a denial, its other entries are allowed one by
#               one, and nothing can be made beside them.
#   srt         its settings. Its network filter is a proxy that goes by host names, which no attempt asks; without it there is none.

declare -A rights # of the paths that have rules; with ! at the end where a rule says that nothing may be run
paths=()

# nearest PATH: sets near to the rights that hold there.
nearest() {
	local path=${1:-/}
	while [ -z "${rights[$path]+x}" ] && [ "$path" != / ]; do
		path=${path%/*}
		path=${path:-/}
	done
	near=${rights[$path]-}
}

# around PATH: sets near to the rights that hold in the folder that it is in.
around() {
	near=''
	[ "$1" = / ] || nearest "${1%/*}"
}

read_rules() {
	local path allow deny letter have near
	rights=() paths=()
	while read -r path allow deny; do
		nearest "$path"
		have=''
		for letter in r w x c; do
			[[ $deny == *$letter* || $near$allow != *$letter* ]] || have+=$letter
		done
		[[ $deny != *x* || $have != *r* ]] || have+='!'
		paths+=("$path")
		rights[$path]=$have
	done <"$1"
}

# bubblewrap POLICY USER
bubblewrap() {
	local args=(--die-with-parent --new-session --unshare-all --cap-drop ALL) path have near own=(--dev /dev --proc /proc --ro-bind /proc/sys /proc/sys) last=()
	[ "$1" = namespaces ] || args+=(--unshare-user --disable-userns)
	for path in "${paths[@]}"; do
		have=${rights[$path]}
		around "$path"
		case $path in /dev | /dev/* | /proc | /proc/*) continue ;; esac # it makes its own
		if [ ! -e "$path" ]; then
			# What is not there yet: this keeps the name. Root has no power over other users' folders in there, and needs none of it.
			[[ $near != *w* || $have == *w* || $2 = root ]] || args+=(--ro-bind /dev/null "$path")
		elif [ "$path" = /tmp ]; then
			args+=(--tmpfs /tmp)
		elif [[ $have == *!* || -z $have ]]; then
			if [ -z "$near" ]; then
				:
			elif [ -d "$path" ]; then
				args+=(--tmpfs "$path")
				last+=(--remount-ro "$path")
			else
				args+=(--ro-bind /dev/null "$path") # and devices cannot be opened there
			fi
		elif [ -L "$path" ]; then
			args+=(--symlink "$(readlink "$path")" "$path")
		elif [[ $have == *w* ]]; then
			args+=(--bind "$path" "$path")
		else
			args+=(--ro-bind "$path" "$path")
		fi
		[ "$path" != / ] || args+=("${own[@]}")
	done
	if [ -z "${rights[/]-}" ]; then
		for path in bin lib lib64 sbin; do
			[ -n "${rights[/$path]-}" ] || args+=(--symlink "usr/$path" "/$path")
		done
		args+=("${own[@]}")
		last+=(--remount-ro /)
	fi
	printf '%s\0' "${args[@]}" "${last[@]}"
}

# grant PATH RIGHTS: to all that is below and has no rule of its own.
grant() {
	local path=$1 have=${2%!} child below=${1%/}
	[ -n "$have" ] && [ -e "$path" ] || return 0
	if [[ $denials == *"|$below/"* ]]; then
		for child in "$below"/* "$below"/.[!.]*; do
			case $child in /proc/[0-9]*) continue ;; esac # of a process, and soon of another
			[ -n "${rights[$child]+x}" ] || [ -L "$child" ] || grant "$child" "$have"
		done
	else
		echo "$have $path"
	fi
}

landlock() {
	local denials='|' path near
	for path in "${paths[@]}"; do
		around "$path"
		near=${near%!}
		[ -z "${rights[$path]}" ] || near=${near//[${rights[$path]}]/}
		[ -z "$near" ] || denials+="$path|"
	done
	for path in "${paths[@]}"; do
		grant "$path" "${rights[$path]}"
	done
	echo "port 7001"
}

# member NAME VALUE...
member() {
	jq -n --arg name "$1" '{ ($name): $ARGS.positional }' --args "${@:2}"
}

srt() {
	local deny_read=() allow_read=() deny_write=() allow_write=() path near have nested=false
	[ "${1-}" != namespaces ] || nested=true
	[ -n "${rights[/]-}" ] || deny_read+=(/) allow_read+=(/opt/sandbox-runtime)
	for path in "${paths[@]}"; do
		have=${rights[$path]}
		around "$path"
		case $path in /dev | /dev/* | /proc | /proc/*) continue ;; esac # it makes its own
		case $have in
		*!* | '') [ -z "$near" ] || deny_read+=("$path") ;;
		*r*) allow_read+=("$path") ;;
		esac
		if [[ $have == *w* && $have != *!* ]]; then
			allow_write+=("$path")
		elif [[ $near == *w* ]]; then
			deny_write+=("$path")
		fi
	done
	{
		member denyRead "${deny_read[@]}"
		member allowRead "${allow_read[@]}"
		member allowWrite "${allow_write[@]}"
		member denyWrite "${deny_write[@]}"
	} | jq -s --argjson nested $nested '{ filesystem: add, allowNestedUserNamespaces: $nested, bwrapPath: "/usr/bin/bwrap",
		socatPath: "/usr/bin/socat", network: { allowedDomains: [ "127.0.0.1:7001", "[::1]:7001" ], deniedDomains: [] } }'
}
