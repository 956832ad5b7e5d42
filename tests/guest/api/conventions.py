# SPDX-License-Identifier: Apache-2.0
"""conventions.py etag|once|pages|wait|streams SESSION POLICY-FILE: what a client relies on beyond single calls. Fails with a message."""
import json
import re
import subprocess
import sys
import time

from client import Connection, send

what, session, policy_file = sys.argv[1:4]
with open(policy_file, encoding="utf-8") as f:
    policy = json.load(f)
at = f"/v1/sessions/{session}/policy"


def expect(answer, status, word=None):
    assert answer.status == status, f"expected {status}: {answer}"
    if word:
        assert answer.json()["type"] == f"urn:holdfast:{word}", answer
    return answer


def etag():
    first = expect(send("GET", at), 200).headers["ETag"]
    assert re.fullmatch('"[0-9a-f]{32}"', first), first
    assert send("GET", at).headers["ETag"] == first, "it changed by itself"
    other = {**policy, "description": "another"}
    second = expect(send("PUT", at, other, {"If-Match": f'"of-before", {first}'}), 200).headers["ETag"]
    assert second != first and send("GET", at).headers["ETag"] == second, "the new policy has the old one's"
    for stale in (first, f"W/{second}", '"*"', second[:-1] + 'x"'):
        expect(send("PUT", at, policy, {"If-Match": stale}), 412, "changed")
        assert send("GET", at).headers["ETag"] == second, "the policy was replaced all the same"
    for bad in ("", "nonsense", second + " x", second + ",", "*x"):
        expect(send("PUT", at, policy, {"If-Match": bad}), 400, "bad-request")
    expect(send("PUT", at, policy, {"If-Match": "*"}), 200)
    expect(send("PUT", at, other), 200)
    assert send("GET", at).headers["ETag"] == second, "the same policy has another"


def count():
    return len(send("GET", "/v1/kills").json())


