# SPDX-License-Identifier: Apache-2.0
# exchange.py serve ADDRESS PORT SAID: for each connection, reads to its end, sends as many bytes as it was asked for, and writes a line to
# the file SAID: how many came, from which port. exchange.py ask ADDRESS PORT UP DOWN: sends UP bytes, the first of which ask for DOWN, and
# reads to the end. exchange.py knock ADDRESS PORT TIMES: connects and closes so often.
import socket
import sys


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def read_all(s):
    data = b""
    while more := s.recv(65536):
        data += more
    return data


def serve(address, port, said):
    server = socket.socket(family(address))
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address, int(port)))
    server.listen(128)
    with open(said, "w", buffering=1) as log:
        log.write("ready\n")
        while True:
            s, peer = server.accept()
            with s:
                data = read_all(s)
                s.sendall(bytes(int(data[:8] or 0)))
            log.write("%d %d\n" % (len(data), peer[1]))


def connected(address, port):
    s = socket.socket(family(address))
    s.connect((address, int(port)))
    return s


def ask(address, port, up, down):
    with connected(address, port) as s:
        s.sendall(b"%08d" % int(down) + bytes(int(up) - 8))
        s.shutdown(socket.SHUT_WR)
        assert len(read_all(s)) == int(down)
    print("done")


def knock(address, port, times):
    for _ in range(int(times)):
        connected(address, port).close()
    print("done")


{"serve": serve, "ask": ask, "knock": knock}[sys.argv[1]](*sys.argv[2:])
