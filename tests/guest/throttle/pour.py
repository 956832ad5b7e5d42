# SPDX-License-Identifier: Apache-2.0
# pour.py HOST PORT SECONDS BYTES [tcp] [udp] [flows=N] [unpaced] [open] [given=SOCKET]: sends as much as it can there, so long or until so
# many bytes are sent. Prints how many the kernel took, how many connections were made, and what ended it. unpaced: takes back the pace
# that it was given. full: ends once the sockets take no more. open: connects with its
# first data. given: the socket is one that is passed at that unix socket. mapped: by an IPv6 socket. segments: datagrams that the kernel splits.
import errno
import socket
import sys
import threading
import time

host, port, seconds, most, *modes = sys.argv[1:]
values = dict(mode.split("=") for mode in modes if "=" in mode)
kind = socket.SOCK_DGRAM if "udp" in modes else socket.SOCK_STREAM
end = time.monotonic() + float(seconds)
block = b"x" * (50000 if "segments" in modes else 1000 if "udp" in modes else 16384)
sent, made, errors = 0, 0, set()


def new_socket():
    if "given" in values:
        giver = socket.socket(socket.AF_UNIX)
        giver.connect(values["given"])
        return socket.socket(fileno=socket.recv_fds(giver, 1, 1)[1][0])
    return socket.socket(socket.AF_INET6 if "mapped" in modes else socket.AF_INET, kind)


def pour():
    global sent, made
    s = new_socket()
    if "open" in modes:
        for option in (34, 30):  # TCP_FASTOPEN_NO_COOKIE, TCP_FASTOPEN_CONNECT
            s.setsockopt(socket.IPPROTO_TCP, option, 1)
    if "full" in modes:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    s.settimeout(max(end - time.monotonic(), 0.1))
    try:
        if "segments" in modes:
            s.setsockopt(socket.IPPROTO_UDP, 103, 1000)  # UDP_SEGMENT
        s.connect((("::ffff:" if "mapped" in modes else "") + socket.gethostbyname(host), int(port)))
        made += 1
        if "unpaced" in modes:
            s.setsockopt(socket.SOL_SOCKET, 47, -1)  # SO_MAX_PACING_RATE
        while time.monotonic() < end and sent < int(most):
            s.settimeout(0.5 if "full" in modes else max(end - time.monotonic(), 0.1))
            sent += s.send(block)
        # What waits in the socket has left once the other end has it, or never will.
        while "udp" not in modes and sent >= int(most) and time.monotonic() < end:
            s.settimeout(max(end - time.monotonic(), 0.1))
            s.shutdown(socket.SHUT_WR)
            s.recv(1)
            break
    except TimeoutError:
        errors.add("time")
    except OSError as e:
        errors.add(errno.errorcode.get(e.errno, str(e)))


threads = [threading.Thread(target=pour) for _ in range(int(values.get("flows", 1)))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sent, made, *sorted(errors))
