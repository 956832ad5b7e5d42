# SPDX-License-Identifier: Apache-2.0
"""
metrics.py format|counts SESSION REFUSED-COMMAND...: the format of GET /metrics, and whether it counts what happens. The command is one
that is confined and refused one file. Fails with a message.
"""
import re
import subprocess
import sys
import time

from client import send

NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf'({NAME})(?:{{((?:{NAME}="(?:[^"\\\n]|\\.)*",?)*)}})? ([-+]?[0-9.]+(?:e[-+]?[0-9]+)?|[-+]Inf|NaN)')


def scrape():
    answer = send("GET", "/metrics")
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/plain; version=0.0.4", answer
    return answer.body.decode("ascii")


def family_of(name, types):
    """The family of a sample by its name."""
    for suffix in ("_bucket", "_sum", "_count"):
        if name.endswith(suffix) and types.get(name.removesuffix(suffix)) == "histogram":
            return name.removesuffix(suffix)
    return name


def parse(text):
    """Checks the format, and gives the samples by name and labels, and the types."""
    helps, types, samples, last, ended = {}, {}, {}, None, set()
    assert text.endswith("\n")
    for line in text.splitlines():
        m = re.fullmatch(rf"# (HELP|TYPE) ({NAME}) (.+)", line)
        if m:
            table = helps if m[1] == "HELP" else types
            assert m[2] not in table, f"twice: {line}"
            assert not any(family_of(n, types) == m[2] for n, _ in samples), f"after its samples: {line}"
            table[m[2]] = m[3]
            continue
        m = SAMPLE.fullmatch(line)
        assert m, f"not understood: {line}"
        family = family_of(m[1], types)
        assert family in helps and family in types, f"no HELP or TYPE before: {line}"
        assert family == last or family not in ended, f"apart from the others of its family: {line}"
        ended.add(last := family)
        labels = tuple(re.findall(rf'({NAME})="((?:[^"\\]|\\.)*)"', m[2] or ""))
        assert len(dict(labels)) == len(labels), f"a label twice: {line}"
        assert (m[1], labels) not in samples, f"twice: {line}"
        samples[m[1], labels] = float(m[3])
    assert set(helps) == set(types) == {family_of(n, types) for n, _ in samples}, "a family without HELP, TYPE or samples"
    return samples, types


def check_format():
    samples, types = parse(scrape())
    for name, kind in types.items():
        assert name.startswith("holdfast_"), name
        assert kind in ("counter", "gauge", "histogram"), (name, kind)
        assert name.endswith("_total") == (kind == "counter"), (name, kind)
        assert not re.search("_(ms|us|ns|milliseconds|kilobytes|ms_total)$", name), name
    assert all(v >= 0 for v in samples.values())
    for name in (n for n, kind in types.items() if kind == "histogram"):
        buckets = [(dict(labels)["le"], v) for (n, labels), v in samples.items() if n == name + "_bucket"]
        bounds = [float(le) for le, _ in buckets]
        assert bounds == sorted(set(bounds)) and buckets[-1][0] == "+Inf", bounds
        values = [v for _, v in buckets]
        assert values == sorted(values), f"{name}: the buckets are not cumulative: {values}"
        assert values[-1] == samples[name + "_count", ()], name
        assert (name + "_sum", ()) in samples


def get(samples, name, **labels):
    return samples[name, tuple(labels.items())]


def check_counts(session, command):
    before, _ = parse(scrape())
    assert send("POST", "/v1/kills", {"session": session, "strength": "deny"}).status == 201
    standing, _ = parse(scrape())
    assert send("DELETE", f"/v1/kills?session={session}").status == 200
    assert send("GET", "/v1/nothing").status == 404
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    expected = [
        (1, "holdfast_kills_set_total", {"strength": "deny"}),
        (0, "holdfast_kills_set_total", {"strength": "kill"}),
        (1, "holdfast_kill_latency_seconds_count", {}),
        (1, "holdfast_http_requests_total", {"code": "4xx"}),
        (0, "holdfast_http_requests_total", {"code": "5xx"}),
        (1, "holdfast_denials_total", {"kind": "file"}),
        (1, "holdfast_events_total", {"kind": "file", "verdict": "deny"}),
        (1, "holdfast_events_total", {"kind": "kill", "verdict": "deny"}),
        (1, "holdfast_events_total", {"kind": "kill", "verdict": "allow"}),
        (1, "holdfast_session_denials", {}),
        (0, "holdfast_events_lost_total", {}),
        (0, "holdfast_audit_write_errors_total", {}),
    ]
    until = time.monotonic() + 30
    while True: # events are read a moment later
        after, _ = parse(scrape())
        wrong = [(n, w, l, get(before, w, **l), get(after, w, **l)) for n, w, l in expected if get(after, w, **l) - get(before, w, **l) != n]
        if not wrong:
            break
        assert time.monotonic() < until, f"grew otherwise: {wrong}"
        time.sleep(0.2)
    assert get(standing, "holdfast_kills", strength="deny") == get(before, "holdfast_kills", strength="deny") + 1
    assert get(after, "holdfast_kills", strength="deny") == get(before, "holdfast_kills", strength="deny")
    assert get(standing, "holdfast_sessions", state="denied") == get(before, "holdfast_sessions", state="denied") + 1
    took = get(after, "holdfast_kill_latency_seconds_sum") - get(before, "holdfast_kill_latency_seconds_sum")
    assert 0 < took < 30, f"a kill took {took} s"
    assert get(after, "holdfast_http_requests_total", code="2xx") > get(before, "holdfast_http_requests_total", code="2xx")
    while True: # those of the tests before may be ending
        live = send("GET", "/v1/sessions?state=live").json()
        after, _ = parse(scrape())
        if get(after, "holdfast_map_entries", map="sessions") == len(live):
            break
        assert time.monotonic() < until, f"slots in use: {get(after, 'holdfast_map_entries', map='sessions')}, and {len(live)} sessions"
        time.sleep(0.2)
    assert 0 < len(live) <= get(after, "holdfast_map_entries", map="policies") < get(after, "holdfast_map_entries_max", map="policies")
    assert get(after, "holdfast_rules") > 0
    assert get(after, "holdfast_events_buffer_size_bytes") > get(after, "holdfast_events_buffer_bytes") >= 0
    assert 0 < time.time() - get(after, "holdfast_start_time_seconds") < 86400
    seq = send("GET", "/v1/health").json()["seq"]
    assert 0 < get(after, "holdfast_audit_last_number") <= seq


if sys.argv[1] == "format":
    check_format()
else:
    check_counts(sys.argv[2], sys.argv[3:])
