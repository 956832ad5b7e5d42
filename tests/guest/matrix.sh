#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Files on every kind of file system. Each has a few attempts of each sort; with MATRIX=all, from the environment, the suites files, ground
# and exec run on each as they are.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

G=$SCRATCH/ground # where the file system is mounted
DISK=$SCRATCH/disk
BELOW=$SCRATCH/below # what a file system on top of another one has below it

clean_up() {
	local point
	for point in "$G" "$BELOW"; do
		while mountpoint -q "$point"; do
			umount -l "$point"
		done
	done
	rm -f "$DISK"
}

loop_mount() { # FOLDER SIZE MKFS...
	truncate -s "$2" "$DISK"
	"${@:3}" "$DISK" >/dev/null
	mount -o loop "$DISK" "$1"
}

# Layers on a tmpfs; LOWER is a command that fills the lower one.
mount_overlay() { # [LOWER...]
	mount -t tmpfs none "$BELOW"
	mkdir -p "$BELOW/lower" "$BELOW/upper" "$BELOW/work"
	[ $# = 0 ] || (cd "$BELOW/lower" && "$@")
	mount -t overlay -o "lowerdir=$BELOW/lower,upperdir=$BELOW/upper,workdir=$BELOW/work" none "$G"
}

mount_ground() {
	mkdir -p "$G" "$BELOW"
	case $1 in
	tmpfs) mount -t tmpfs none "$G" ;;
	ext4) loop_mount "$G" 64M mke2fs -q -F -t ext4 ;;
	xfs) loop_mount "$G" 320M mkfs.xfs -q ;;
	btrfs) loop_mount "$G" 128M mkfs.btrfs -q ;;
	overlay) mount_overlay ;;
	# Only a part of the file system below is to be seen, and under another name.
	bind) mount -t tmpfs none "$BELOW" && mkdir -p "$BELOW/part" && mount --bind "$BELOW/part" "$G" && umount -l "$BELOW" ;;
	fuse) loop_mount "$BELOW" 64M mke2fs -q -F -t ext4 && bindfs -o dev "$BELOW" "$G" ;;
	esac
}

# ---- the suites as they are ----------------------------------------------------------------------------------------------------

# The attempts that a kind of file system does not know unconfined either.
lacks() {
	case $1 in
	fuse) echo exchange ;;
	esac
}

