# SPDX-License-Identifier: Apache-2.0
"""clients.py COUNT FILE: so many clients of the API at once, 100 of each user: idle ones, slow readers, half requests and garbage. Each that is
hung up on comes again. Writes "ready" to the file once all are there, and runs until it is ended."""
import ctypes
import os
import random
import select
import socket
import sys
import time

SOCKET = "/run/holdfast/api.sock"
EACH = 100
HALF = [b"GET /v1/sess", b"POST /v1/kills HTTP/1.1\r\nHost: x\r\n", b"POST /v1/kills HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{\"session\":"]
GREEDY = b"GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 50  # the answers are not read
FOLLOW = b"GET /v1/events?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n"


def first_words(kind):
    if kind == 0:
        return b""
    if kind == 1:
        return random.choice((GREEDY, FOLLOW))
    if kind == 2:
        return random.choice(HALF)
    return random.randbytes(random.randrange(1, 3000)) + b"\r\n\r\n"


def come(kind):
    s = socket.socket(socket.AF_UNIX)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.setblocking(False)
    try:
        s.connect(SOCKET)
        s.send(first_words(kind))
    except OSError:
        pass
    return s


def crowd(uid, count, ready):
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
    clients = {}
    watch = select.poll()
    for n in range(count):
        s = come(n % 4)
        clients[s.fileno()] = (s, n % 4)
        watch.register(s, select.POLLHUP | select.POLLERR | select.POLLRDHUP)
    os.write(ready, b".")
    while True:
        for fd, _ in watch.poll(1000):
            s, kind = clients.pop(fd)
            watch.unregister(fd)
            s.close()
            s = come(kind)
            clients[s.fileno()] = (s, kind)
            watch.register(s, select.POLLHUP | select.POLLERR | select.POLLRDHUP)
        time.sleep(0.2)


def main():
    count, path = int(sys.argv[1]), sys.argv[2]
    told, ready = os.pipe()
    groups = (count + EACH - 1) // EACH
    for g in range(groups):
        if os.fork() == 0:
            os.close(told)
            crowd(3000 + g, min(EACH, count - g * EACH), ready)
    heard = 0
    while heard < groups:
        heard += len(os.read(told, groups))
    with open(path, "w", encoding="utf-8") as f:
        f.write("ready\n")
    os.wait()


main()
