# SPDX-License-Identifier: Apache-2.0
# access.py MODE …: who may do what by the API. The table is the one in docs/api.md # Who may: each of its requests is made by each kind of
# caller, and the answer is what the table says.
#   matrix DOCUMENT SOCKET PORT CERTIFICATE SESSION POLICY TOKEN=TEXT...   by root, users, and over TCP; SESSION is dev's
#   agent DOCUMENT SOCKET                                                  by this process, which is in a session
#   strangers DOCUMENT PORT CERTIFICATE NAME=TEXT...                       over TCP by who has no valid token
#   guess PORT CERTIFICATE ADDRESS TIMES                                   so often without a token; prints the statuses
#   drip PORT CERTIFICATE                                                  a request that never ends; prints after how many seconds it was cut
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time

COLUMNS = ["user", "viewer", "auditor", "operator", "admin", "root"]
DEV, EVE = 1000, 1001
problems = []
checked = 0


def table(document):
    found = re.findall(r"^\| `([A-Z]+) (/\S+)` \|((?: (?:yes|no|own) \|){6})$", open(document).read(), re.M)
    assert len(found) > 15, "the table is not in " + document
    return [(method, path, dict(zip(COLUMNS, re.findall(r"\w+", cells)))) for method, path, cells in found]


class Unix(http.client.HTTPConnection):
    def __init__(self, path, uid=None):
        super().__init__("localhost", timeout=60)
        self.path, self.uid = path, uid

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        if self.uid:
            os.setegid(self.uid)
            os.seteuid(self.uid)
        try:
            self.sock.connect(self.path)
        finally:
            if self.uid:
                os.seteuid(0)
                os.setegid(0)


def tls(port, certificate, source="127.0.0.1"):
    context = ssl.create_default_context(cafile=certificate)
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=60, context=context, source_address=(source, 0))


def ask(connection, method, path, body=None, token=None, keep=False):
    headers = {"Authorization": "Bearer " + token} if token is not None else {}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    if not keep:
        connection.close()
    return answer.status, text, answer.headers


# Over one connection as long as the server keeps it: a handshake takes a second under emulation.
class Kept:
    def __init__(self, port, certificate, source="127.0.0.1"):
        self.arguments, self.connection = (port, certificate, source), None

    def ask(self, method, path, body, token):
        if self.connection and time.time() > self.used + 4: # it closes idle ones
            self.connection.close()
            self.connection = None
        if not self.connection:
            self.connection = tls(*self.arguments)
        self.used = time.time()
        return ask(self.connection, method, path, body, token, True)


def kind(text):
    try:
        return json.loads(text)["type"].removeprefix("urn:holdfast:")
    except (ValueError, KeyError, TypeError):
        return ""


def check(good, what, status, text):
    global checked
    checked += 1
    if not good:
        problems.append(f"{what}: {status} {text[:200].strip()}")


def finish():
    print(f"{checked} answers, {len(problems)} wrong")
    for each in problems:
        print("wrong:", each)
    sys.exit(1 if problems or not checked else 0)


