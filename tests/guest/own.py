# SPDX-License-Identifier: Apache-2.0
# own.py PORT: on loopback, reaches by TCP and UDP what it listens to itself, then tries what somebody else has at PORT, and one where nobody
# is. Prints what came of each. With "wait" after it: keeps a connection to itself, and tries that once more when a line has come. With
# "leave": closes the receiver of a connected UDP socket, and sends once more when a line has come. With "defer": connects so that the first
# packet leaves with the first write, closes the listener, and writes when a line has come.
import errno
import socket
import sys

KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


def tried(call, *args):
    try:
        call(*args)
        return "done"
    except OSError as e:
        return errno.errorcode.get(e.errno, str(e))


def listener(family, address):
    s = socket.socket(family, socket.SOCK_STREAM)
    s.bind((address, 0))
    s.listen()
    return s


def connected(family, address, to=None):
    server = listener(family, address)
    client = socket.socket(family if to is None else socket.AF_INET6, socket.SOCK_STREAM)
    client.connect((to or address, server.getsockname()[1]))
    return client, server.accept()[0]


def talk(a, b):
    a.send(b"there")
    assert b.recv(9) == b"there"
    b.send(b"back")
    assert a.recv(9) == b"back"


def datagrams(family, address):
    server = socket.socket(family, socket.SOCK_DGRAM)
    server.bind((address, 0))
    for connect in (False, True):
        client = socket.socket(family, socket.SOCK_DGRAM)
        if connect:
            client.connect(server.getsockname())
            client.send(b"there")
        else:
            client.sendto(b"there", server.getsockname())
        data, source = server.recvfrom(9)
        server.sendto(b"back", source)
        assert client.recv(9) == b"back"


port = int(sys.argv[1])
for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    print(address, "own", tried(lambda: talk(*connected(family, address))), tried(datagrams, family, address))
    for to in (address, "0.0.0.0" if family == socket.AF_INET else "::"):
        print(to, "other", tried(socket.socket(family, socket.SOCK_STREAM).connect, (to, port)),
              tried(socket.socket(family, socket.SOCK_DGRAM).connect, (to, port)),
              tried(socket.socket(family, socket.SOCK_DGRAM).sendto, b"x", (to, port)))
    print(address, "nobody", tried(socket.socket(family, socket.SOCK_STREAM).connect, (address, 9)))
print("mapped own", tried(lambda: talk(*connected(socket.AF_INET, "127.0.0.1", "::ffff:127.0.0.1"))))
print("mapped other", tried(socket.socket(socket.AF_INET6, socket.SOCK_STREAM).connect, ("::ffff:127.0.0.1", port)))
if "leave" in sys.argv:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.bind(("127.0.0.1", 0))
    sender.connect(receiver.getsockname())
    tried(sender.listen)  # no such socket can, and one that listens may answer anybody
    receiver.connect(sender.getsockname())
    talk(sender, receiver)
    print("left", receiver.getsockname()[1], flush=True)
    receiver.close()
    sys.stdin.readline()
    print("later", tried(sender.send, b"stray"), flush=True)
if "defer" in sys.argv:
    server = listener(socket.AF_INET, "127.0.0.1")
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    for option in (34, 30):  # TCP_FASTOPEN_NO_COOKIE, TCP_FASTOPEN_CONNECT
        client.setsockopt(socket.IPPROTO_TCP, option, 1)
    client.bind(("127.0.0.1", 0))
    client.connect(server.getsockname())
    tried(client.listen)
    print("left", server.getsockname()[1], flush=True)
    server.close()
    sys.stdin.readline()
    client.settimeout(3)
    print("later", tried(client.send, b"stray"), flush=True)
if "wait" in sys.argv:
    pair = connected(socket.AF_INET, "127.0.0.1")
    print("connected", flush=True)
    sys.stdin.readline()
    print("later", tried(talk, *pair), flush=True)
