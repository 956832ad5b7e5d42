#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Limits: each is reached on purpose; it holds, one event names it, and the session goes on or is stopped as the policy says.
# shellcheck source-path=SCRIPTDIR source=../lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
# shellcheck source=../lib/outside.sh
. "$TESTS/lib/outside.sh"

SINK=203.0.113.200
MB=1048576

trap finish EXIT
make_network
in_background ip netns exec $OUTSIDE socat -u UDP-RECV:7003 OPEN:/dev/null
outside nft -f - <<END
table inet seen {
	counter sink { }
	chain arrives { type filter hook prerouting priority raw; ip daddr $SINK counter name sink; }
}
END
keep_all
# A file system of its own: the guest's is in memory, where nothing counts as written.
truncate -s 1G "$OUT/image"
mkfs.ext4 -q -O ^has_journal "$OUT/image"
mount -o loop "$OUT/image" "$WS"
base_policy '{ "path": "/dev/zero", "allow": "r" }' "{ \"cidr\": \"$SINK\", \"port\": 7003 }"

clean_up() {
	rm -rf "${WS:?}"/*
}

# limited LIMITS [TRIPS]: the policy with these, in JSON; sets POLICY.
limited() {
	jq --argjson limits "$1" --argjson trips "${2-[]}" '. + { limits: $limits, trips: $trips }' "$SCRATCH/policy.json" >"$SCRATCH/limited.json"
	POLICY=$SCRATCH/limited.json
}

# told LIMIT: since the mark one event names it.
told() {
	await "the limit is told" eval "since | fields kind=session op=limit limit=$1"
	same "events of $1" 1 "$(since | fields kind=session op=limit limit="$1" session | grep -c .)"
	same "its verdict" deny "$(since | fields kind=session op=limit limit="$1" verdict)"
}

untold() {
	same "events of limits" '' "$(since | fields kind=session op=limit limit || true)"
}

stopped() { # STATE REASON
	await "it is $1" eval "[[ ' $1 ${1/killed/ended} ' == *\" \$(show $session state) \"* ]]"
	holds "the kill" "$(since | fields kind=kill op=set session="$session" reason)" "$2"
}

start_python() { # NAME PROGRAM
	start_session "$1" python3 -c "$2"
}

EAT='
import os, time
pid = os.fork()
if pid == 0:
    block = bytearray(os.urandom(96 << 20))
    os._exit(0)
print(os.waitpid(pid, 0)[1] & 127, flush=True)
'

test_memory_ends_a_process_and_the_session_goes_on() {
	limited '{ "memory": "48M" }'
	mark
	confined python3 -c "$EAT"
	same "signal of the one that ate" 9 "$output"
	told memory
	limited '{ "memory": "256M" }'
	mark
	confined python3 -c "$EAT"
	same "with more" 0 "$output"
	untold
}

test_memory_kills_where_a_trip_says_so() {
	limited '{ "memory": "48M" }' '[ { "on": "memory-limit", "over": 0, "within": "1m", "do": "kill" } ]'
	mark
	start_python eats "$EAT"$'\ntime.sleep(600)'
	stopped killed 'trip memory-limit of the policy: 1 within 60 s, over 0'
}

test_processor_time_makes_it_wait() {
	local begin used at passed
	limited '{ "cpu": "20%" }'
	mark
	start_session spins sh -c 'while :; do :; done'
	told cpu
	at=${EPOCHREALTIME/./} begin=$(used_cpu)
	sleep 5
	passed=$((${EPOCHREALTIME/./} - at)) used=$(($(used_cpu) - begin))
	[ $((used * 100)) -lt $((passed * 25)) ] || fail "it used $used us in $passed"
	holdfast kill "$session"
}

used_cpu() {
	api GET "/v1/sessions/$session?use=true" | jq .use.cpu
}

test_tasks_are_no_more_than_that() {
	limited '{ "pids": 32 }' '[ { "on": "pids-limit", "over": 3, "within": "1m", "do": "pause" } ]'
	mark
	start_python forks 'import os, time
for i in range(31):
    if os.fork() == 0: time.sleep(600)
try:
    if os.fork() == 0: time.sleep(600)
except BlockingIOError: pass
time.sleep(600)'
	told pids
	same state running "$(show "$session" state)"
	same "tasks" 32 "$(api GET "/v1/sessions/$session?use=true" | jq .use.pids)"
	holdfast kill "$session"
	mark
	start_python bomb 'import os
while True:
    try: os.fork()
    except BlockingIOError: pass'
	told pids
	stopped paused 'trip pids-limit of the policy: '
	[ "$(wc -l <"/sys/fs/cgroup$(show "$session" cgroup)/cgroup.threads")" -le 32 ] || fail "more tasks than that"
	holdfast kill "$session"
}

test_open_files_are_no_more_than_that() {
	limited '{ "files": 32 }'
	confined python3 -c 'import os, resource
held = []
try:
    while len(held) < 100: held.append(os.open("/usr/bin/env", os.O_RDONLY))
except OSError as e: print(e.errno, len(held) < 32)
try: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
except (ValueError, PermissionError): print("no more")'
	same output $'24 True\nno more' "$output"
	in_background python3 -c 'import time
time.sleep(600)'
	session=$(holdfast attach --pid $pid --policy "$POLICY")
	same "of what is attached" '32 32' "$(awk '/open files/ { print $4, $5 }' "/proc/$pid/limits")"
	holdfast kill "$session"
}

# ---- disk -----------------------------------------------------------------------------------------------------------------------

# The arguments: the beginning of paths, and ways. Each writes as long as it may, and prints what stopped it.
WRITERS='
import ctypes, errno, mmap, os, resource, struct, sys, threading
block = os.urandom(1 << 20)

def until_refused(act):
    for i in range(16):
        try: act(i)
        except OSError as e: return errno.errorcode[e.errno]
    return "done"

def fork_and(act):
    def run(i):
        pid = os.fork()
        if pid == 0:
            try: act(i)
            except OSError as e: os._exit(e.errno)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code: raise OSError(code, "")
    return run

def write(i):
    with open(path + str(i), "wb", buffering=0) as f: f.write(block)

def again(i):
    with open(path, "wb", buffering=0) as f: f.write(block)

def removed(i):
    with open(path, "wb", buffering=0) as f:
        os.unlink(path)
        f.write(block)

def direct(i):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_DIRECT)
    whole = mmap.mmap(-1, 1 << 20)
    os.write(fd, whole)
    os.close(fd)

def vector(i):
    with open(path, "ab", buffering=0) as f: os.writev(f.fileno(), [block[:1 << 19], block[1 << 19:]])

def copied(i):
    source = os.open(path + "source", os.O_RDONLY)
    to = os.open(path + str(i), os.O_WRONLY | os.O_CREAT)
    os.copy_file_range(source, to, 1 << 20)

def sent(i):
    source = os.open(path + "source", os.O_RDONLY)
    to = os.open(path + str(i), os.O_WRONLY | os.O_CREAT)
    os.sendfile(to, source, 0, 1 << 20)

def spliced(i):
    source = os.open(path + "source", os.O_RDONLY)
    to = os.open(path + str(i), os.O_WRONLY | os.O_CREAT)
    r, w = os.pipe()
    for at in range(0, 1 << 20, 1 << 16):
        os.splice(source, w, 1 << 16)
        os.splice(r, to, 1 << 16)

def reserved(i):
    fd = os.open(path + str(i), os.O_RDWR | os.O_CREAT)
    os.posix_fallocate(fd, 0, 1 << 20)

def mapped(i):
    fd = os.open(path + str(i), os.O_RDWR | os.O_CREAT)
    os.ftruncate(fd, 1 << 20)
    m = mmap.mmap(fd, 1 << 20)
    m[:] = block
    if i % 4 == 3: os.pwrite(fd, b"x", 0)

def threaded(i):
    failed = []
    def run():
        try: write(i)
        except OSError as e: failed.append(e)
    t = threading.Thread(target=run)
    t.start()
    t.join()
    if failed: raise failed[0]

def at_end(i):
    # what is mapped is written by one that ends at once
    fd = os.open(path + str(i), os.O_RDWR | os.O_CREAT)
    if os.fork() == 0:
        os.ftruncate(fd, 1 << 20)
        mmap.mmap(fd, 1 << 20)[:] = block
        os._exit(0)
    os.wait()
    os.pwrite(fd, b"x", 0)

def asynchronous(i):
    # by io_submit(2); the kernel writes when it is asked, or a worker of it
    call = ctypes.CDLL(None, use_errno=True).syscall
    fd, buffer, context = os.open(path + str(i), os.O_WRONLY | os.O_CREAT), ctypes.create_string_buffer(block), ctypes.c_ulong()
    asked = struct.pack("<QIiHhIQQqQII", 0, 0, 0, 1, 0, fd, ctypes.addressof(buffer), len(block), 0, 0, 0, 0)
    one = ctypes.create_string_buffer(asked)
    list = (ctypes.c_void_p * 1)(ctypes.addressof(one))
    done = ctypes.create_string_buffer(32)
    if call(206, 1, ctypes.byref(context)) < 0: raise OSError(ctypes.get_errno(), "io_setup")
    if call(209, context, 1, list) < 0: raise OSError(ctypes.get_errno(), "io_submit")
    call(208, context, 1, 1, done, None)
    call(207, context)
    result = struct.unpack("<QQqq", done.raw)[2]
    if result < 0: raise OSError(-result, "")

def overflowing(i):
    # reserves so much that a count of it would turn over
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for j in range(4):
        try: os.posix_fallocate(fd, 0, 1 << 62)
        except OSError: pass
    os.write(fd, block)

def remapped(i):
    # into mappings that are made anew, of files that were opened before
    for at in range(2):
        m = mmap.mmap(opened[i], 1 << 20)
        m[:] = block
        m.close()

def dumped(i):
    folder = path + str(i) + "-core"
    os.mkdir(folder)
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
        os.chdir(folder)
        os.abort()
    os.waitpid(pid, 0)
    if not [name for name in os.listdir(folder) if os.path.getsize(folder + "/" + name) >= 1 << 20]: raise OSError(errno.EDQUOT, "")

def made(what):
    # 4 KB each, 8 MB in all
    def run(i):
        for j in range(128): what(path + str(i) + "-" + str(j))
    return run

empty = made(lambda name: os.close(os.open(name, os.O_WRONLY | os.O_CREAT)))
folders = made(os.mkdir)
symlinks = made(lambda name: os.symlink("x" * 4000, name))
fifos = made(os.mkfifo)
links = made(lambda name: os.link(path + "source", name))
attributes = made(lambda name: os.setxattr(path + "source", "user.x", b"x"))

for way in sys.argv[2:]:
    path = sys.argv[1] + way
    if way in ("copied", "links", "attributes", "sent", "spliced"):
        with open(path + "source", "wb", buffering=0) as f: f.write(block)
    if way == "remapped":
        opened = [os.open(path + str(i), os.O_RDWR | os.O_CREAT) for i in range(16)]
        for fd in opened: os.ftruncate(fd, 1 << 20)
    print(until_refused(fork_and(globals()[way[5:]]) if way.startswith("fork-") else globals()[way]))
'
WAYS='write again removed direct vector copied sent spliced reserved mapped threaded at_end fork-write fork-reserved fork-mapped empty folders symlinks fifos links attributes asynchronous overflowing remapped dumped'

# In kilobytes: what it has there, holes apart.
taken() {
	sync -f "$WS"
	du -sk "$WS" | cut -f1
}

test_no_way_of_writing_gets_round_the_limit() {
	local way most
	# shellcheck disable=SC2086
	same unconfined "$(wc -w <<<"$WAYS") done" "$(python3 -c "$WRITERS" "$WS/" $WAYS | sort | uniq -c | sed 's/^ *//')"
	for way in $WAYS; do
		echo "$way"
		clean_up
		limited '{ "disk": "4M" }'
		mark
		confined python3 -c "$WRITERS" "$WS/" "$way"
		same "$way" EDQUOT "$output"
		most=7
		[ "$way" != dumped ] || most=64 # one core file is written whole
		[ "$(taken)" -le $((most * 1024)) ] || fail "$way: it has $(taken) KB"
		told disk
		same "$way: why" disk "$(refusals why kind | awk '$2 == "file" { print $1; exit }')"
	done
}

