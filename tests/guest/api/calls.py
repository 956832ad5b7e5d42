# SPDX-License-Identifier: Apache-2.0
"""
calls.py valid|invalid SESSION POLICY-FILE WORKSPACE: calls every operation of the description that is served, with valid input or with
invalid. SESSION is the id of one that runs. Says what is wrong, and then exits with 1.
"""
import json
import os
import re
import signal
import subprocess
import sys
from urllib.parse import quote, urlencode

from client import announce, send, served

BODY_MAX = 17 << 20

what, session, policy_file, workspace = sys.argv[1:5]
with open(policy_file, encoding="utf-8") as f:
    policy = json.load(f)
document = served()
operations = {o.id: o for o in document.operations}
wrong = []
calls = 0


def target(operation, path=None, query=None):
    out = operation.path
    for name, value in (path or {}).items():
        out = out.replace("{" + name + "}", quote(value, safe="%"))
    return out + ("?" + urlencode(query) if query else "")


def bystander():
    """A process to be confined, which is ended with this one."""
    p = subprocess.Popen(["sleep", "infinity"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    bystanders.append(p)
    return p.pid


bystanders = []


# ---- valid ---------------------------------------------------------------------------------------------------------------------

reached = {}  # by operation: which answers came


def call(name, expected, path=None, query=None, headers=None, body=None):
    """Calls an operation; the answer has to be the one described for that status."""
    global calls
    o = operations.pop(name, None) or done[name]
    done[name] = o
    calls += 1
    answer = send(o.method, target(o, path, query), body, headers)
    problems = o.check(answer) if answer.status == expected else [f"expected {expected}"]
    if body is not None and o.schema:
        problems += [f"the request is not as described: {e}" for e in document.errors(o.schema, body)]
    wrong.extend(f"{o} {query or ''} {headers or ''}: {p}: {answer}" for p in problems)
    reached.setdefault(name, set()).add((answer.status, answer.type))
    return answer


done = {}


def confine_self():
    """A session of a process that asks for itself: a child's, since it may ask nothing afterwards."""
    out, into = os.pipe()
    child = os.fork()
    if child:
        os.close(into)
        with os.fdopen(out) as f:
            wrong.extend(f.read().splitlines())
        if os.waitpid(child, 0)[1] != 0:
            wrong.append("createSession: a process that asks for itself did not come to its end")
        return
    status = 1
    try:
        o = operations["createSession"]
        answer = send(o.method, o.path, {"policy": policy, "workspace": workspace, "agent": "self", "version": "1"})
        problems = o.check(answer) if answer.status == 201 else ["expected 201"]
        os.write(into, "".join(f"{o}: {p}: {answer}\n" for p in problems).encode())
        status = 0
    finally:
        os._exit(status)


def valid_sessions():
    confine_self()
    by_pid = call("createSession", 201, body={"policy": policy, "workspace": workspace, "name": "by-pid", "attach": {"pid": bystander()}}).json()
    text = json.dumps(policy)
    call("createSession", 201, body={"policy_text": text, "policy_file": "mine.json", "workspace": workspace, "attach": {"pid": bystander()}})
    call("createSession", 201, body={"policy": "locked-down", "workspace": workspace, "attach": {"pid": bystander()}})
    for state in ("running", "paused", "denied", "killed", "ended", "live"):
        call("listSessions", 200, query={"state": state})
    call("listSessions", 200)
    call("listSessions", 200, query={"limit": 1, "after": session})
    call("showSession", 200, {"id": session})
    call("showSession", 200, {"id": "by-pid"})
    etag = call("showSessionPolicy", 200, {"id": by_pid["id"]}).headers["ETag"]
    call("applySessionPolicy", 200, {"id": by_pid["id"]}, headers={"If-Match": etag}, body=policy)
    call("applySessionPolicy", 200, {"id": by_pid["id"]}, body={"policy": policy})
    call("applySessionPolicy", 200, {"id": by_pid["id"]}, body={"policy_text": text})
    call("explain", 200, {"id": session}, {"right": "w", "path": "/etc/passwd"})
    call("explain", 200, {"id": session}, {"right": "rx", "path": "/usr/bin/true"})
    call("explain", 200, {"id": session}, {"right": "connect", "addr": "192.0.2.1", "port": 443})
    call("explain", 200, {"id": session}, {"right": "connect", "host": "example.net", "port": 443, "proto": "udp"})


def valid_kills():
    for strength in ("deny", "pause"):
        kill = call("setKill", 201, body={"session": session, "strength": strength, "reason": "a look"}).json()
        call("liftKill", 204, {"id": kill["id"]})
    call("setKill", 201, body={"session": session, "strength": "deny"}, headers={"Idempotency-Key": "valid-1"})
    call("setKill", 201, body={"session": "by-pid"})
    call("setKill", 201, body={"all": True, "strength": "deny"})
    call("listKills", 200)
    call("listKills", 200, query={"limit": 1})
    call("liftKills", 204, body={"all": True})
    call("setKill", 201, body={"all": True, "strength": "deny"})
    call("liftKills", 204, query={"all": "true"})
    for target in ({"agent": "nobody"}, {"agent": "nobody", "version": "1"}, {"capability": "none"}, {"capability": "none", "session": session}, {"user": "nobody"}):
        call("setKill", 201, body={**target, "strength": "deny", "reason": "a look", "for": "1h"})
        call("listKills", 200)
        call("liftKills", 200 if "session" in target else 204, **({"query": target} if "version" in target else {"body": target}))
    call("liftKills", 200, query={"session": session})
    call("setKill", 201, body={"session": session, "strength": "deny"})
    call("liftKills", 200, body={"session": session})


def valid_rest():
    call("listPolicies", 200)
    call("showPolicy", 200, {"name": "locked-down"})
    call("checkPolicy", 200, body=policy)
    call("listEvents", 200)
    call("listEvents", 200, query={"since": 1, "session": session, "kind": "kill", "follow": "0"})
    call("listEvents", 200, headers={"Accept": "text/event-stream", "Last-Event-ID": "1"})
    call("recordDrill", 201, body={"holdfast_drill": 1, "id": f"valid{os.getpid()}", "passed": False, "steps": [{"scope": "session"}], "more": 1})
    call("listDrills", 200)
    call("health", 200)
    call("openapi", 200)
    call("why", 403)  # answered in a session alone: the suite access asks it there
    call("metrics", 200)


def valid_tokens():
    token = call("createToken", 201, body={"role": "viewer", "name": "a-test", "seconds": 60}).json()
    call("listTokens", 200)
    call("revokeToken", 204, {"id": token["id"]})


def workspace_of(name):
    """What a session of that id would have left."""
    folder = f"/var/lib/holdfast/workspaces/{name}"
    os.makedirs(f"{folder}/upper", exist_ok=True)
    with open(f"{folder}/upper/made", "w", encoding="utf-8") as made:
        made.write("text\n")
    with open(f"{folder}/record.json", "w", encoding="utf-8") as record:
        json.dump({"id": name, "path": os.path.realpath(workspace), "user": "root", "agent": "a", "state": "ended", "uid": 0, "at_end": "keep",
                   "folder": subprocess.run(["stat", "-c", "%i %.9W", workspace], check=True, capture_output=True, text=True).stdout.strip(),
                   "started": "2026-01-01T00:00:00Z", "ended": "2026-01-01T00:00:01Z"}, record)
    return name


def valid_workspaces():
    for name in ("aaaaaaaa", "bbbbbbbb"):
        workspace_of(name)
    call("listWorkspaces", 200)
    call("diffWorkspace", 200, {"id": "aaaaaaaa"})
    call("diffWorkspace", 200, {"id": "aaaaaaaa"}, {"patch": "true"})
    call("applyWorkspace", 200, {"id": "aaaaaaaa"}, body={"paths": ["made"]})
    call("applyWorkspace", 200, {"id": "aaaaaaaa"}, body={"force": True})
    call("discardWorkspace", 204, {"id": "aaaaaaaa"})
    call("discardWorkspace", 204, {"id": "bbbbbbbb"})


def valid():
    valid_sessions()
    valid_kills()
    valid_tokens()
    valid_workspaces()
    valid_rest()
    wrong.extend(f"{o}: is described, and was not called here: add it to tests/guest/api/calls.py" for o in operations.values())
    for name, o in done.items():
        if name == "why":
            continue
        for status, response in o.responses.items():
            for kind in response.get("content", {"": None}) if status < 300 else []:
                if (status, kind) not in reached[name]:
                    wrong.append(f"{o}: {status} {kind} is described, and did not come")


# ---- invalid -------------------------------------------------------------------------------------------------------------------

CONNECT = {"right": "connect", "addr": "192.0.2.1", "port": 443}


def starts():
    """Of each operation with arguments or a body, a call that would be valid: (path, query, body)."""
    of_session = ({"id": session}, {}, None)
    attach = {"pid": bystander()}
    return {
        "createSession": ({}, {}, {"policy": policy, "workspace": workspace, "agent": "a", "version": "1", "name": "n", "attach": attach}),
        "showSession": of_session,
        "showSessionPolicy": of_session,
        "applySessionPolicy": ({"id": session}, {}, {"policy": policy}),
        "explain": ({"id": session}, {"right": "r", "path": "/etc/passwd"}, None),
        "setKill": ({}, {}, {"session": session, "strength": "deny", "reason": "why"}),
        "liftKills": ({}, {}, {"session": session}),
        "createToken": ({}, {}, {"role": "viewer", "name": "n", "seconds": 60}),
        "revokeToken": ({"id": "no-such-token"}, {}, None),
        "liftKill": ({"id": "no-such-kill"}, {}, None),
        "recordDrill": ({}, {}, {"holdfast_drill": 1, "id": "invalid", "passed": False, "steps": []}),
        "showPolicy": ({"name": "locked-down"}, {}, None),
        "diffWorkspace": ({"id": workspace_of("cccccccc")}, {}, None),
        "applyWorkspace": ({"id": "cccccccc"}, {}, {"paths": ["made"], "force": False}),
        "discardWorkspace": ({"id": "no-such-workspace"}, {}, None),
        "checkPolicy": ({}, {}, policy),
    }


VALUES = [7, -1, 1.5, True, "", "nonsense !", "/", [], {}, ["x"], {"x": 1}, "x" * 2000]


def refused(o, about, answer, statuses=()):
    """An answer has to be a problem document that is described for the operation."""
    global calls
    calls += 1
    problems = []
    if not 400 <= answer.status <= 499:
        problems = ["expected a refusal"]
    elif answer.status == 405:
        problems = document.errors({"$ref": "#/components/schemas/Problem"}, answer.json(), closed=True)
    else:
        problems = o.check(answer)
    if answer.type != "application/problem+json":
        problems.append("it is no problem document")
    elif answer.json().get("status") != answer.status:
        problems.append("its member status is another")
    if statuses and answer.status not in statuses:
        problems.append(f"expected {statuses}")
    wrong.extend(f"{o}, {about}: {p}: {answer}" for p in problems)


def bad_arguments(o, path, query, body):
    for p in o.parameters:
        name, schema = p["name"], document.follow(p["schema"])
        if p["in"] == "path":
            at = {**path, name: "no-such-thing"}
            refused(o, f"{name} unknown", send(o.method, target(o, at, query), body), (404,))
            for bad in ("%zz", "%00", "%ff"):
                at = o.path.replace("{" + name + "}", bad)
                refused(o, f"{name} {bad}", send(o.method, at, body), (400,))
            continue
        values = {"x", "-1", "1x", "0", "nonsense !", "18446744073709551616", "x" * 200}
        values = [v for v in values if not fits(schema, v)]
        for value in values:
            if p["in"] == "header":
                refused(o, f"{name}: {value}", send(o.method, target(o, path, query), body, {name: value}), (400, 412))
            else:
                start = CONNECT if name in ("addr", "host", "port", "proto") else query
                refused(o, f"{name}={value}", send(o.method, target(o, path, {**start, name: value}), None if o.id == "liftKills" else body))
        if p.get("required"):
            left = {k: v for k, v in query.items() if k != name}
            refused(o, f"no {name}", send(o.method, target(o, path, left), body), (400,))


def fits(schema, text):
    """Whether the text of an argument is a value of its schema."""
    if schema.get("type") != "integer":
        return not document.errors(schema, text)
    return re.fullmatch("[0-9]+", text) and int(text) < 1 << 64 and not document.errors(schema, int(text))


def mutations(schema, value, where=""):
    """Values like this one with one member wrong, missing or unknown."""
    schema = document.follow(schema)
    if not isinstance(value, dict):
        return
    for name in value:
        yield f"no {where}{name}", {k: v for k, v in value.items() if k != name}
        known = schema.get("properties", {}).get(name)
        for bad in VALUES:
            if known and document.errors(known, bad):
                yield f"{where}{name} {str(bad)[:20]!r}", {**value, name: bad}
        for about, inner in mutations(known, value[name], f"{where}{name}.") if known and "oneOf" not in known else ():
            yield about, {**value, name: inner}
    yield f"{where}unknown", {**value, "unknown": 1}


def bad_bodies(o, path, query, body):
    at = target(o, path, query)
    for about, mutated in mutations(one_of(o.schema, body), body):
        if document.errors(o.schema, mutated):
            refused(o, about, send(o.method, at, mutated), (400, 422))
    text = json.dumps(body).encode()
    for bad in (text[:-1], b"{", b"[]", b"7", b'"text"', b"null", text + b"}", b"\xff\xfe", b"\x1f\x8b\x08\x00gzip", b"policy=mine&session=x",
                text[:-1] + b', "\xff": 1}', text[:-1] + b", " + text[1:], b"[" * 100000):
        refused(o, f"the body {bad[:30]!r}", send(o.method, at, bad), (400, 422))
    if o.needs_body:
        refused(o, "no body", send(o.method, at), (400, 422))


def one_of(schema, body):
    """The schema, among those of a oneOf at its top, that the body fits."""
    schema = document.follow(schema)
    if "properties" in schema:
        return schema
    return next(s for s in schema["oneOf"] if not document.errors(s, body))


def snapshot():
    state = {s["id"]: (s["state"], s["policy"]) for s in send("GET", "/v1/sessions?state=live").json()}
    return state, send("GET", "/v1/kills").json(), send("GET", f"/v1/sessions/{session}/policy").headers["ETag"]


def invalid():
    before = snapshot()
    valid_starts = starts()
    for o in document.operations:
        path, query, body = valid_starts.get(o.id, ({}, {}, None))
        bad_arguments(o, path, query, body)
        if o.schema:
            bad_bodies(o, path, query, body)
        at = target(o, path, query)
        refused(o, "too large", announce(o.method, at, BODY_MAX + 1), (413,))
        refused(o, "too many arguments", send(o.method, target(o, path) + "?" + "&".join(f"a{i}=1" for i in range(40))), (414,))
        refused(o, "an argument that is no UTF-8", send(o.method, target(o, path) + "?x=%ff"), (400,))
    for path in document.tree["paths"]:
        at = re.sub("{.*?}", "x", path)
        answer = send("PATCH", at)
        methods = document.methods(path)
        o = next(o for o in document.operations if o.path == path)
        refused(o, "PATCH", answer, (405,))
        expected = methods | ({"HEAD"} if "GET" in methods else set())
        allow = set((answer.headers.get("Allow") or "").split(", "))
        # What a path without a name in it takes, one with a name in its place may take too.
        if not expected <= allow:
            wrong.append(f"{path}: takes {sorted(allow)}, and described are {sorted(expected)}")
    answer = send("GET", "/v1/nothing")
    if answer.status != 404 or answer.type != "application/problem+json":
        wrong.append(f"an unknown path: {answer}")
    if snapshot() != before:
        wrong.append(f"what was refused has changed something: before {before}, after {snapshot()}")


try:
    {"valid": valid, "invalid": invalid}[what]()
finally:
    for p in bystanders:
        p.send_signal(signal.SIGKILL)
print(f"{calls} calls of {len(document.operations)} operations, {len(wrong)} wrong")
print("\n".join(w[:600] for w in wrong[:40]))
sys.exit(1 if wrong or calls < len(document.operations) else 0)
