# SPDX-License-Identifier: Apache-2.0
# model.py PORT SCRIPT RESULTS [CERTIFICATE KEY]: a model server that answers as a script says, by the interfaces of Anthropic's Messages,
# OpenAI's Responses and Gemini's generateContent, for agents that know no other. SCRIPT is a JSON array of steps, each one act: {"shell":
# COMMAND}, {"write": PATH, "text": TEXT}, {"edit": PATH, "old": TEXT, "new": TEXT} or {"read": PATH}. An agent is asked for them one after
# another, by its own tools, and for no more once it has told of as many results as there are steps. What it told is kept in RESULTS: a line
# of JSON for each step, the number and the text; all that it was asked is in RESULTS.all. Whatever else is asked for is answered with 404.
import http.server
import json
import re
import ssl
import sys
import threading

port, script, results = sys.argv[1:4]
steps = json.load(open(script))
lock = threading.Lock()
told = {}

# Each agent's tools for an act, the first that it offers is used: name, and its arguments made of the step.
TOOLS = {
    "shell": [
        ("Bash", lambda s: {"command": s["shell"], "description": "a step"}),
        ("bash", lambda s: {"command": s["shell"], "description": "a step"}),
        ("run_shell_command", lambda s: {"command": s["shell"], "description": "a step"}),
        ("exec_command", lambda s: {"cmd": s["shell"], "yield_time_ms": 120000}),
        ("shell_command", lambda s: {"command": s["shell"], "timeout_ms": 120000}),
        ("shell", lambda s: {"command": ["bash", "-c", s["shell"]]}),
    ],
    "write": [
        ("Write", lambda s: {"file_path": s["write"], "content": s["text"]}),
        ("write", lambda s: {"filePath": s["write"], "content": s["text"]}),
        ("write_file", lambda s: {"file_path": s["write"], "content": s["text"]}),
        ("apply_patch", lambda s: patch("Add", s["write"], ["+" + line for line in s["text"].splitlines()])),
    ],
    "edit": [
        ("Edit", lambda s: {"file_path": s["edit"], "old_string": s["old"], "new_string": s["new"]}),
        ("edit", lambda s: {"filePath": s["edit"], "oldString": s["old"], "newString": s["new"]}),
        ("replace", lambda s: {"file_path": s["edit"], "old_string": s["old"], "new_string": s["new"], "instruction": "a step"}),
        ("apply_patch", lambda s: patch("Update", s["edit"], ["@@"] + ["-" + x for x in s["old"].splitlines()] + ["+" + x for x in s["new"].splitlines()])),
    ],
    "read": [
        ("Read", lambda s: {"file_path": s["read"]}),
        ("read", lambda s: {"filePath": s["read"]}),
        ("read_file", lambda s: {"file_path": s["read"]}),
    ],
}


def patch(how, path, lines):
    return "\n".join(["*** Begin Patch", f"*** {how} File: {path}", *lines, "*** End Patch"]) + "\n"


def as_shell(step):
    """The same act for an agent that has nothing but a shell for it: Codex, which has a command for patches there."""
    if "read" in step:
        return {"shell": "cat '%s'" % step["read"]}
    for act in ("write", "edit"):
        if act in step:
            return {"shell": "apply_patch <<'END_OF_PATCH'\n%sEND_OF_PATCH" % TOOLS[act][-1][1](step)}
    raise KeyError(f"nothing is known of {step}")


def call_for(number, offered):
    """The tool and its arguments for a step; offered are the names of the agent's tools."""
    step = steps[number]
    for act in ("shell", "write", "edit", "read"):
        if act in step:
            for name, arguments in TOOLS[act]:
                if name in offered:
                    return name, arguments(step)
    step = as_shell(step)
    for name, arguments in TOOLS["shell"]:
        if name in offered:
            return name, arguments(step)
    raise KeyError(f"none of {sorted(offered)} is for {step}")


def text_of(content):
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(text_of(part) for part in content)
    if isinstance(content, dict):
        return text_of(content.get("text", content.get("output", content.get("content", json.dumps(content)))))
    return str(content)