test_no_ring_gets_round_the_limit() {
	local way
	for way in fill reserve; do
		clean_up
		same "unconfined: $way" 'done' "$(uring $way "$WS/file")"
		clean_up
		limited '{ "disk": "4M" }'
		mark
		confined uring $way "$WS/file"
		same "$way" 'refused EDQUOT' "$output"
		[ "$(taken)" -le $((7 * 1024)) ] || fail "$way: it has $(taken) KB"
		told disk
	done
}

test_what_is_below_the_limit_is_written() {
	limited '{ "disk": "80M" }'
	mark
	confined python3 -c "$WRITERS" "$WS/" write
	same "with more" 'done' "$output"
	untold
	no_refusal
}

test_memory_is_no_disk() {
	limited '{ "disk": "1M" }'
	confined python3 -c 'import os, sys
try:
    while True: open(sys.argv[1], "ab", buffering=0).write(bytes(1 << 18))
except OSError as e: print(e.errno)
memory = os.memfd_create("memory")
os.posix_fallocate(memory, 0, 1 << 20)
os.write(memory, bytes(1 << 20))
os.unlink(sys.argv[1])
print("removed")' "$WS/file"
	same "what it still may" $'122\nremoved' "$output"
}

test_what_could_not_be_reserved_does_not_count() {
	limited '{ "disk": "4M" }'
	confined python3 -c 'import os, sys
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
for size in (64 << 20, 1 << 62):
    try: os.posix_fallocate(fd, 0, size)
    except OSError as e: print(e.errno)
os.write(fd, bytes(1 << 20))
print("done")' "$WS/file"
	same "what it came to" $'122\n122\ndone' "$output"
}

