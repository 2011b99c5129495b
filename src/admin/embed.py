# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""Turns a file into a C header with an array of its bytes; JSON without its white space.

usage: embed.py FILE ARRAY OUT.h
"""
import json
import sys


def main(source, array, target):
    with open(source, encoding="utf-8") as file:
        text = file.read()
    if source.endswith(".json"):
        text = json.dumps(json.loads(text), separators=(",", ":"))
    data = text.encode()
    with open(target, "w", encoding="ascii") as out:
        out.write(f"// Made from {source.rsplit('/', 1)[-1]} by embed.py.\n#pragma once\n\n")
        out.write(f"static const char {array}[] = {{\n")
        for start in range(0, len(data), 20):
            out.write("    " + " ".join(f"{byte if byte < 128 else byte - 256}," for byte in data[start:start + 20]) + "\n")
        out.write("};\n")


main(*sys.argv[1:])