run_suites_on() {
	local suite
	for suite in files ground exec 'daemon rules_of_objects'; do
		[[ "$1 $suite" != 'fuse daemon'* ]] || continue # which asks for another name of an object
		# shellcheck disable=SC2086
		try env GROUND="$G" LACKS="$(lacks "$1")" bash "$TESTS/guest/${suite% *}.sh" ${suite#"${suite% *}"}
		tail -n 1 <<<"$output"
		[ "$status" = 0 ] || fail "$(grep -A 12 '^not ok' <<<"$output")"
	done
}

# ---- a few attempts of each sort -----------------------------------------------------------------------------------------------

# few_on [PATTERN]: without those whose lines match.
few_on() {
	local few WS=$G/matrix/ws OUT=$G/matrix/out POLICY=$SCRATCH/few.json GUARDED=("$G/matrix/out")
	base_policy '
		{ "path": "${WORKSPACE}/secret", "deny": "rwxc" }, { "path": "${WORKSPACE}/secret/key", "deny": "rw" },
		{ "path": "${WORKSPACE}/secret/public", "allow": "r" },
		{ "path": "${WORKSPACE}/way/to/denied", "deny": "rw" }, { "path": "${WORKSPACE}/later", "deny": "w" },
		{ "path": "'"$OUT"'/readable/file", "allow": "r" }'
	mkdir -p "$G/matrix"
	cd "$G/matrix"
	scene() {
		rm -rf "${WS:?}" "${OUT:?}"
		mkdir -p ws/secret/public ws/folder ws/way/to/denied out/folder out/readable
		tee ws/file ws/other ws/secret/key ws/secret/public/page ws/way/to/denied/file out/file out/folder/file out/readable/file \
			<<<original >/dev/null
		ln ws/secret/key ws/key-linked
		ln out/readable/file out/readable-linked
		cp /usr/bin/true out/program
		cp /usr/bin/true ws/program
	}
	few="
		done files read ws/file
		done files write ws/file
		done files create ws/new
		done files mkdir-then-create ws/made
		done files rename ws/other ws/folder/moved
		done files link ws/file ws/folder/linked
		done files through-symlink $WS/file ws/link
		done code run ws/program
		done code map ws/program
		EACCES files read ws/secret/key
		EACCES files read ws/key-linked
		EACCES files write ws/key-linked
		EACCES files list ws/secret
		EACCES files create ws/secret/new
		done files read ws/secret/public/page
		EACCES files write ws/secret/public/page
		EACCES files read out/file
		EACCES files write out/file
		EACCES files truncate out/file
		EACCES files chmod out/file
		EACCES files utimes out/file
		EACCES files list out/folder
		EACCES files create out/new
		EACCES files mkdir out/made
		EACCES files symlink nowhere out/link
		EACCES files write ws/../out/file
		EACCES files through-symlink $OUT/file ws/out
		EACCES files reopen out/file
		EACCES code run out/program
		done files read out/readable/file
		done files read out/readable-linked
		EACCES files write out/readable-linked
		EACCES files reopen-reader out/readable/file
		EXDEV files link-then-write out/folder/file ws/gained
		EACCES files create ws/later
		EACCES files rename-then-write ws/way ws/gone ws/gone/to/denied/file
		EACCES files rename out/folder/file ws/taken
		EACCES files unlink out/file"
	together "$(grep -ve "${1:-^$}" <<<"$few")"
}

on() { # KIND [PATTERN]
	mount_ground "$1"
	few_on "${2-}"
	[ "${MATRIX-}" != all ] || run_suites_on "$1"
}

test_on_tmpfs() {
	on tmpfs
}

test_on_ext4() {
	on ext4
}

test_on_xfs() {
	on xfs
}

test_on_btrfs() {
	on btrfs
}

test_on_overlayfs() {
	on overlay
}

test_on_a_bind_mount_of_a_part_of_a_file_system() {
	on bind
}

# Each name is an inode of its own there, whatever it is below.
test_on_fuse() {
	on fuse '-linked$'
}

test_a_link_on_fuse_gains_nothing() {
	local POLICY=$SCRATCH/fuse.json GUARDED=("$G/out")
	mount_ground fuse
	base_policy '{ "path": "'"$G"'/ws", "allow": "rw" }, { "path": "'"$G"'/ws/secret", "deny": "r" }, { "path": "'"$G"'/out/readable", "allow": "r" }'
	scene() {
		rm -rf "$G/ws" "$G/out"
		mkdir "$G/ws" "$G/out"
		tee "$G/ws/file" "$G/ws/secret" "$G/out/readable" <<<text >/dev/null
	}
	together "
		done files link $G/ws/file $G/ws/linked
		EXDEV files link-then-write $G/out/readable $G/ws/gained
		EXDEV files link $G/ws/secret $G/ws/told"
}

# ---- a container ---------------------------------------------------------------------------------------------------------------

# A container of podman whose root is an image's, on overlayfs, with this system's /usr and what an agent there needs of holdfast.
start_container() {
	local root=$SCRATCH/root each
	mkdir -p "$root"/{usr,proc,sys,dev,run,tmp,root,srv,var/log} /var/lib/containers
	mount -t tmpfs none /var/lib/containers
	for each in bin sbin lib lib64; do
		ln -sfn usr/$each "$root/$each"
	done
	cp -a /etc "$root/"
	tar -C "$root" -c . | podman import - holdfast-test
	podman --cgroup-manager cgroupfs run --detach --name test --privileged --network none -v /usr:/usr -v /run/holdfast:/run/holdfast \
		-v /var/log/holdfast:/var/log/holdfast holdfast-test sleep infinity
}

test_in_a_container_of_podman() {
	local suite suites=files part=inside
	[ "${MATRIX-}" != all ] || suites='files ground exec' part=''
	start_container
	for suite in $suites; do
		try podman --cgroup-manager cgroupfs exec test bash "$TESTS/guest/$suite.sh" "$part"
		tail -n 1 <<<"$output"
		[ "$status" = 0 ] || fail "$(grep -A 12 '^not ok' <<<"$output")"
	done
	podman --cgroup-manager cgroupfs rm --force --time 0 test
	umount -l /var/lib/containers
}

# ---- overlayfs: what is copied up when the rules are there already -------------------------------------------------------------

fill_lower() {
	mkdir -p ws out
	tee ws/file ws/closed ws/readable ws/closed-linked out/file out/open <<<lower >/dev/null
}

test_rules_hold_when_files_of_a_lower_layer_are_copied_up() {
	local WS=$G/ws OUT=$G/out POLICY=$SCRATCH/layers.json expected round
	mount_ground none
	mount_overlay fill_lower
	base_policy '
		{ "path": "${WORKSPACE}/closed", "deny": "rw" }, { "path": "${WORKSPACE}/readable", "deny": "w" },
		{ "path": "'"$OUT"'/open", "allow": "rw" }'
	expected='closed EACCES EACCES
readable EACCES done
../out/file EACCES EACCES
file done done
../out/open done done'
	cd "$WS"
	mkfifo "$SCRATCH/go"
	enter "$POLICY" "$WS" bash -c 'while read -r; do
			for file in closed readable ../out/file file ../out/open; do
				written=$(files write $file || true) got=$(files read $file || true)
				echo "$file ${written#refused } ${got#refused }"
			done
			echo .
		done' <"$SCRATCH/go" | cat >>"$SCRATCH/said" &
	exec 8>"$SCRATCH/go"
	for round in by-nobody by-the-session by-others forgotten; do
		case $round in
		by-others) tee -a closed readable ../out/file ../out/open file <<<upper >/dev/null ;;
		forgotten) echo 2 >/proc/sys/vm/drop_caches ;;
		esac
		: >"$SCRATCH/said"
		echo >&8
		await "it has tried all" grep -qx '\.' "$SCRATCH/said"
		same "copied up $round" "$expected" "$(grep -vx '\.' "$SCRATCH/said")"
		case $round in
		by-the-session) same "copied up" 'file open' "$(cd "$BELOW/upper" && find . -type f -printf '%f ' | tr ' ' '\n' | sort | xargs)" ;;
		by-others) same "copied up" 'closed file file open readable' "$(cd "$BELOW/upper" && find . -type f -printf '%f ' | tr ' ' '\n' | sort | xargs)" ;;
		esac
	done
	exec 8>&-
}