test_other_sessions_write_on() {
	limited '{ "disk": "8M" }'
	confined python3 -c "$WRITERS" "$WS/" write
	same "the first" EDQUOT "$output"
	confined sh -c "echo more >$WS/second && echo 'done'"
	same "the second" 'done' "$output"
}

test_what_is_written_through_memory_is_paused() {
	limited '{ "disk": "8M" }'
	mark
	start_python maps "import mmap, os, time
fd = os.open('$WS/mapped', os.O_RDWR | os.O_CREAT)
os.ftruncate(fd, 1 << 30)
m = mmap.mmap(fd, 1 << 30)
for i in range(0, 1 << 30, 1 << 20):
    m[i:i + (1 << 20)] = bytes(1 << 20)
    time.sleep(0.1)"
	stopped paused 'disk limit: it goes on writing through memory'
	[ "$(taken)" -le $((128 * 1024)) ] || fail "it has $(taken) KB"
	holdfast kill "$session"
}

test_a_trip_stops_who_is_refused() {
	limited '{ "disk": "1M" }' '[ { "on": "disk-limit", "over": 0, "within": "1m", "do": "kill" } ]'
	mark
	start_python writes "import time
try:
    for i in range(8): open('$WS/f', 'ab', buffering=0).write(bytes(1 << 20))
except OSError: pass
time.sleep(600)"
	stopped killed 'trip disk-limit of the policy: '
	holds "why" "$(holdfast why "$session" -n 50)" 'raise $.limits.disk of the policy'
}

