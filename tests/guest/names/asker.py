#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""asker.py COMMANDS ANSWERS: does what the lines of one file say, and writes what each came to in a line of the other. It is the client of
the suites of egress by name, in sessions and, as their control, outside of them.

  ask HOW SERVER[#PORT] NAME TYPE [plain]   a query in a way of the socket calls; plain: without EDNS. RCODE SERVER#PORT [tc] [ede=N] RECORD...
  keep SERVER; again SERVER NAME TYPE       makes a UDP socket, and one that is connected there; asks by the one and the other: outcome, outcome
  connect ADDRESS PORT [udp]                done, refused E..., or failed E...
  look ADDRESS PORT                         connects a UDP socket, and sends by a call that leaves the address to that: for each, as above
  get NAME PORT [4|6]                       resolves it as all programs do, and gets / there, in one try: done ADDRESS, or as above
  hold NAME PORT; send                      the same on a connection that stays
  many COUNT SECONDS NAME PORT              so many gets: done COUNT over N addresses, or the first that failed
  flood COUNT RATE SUFFIX                   queries for so many names below it, so many a second: RCODE=COUNT...
  watch NAME PORT ADDRESS; watched          a thread holds a connection to the name, and tries to connect to the address
"""
import collections
import ctypes
import errno
import os
import select
import socket
import struct
import sys
import threading
import time

TYPES = {"A": 1, "CNAME": 5, "TXT": 16, "AAAA": 28}
RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMPL", 5: "REFUSED"}
PATIENCE = 20
held = None
kept = []
watcher = None


# ---- messages ----------------------------------------------------------------------------------------------------------------


def query(name, kind, edns=True, number=0x1234):
    labels = b"".join(bytes([len(x)]) + x.encode() for x in name.split("."))
    extra = b"\0\0\x29\x04\xd0\0\0\0\0\0\0" if edns else b""
    return struct.pack(">6H", number, 0x100, 1, 0, 0, int(edns)) + labels + struct.pack(">xHH", TYPES[kind], 1) + extra


def read_name(message, at):
    labels = []
    end = 0
    while message[at]:
        if message[at] >= 0xC0:
            end = end or at + 2
            at = (message[at] & 0x3F) << 8 | message[at + 1]
            continue
        labels.append(message[at + 1 : at + 1 + message[at]].decode())
        at += 1 + message[at]
    return ".".join(labels), end or at + 1


def options(data):
    found = []
    while data:
        code, size = struct.unpack(">HH", data[:4])
        if code == 15:
            found.append("ede=%d" % struct.unpack(">H", data[4:6]))
        data = data[4 + size :]
    return found


def read(message):
    number, flags, questions, answers, authorities, additional = struct.unpack(">6H", message[:12])
    at = 12
    said, records = [], []
    for _ in range(questions):
        at = read_name(message, at)[1] + 4
    for i in range(answers + authorities + additional):
        at = read_name(message, at)[1]
        kind, _, _, size = struct.unpack(">HHIH", message[at : at + 10])
        at += 10
        data = message[at : at + size]
        if kind == 41:
            said += ["edns"] + options(data)
        elif kind in (1, 28):
            records.append(socket.inet_ntop(socket.AF_INET if kind == 1 else socket.AF_INET6, data))
        elif kind == 5:
            records.append(read_name(message, at)[0])
        at += size
    if flags & 0x200:
        said.insert(0, "tc")
    return [RCODES.get(flags & 15, str(flags & 15))], said + sorted(records)


# ---- ways to ask -------------------------------------------------------------------------------------------------------------


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_char_p), ("size", ctypes.c_size_t)]


class Message(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p), ("namelen", ctypes.c_uint), ("vectors", ctypes.POINTER(Vector)), ("n_vectors", ctypes.c_size_t),
        ("control", ctypes.c_void_p), ("controllen", ctypes.c_size_t), ("flags", ctypes.c_size_t), ("sent", ctypes.c_size_t)]


def sendmmsg(s, data, where):
    """Two of them, by the one call."""
    if s.family == socket.AF_INET:
        name = struct.pack("=H", socket.AF_INET) + struct.pack(">H4s8x", where[1], socket.inet_aton(where[0]))
    else:
        name = struct.pack("=H", socket.AF_INET6) + struct.pack(">HI16sI", where[1], 0, socket.inet_pton(socket.AF_INET6, where[0]), 0)
    vector = Vector(data, len(data))
    both = (Message * 2)(*(Message(name, len(name), ctypes.pointer(vector), 1, None, 0, 0, 0) for _ in range(2)))
    if ctypes.CDLL(None, use_errno=True).sendmmsg(s.fileno(), both, 2, 0) != 2:
        raise OSError(ctypes.get_errno(), "sendmmsg")


def exactly(s, size):
    data = b""
    while len(data) < size:
        more = s.recv(size - len(data))
        if not more:
            raise OSError(errno.ECONNRESET, "ended")
        data += more
    return data


def exchange(how, where, family, data):
    """Sends it; returns the answer, and from where it seems to come."""
    stream = how in ("tcp", "fast-open", "fast-open-connect")
    framed = struct.pack(">H", len(data)) + data
    with socket.socket(family, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM) as s:
        s.settimeout(PATIENCE)
        if how == "fast-open":
            s.setblocking(True)
            s.sendto(framed, socket.MSG_FASTOPEN, where)
            s.settimeout(PATIENCE)
        elif stream:
            if how == "fast-open-connect":
                s.setsockopt(socket.IPPROTO_TCP, 30, 1)
            s.connect(where)
            s.sendall(framed)
        elif how == "connect":
            s.connect(where)
            s.send(data)
        elif how == "sendmsg":
            s.sendmsg([data], [], 0, where)
        elif how == "sendmmsg":
            sendmmsg(s, data, where)
        else:
            s.sendto(data, where)
        if stream:
            peer = s.getpeername()
            return exactly(s, struct.unpack(">H", exactly(s, 2))[0]), peer
        if how == "connect":
            return s.recv(65535), s.getpeername()
        return s.recvfrom(65535)


def place(server):
    addr, _, port = server.partition("#")
    return (addr, int(port or 53)), socket.AF_INET6 if ":" in addr else socket.AF_INET


def ask(how, server, name, kind, plain=None):
    where, family = place(server)
    answer, peer = exchange(how, where, family, query(name, kind, not plain))
    head, rest = read(answer)
    return " ".join(head + ["%s#%d" % peer[:2]] + rest)


def keep(server):
    where, family = place(server)
    kept.extend(socket.socket(family, socket.SOCK_DGRAM) for _ in range(2))
    kept[1].connect(where)
    return "done"


def again(server, name, kind):
    said = []
    for s, where in (kept[0], [place(server)[0]]), (kept[1], []):
        try:
            s.settimeout(PATIENCE)
            (s.sendto if where else s.send)(query(name, kind), *where)
            said.append(read(s.recv(65535))[0][0])
        except OSError as e:
            said.append(outcome(e))
    return ", ".join(said)


# ---- connections -------------------------------------------------------------------------------------------------------------


def connect(addr, port, kind="tcp"):
    family = socket.AF_INET6 if ":" in addr else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM) as s:
        s.settimeout(PATIENCE)
        s.connect((addr, int(port)))
        if kind == "udp":
            s.send(b"udp")
    return "done"


def corked(s):
    s.setsockopt(socket.IPPROTO_UDP, 1, 1)  # UDP_CORK
    s.send(b"cork")
    s.setsockopt(socket.IPPROTO_UDP, 1, 0)


def without_copy(s):
    s.setsockopt(socket.SOL_SOCKET, 60, 1)  # SO_ZEROCOPY
    s.send(b"zero", 0x4000000)  # MSG_ZEROCOPY


def spliced(s):
    source, sink = os.pipe()
    os.write(sink, b"splice")
    try:
        os.splice(source, s.fileno(), 6)
    finally:
        os.close(source)
        os.close(sink)


def from_file(s):
    with open("/etc/hostname", "rb") as f:
        os.sendfile(s.fileno(), f.fileno(), 0, 4)


def look(addr, port):
    said = []
    for way in lambda s: s.send(b"send"), lambda s: s.sendmsg([b"message"]), corked, without_copy, spliced, from_file:
        with socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect((addr, int(port)))
            try:
                way(s)
                said.append("done")
            except OSError as e:
                said.append(outcome(e))
    return ", ".join(said)


def open_name(name, port, family=None):
    """By the first address, as a program that does not try others."""
    families = {"4": socket.AF_INET, "6": socket.AF_INET6, None: socket.AF_UNSPEC}
    found = socket.getaddrinfo(name, int(port), families[family], socket.SOCK_STREAM)[0]
    s = socket.socket(found[0], found[1])
    s.settimeout(PATIENCE)
    s.connect(found[4])
    return s


def request(s):
    s.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
    answer = b""
    while b"reached" not in answer or not answer.endswith(b"\n"):
        more = s.recv(4096)
        if not more:
            raise OSError(errno.ECONNRESET, "ended")
        answer += more


def get(name, port, family=None):
    with open_name(name, port, family) as s:
        request(s)
        return "done " + s.getpeername()[0]


def hold(name, port):
    global held
    held = open_name(name, port)
    request(held)
    return "done " + held.getpeername()[0]


def send():
    request(held)
    return "done"


def many(count, seconds, name, port):
    begin = time.monotonic()
    seen = set()
    for i in range(int(count)):
        try:
            seen.add(get(name, port, "46"[i % 2]))
        except OSError as e:
            return "number %d, after %d addresses: %s" % (i, len(seen), outcome(e))
        time.sleep(max(0, begin + float(seconds) * i / int(count) - time.monotonic()))
    return "done %s over %d addresses" % (count, len(seen))


def flood(count, rate, suffix):
    found = collections.Counter()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("198.51.100.53", 53))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        begin = time.monotonic()
        sent, answered, waiting = 0, time.monotonic(), set()
        while (sent < int(count) or waiting) and time.monotonic() - answered < PATIENCE:
            due = min(int(count), int((time.monotonic() - begin) * float(rate)) + 1)
            while sent < due and len(waiting) < 64:
                s.send(query("n%d.%s" % (sent, suffix), "A", False, sent & 0xFFFF))
                waiting.add(sent & 0xFFFF)
                sent += 1
            if not select.select([s], [], [], 0.002)[0]:
                continue
            answer = s.recv(4096)
            waiting.discard(answer[0] << 8 | answer[1])
            found[RCODES[answer[3] & 15]] += 1
            answered = time.monotonic()
    return " ".join("%s=%d" % each for each in sorted(found.items())) + (" lost=%d" % len(waiting) if waiting else "")


class Watcher(threading.Thread):
    def __init__(self, name, port, addr):
        super().__init__(daemon=True)
        self.stream, self.port, self.addr = open_name(name, port), port, addr
        self.sent, self.refused, self.wrong, self.over = 0, 0, [], False
        self.start()

    def run(self):
        while not self.over:
            try:
                request(self.stream)
                self.sent += 1
            except OSError as e:
                self.wrong.append("send: " + outcome(e))
                self.over = True
            try:
                self.wrong.append("connect: " + connect(self.addr, self.port))
            except OSError as e:
                if outcome(e) == "refused EACCES":
                    self.refused += 1
                else:
                    self.wrong.append("connect: " + outcome(e))
            time.sleep(0.02)


def watch(name, port, addr):
    global watcher
    watcher = Watcher(name, port, addr)
    return "done"


def watched():
    return " ".join(["sent=%d refused=%d" % (watcher.sent, watcher.refused)] + watcher.wrong[:4])


# ---- all together ------------------------------------------------------------------------------------------------------------


def outcome(e):
    if isinstance(e, socket.gaierror):
        return "unknown %s" % {-2: "NONAME", -3: "AGAIN", -4: "FAIL", -5: "NODATA"}.get(e.errno, str(e.errno))
    if isinstance(e, TimeoutError) and not e.errno:
        return "failed: no answer"
    name = errno.errorcode.get(e.errno, str(e))
    return ("refused " if name in ("EACCES", "EPERM") else "failed ") + name


COMMANDS = {"ask": ask, "keep": keep, "again": again, "connect": connect, "look": look, "get": get, "hold": hold, "send": send, "many": many, "flood": flood,
            "watch": watch, "watched": watched}


def main():
    commands, answers = (open(path, mode, buffering=1) for path, mode in zip(sys.argv[1:3], ("r", "w")))
    for line in commands:
        words = line.split()
        try:
            said = COMMANDS[words[0]](*words[1:])
        except OSError as e:
            said = outcome(e)
        answers.write(said + "\n")


main()