def once():
    body = {"session": session, "strength": "deny", "reason": "once"}
    key = {"Idempotency-Key": "7f3c"}
    before = count()
    first = expect(send("POST", "/v1/kills", body, key), 201)
    again = expect(send("POST", "/v1/kills", body, key), 201)
    assert first.body == again.body and first.type == again.type, f"{first} and {again}"
    assert count() == before + 1, "the kill was set twice"
    expect(send("POST", "/v1/kills", {**body, "reason": "another"}, key), 422, "key-used")
    assert count() == before + 1
    assert expect(send("POST", "/v1/kills", body, {"Idempotency-Key": "7f3d"}), 201).json()["id"] != first.json()["id"]
    assert expect(send("POST", "/v1/kills", body), 201).json()["id"] != first.json()["id"]
    assert count() == before + 3
    for bad in ("", "a b", "x" * 129, "\xe4"):
        expect(send("POST", "/v1/kills", body, {"Idempotency-Key": bad.encode("latin-1")}), 400, "bad-request")
    # What was refused was not done, and may be asked again.
    expect(send("POST", "/v1/kills", {"session": "not-yet"}, {"Idempotency-Key": "later"}), 404)
    expect(send("POST", "/v1/kills", body, {"Idempotency-Key": "later"}), 201)
    expect(send("DELETE", f"/v1/kills?session={session}"), 200)
    # The key is one operation's: for a session the same one is new.
    with subprocess.Popen(["sleep", "infinity"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
        try:
            body = {"policy": policy, "workspace": "/tmp", "attach": {"pid": p.pid}}
            first = expect(send("POST", "/v1/sessions", body, key), 201)
            assert expect(send("POST", "/v1/sessions", body, key), 201).body == first.body
            expect(send("POST", "/v1/sessions", body), 409)
        finally:
            p.kill()
    once_by_caller()


def once_by_caller():
    """Who asks for itself is never told that another process was confined in its place."""
    program = ("import sys; sys.path.insert(0, sys.argv[1]); from client import send; import json; "
               "print(send('POST', '/v1/sessions', json.loads(sys.argv[2]), {'Idempotency-Key': 'self'}).status)")
    run = [sys.executable, "-c", program, sys.path[0], json.dumps({"policy": policy, "workspace": "/tmp"})]
    got = [subprocess.run(run, stdout=subprocess.PIPE, check=True).stdout.decode().strip() for _ in range(2)]
    assert got == ["201", "422"], got


def collect(path, query):
    """All pages by their links."""
    ids, target, pages = [], f"{path}?{query}", 0
    while target:
        answer = expect(send("GET", target), 200)
        ids.append([each["id"] for each in answer.json()])
        link = answer.headers["Link"]
        if link:
            assert re.fullmatch(r'<(/\S+)>; rel="next"', link), link
        target = link and re.match("<(.*?)>", link)[1]
        pages += 1
        assert pages < 100, "they do not end"
    return ids


def pages():
    kills = [expect(send("POST", "/v1/kills", {"session": session, "strength": "deny"}), 201).json()["id"] for _ in range(5)]
    for path, filters in (("/v1/kills", ""), ("/v1/sessions", ""), ("/v1/sessions", "&state=live"), ("/v1/sessions", "&state=ended")):
        everything = send("GET", f"{path}?{filters}")
        assert "Link" not in everything.headers, everything.headers
        expected = [each["id"] for each in everything.json()]
        few = (1, 2, 5, len(expected)) if len(expected) < 50 else (len(expected) // 3,)
        for limit in (*few, 1000):
            got = collect(path, f"limit={limit}{filters}") if limit else [expected]
            assert sum(got, []) == expected, f"{path} {filters} limit {limit}: {got}, expected {expected}"
            assert all(len(page) == limit for page in got[:-1]), got
    assert len(send("GET", "/v1/sessions").json()) > 2, "too few to be told anything by"
    found = [each["id"] for each in send("GET", f"/v1/kills?after={kills[2]}").json()]
    assert found == kills[3:], found
    expect(send("DELETE", f"/v1/kills/{kills[0]}"), 204)
    expect(send("GET", f"/v1/kills?after={kills[0]}"), 400, "bad-request")
    for bad in ("0", "1001", "-1", "x", "", "1e2", "+1", " 1"):
        expect(send("GET", f"/v1/kills?limit={bad.replace(' ', '%20').replace('+', '%2b')}"), 400, "bad-request")
    expect(send("DELETE", f"/v1/kills?session={session}"), 200)


def wait():
    """The last thing that is asked of the session, which is at its end then."""
    for bad in ("0", "61", "-1", "x", "", "1e1", "4294967297"):
        expect(send("GET", f"/v1/sessions/{session}?wait={bad}"), 400, "bad-request")
        expect(send("POST", f"/v1/kills?wait={bad}", {"session": session}), 400, "bad-request")
    began = time.monotonic()
    assert expect(send("GET", f"/v1/sessions/{session}?wait=1"), 200).json()["state"] == "running"
    assert time.monotonic() - began >= 1, "it was not waited for"
    for strength in ("deny", "pause"):
        answer = expect(send("POST", "/v1/kills?wait=30", {"session": session, "strength": strength}), 201).json()
        assert answer["done"] is True and answer["sessions"] == 1, answer
    assert "done" not in expect(send("POST", "/v1/kills", {"session": session, "strength": "deny"}), 201).json()
    expect(send("DELETE", f"/v1/kills?session={session}"), 200)
    waiting = Connection()
    waiting.request("GET", f"/v1/sessions/{session}?wait=60")
    key = {"Idempotency-Key": "waits"}
    answer = expect(send("POST", "/v1/kills?wait=30", {"session": session}, key), 201).json()
    assert answer["done"] is True, answer
    assert expect(send("GET", f"/v1/sessions/{session}"), 200).json()["state"] == "ended", "it was answered too early"
    assert json.loads(waiting.getresponse().read())["state"] == "ended"
    again = expect(send("POST", "/v1/kills?wait=30", {"session": session}, key), 201).json()
    assert again == {name: value for name, value in answer.items() if name != "done"}, f"{answer} and {again}"


def streams():
    """Who finds no room for another stream is told so, and nobody else notices."""
    seq = send("GET", "/v1/health").json()["seq"]
    connections = [Connection() for _ in range(501)]
    for c in connections:
        c.request("GET", f"/v1/events?follow=1&since={seq}")
    answers = [c.getresponse() for c in connections] # each holds its connection open
    refused = [each.status for each in answers if each.status != 200]
    assert refused == [503], refused
    expect(send("POST", "/v1/kills", {"session": session, "strength": "deny"}), 201)
    expect(send("DELETE", f"/v1/kills?session={session}"), 200)
    for each in answers:
        each.close()
    assert send("GET", "/v1/health").json()["seq"] > seq


{"etag": etag, "once": once, "pages": pages, "streams": streams, "wait": wait}[what]()