test_a_policy_sets_the_limit_and_takes_it_back() {
	base_session_writes 'done'
	limited '{ "disk": "1M" }'
	holdfast policy apply "$session" "$POLICY"
	base_session_writes EDQUOT
	kill -9 "$(daemon_pid)"
	start_daemon
	base_session_writes EDQUOT
	limited '{ "memory": "1G" }'
	holdfast policy apply "$session" "$POLICY"
	base_session_writes 'done'
	holdfast kill "$session"
}

base_session_writes() { # RESULT
	if [ -z "$(session_of asks || true)" ]; then
		POLICY=$SCRATCH/policy.json
		rm -f "$WS/ask" "$WS/said"
		mkfifo "$WS/ask" "$WS/said"
		start_session asks bash -c "while read -r line <$WS/ask; do dd if=/dev/zero of=$WS/by-dd bs=1M count=4 2>&1 | grep -o 'Disk quota exceeded\|copied' | head -n 1 >$WS/said; done"
	fi
	echo go >"$WS/ask"
	same "what it wrote" "${1/EDQUOT/Disk quota exceeded}" "$(sed 's/copied/done/' "$WS/said")"
}

# ---- bytes out ------------------------------------------------------------------------------------------------------------------

# Bytes of the packets that arrived outside, with their headers: the server itself may lose some.
arrived() {
	outside nft -j list counter inet seen sink | jq '.nftables[] | select(.counter) | .counter.bytes'
}

# at_most_half_a_megabyte BEFORE [LEAST]: and what cuts connections, which has no data.
at_most_half_a_megabyte() {
	local bytes=$(($(arrived) - $1))
	[ $bytes -le $((MB / 2 + 1000)) ] || fail "$bytes bytes arrived"
	[ $bytes -ge "${2-1}" ] || fail "only $bytes bytes arrived"
}