def keep(outcomes):
    """Notes what the agent tells of each step, once."""
    with lock, open(results, "a") as f:
        for number, text in enumerate(outcomes):
            if number not in told:
                told[number] = text
                f.write(json.dumps({"step": number, "text": text}) + "\n")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, events):
        """Server-sent events: each a name, or None, and a value."""
        body = b"".join((b"event: %s\n" % name.encode() if name else b"") + b"data: " + json.dumps(value).encode() + b"\n\n" for name, value in events)
        self.answer(200, body, "text/event-stream")

    def do_GET(self):
        if self.headers.get("Upgrade"): # a stream of another kind, which is not offered
            return self.answer(426, b"")
        self.answer(404, b'{"error": {"type": "not_found_error", "message": "not here"}}')

    def do_HEAD(self):
        self.answer(404, b"")

    def do_POST(self):
        length = self.headers.get("Content-Length")
        if length is None and "chunked" in self.headers.get("Transfer-Encoding", ""):
            data = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            data = self.rfile.read(int(length or 0))
        path = self.path.split("?")[0]
        with lock, open(results + ".all", "ab") as f:
            f.write(data + b"\n")
        try:
            request = json.loads(data)
        except ValueError:
            return self.do_GET()
        try:
            if path.endswith("/v1/messages"):
                return self.anthropic(request)
            if path.endswith("/count_tokens") or path.endswith(":countTokens"):
                return self.answer(200, b'{"input_tokens": 100, "totalTokens": 100}')
            if path.endswith("/responses"):
                return self.openai(request)
            if "enerateContent" in path:
                return self.gemini(request, "stream" in path)
        except KeyError as e:
            print("model:", e, file=sys.stderr, flush=True)
            return self.answer(400, json.dumps({"error": {"type": "invalid_request_error", "message": str(e)}}).encode())
        self.do_GET()

    # ---- Anthropic -----------------------------------------------------------------------------------------------------------

    def anthropic(self, request):
        offered = {tool.get("name") for tool in request.get("tools", [])}
        outcomes = [text_of(part.get("content", "")) for message in request["messages"] if isinstance(message["content"], list)
                    for part in message["content"] if part.get("type") == "tool_result"]
        if offered & {"Bash", "bash"} and len(outcomes) < len(steps):
            keep(outcomes)
            name, arguments = call_for(len(outcomes), offered)
            block, reason = {"type": "tool_use", "id": f"toolu_{len(outcomes):04}", "name": name, "input": arguments}, "tool_use"
        else:
            if offered & {"Bash", "bash"}:
                keep(outcomes)
            block, reason = {"type": "text", "text": "All is done."}, "end_turn"
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": request.get("model", "m"), "content": [block], "stop_reason": reason,
                   "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 10}}
        if not request.get("stream"):
            return self.answer(200, json.dumps(message).encode())
        if reason == "tool_use":
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
            block = {**block, "input": {}}
        else:
            delta = {"type": "text_delta", "text": block["text"]}
            block = {"type": "text", "text": ""}
        self.stream([
            ("message_start", {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}),
            ("content_block_start", {"type": "content_block_start", "index": 0, "content_block": block}),
            ("content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta}),
            ("content_block_stop", {"type": "content_block_stop", "index": 0}),
            ("message_delta", {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": {"output_tokens": 10}}),
            ("message_stop", {"type": "message_stop"}),
        ])

    # ---- OpenAI --------------------------------------------------------------------------------------------------------------

    def openai(self, request):
        custom = {tool.get("name") for tool in request.get("tools", []) if tool.get("type") == "custom"}
        offered = {tool.get("name") for tool in request.get("tools", [])}
        outcomes = [text_of(item.get("output", "")) for item in request["input"] if item.get("type", "").endswith("_call_output")]
        if offered and len(outcomes) < len(steps):
            keep(outcomes)
            name, arguments = call_for(len(outcomes), offered)
            item = {"id": f"fc_{len(outcomes):04}", "call_id": f"call_{len(outcomes):04}", "name": name, "status": "completed"}
            if name in custom:
                item |= {"type": "custom_tool_call", "input": arguments if isinstance(arguments, str) else json.dumps(arguments)}
            else:
                item |= {"type": "function_call", "arguments": json.dumps({"input": arguments} if isinstance(arguments, str) else arguments)}
        else:
            if offered:
                keep(outcomes)
            item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
                    "content": [{"type": "output_text", "text": "All is done.", "annotations": []}]}
        whole = {"id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": request.get("model", "m"), "output": [item],
                 "usage": {"input_tokens": 10, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 10,
                           "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 20}}
        if not request.get("stream"):
            return self.answer(200, json.dumps(whole).encode())
        self.stream([
            ("response.created", {"type": "response.created", "sequence_number": 0, "response": {**whole, "status": "in_progress", "output": []}}),
            ("response.output_item.added", {"type": "response.output_item.added", "sequence_number": 1, "output_index": 0, "item": item}),
            *self.text(item),
            ("response.output_item.done", {"type": "response.output_item.done", "sequence_number": 8, "output_index": 0, "item": item}),
            ("response.completed", {"type": "response.completed", "sequence_number": 9, "response": whole}),
        ])

    @staticmethod
    def text(item):
        if item["type"] != "message":
            return []
        at = {"item_id": item["id"], "output_index": 0, "content_index": 0}
        return [
            ("response.content_part.added", {"type": "response.content_part.added", "sequence_number": 2, **at, "part": {"type": "output_text", "text": "", "annotations": []}}),
            ("response.output_text.delta", {"type": "response.output_text.delta", "sequence_number": 3, **at, "delta": "All is done."}),
            ("response.output_text.done", {"type": "response.output_text.done", "sequence_number": 4, **at, "text": "All is done."}),
            ("response.content_part.done", {"type": "response.content_part.done", "sequence_number": 5, **at, "part": item["content"][0]}),
        ]

    # ---- Gemini --------------------------------------------------------------------------------------------------------------

    def gemini(self, request, stream):
        offered = {each.get("name") for tool in request.get("tools", []) for each in tool.get("functionDeclarations", [])}
        outcomes = [text_of(part["functionResponse"].get("response", "")) for content in request["contents"] for part in content.get("parts", [])
                    if "functionResponse" in part]
        if "run_shell_command" in offered and len(outcomes) < len(steps):
            keep(outcomes)
            name, arguments = call_for(len(outcomes), offered)
            part = {"functionCall": {"name": name, "args": arguments, "id": f"call_{len(outcomes):04}"}}
        elif request.get("generationConfig", {}).get("responseMimeType") == "application/json":
            part = {"text": '{"reasoning": "none", "next_speaker": "user", "model_choice": "flash", "complexity_reasoning": "none", "complexity_score": 1}'}
        else:
            if offered:
                keep(outcomes)
            part = {"text": "All is done."}
        answer = {"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
                  "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 10, "totalTokenCount": 20}, "modelVersion": "m"}
        if stream:
            self.stream([(None, answer)])
        else:
            self.answer(200, json.dumps(answer).encode())


server = http.server.ThreadingHTTPServer(("0.0.0.0", int(port)), Handler)
server.daemon_threads = True
if len(sys.argv) > 4:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[4], sys.argv[5])
    context.set_alpn_protocols(["http/1.1"])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
