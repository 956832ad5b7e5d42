# SPDX-License-Identifier: Apache-2.0
"""The API's client of this suite: HTTP on the unix socket, the description that is served, and a checker for the schemas in it."""
import http.client
import json
import re
import socket

SOCKET = "/run/holdfast/api.sock"


class Connection(http.client.HTTPConnection):
    def __init__(self):
        super().__init__("localhost", timeout=60)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(SOCKET)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.type = (response.headers.get("Content-Type") or "").split(";")[0].strip()
        self.body = b"" if self.type == "text/event-stream" else response.read()

    def json(self):
        return json.loads(self.body)

    def __str__(self):
        return f"{self.status} {self.type} {self.body[:300].decode(errors='replace')}"


def send(method, target, body=None, headers=None, connection=None):
    """body: bytes, or what becomes JSON; None: no body."""
    c = connection or Connection()
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    c.request(method, target, body, headers or {})
    answer = Answer(c.getresponse())
    if not connection:
        c.close()
    return answer


def announce(method, target, length):
    """Only says that a body of that length comes, and waits for leave to send it."""
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(60)
    s.connect(SOCKET)
    s.sendall(f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n".encode())
    response = http.client.HTTPResponse(s, method=method)
    response.begin()
    answer = Answer(response)
    s.close()
    return answer


class Operation:
    def __init__(self, document, path, method, item):
        self.document, self.path, self.method, self.item = document, path, method.upper(), item
        self.id = item["operationId"]
        self.parameters = [document.follow(p) for p in item.get("parameters", [])]
        self.responses = {int(s): document.follow(r) for s, r in item["responses"].items()}
        content = item.get("requestBody", {}).get("content", {})
        self.schema = content["application/json"]["schema"] if content else None
        self.needs_body = item.get("requestBody", {}).get("required", False)

    def __str__(self):
        return f"{self.method} {self.path}"

    def check(self, answer):
        """What is wrong with an answer, as a list: its status, its type and its body have to be as described."""
        if answer.status not in self.responses:
            return [f"the status {answer.status} is not described"]
        content = self.responses[answer.status].get("content", {})
        if not content:
            return [f"has a body: {answer.body!r}"] if answer.body else []
        if answer.type not in content:
            return [f"the content type {answer.type!r} is not described"]
        wrong = []
        for header in self.responses[answer.status].get("headers", {}):
            if header == "ETag" and header not in answer.headers:
                wrong.append(f"there is no {header}")
        schema = content[answer.type]["schema"]
        if answer.type.endswith("json") and answer.type != "application/x-ndjson":
            wrong += self.document.errors(schema, answer.json(), closed=True)
        elif answer.type == "application/x-ndjson":
            for line in answer.body.splitlines():
                wrong += self.document.errors(schema, json.loads(line), closed=True)
        return wrong


KINDS = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


class Document:
    def __init__(self, tree):
        self.tree = tree
        self.operations = [Operation(self, path, method, item) for path, methods in tree["paths"].items() for method, item in methods.items()]

    def follow(self, item):
        while "$ref" in item:
            found = self.tree
            for key in item["$ref"].removeprefix("#/").split("/"):
                found = found[key]
            item = found
        return item

    def methods(self, path):
        return {m.upper() for m in self.tree["paths"][path]}

    def is_a(self, kind, value):
        if kind == "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        if kind == "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        return isinstance(value, KINDS[kind])

    def errors(self, schema, value, where="$", closed=False):
        """closed: objects have no members but those described, unless additionalProperties says otherwise."""
        schema = self.follow(schema)
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(self.is_a(k, value) for k in kinds):
            return [f"{where}: {value!r} is no {'/'.join(kinds)}"]
        wrong = []
        if "enum" in schema and value not in schema["enum"]:
            wrong.append(f"{where}: {value!r} is none of {schema['enum']}")
        if "const" in schema and (value != schema["const"] or type(value) is not type(schema["const"])):
            wrong.append(f"{where}: {value!r} is not {schema['const']!r}")
        if isinstance(value, str):
            if "pattern" in schema and not re.search(schema["pattern"], value):
                wrong.append(f"{where}: {value!r} does not match {schema['pattern']}")
            if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
                wrong.append(f"{where}: {value!r} has a wrong length")
        if self.is_a("number", value) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            wrong.append(f"{where}: {value!r} is out of range")
        if isinstance(value, list) and "items" in schema:
            for i, each in enumerate(value):
                wrong += self.errors(schema["items"], each, f"{where}[{i}]", closed)
        if isinstance(value, dict):
            wrong += self.object_errors(schema, value, where, closed)
        for word, most in (("oneOf", 1), ("anyOf", 1 << 30)):
            fit = [s for s in schema.get(word, []) if not self.errors(s, value, where, closed and "properties" in self.follow(s))]
            if word in schema and not 1 <= len(fit) <= most:
                wrong.append(f"{where}: {value!r} fits {len(fit)} of {word}")
        return wrong

    def object_errors(self, schema, value, where, closed):
        wrong = [f"{where}: has no {m}" for m in schema.get("required", []) if m not in value]
        if len(value) < schema.get("minProperties", 0):
            wrong.append(f"{where}: has too few members")
        known = schema.get("properties", {})
        others = schema.get("additionalProperties", not (closed and known))
        for name, each in value.items():
            if name in known:
                wrong += self.errors(known[name], each, f"{where}.{name}", closed)
            elif others is False:
                wrong.append(f"{where}.{name}: is not described")
            elif isinstance(others, dict):
                wrong += self.errors(others, each, f"{where}.{name}", closed)
        return wrong


def served():
    answer = send("GET", "/v1/openapi.json")
    assert answer.status == 200 and answer.type == "application/json", answer
    return Document(answer.json())