test_no_more_leaves_than_that_and_the_session_ends() {
	local send="import os, socket
for i in range(3): os.fork()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(('$SINK', 7003))
import time
for i in range(2000):
    try: s.send(bytes(1000))
    except OSError: pass
    if i % 20 == 0: time.sleep(0.001)
time.sleep(600)"
	local before
	before=$(arrived)
	limited '{ "bytes_out": "512K" }'
	mark
	start_python sends "$send"
	told bytes_out
	stopped killed 'bytes_out limit'
	at_most_half_a_megabyte "$before" $((MB / 4))
}

SENDERS='
import os, socket, sys
way = sys.argv[1]
tcp = way in ("tcp", "sendfile", "zerocopy", "many", "tiny")

def connect():
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM)
    s.connect((sys.argv[2], 7003))
    return s

def send(s):
    if way == "segmented":
        s.setsockopt(17, 103, 1000)
        for i in range(70): s.send(bytes(60000))
    elif way == "split":
        for i in range(70): s.send(bytes(60000))
    elif way in ("tiny", "tiny-datagrams"):
        if tcp: s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(60000 if tcp else 110000): s.send(b"x")
    elif way == "sendfile":
        with open(sys.argv[3], "rb") as f: s.sendfile(f)
    elif way == "zerocopy":
        s.setsockopt(socket.SOL_SOCKET, 60, 1)
        for i in range(64): s.send(bytes(1 << 16), 0x4000000)
    else:
        s.sendall(bytes(4 << 20))

if way == "many":
    # each with less than the limit
    for i in range(64):
        s = connect()
        s.sendall(bytes(1 << 16))
        s.close()
else:
    send(connect())
'

test_no_way_of_sending_gets_round_the_limit() {
	local way before
	in_background ip netns exec $OUTSIDE socat -u TCP-LISTEN:7003,fork,reuseaddr OPEN:/dev/null
	head -c 4M /dev/zero >"$WS/data"
	for way in segmented split tcp sendfile zerocopy many tiny tiny-datagrams; do
		await "$way: unconfined it arrives" sent_more $way $((2 * MB))
		await "all of it has arrived" no_more_arrives
		limited '{ "bytes_out": "512K" }'
		mark
		before=$(arrived)
		in_background holdfast run --policy "$POLICY" --workspace "$WS" -- timeout 60 python3 -c "$SENDERS" $way $SINK "$WS/data"
		await "$way: it is over" session_ended_since
		told bytes_out
		sleep 1
		at_most_half_a_megabyte "$before"
	done
}

no_more_arrives() {
	local before
	before=$(arrived)
	sleep 1
	[ "$(arrived)" = "$before" ]
}

sent_more() { # WAY BYTES
	local before
	before=$(arrived)
	python3 -c "$SENDERS" "$1" $SINK "$WS/data" && sleep 0.5 && [ $(($(arrived) - before)) -ge "$2" ]
}

# ---- showing them ---------------------------------------------------------------------------------------------------------------

test_top_shows_what_is_used_of_the_limits() {
	limited '{ "memory": "256M", "cpu": "50%", "pids": 64, "disk": "8M", "wall": "1h", "idle": "20m" }'
	start_session shown sh -c "dd if=/dev/zero of=$WS/data bs=1M count=2 && exec sleep 600"
	await "it is counted" eval "[ \"\$(api GET /v1/sessions/$session?use=true | jq '.use.disk >= 2097152')\" = true ]"
	try holdfast top
	same status 0 $status
	holds "its line" "$(grep "^$session" <<<"$output")" '/256M'
	holds "its line" "$(grep "^$session" <<<"$output")" '1/64'
	holds "its line" "$(grep "^$session" <<<"$output")" '2.0M/8.0M'
	holds "its line" "$(grep "^$session" <<<"$output")" '/1h00m'
	same "as JSON" "$session" "$(holdfast top --json | jq -r '.[] | select(.use and .limits.pids == 64).id')"
	holdfast kill "$session"
}

test_what_is_wrong_is_said() {
	local part
	jq '. + { limits: { disk: 5, files: 2, bytes_out: "1Q" } }' "$SCRATCH/policy.json" >"$SCRATCH/wrong.json"
	try holdfast policy check "$SCRATCH/wrong.json"
	same status 1 $status
	for part in '$.limits.disk' '$.limits.files' '$.limits.bytes_out'; do holds "what is said" "$output" "$part"; done
}

run_suite "$@"
