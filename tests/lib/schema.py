#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""schema.py SCHEMA FILE: checks each line of a file against a JSON Schema, and that the schema describes each of its members.

Knows the keywords that docs/event.schema.json uses, and fails on one that it does not know. Prints the first errors; exits 1 with any.
"""
import json
import re
import sys

NOTES = {"$schema", "$id", "title", "description"}
TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
}


def same(a, b):
    return type(a) is type(b) and a == b


def errors(schema, value, where):
    """Yields what is wrong with the value."""
    for keyword, want in schema.items():
        if keyword in NOTES or keyword == "then":
            continue
        if keyword == "type":
            if not any(TYPES[t](value) for t in ([want] if isinstance(want, str) else want)):
                yield f"{where}: {value!r} is no {want}"
        elif keyword == "enum":
            if not any(same(value, w) for w in want):
                yield f"{where}: {value!r} is none of {want}"
        elif keyword == "const":
            if not same(value, want):
                yield f"{where}: {value!r} is not {want!r}"
        elif keyword == "pattern":
            if isinstance(value, str) and not re.search(want, value):
                yield f"{where}: {value!r} does not match {want}"
        elif keyword == "minimum":
            if isinstance(value, int) and value < want:
                yield f"{where}: {value} is less than {want}"
        elif keyword == "maximum":
            if isinstance(value, int) and value > want:
                yield f"{where}: {value} is more than {want}"
        elif keyword == "required":
            for name in want:
                if name not in value:
                    yield f"{where}: {name} is missing"
        elif keyword == "properties":
            for name, member in want.items():
                if name in value:
                    yield from errors(member, value[name], f"{where}.{name}")
        elif keyword == "items":
            for i, item in enumerate(value):
                yield from errors(want, item, f"{where}[{i}]")
        elif keyword == "allOf":
            for part in want:
                yield from errors(part, value, where)
        elif keyword == "if":
            if not any(errors(want, value, where)):
                yield from errors(schema["then"], value, where)
        else:
            sys.exit(f"schema.py does not know the keyword {keyword}")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    found = 0
    lines = 0
    with open(sys.argv[2], encoding="utf-8") as file:
        all_lines = file.readlines()
    for line in all_lines:
        lines += 1
        event = json.loads(line)
        wrong = list(errors(schema, event, "$"))
        wrong += [f"$.{name}: the schema does not describe it" for name in event if name not in schema["properties"]]
        found += bool(wrong)
        if wrong and found <= 10:
            print(f"{line.strip()[:300]}\n  " + "\n  ".join(wrong))
    if not lines:
        sys.exit("there is no line")
    sys.exit(1 if found else 0)


main()
