# SPDX-License-Identifier: Apache-2.0
"""crash.py TIMES POLICY-FILE SESSION...: kills the daemon with SIGKILL at so many random moments while kills are set and lifted and policies
replaced, and starts it again. After each: what was answered stands, what was lifted does not, and what was cut off may be either. Prints
what it did; fails with a message."""
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../api"))
from client import Connection, send  # noqa: E402

FOUND = "in force when the daemon started"  # bits that no kill explains are held
times, policy_file, sessions = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
with open(policy_file, encoding="utf-8") as f:
    policy = json.load(f)
seed = int(os.environ.get("SEED") or time.time())
chance = random.Random(seed)
standing = {}  # id: target, as JSON
lifted = set()
started = []
counts = {"set": 0, "lifted": 0, "applied": 0, "cut off": 0}


def daemon():
    if started:
        started[-1].poll()  # a zombie is none
    found = subprocess.run(["pgrep", "-x", "-o", "holdfastd"], stdout=subprocess.PIPE, check=False).stdout.split()
    return int(found[0]) if found else 0


def answers():
    try:
        return send("GET", "/v1/health").status == 200
    except OSError:
        return False


def start():
    with open("/var/log/holdfastd.log", "ab") as log:
        started.append(subprocess.Popen(["holdfastd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True))
    until = time.monotonic() + 600
    while not answers():
        assert time.monotonic() < until, "the daemon does not come back"
        time.sleep(0.05)


class Step:
    """One request, and what is known once it is answered."""

    def __init__(self, number):
        self.reason = f"crash {number}"
        target = chance.choice([{"session": s} for s in sessions] * 4 + [{"agent": "suite"}, {"all": True}, {"capability": "workspace"}])
        self.what = chance.choices(("kill", "lift", "apply"), (5, 4, 1))[0]
        self.target = target
        if self.what == "lift" and standing and chance.random() < 0.8:
            self.target = json.loads(chance.choice(list(standing.values())))
        self.text = json.dumps(self.target)

    def take(self, connection):
        if self.what == "kill":
            strength = "deny" if "capability" in self.target else chance.choice(("deny", "pause"))
            answer = send("POST", "/v1/kills", {**self.target, "strength": strength, "reason": self.reason}, connection=connection)
            assert answer.status == 201, answer
            standing[answer.json()["id"]] = self.text
            counts["set"] += 1
        elif self.what == "lift":
            answer = send("DELETE", "/v1/kills", self.target, connection=connection)
            assert answer.status in (200, 204, 404), answer
            for each in [i for i, t in standing.items() if t == self.text]:
                del standing[each]
                lifted.add(each)
                counts["lifted"] += 1
        else:
            answer = send("PUT", f"/v1/sessions/{chance.choice(sessions)}/policy", policy, connection=connection)
            assert answer.status == 200, answer
            counts["applied"] += 1


def run_until_killed(number):
    """Returns the step that was cut off, which may or may not have taken effect."""
    pid = daemon()
    timer = threading.Timer(chance.random() * 0.6, os.kill, (pid, signal.SIGKILL))
    connection = Connection()
    timer.start()
    step, n = None, 0
    try:
        while True:
            step = Step(f"{number}.{n}")
            step.take(connection)
            n += 1
    except (OSError, http.client.HTTPException):
        pass
    timer.join()
    while daemon() == pid:
        time.sleep(0.01)
    counts["cut off"] += 1
    return step


def state(session):
    return send("GET", f"/v1/sessions/{session}").json()["state"]


def covers(target, session):
    return target.get("session") == session and "capability" not in target or "agent" in target or "all" in target


def check(step):
    found = {k["id"]: k for k in send("GET", "/v1/kills").json()}
    unsure = {i for i, t in standing.items() if step.what == "lift" and t == step.text}
    for lost in standing.keys() - found.keys() - unsure:
        raise AssertionError(f"kill {lost} of {standing[lost]} was answered, and is lost; cut off: {step.what} {step.text}")
    for back in lifted & found.keys():
        raise AssertionError(f"kill {back} was lifted, and is back")
    for new in found.keys() - standing.keys():
        reason = found[new]["reason"]
        assert reason == step.reason or (reason == FOUND and step.what in ("kill", "lift")), f"nobody asked for {found[new]}"
    standing.clear()
    for each, k in found.items():
        members = ("session", "agent", "capability", "all")
        standing[each] = json.dumps({m: k[m] for m in members if m in k})
    for session in sessions:
        struck = any(covers(json.loads(t), session) for t in standing.values())
        assert (state(session) != "running") == struck, f"session {session} is {state(session)}, and of it stand {list(found.values())}"


def lift_all():
    for each in list(standing):
        assert send("DELETE", f"/v1/kills/{each}").status == 204
        lifted.add(each)
    standing.clear()
    for session in sessions:
        assert state(session) == "running", f"session {session} is {state(session)} after all was lifted"


def main():
    took = []
    for number in range(times):
        step = run_until_killed(number)
        begin = time.monotonic()
        start()
        took.append(time.monotonic() - begin)
        check(step)
        if number % 5 == 4:
            lift_all()
    lift_all()
    took.sort()
    print(f"{times} crashes, seed {seed}: " + ", ".join(f"{n} {what}" for what, n in counts.items()) +
          f"; back within {took[len(took) // 2]:.1f} s, at most {took[-1]:.1f} s")


try:
    main()
except AssertionError as e:
    sys.exit(f"seed {seed}: {e}")
