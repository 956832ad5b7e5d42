#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""server.py ADDRESS: a name server that does what no honest one does, by the first label of the name that is asked for. To all others it says
where the name "other" would be.

  moving    another address each second
  slow      knows the answer 1.5 s after it was asked first; slower: after 30 s
  lying     the records of another name
  adding    its own, and those of other names in each section
  asking    the answer to another question
"""
import socket
import struct
import sys
import threading
import time

first = {}


def wire(name):
    return b"".join(bytes([len(x)]) + x.encode() for x in name.split(".")) + b"\0"


def record(owner, addr, ttl=1):
    v6 = ":" in addr
    data = socket.inet_pton(socket.AF_INET6 if v6 else socket.AF_INET, addr)
    return owner + struct.pack(">HHIH", 28 if v6 else 1, 1, ttl, len(data)) + data


def address(label, v6):
    if label == "moving":
        return "2001:db8:7:1::%x" % (int(time.time()) % 200 + 1) if v6 else "203.0.113.%d" % (int(time.time()) % 50 + 150)
    last = {"slow": 60, "slower": 61, "adding": 62, "asking": 63, "probe": 64, "lying": 65}.get(label, 66)
    return None if v6 else "203.0.113.%d" % last


def answer(s, message, client):
    end = message.index(b"\0", 12) + 1
    question, (kind,) = message[12 : end + 4], struct.unpack(">H", message[end : end + 2])
    labels = question[:-4]
    label = labels[1 : 1 + labels[0]].decode().lower()
    sections = [[], [], []]
    addr = address(label, kind == 28) if kind in (1, 28) else None
    if addr:
        sections[0].append(record(wire("www.example.net") if label == "lying" else labels, addr))
    if label == "adding" and addr:
        for i, section in enumerate(sections):
            section.append(record(wire("www.example.net"), "203.0.113.%d" % (70 + i), 300))
    if label == "asking":
        question = wire("www.example.net") + question[-4:]
        sections[0] = [record(wire("www.example.net"), "203.0.113.73", 300)] if kind == 1 else []
    delay = {"slow": 1.5, "slower": 30}.get(label, 0)
    time.sleep(max(0, first.setdefault(question, time.monotonic()) + delay - time.monotonic()))
    head = message[:2] + struct.pack(">5H", 0x8580, 1, *(len(x) for x in sections))
    s.sendto(head + question + b"".join(b"".join(x) for x in sections), client)


def main():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((sys.argv[1], 53))
    while True:
        message, client = s.recvfrom(4096)
        threading.Thread(target=answer, args=(s, message, client), daemon=True).start()


main()