# ---- numbers that come again ---------------------------------------------------------------------------------------------------

NEW=1000 # files that are made
[ "${MATRIX-}" != all ] || NEW=10000

# reused_on KIND NEW [AT-LEAST]: rules of deleted files apply to none of so many new ones, of which so many have a deleted one's number.
# tmpfs and btrfs give none twice.
reused_on() {
	local POLICY=$SCRATCH/reused.json count=50
	mount_ground "$1"
	mkdir "$G/open" "$G/closed"
	base_policy "$(for ((i = 0; i < count; i++)); do
		echo "{ \"path\": \"$G/open/$i\", \"deny\": \"rw\" }, { \"path\": \"$G/closed/$i\", \"allow\": \"rw\" },"
	done) { \"path\": \"$G/open\", \"allow\": \"rw\" }"
	try reuse objects "$POLICY" "$G/open" "$G/closed" $count "$2"
	echo "# matrix: $1: $(sed -n 1p <<<"$output")" >&3
	[[ $output =~ ^([0-9]+)\ new\ files,\ ([0-9]+)\ with ]] || fail "$output"
	[ "${BASH_REMATCH[2]}" -ge "${3:-0}" ] || fail "too few numbers came again: $output"
}

test_numbers_of_deleted_files_on_ext4_bring_no_rule_with_them() {
	reused_on ext4 10000 9000
}

test_numbers_of_deleted_files_on_xfs_bring_no_rule_with_them() {
	reused_on xfs $NEW $((NEW * 9 / 10))
}

test_numbers_of_deleted_files_on_overlayfs_bring_no_rule_with_them() {
	reused_on overlay $NEW
}

test_numbers_of_deleted_files_on_tmpfs_bring_no_rule_with_them() {
	reused_on tmpfs $NEW
}

test_numbers_of_deleted_files_on_btrfs_bring_no_rule_with_them() {
	reused_on btrfs $NEW
}

test_numbers_of_deleted_files_on_fuse_bring_no_rule_with_them() {
	reused_on fuse $NEW $((NEW * 9 / 10))
}

run_suite "$@" 3>&1
