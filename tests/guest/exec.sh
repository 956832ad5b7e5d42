#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Running code: only what a rule gives x, whether it is executed or mapped.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"

FS=$SCRATCH/fs
GUARDED=("$OUT" "$WS/data")
base_policy '
	{ "path": "${WORKSPACE}/data", "deny": "x" },
	{ "path": "'"$OUT"'/library", "allow": "r" },
	{ "path": "'"$OUT"'/readable", "allow": "r" },
	{ "path": "/tmp", "allow": "rw" },
	{ "path": "'"$FS"'", "allow": "rwx" }, { "path": "'"$FS"'/data", "deny": "x" }'

scene() {
	rm -rf "${WS:?}" "${OUT:?}"
	mkdir -p "$WS/data" "$OUT"
	cp /usr/bin/true "$WS/program"
	cp /usr/bin/true "$WS/data/program"
	cp /usr/bin/true "$OUT/program"
	cp /usr/bin/true "$OUT/readable"
	cp /usr/bin/true /tmp/program
	cp "$(realpath /usr/lib/x86_64-linux-gnu/libz.so.1)" "$OUT/library"
	cp "$OUT/library" "$WS/data/library"
	cp "$OUT/library" "$WS/library"
	printf '#!%s\n' "$WS/program" >"$WS/script"
	printf '#!%s\n' "$OUT/program" >"$WS/script-of-denied"
	cp "$WS/script" "$WS/data/script"
	chmod 755 "$WS/script" "$WS/script-of-denied" "$WS/data/script"
}

clean_up() {
	rm -f /tmp/program
	umount -l "$FS" 2>/dev/null || true
}

DENIED_BY_RULE=(-c workspace -r '$.capabilities.workspace.files[1]')

test_programs_of_the_system_and_of_the_workspace_run() {
	allowed code run /usr/bin/true
	allowed code run "$WS/program"
	allowed code run "$WS/script"
	allowed code loader "$WS/program"
	allowed code dlopen "$WS/library"
	allowed code map "$WS/program"
	allowed code mprotect "$WS/program"
}

test_memory_of_its_own_may_be_made_executable() {
	allowed code anonymous
}

test_a_program_outside_does_not_run() {
	denied "$OUT/program" x code run "$OUT/program"
}

test_a_program_in_tmp_that_may_be_read_and_written_does_not_run() {
	denied /tmp/program x code run /tmp/program
}

test_a_program_in_a_folder_of_the_workspace_that_denies_x_does_not_run() {
	denied "${DENIED_BY_RULE[@]}" "$WS/data/program" x code run "$WS/data/program"
	denied "${DENIED_BY_RULE[@]}" "$WS/data/script" x code run "$WS/data/script"
}

test_a_program_by_its_descriptor_does_not_run() {
	denied "${DENIED_BY_RULE[@]}" "$WS/data/program" x code run-descriptor "$WS/data/program"
	denied "$OUT/program" x code run-descriptor "$OUT/program"
}

test_a_script_whose_interpreter_is_denied_does_not_run() {
	denied "$OUT/program" x code run "$WS/script-of-denied"
}

test_the_loader_does_not_run_what_may_not_be_executed() {
	denied "${DENIED_BY_RULE[@]}" "$WS/data/program" x code loader "$WS/data/program"
}

test_a_library_that_may_only_be_read_is_not_loaded() {
	denied "${DENIED_BY_RULE[@]}" "$WS/data/library" x code dlopen "$WS/data/library"
	denied -n "$OUT/library" x code dlopen "$OUT/library"
}

test_a_file_that_may_only_be_read_is_not_mapped_as_code() {
	denied "${DENIED_BY_RULE[@]}" "$WS/data/program" x code map "$WS/data/program"
	denied "${DENIED_BY_RULE[@]}" "$WS/data/program" x code map-shared "$WS/data/program"
	# A mapping of a file on overlayfs holds the file below it.
	denied "${DENIED_BY_RULE[@]}" "$WS/data/program" x code mprotect "$WS/data/program"
	denied "${DENIED_BY_RULE[@]}" "$WS/data/program" x code mprotect-after-close "$WS/data/program"
}

test_a_program_copied_to_memory_does_not_run() {
	scene
	for way in memfd memfd-by-name memfd-sealed memfd-exec memfd-map; do
		same "control: $way" 'done' "$(code $way /usr/bin/true)"
		mark
		confined code $way /usr/bin/true
		[[ $output == 'refused EACCES' || $output == 'refused EPERM' ]] || fail "$way: $output"
		settled
		same "$way: events" 1 "$(refusals | wc -l)"
		holds "$way: the event" "$(refusals right path)" 'memfd:copy'
	done
}

test_a_program_without_a_name_has_the_rights_of_its_folder() {
	local way
	mkdir -p "$FS"
	mount -t tmpfs none "$FS" # overlayfs has no files without a name before 6.2
	mkdir "$FS/data"
	allowed code nameless /usr/bin/true "$FS"
	allowed code removed /usr/bin/true "$FS/gone"
	for way in nameless removed; do
		local where=$FS/data
		[ $way = nameless ] || where+=/gone
		same "control: $way" 'done' "$(code $way /usr/bin/true "$where")"
		mark
		confined code $way /usr/bin/true "$where"
		same "$way" 'refused EACCES' "$output"
		settled
		same "$way: the event" "x|workspace|\$.capabilities.workspace.files[6]" "$(refusals right capability rule | tr '\t' '|')"
	done
}

test_copying_a_program_does_not_make_it_one_that_runs() {
	scene
	confined bash -c "cp /usr/bin/true $WS/data/copy && code run $WS/data/copy"
	holds output "$output" 'refused E'
}

test_the_exit_status_is_that_of_the_command() {
	try holdfast run --policy "$POLICY" --workspace "$WS" -- sh -c 'exit 7'
	same status 7 "$status"
	try holdfast run --policy "$POLICY" --workspace "$WS" -- sh -c 'kill -TERM $$'
	same "status after a signal" 143 "$status"
}

test_arguments_environment_folder_and_descriptors_reach_the_command() {
	cd "$WS"
	same arguments $'a b\n*' "$(holdfast run --policy "$POLICY" --workspace "$WS" -- printf '%s\n' 'a b' '*')"
	same environment there "$(IT=there holdfast run --policy "$POLICY" --workspace "$WS" -- printenv IT)"
	same folder "$(realpath "$WS")" "$(holdfast run --policy "$POLICY" --workspace "$WS" -- pwd)"
	same 'standard input' in "$(echo in | holdfast run --policy "$POLICY" --workspace "$WS" -- cat)"
}

test_a_command_that_does_not_exist_is_a_failure() {
	try holdfast run --policy "$POLICY" --workspace "$WS" -- /no/such/program
	[ "$status" -ge 1 ] || fail "status $status"
	holds output "$output" /no/such/program
}

run_suite "$@"