class Matrix:
    def __init__(self, document, path, port, certificate, session, policy, *tokens):
        self.rows, self.path, self.port, self.certificate, self.session = table(document), path, int(port), certificate, session
        self.policy = json.load(open(policy))
        self.tokens = dict(each.split("=") for each in tokens)
        self.kept = {name: Kept(self.port, certificate) for name in self.tokens}
        self.since = json.loads(self.root("GET", "/v1/health")[1])["seq"]
        self.lift(self.pause(self.root)) # so that there is an event of the session

    def root(self, method, path, body=None):
        return ask(Unix(self.path), method, path, body)

    def caller(self, name):
        if name in self.tokens:
            return lambda method, path, body=None: self.kept[name].ask(method, path, body, self.tokens[name])
        uid = {"root": None, "dev": DEV, "eve": EVE}[name]
        return lambda method, path, body=None: ask(Unix(self.path, uid), method, path, body)

    def pause(self, by):
        status, text, _ = by("POST", "/v1/kills", {"session": self.session, "strength": "pause", "reason": "matrix"})
        return json.loads(text)["id"] if status == 201 else None

    def lift(self, kill):
        if kill:
            self.root("DELETE", "/v1/kills/" + kill)

    # What a session of dev's would have left.
    def workspace(self, name):
        folder = f"/var/lib/holdfast/workspaces/{name}"
        os.makedirs(f"{folder}/upper", exist_ok=True)
        number = subprocess.run(["stat", "-c", "%i %.9W", "/home/dev/work"], check=True, capture_output=True, text=True).stdout.strip()
        with open(f"{folder}/record.json", "w") as record:
            json.dump({"id": name, "path": "/home/dev/work", "user": "dev", "agent": "a", "state": "ended", "uid": DEV, "at_end": "keep", "folder": number,
                       "started": "2026-01-01T00:00:00Z", "ended": "2026-01-01T00:00:01Z"}, record)
        return name

    # What the request is, when the caller does it; allowed: it is to succeed. Returns path, body, what to do afterwards.
    def prepare(self, method, path, by, allowed):
        nothing = lambda text: None
        if (method, path) == ("POST", "/v1/sessions"):
            process = subprocess.Popen(["sleep", "600"], user=DEV, group=DEV, extra_groups=[], cwd="/home/dev/work",
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            end = lambda text: (process.kill(), process.wait())
            return path, {"policy": self.policy, "workspace": "/home/dev/work", "attach": {"pid": process.pid}}, end
        if (method, path) == ("POST", "/v1/kills"):
            lift = lambda text: self.lift(json.loads(text).get("id"))
            return path, {"session": self.session, "strength": "pause"}, lift
        if path in ("/v1/kills", "/v1/kills/KILL"):
            kill = self.pause(by if allowed and method == "DELETE" else self.root)
            body = {"session": self.session} if method == "DELETE" and path == "/v1/kills" else None
            return path.replace("KILL", kill), body, lambda text: self.lift(kill)
        if (method, path) == ("POST", "/v1/tokens"):
            return path, {"role": "viewer", "seconds": 600}, nothing
        if (method, path) == ("POST", "/v1/drills"):
            self.drills = getattr(self, "drills", 0) + 1
            return path, {"holdfast_drill": 1, "id": f"matrix{self.drills}", "passed": False, "steps": []}, nothing
        if path == "/v1/tokens/TOKEN":
            token = json.loads(self.root("POST", "/v1/tokens", {"role": "viewer", "seconds": 600})[1])["id"]
            return path.replace("TOKEN", token), None, nothing
        if path.startswith("/v1/workspaces"):
            name = self.workspace(self.session if method == "GET" else "aaaaaaaa")
            return path.replace("WORKSPACE", name), {} if method == "POST" else None, nothing
        if path == "/v1/events":
            return f"{path}?since={self.since}", None, nothing
        path = path.replace("ID", self.session).replace("NAME", "read-only")
        if path.endswith("/explain"):
            path += "?right=r&path=/etc/passwd"
        return path, self.policy if method in ("PUT", "POST") else None, nothing

    def one(self, name, column, row):
        method, path, cells = row
        by, cell = self.caller(name), cells[column]
        mine = cell == "yes" or (cell == "own" and name != "eve")
        target, body, afterwards = self.prepare(method, path, by, mine)
        status, text, _ = by(method, target, body)
        listed = method == "GET" and path in ("/v1/sessions", "/v1/kills", "/v1/events", "/v1/workspaces")
        if mine:
            good = status in (200, 201, 204) and (not listed or self.session in text)
        elif cell == "no":
            good = status == 403 and kind(text) == "role"
        elif listed:
            good = status == 200 and self.session not in text
        else: # another user's
            good = (status, kind(text)) in ((403, "not-yours"), (403, "forbidden"), (404, "no-kill"), (404, "not-found"))
        check(good, f"{name}: {method} {path}: {cell}", status, text)
        afterwards(text)

    def run(self):
        for row in self.rows:
            self.one("root", "root", row)
            self.one("dev", "user", row)
            self.one("eve", "user", row)
            for role in ("viewer", "auditor", "operator", "admin"):
                self.one(role, role, row)
        status, text, _ = self.caller("admin")("POST", "/v1/sessions", {"policy": self.policy})
        check(status == 400 and "attach" in text, "admin: a session of the caller itself", status, text)
        status, text, _ = self.caller("operator")("POST", "/v1/kills", {"all": True, "strength": "pause"})
        check(status == 201, "operator: a pause of everything", status, text)
        status, text, _ = self.caller("operator")("DELETE", "/v1/kills?all=1")
        check(status == 204, "operator: lifting it", status, text)


def agent(document, path):
    for method, target, _ in table(document):
        if target == "/v1/why":
            continue
        try:
            status, text, _ = ask(Unix(path), method, target, {} if method != "GET" else None)
        except PermissionError: # the kernel lets it not even connect
            status, text = 403, '{"type": "urn:holdfast:agent"}'
        check(status == 403 and kind(text) == "agent", f"agent: {method} {target}", status, text)


# From so many addresses that none is slowed down for the others.
def strangers(document, port, certificate, *tokens):
    count = 0
    for name, token in [("nobody", None)] + [each.split("=", 1) for each in tokens]:
        for method, target, _ in table(document):
            if count % 5 == 0:
                kept = Kept(int(port), certificate, f"127.0.1.{count // 5 + 1}")
            count += 1
            status, text, headers = kept.ask(method, target, {} if method != "GET" else None, token)
            good = status == 401 and kind(text) == "token" and headers["WWW-Authenticate"].startswith("Bearer")
            check(good, f"{name}: {method} {target}", status, text)


def guess(port, certificate, address, times):
    for number in range(int(times)):
        status, _, headers = ask(tls(int(port), certificate, address), "GET", "/v1/sessions", None, f"hf_aaaaaaaa_{number:052}")
        print(status, headers["Retry-After"] or "-", flush=True)


def drip(port, certificate):
    connection = tls(int(port), certificate, "127.0.3.1")
    connection.connect()
    started = time.time()
    connection.sock.settimeout(1)
    try:
        connection.sock.sendall(b"GET /v1/health HTTP/1.1\r\nX: ")
        while time.time() < started + 120:
            connection.sock.sendall(b"x")
            try:
                if not connection.sock.recv(1):
                    break
            except TimeoutError:
                pass
    except OSError:
        pass
    print(int(time.time() - started))


mode, arguments = sys.argv[1], sys.argv[2:]
if mode == "matrix":
    Matrix(*arguments).run()
elif mode == "agent":
    agent(*arguments)
elif mode == "strangers":
    strangers(*arguments)
elif mode == "guess":
    guess(*arguments)
    sys.exit(0)
elif mode == "drip":
    drip(*arguments)
    sys.exit(0)
finish()
