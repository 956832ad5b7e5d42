# SPDX-License-Identifier: Apache-2.0
# hello.py HOST PORT MODE... [NAME]: connects to the first address of HOST, sends the first message of TLS that names NAME (without it: none),
# and says what came of it: "answered", "ended" (the connection is no more) or "silent". Modes, joined by commas: 4 (IPv4), part=N (so many bytes
# at a time), plain (HTTP instead), encrypted (an extension for Encrypted Client Hello), records (spread over two), two (a second name), open
# (in the first packet), again (NAME once it has been answered for HOST's own, on the same socket), pages (by sendfile), urgent (with a byte of
# urgent data in it), given=PATH (by a socket that somebody else has made, who gives it there).
import errno
import os
import socket
import ssl
import sys
import time

host, port, modes = sys.argv[1], int(sys.argv[2]), sys.argv[3].split(",")
name = sys.argv[4] if len(sys.argv) > 4 else None


def first_message(name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    out = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def put(data, at, size, more):
    return data[:at] + (int.from_bytes(data[at:at + size], "big") + more).to_bytes(size, "big") + data[at + size:]


def with_extension(data, kind, body):
    at = 5 + 4 + 2 + 32
    at += 1 + data[at]
    at += 2 + int.from_bytes(data[at:at + 2], "big")
    at += 1 + data[at]
    more = kind.to_bytes(2, "big") + len(body).to_bytes(2, "big") + body
    for where, size in ((at, 2), (6, 3), (3, 2)):
        data = put(data, where, size, len(more))
    return data + more


def message():
    data = first_message(name)
    if "plain" in modes:
        return b"GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % host.encode()
    if "encrypted" in modes:
        return with_extension(data, 0xfe0d, b"\0" * 8)
    if "two" in modes:
        return with_extension(data, 0, b"\0\x0e\0\0\x0bevil.exampl")
    if "records" in modes:
        return data[:3] + (40).to_bytes(2, "big") + data[5:45] + data[:3] + (len(data) - 45).to_bytes(2, "big") + data[45:]
    return data


def tell(s, data):
    part = next((int(mode[5:]) for mode in modes if mode.startswith("part=")), len(data))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.settimeout(10)
    try:
        for at in range(0, len(data), part):
            if "pages" in modes:
                pages = os.memfd_create("hello")
                os.write(pages, data[at:at + part])
                os.sendfile(s.fileno(), pages, 0, part)
            elif "urgent" in modes:
                s.send(data[:60] + b"!", socket.MSG_OOB)
                s.send(data[60:])
            else:
                s.send(data[at:at + part])
            if part < len(data):
                time.sleep(0.005)
        return "answered" if s.recv(1) else "ended"
    except TimeoutError:
        return "silent"
    except OSError:
        return "ended"


family = socket.AF_INET if "4" in modes else 0
family, kind, proto, _, address = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)[0]
given = next((mode[6:] for mode in modes if mode.startswith("given=")), None)
if given:
    giver = socket.socket(socket.AF_UNIX)
    giver.connect(given)
    s = socket.socket(fileno=socket.recv_fds(giver, 1, 1)[1][0])
else:
    s = socket.socket(family, kind, proto)
if "open" in modes:
    for option in (34, 30):  # TCP_FASTOPEN_NO_COOKIE, TCP_FASTOPEN_CONNECT
        s.setsockopt(socket.IPPROTO_TCP, option, 1)
try:
    s.connect(address)
except OSError as e:
    print("refused", errno.errorcode[e.errno])
    sys.exit()
if "again" in modes:
    assert tell(s, first_message(host)) == "answered"
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    import ctypes
    unspecified = ctypes.create_string_buffer(16)
    assert ctypes.CDLL(None).connect(s.fileno(), unspecified, 16) == 0
    s.connect(address)
print(tell(s, message()))
